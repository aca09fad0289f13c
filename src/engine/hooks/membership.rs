//! Membership: rows in both directions, (group, member) and (member, group), never values in the group. One member
//! more costs the same in a group of ten and of a hundred thousand.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::run::{Effects, Scope, Write};
use crate::engine::rows::{derive, each_group, each_member, find};
use crate::engine::storage::keys::{self, RowId, TenantId};
use crate::engine::storage::{Counter, Reads, Table, Transaction, bump};
use crate::filter::{BoundFilter, eval_element};
use crate::model::{ComplexRef, Target, TypeModel, ValueRef};
use crate::patch::MemberEdit;
use crate::{Error, ErrorKind, Result};

/// Changes the members of a group; of a resource that is being deleted, removes every edge.
pub(super) fn run(txn: &mut Transaction<'_>, scope: Scope<'_>, write: &Write<'_>) -> Result<Effects> {
    if write.after.is_none() {
        return Ok(Effects { members: false, groups: forget(txn, scope, write.at)? });
    }
    let groups = match write.groups {
        Some(wanted) => enter(txn, scope, write.at, write.id, wanted)?,
        None => Vec::new(),
    };
    let mut group = Group { scope, at: write.at, id: write.id, edges: 0, flipped: HashSet::new() };
    for edit in write.members {
        match edit {
            MemberEdit::Add(ids) => group.add(txn, ids)?,
            MemberEdit::Replace(ids) => group.replace(txn, ids)?,
            MemberEdit::Remove(ids) => group.remove(txn, ids)?,
            MemberEdit::RemoveWhere { filter, must_match } => group.remove_where(txn, filter, *must_match)?,
            MemberEdit::Clear => group.replace(txn, &[])?,
        }
    }
    bump(txn, scope.tenant, Counter::Memberships, group.edges)?;
    Ok(Effects { members: !group.flipped.is_empty(), groups })
}

struct Group<'a> {
    scope: Scope<'a>,
    at: RowId,
    id: &'a str,
    edges: i64,
    /// The members that came or went, without those that did both: edits that cancel out change nothing.
    flipped: HashSet<u64>,
}

