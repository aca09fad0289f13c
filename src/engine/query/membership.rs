//! Conditions on `groups` and `members`, which are rows and not part of any resource.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::clause::Source;
use crate::Result;
use crate::engine::rows::{derive, each_group, find};
use crate::engine::storage::Table;
use crate::engine::storage::keys::{Key, RowId};
use crate::filter::{BoundFilter, CompareOp, Operand, eval_element};
use crate::model::{
    AttributeId, Complex, ComplexRef, Membership, Preparation, Target, TypeModel, Value, ValueRef, stored,
};

/// What membership rows tell of a condition. Rows are ascending, those of other types among them.
pub(super) enum Found {
    /// It is no condition on memberships.
    NotOfMembership,
    /// They tell nothing.
    Unknown,
    /// No other rows meet it.
    Superset(Vec<u64>),
    /// Just these rows meet it.
    Exact(Vec<u64>),
}

/// Which rows meet a condition.
pub(super) fn rows(source: &Source<'_>, filter: &BoundFilter) -> Result<Found> {
    let (groups, members) = (source.model.groups(), source.model.members());
    let asked = match filter {
        BoundFilter::Present(target) | BoundFilter::Compare(target, ..) => target.attribute,
        BoundFilter::Element(attribute, _) => *attribute,
        _ => return Ok(Found::NotOfMembership),
    };
    let is_of = |membership: &&Membership| membership.attribute == asked;
    let (membership, table) = match (groups.filter(is_of), members.filter(is_of)) {
        (Some(groups), _) => (groups, Table::MemberOf),
        (_, Some(members)) => (members, Table::Members),
        _ => return Ok(Found::NotOfMembership),
    };
    Ok(match filter {
        // Every element has its value.
        BoundFilter::Present(Target { sub, .. }) if sub.is_none_or(|sub| sub == membership.value) => {
            Found::Exact(source.all_of(table)?)
        }
        BoundFilter::Compare(target, op, operand) => source.compare(membership, table, target.sub, *op, operand)?,
        BoundFilter::Element(_, inner) => match &**inner {
            // One condition on an element holds of some element, or of none; but not that some element differs.
            BoundFilter::Compare(_, CompareOp::Ne, _) => Found::Unknown,
            BoundFilter::Compare(sub, op, operand) => {
                source.compare(membership, table, Some(sub.attribute), *op, operand)?
            }
            BoundFilter::And(parts) => source.narrowed(membership, table, parts)?,
            _ => Found::Unknown,
        },
        _ => Found::Unknown,
    })
}

impl Source<'_> {
    /// The rows that have an edge in a table.
    fn all_of(&self, table: Table) -> Result<Vec<u64>> {
        let mut rows: Vec<u64> = Vec::new();
        self.reads.scan_prefix(table, &Key::of(self.tenant).done(), &mut |key, _| {
            if let Some(row) = key.get(4..12).and_then(<[u8]>::first_chunk).map(|row| u64::from_be_bytes(*row))
                && rows.last() != Some(&row)
            {
                rows.push(row);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    fn compare(
        &self,
        membership: &Membership,
        table: Table,
        sub: Option<AttributeId>,
        op: CompareOp,
        operand: &Operand,
    ) -> Result<Found> {
        let Some(sub) = sub else { return Ok(Found::Unknown) };
        let is_exact = |id| self.model.definition(id).is_some_and(|d| d.preparation == Preparation::Exact);
        let mut rows = match operand {
            // Ids are compared byte by byte, `value` perhaps not: what keys find may be less than what matches.
            Operand::Text(id, _) if sub == membership.value && op == CompareOp::Eq && is_exact(sub) => match table {
                Table::MemberOf => self.below(find(self.reads, self.tenant, id)?)?,
                _ => self.above(id)?,
            },
            _ if table == Table::MemberOf && Some(sub) == membership.display && op != CompareOp::Ne => {
                self.below(self.groups_called(sub, op, operand)?)?
            }
            _ => return Ok(Found::Unknown),
        };
        rows.sort_unstable();
        Ok(Found::Exact(rows))
    }

    /// Several conditions on one element: those that rows answer leave less to be evaluated.
    fn narrowed(&self, membership: &Membership, table: Table, parts: &[BoundFilter]) -> Result<Found> {
        for part in parts {
            if let BoundFilter::Compare(sub, op @ CompareOp::Eq, operand) = part
                && let Found::Exact(rows) = self.compare(membership, table, Some(sub.attribute), *op, operand)?
            {
                return Ok(Found::Superset(rows));
            }
        }
        Ok(Found::Unknown)
    }

    /// The members of groups, through other groups or not.
    fn below(&self, groups: impl IntoIterator<Item = RowId>) -> Result<Vec<u64>> {
        let mut seen = HashSet::new();
        for group in groups {
            derive::each_member_below(self.reads, self.tenant, group, &mut |member| {
                seen.insert(member.row);
            })?;
        }
        Ok(seen.into_iter().collect())
    }

    /// The groups that a resource is a direct member of.
    fn above(&self, member: &str) -> Result<Vec<u64>> {
        let mut rows = Vec::new();
        if let Some(member) = find(self.reads, self.tenant, member)? {
            each_group(self.reads, self.tenant, member.row, &mut |group, _| {
                rows.push(group.row);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(rows)
    }

    /// The groups whose label compares so.
    fn groups_called(&self, display: AttributeId, op: CompareOp, operand: &Operand) -> Result<Vec<RowId>> {
        let condition = BoundFilter::Compare(Target::whole(display), op, operand.clone());
        let mut found = Vec::new();
        for model in self.config.registry.types() {
            if model.members().is_some() {
                self.scan_called(model, display, &condition, &mut found)?;
            }
        }
        Ok(found)
    }

    fn scan_called(
        &self,
        model: &TypeModel,
        display: AttributeId,
        condition: &BoundFilter,
        found: &mut Vec<RowId>,
    ) -> Result<()> {
        let prefix = Key::of(self.tenant).u16(model.number()).done();
        self.reads.scan_prefix(Table::Resources, &prefix, &mut |key, bytes| {
            if let Some(at) = crate::engine::storage::keys::resource_row(key)
                && let Some(label) = derive::label(&stored::view(bytes, model)?)
            {
                let element: Complex = [(display, Value::String(label))].into_iter().collect();
                if eval_element(condition, ValueRef::Complex(ComplexRef::Decoded(&element))) {
                    found.push(at);
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}
