//! Membership: rows in both directions, (group, member) and (member, group), never values in the group. One member
//! more costs the same in a group of ten and of a hundred thousand.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::run::{Effects, Scope, Write};
use crate::engine::rows::{derive, each_group, each_member, find};
use crate::engine::storage::keys::{self, RowId, TenantId};
use crate::engine::storage::{Counter, Reads, Table, Transaction, bump};
use crate::filter::{BoundFilter, eval_element};
use crate::model::{ComplexRef, ValueRef};
use crate::patch::MemberEdit;
use crate::{Error, ErrorKind, Result};

/// Changes the members of a group; of a resource that is being deleted, removes every edge.
pub(super) fn run(txn: &mut Transaction<'_>, scope: Scope<'_>, write: &Write<'_>) -> Result<Effects> {
    if write.after.is_none() {
        return Ok(Effects { members: false, groups: forget(txn, scope, write.at)? });
    }
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
    Ok(Effects { members: !group.flipped.is_empty(), groups: Vec::new() })
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
