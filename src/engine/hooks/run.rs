//! The hooks in the one order in which they run.

use std::sync::Arc;

use super::{Hooks, external_ids, membership, uniqueness};
use crate::Result;
use crate::engine::config::Config;
use crate::engine::storage::Transaction;
use crate::engine::storage::keys::{RowId, TenantId};
use crate::model::{Resource, TypeModel};
use crate::patch::MemberEdit;

/// Whose write it is, and under which rules.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Scope<'a> {
    pub(in crate::engine) tenant: TenantId,
    pub(in crate::engine) config: &'a Config,
    pub(in crate::engine) model: &'a TypeModel,
    pub(in crate::engine) actor: Option<&'a str>,
    /// The correlation id of the import that it is a part of.
    pub(in crate::engine) import: Option<&'a str>,
    /// The tenant's name.
    pub(in crate::engine) name: &'a str,
    /// The API version of the request; none: it knows all there is.
    pub(in crate::engine) version: Option<u32>,
    /// The hooks of the host, where the write is one that it has a say in.
    pub(in crate::engine) host: Option<&'a Arc<dyn Hooks>>,
}

impl<'a> Scope<'a> {
    /// The same for a write that the host has a say in, if it has hooks.
    pub(in crate::engine) fn asking(self, host: &'a Option<Arc<dyn Hooks>>) -> Self {
        Scope { host: host.as_ref(), ..self }
    }

    /// The same for a request of an API version.
    pub(in crate::engine) fn of_version(self, version: Option<u32>) -> Self {
        Scope { version, ..self }
    }

    /// The same for a part of an import that was queued.
    pub(in crate::engine) fn of_import(self, correlation_id: &'a str) -> Self {
        Scope { import: Some(correlation_id), ..self }
    }

    /// The same for a part of a write, about the whole of which the host is asked later, or not at all.
    pub(in crate::engine) fn unasked(self) -> Self {
        Scope { host: None, ..self }
    }
}

/// A write of one resource: before and after.
pub(in crate::engine) struct Write<'a> {
    pub(in crate::engine) at: RowId,
    pub(in crate::engine) id: &'a str,
    /// None when it is being created.
    pub(in crate::engine) before: Option<&'a Resource>,
    /// None when it is being deleted.
    pub(in crate::engine) after: Option<&'a Resource>,
    /// What is to be done to its members.
    pub(in crate::engine) members: &'a [MemberEdit],
    /// The groups that it is to be a direct member of; none: those that it is.
    pub(in crate::engine) groups: Option<&'a [String]>,
}

/// What the hooks changed beside the resource itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Effects {
    /// Members came or went.
    pub(in crate::engine) members: bool,
    /// Other resources whose members changed: groups that lost one because it was deleted, or those that a user entered
    /// or left.
    pub(in crate::engine) groups: Vec<RowId>,
}

/// Runs every hook. An error undoes the whole write.
pub(in crate::engine) fn run(txn: &mut Transaction<'_>, scope: Scope<'_>, write: &Write<'_>) -> Result<Effects> {
    uniqueness::run(txn, scope, write)?;
    external_ids::run(txn, scope, write)?;
    membership::run(txn, scope, write)
}
