//! What must hold across resources, one file per invariant, run in one visible order inside the transaction.

pub(super) mod external_ids;
pub(super) mod membership;
pub(super) mod uniqueness;

use super::config::Config;
use super::storage::Transaction;
use super::storage::keys::{RowId, TenantId};
use crate::Result;
use crate::model::{Resource, TypeModel};
use crate::patch::MemberEdit;

/// Whose write it is, and under which rules.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) tenant: TenantId,
    pub(super) config: &'a Config,
    pub(super) model: &'a TypeModel,
    pub(super) actor: Option<&'a str>,
}

/// A write of one resource: before and after.
pub(super) struct Write<'a> {
    pub(super) at: RowId,
    pub(super) id: &'a str,
    /// None when it is being created.
    pub(super) before: Option<&'a Resource>,
    /// None when it is being deleted.
    pub(super) after: Option<&'a Resource>,
    /// What is to be done to its members.
    pub(super) members: &'a [MemberEdit],
}

/// What the hooks changed beside the resource itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Members came or went.
    pub(super) members: bool,
}

/// Runs every hook. An error undoes the whole write.
pub(super) fn run(txn: &mut Transaction<'_>, scope: Scope<'_>, write: &Write<'_>) -> Result<Effects> {
    uniqueness::run(txn, scope, write)?;
    external_ids::run(txn, scope, write)?;
    let members = membership::run(txn, scope, write)?;
    Ok(Effects { members })
}
