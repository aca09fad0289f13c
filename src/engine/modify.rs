//! Modify (RFC 7644 section 3.5.2).

use std::collections::HashMap;
use std::sync::Arc;

use super::hooks::Scope;
use super::storage::Transaction;
use super::tenant::scope;
use super::write::{Stored, check_version, load, update};
use super::{Tenant, WriteOptions, Written};
use crate::Result;
use crate::message::Projection;
use crate::model::Value;
use crate::patch::{self, PatchRequest};

/// Passwords that were hashed already: hashing is slow, and so happens outside the writer's thread.
pub(super) type Hashes = HashMap<String, String>;

/// What a modification came to.
pub(super) enum Modified {
    /// It is done.
    Done(Box<Stored>),
    /// It sets a password that has to be hashed first; nothing was changed.
    NeedsHash(String),
}

impl Tenant {
    /// Modifies a resource (RFC 7644 section 3.5.2): all operations, or none.
    ///
    /// # Errors
    /// As [`Tenant::replace`], `InvalidPath`, `NoTarget`, `InvalidFilter`.
    pub fn modify(
        &self,
        resource_type: &str,
        id: &str,
        patch: &PatchRequest,
        options: &WriteOptions,
    ) -> Result<Written> {
        let config = self.state.config()?;
        let model = Arc::clone(config.registry.resource_type(resource_type)?);
        let projection = Projection::new(&model, &options.attributes, &options.excluded_attributes)?;
        let patch = Arc::new(patch.clone());
        let mut hashes = Hashes::new();
        let stored = loop {
            let (state, kind, id) = (Arc::clone(&self.state), model.number(), id.to_owned());
            let (patch, known, job_options) = (Arc::clone(&patch), hashes.clone(), options.clone());
            let modified = self.inner().writer.write(move |txn: &mut Transaction<'_>| -> Result<Modified> {
                let config = state.config()?;
                let model = config.type_of(kind)?;
                let scope = scope(&state, &config, model, job_options.actor.as_deref());
                modify_in(txn, scope, &id, &patch, &job_options, &known)
            })?;
            match modified {
                Modified::Done(stored) => break *stored,
                Modified::NeedsHash(clear) => {
                    let hash = self.inner().hasher.hash(&clear)?;
                    hashes.insert(clear, hash);
                }
            }
        };
        let representation = self.answer(&config, &model, &stored, &projection, options)?;
        Ok(Written { representation, changed: stored.changed })
    }
}

/// Modifies a resource inside a transaction.
pub(super) fn modify_in(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    id: &str,
    request: &PatchRequest,
    options: &WriteOptions,
    hashes: &Hashes,
) -> Result<Modified> {
    let current = load(txn, scope, id)?;
    check_version(txn, scope, &current, options.if_match.as_ref(), options.if_none_match.as_ref())?;
    let before = &current.resource.attributes;
    let mut patched = patch::apply(scope.model, id, before, request, scope.config.dialect)?;
    if let Some(password) = scope.model.password()
        && patched.attributes.get(password) != before.get(password)
        && let Some(Value::String(clear)) = patched.attributes.get_mut(password)
    {
        match hashes.get(clear.as_str()) {
            Some(hash) => hash.clone_into(clear),
            None => {
                super::password::check(clear)?;
                return Ok(Modified::NeedsHash(std::mem::take(clear)));
            }
        }
    }
    let stored = update(txn, scope, current, patched.attributes, &patched.members)?;
    Ok(Modified::Done(Box::new(stored)))
}
