//! Which rows a filter can match, from keys and membership rows alone. What it cannot tell is left to the evaluator.

use std::ops::ControlFlow;

use crate::Result;
use crate::engine::rows::{derive, each_group, find, unique_key};
use crate::engine::storage::keys::{self, RowId, TenantId};
use crate::engine::storage::{Reads, Table};
use crate::filter::{BoundFilter, CompareOp, Operand};
use crate::model::{Definition, Membership, Target, TypeModel, Uniqueness, ValueRef, common};

/// The rows that can match a filter. Rows are in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Candidates {
    /// Any row: the filter is evaluated on all of them.
    All,
    /// No other rows: the filter is evaluated on these.
    Superset(Vec<RowId>),
    /// Just these rows.
    Exact(Vec<RowId>),
}

/// What a plan is made from.
pub(super) struct Planner<'a> {
    pub(super) reads: &'a dyn Reads,
    pub(super) tenant: TenantId,
    pub(super) model: &'a TypeModel,
    /// Whether membership rows are looked at too.
    pub(super) memberships: bool,
}

impl Planner<'_> {
    /// The rows of the type that can match.
    pub(super) fn plan(&self, filter: &BoundFilter) -> Result<Candidates> {
        Ok(match filter {
            BoundFilter::Constant(false) => Candidates::Exact(Vec::new()),
            BoundFilter::Compare(target, CompareOp::Eq, operand) => self.equal(*target, operand)?,
            BoundFilter::And(parts) => self.all_of(parts)?,
            BoundFilter::Or(parts) => self.any_of(parts)?,
            BoundFilter::Element(attribute, inner) => match &**inner {
                // One condition on an element holds of some element, or of none.
                BoundFilter::Compare(sub, CompareOp::Eq, operand) => {
                    self.equal(Target { attribute: *attribute, sub: Some(sub.leaf()) }, operand)?
                }
                _ => Candidates::All,
            },
            _ => Candidates::All,
        })
    }

    fn all_of(&self, parts: &[BoundFilter]) -> Result<Candidates> {
        let mut known: Option<Vec<RowId>> = None;
        let mut exact = true;
        for part in parts {
            let rows = match self.plan(part)? {
                Candidates::All => {
                    exact = false;
                    continue;
                }
                Candidates::Superset(rows) => {
                    exact = false;
                    rows
                }
                Candidates::Exact(rows) => rows,
            };
            known = Some(match known {
                Some(known) => known.into_iter().filter(|row| rows.binary_search(row).is_ok()).collect(),
                None => rows,
            });
        }
        Ok(match known {
            None => Candidates::All,
            Some(rows) if exact => Candidates::Exact(rows),
            Some(rows) => Candidates::Superset(rows),
        })
    }

    fn any_of(&self, parts: &[BoundFilter]) -> Result<Candidates> {
        let mut union = Vec::new();
        let mut exact = true;
        for part in parts {
            match self.plan(part)? {
                Candidates::All => return Ok(Candidates::All),
                Candidates::Superset(rows) => {
                    exact = false;
                    union.extend(rows);
                }
                Candidates::Exact(rows) => union.extend(rows),
            }
        }
        union.sort_unstable();
        union.dedup();
        Ok(if exact { Candidates::Exact(union) } else { Candidates::Superset(union) })
    }

    /// The rows whose attribute equals a value, where a key tells.
    fn equal(&self, target: Target, operand: &Operand) -> Result<Candidates> {
        let Some(definition) = self.model.definition(target.leaf()) else { return Ok(Candidates::All) };
        let text = match operand {
            Operand::Text(text, _) => Some(text.as_str()),
            _ => None,
        };
        let is_value_of =
            |m: Option<&Membership>| m.is_some_and(|m| m.attribute == target.attribute && target.sub == Some(m.value));
        match text {
            Some(id) if target == Target::whole(common::ID) => {
                let found = find(self.reads, self.tenant, id)?;
                Ok(Candidates::Exact(found.into_iter().filter(|at| self.is_of_type(*at)).collect()))
            }
            Some(external_id) if target == Target::whole(common::EXTERNAL_ID) => self.by_external_id(external_id),
            Some(_) if !self.memberships && (is_value_of(self.model.groups()) || is_value_of(self.model.members())) => {
                Ok(Candidates::All)
            }
            // Ids are compared byte by byte, `value` perhaps not: what keys find may be less than what matches.
            Some(_)
                if definition.preparation != crate::model::Preparation::Exact && is_value_of(self.model.groups()) =>
            {
                Ok(Candidates::All)
            }
            Some(group) if is_value_of(self.model.groups()) => self.members_of(group),
            Some(_)
                if definition.preparation != crate::model::Preparation::Exact && is_value_of(self.model.members()) =>
            {
                Ok(Candidates::All)
            }
            Some(member) if is_value_of(self.model.members()) => self.groups_with(member),
            _ if self.model.unique().contains(&target) => self.by_unique_value(definition, operand),
            _ => Ok(Candidates::All),
        }
    }

    fn is_of_type(&self, at: RowId) -> bool {
        at.kind == self.model.number()
    }

    fn by_external_id(&self, external_id: &str) -> Result<Candidates> {
        let prefix = keys::external_id(self.tenant, self.model.number(), external_id);
        let mut rows = Vec::new();
        self.reads.scan_prefix(Table::ExternalIds, &prefix, &mut |key, _| {
            if let Some(row) = key.last_chunk() {
                rows.push(RowId { row: u64::from_be_bytes(*row), kind: self.model.number() });
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Candidates::Exact(rows))
    }

    fn by_unique_value(&self, definition: &Definition, operand: &Operand) -> Result<Candidates> {
        let value = match operand {
            // The text is prepared already.
            Operand::Text(text, _) => ValueRef::String(text),
            Operand::Integer(number) => ValueRef::Integer(*number),
            Operand::Instant(instant) => ValueRef::Instant(*instant),
            Operand::Binary(bytes) => ValueRef::Binary(bytes),
            Operand::Decimal(_) | Operand::Boolean(_) => return Ok(Candidates::All),
        };
        if definition.attribute.uniqueness == Uniqueness::Global {
            return Ok(Candidates::All);
        }
        let found = self.reads.get(Table::Unique, &unique_key(self.tenant, definition, value))?;
        let at = found.and_then(|bytes| keys::read_location(&bytes).map(|(at, _)| at));
        Ok(Candidates::Exact(at.into_iter().filter(|at| self.is_of_type(*at)).collect()))
    }

    /// Users whose derived `groups` name the group: its members, through other groups or not.
    fn members_of(&self, group: &str) -> Result<Candidates> {
        let mut rows = Vec::new();
        if let Some(group) = find(self.reads, self.tenant, group)? {
            derive::each_member_below(self.reads, self.tenant, group, &mut |member| {
                if self.is_of_type(member) {
                    rows.push(member);
                }
            })?;
        }
        rows.sort_unstable();
        Ok(Candidates::Exact(rows))
    }

    /// Groups that have the resource among their `members`, which are direct ones.
    fn groups_with(&self, member: &str) -> Result<Candidates> {
        let mut rows = Vec::new();
        if let Some(member) = find(self.reads, self.tenant, member)? {
            each_group(self.reads, self.tenant, member.row, &mut |group, _| {
                if self.is_of_type(group) {
                    rows.push(group);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        rows.sort_unstable();
        Ok(Candidates::Exact(rows))
    }
}