impl Group<'_> {
    fn add(&mut self, txn: &mut Transaction<'_>, ids: &[String]) -> Result<()> {
        for id in ids {
            let Some(member) = find(txn, self.scope.tenant, id)? else {
                let detail = format!("no resource has the id \"{id}\": create members before the group names them");
                return Err(Error::new(ErrorKind::InvalidValue, detail).on("members.value"));
            };
            check_type(self.scope, self.scope.model, member)?;
            check_count(txn, self.scope, member, self.at)?;
            self.link(txn, member, id)?;
        }
        Ok(())
    }

    fn link(&mut self, txn: &mut Transaction<'_>, member: RowId, id: &str) -> Result<()> {
        let down = keys::edge(self.scope.tenant, self.at.row, member.row);
        if txn.get(Table::Members, &down)?.is_some() {
            return Ok(());
        }
        txn.put(Table::Members, down, keys::location(member, id));
        let up = keys::edge(self.scope.tenant, member.row, self.at.row);
        txn.put(Table::MemberOf, up, keys::location(self.at, self.id));
        self.edges += 1;
        self.flip(member.row);
        Ok(())
    }

    fn unlink(&mut self, txn: &mut Transaction<'_>, member: u64) {
        unlink(txn, self.scope.tenant, self.at.row, member);
        self.edges -= 1;
        self.flip(member);
    }

    fn flip(&mut self, member: u64) {
        if !self.flipped.remove(&member) {
            self.flipped.insert(member);
        }
    }

    fn replace(&mut self, txn: &mut Transaction<'_>, ids: &[String]) -> Result<()> {
        let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut gone = Vec::new();
        each_member(txn, self.scope.tenant, self.at.row, &mut |member, id| {
            if !wanted.contains(id) {
                gone.push(member.row);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for member in gone {
            self.unlink(txn, member);
        }
        self.add(txn, ids)
    }

    fn remove(&mut self, txn: &mut Transaction<'_>, ids: &[String]) -> Result<()> {
        for id in ids {
            let Some(member) = find(txn, self.scope.tenant, id)? else { continue };
            let down = keys::edge(self.scope.tenant, self.at.row, member.row);
            if txn.get(Table::Members, &down)?.is_some() {
                self.unlink(txn, member.row);
            }
        }
        Ok(())
    }

    fn remove_where(&mut self, txn: &mut Transaction<'_>, filter: &BoundFilter, must_match: bool) -> Result<()> {
        let Some(attribute) = self.scope.model.members() else { return Ok(()) };
        let mut found = Vec::new();
        each_member(txn, self.scope.tenant, self.at.row, &mut |member, id| {
            found.push((member, id.to_owned()));
            Ok(ControlFlow::Continue(()))
        })?;
        let mut any = false;
        for (member, id) in found {
            let element = derive::member(txn, self.scope.tenant, self.scope.config, attribute, member, &id, true)?;
            if eval_element(filter, ValueRef::Complex(ComplexRef::Decoded(&element))) {
                self.unlink(txn, member.row);
                any = true;
            }
        }
        if any || !must_match {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NoTarget, "the path selects no member of the group").on("members"))
    }
}

fn unlink(txn: &mut Transaction<'_>, tenant: TenantId, group: u64, member: u64) {
    txn.delete(Table::Members, keys::edge(tenant, group, member));
    txn.delete(Table::MemberOf, keys::edge(tenant, member, group));
}

/// Removes every edge of a resource that is being deleted. The groups that it was a member of have changed.
fn forget(txn: &mut Transaction<'_>, scope: Scope<'_>, at: RowId) -> Result<Vec<RowId>> {
    let mut groups = Vec::new();
    each_group(txn, scope.tenant, at.row, &mut |group, _| {
        groups.push(group);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut members = Vec::new();
    each_member(txn, scope.tenant, at.row, &mut |member, _| {
        members.push(member.row);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut edges = 0;
    for group in &groups {
        unlink(txn, scope.tenant, group.row, at.row);
        edges -= 1;
    }
    // An edge from the group to itself went with the loop above.
    for member in members.into_iter().filter(|member| *member != at.row) {
        unlink(txn, scope.tenant, at.row, member);
        edges -= 1;
    }
    bump(txn, scope.tenant, Counter::Memberships, edges)?;
    groups.retain(|group| group.row != at.row);
    Ok(groups)
}

/// Makes a resource a direct member of these groups and of no others; tells which of them changed.
fn enter(txn: &mut Transaction<'_>, scope: Scope<'_>, at: RowId, id: &str, wanted: &[String]) -> Result<Vec<RowId>> {
    let path = scope.model.groups().map_or("groups", |groups| scope.model.path_of(Target::whole(groups.attribute)));
    let mut groups = Vec::new();
    for group in wanted {
        let found = find(txn, scope.tenant, group)?.and_then(|at| {
            let model = scope.config.registry.type_by_number(at.kind)?;
            model.members().is_some().then_some((at, model, group))
        });
        let Some(found) = found else {
            let detail = format!("there is no group \"{group}\": create it first");
            return Err(Error::new(ErrorKind::InvalidValue, detail).on(format!("{path}.value")));
        };
        if !groups.iter().any(|(at, _, _)| *at == found.0) {
            groups.push(found);
        }
    }
    if let Some(groups_attribute) = scope.model.groups()
        && let Some(constraint) = scope.model.constraint(groups_attribute.attribute)
        && let Some(definition) = scope.model.definition(groups_attribute.attribute)
    {
        constraint.check_count(definition, groups.len())?;
    }
    let mut left = Vec::new();
    each_group(txn, scope.tenant, at.row, &mut |group, _| {
        if !groups.iter().any(|(kept, _, _)| *kept == group) {
            left.push(group);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut edges = 0;
    for group in &left {
        unlink(txn, scope.tenant, group.row, at.row);
        edges -= 1;
    }
    let mut changed = left;
    for (group, model, group_id) in groups {
        check_type(scope, model, at)?;
        let down = keys::edge(scope.tenant, group.row, at.row);
        if txn.get(Table::Members, &down)?.is_some() {
            continue;
        }
        txn.put(Table::Members, down, keys::location(at, id));
        txn.put(Table::MemberOf, keys::edge(scope.tenant, at.row, group.row), keys::location(group, group_id));
        edges += 1;
        changed.push(group);
    }
    bump(txn, scope.tenant, Counter::Memberships, edges)?;
    Ok(changed)
}

/// Sees that a resource is of a type that a group's members may be of.
fn check_type(scope: Scope<'_>, group: &TypeModel, member: RowId) -> Result<()> {
    let Some(constraint) = group.members().and_then(|members| group.constraint(members.attribute)) else {
        return Ok(());
    };
    let Some(model) = scope.config.registry.type_by_number(member.kind) else { return Ok(()) };
    if constraint.types.is_empty() || constraint.types.iter().any(|name| name.eq_ignore_ascii_case(model.name())) {
        return Ok(());
    }
    let detail = format!(
        "a {} cannot be a member of a {}: only {} can",
        model.name(),
        group.name(),
        constraint.types.join(", ")
    );
    Err(Error::new(ErrorKind::InvalidValue, detail).on("members.value"))
}

/// Sees that a resource which becomes a member of one group more does not have too many.
fn check_count(txn: &Transaction<'_>, scope: Scope<'_>, member: RowId, group: RowId) -> Result<()> {
    let Some(model) = scope.config.registry.type_by_number(member.kind) else { return Ok(()) };
    let Some(groups) = model.groups() else { return Ok(()) };
    let Some(constraint) = model.constraint(groups.attribute).filter(|constraint| constraint.max_values.is_some())
    else {
        return Ok(());
    };
    let mut count = 1;
    each_group(txn, scope.tenant, member.row, &mut |other, _| {
        count += usize::from(other != group);
        Ok(ControlFlow::Continue(()))
    })?;
    match model.definition(groups.attribute) {
        Some(definition) => constraint.check_count(definition, count),
        None => Ok(()),
    }
}
