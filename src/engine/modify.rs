//! Modify (RFC 7644 section 3.5.2).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::config::Config;
use super::hooks::Scope;
use super::storage::Transaction;
use super::tenant::scope;
use super::write::{Current, Stored, check_version, load, update};
use super::{Tenant, WriteOptions, Written};
use crate::Result;
use crate::model::{Complex, Value};
use crate::patch::{self, Budget, PatchRequest, Patched};

/// Passwords that were hashed already: hashing is slow, and so happens outside the writer's thread.
pub(super) type Hashes = HashMap<String, String>;

/// What stands for the hash of a password that is not hashed yet, in a transaction that is not kept.
const NOT_HASHED: &str = "not hashed yet";

/// A modification that was made of what a snapshot showed.
struct Prepared {
    config: Arc<Config>,
    before: Complex,
    patched: Patched,
}

impl Tenant {
    /// Modifies a resource (RFC 7644 section 3.5.2): all operations, or none.
    ///
    /// # Errors
    /// As [`Tenant::replace`], `InvalidPath`, `NoTarget`, `InvalidFilter`, `TooMany`.
    pub fn modify(
        &self,
        resource_type: &str,
        id: &str,
        patch: &PatchRequest,
        options: &WriteOptions,
    ) -> Result<Written> {
        let config = self.state.config()?;
        let model = Arc::clone(config.registry.resource_type(resource_type)?);
        let patch = Arc::new(patch.clone());
        let mut hashes = Hashes::new();
        let prepared = self.prepare_patch(&config, resource_type, id, &patch, options, &mut hashes)?;
        let projection = options.projection(&config, &model, &prepared.patched.on_request)?;
        let mut prepared = Some(prepared);
        let stored = loop {
            let (state, kind, id) = (Arc::clone(&self.state), model.number(), id.to_owned());
            let (patch, known, job_options) = (Arc::clone(&patch), hashes.clone(), options.clone());
            let prepared = prepared.take();
            let host = self.inner().host();
            let change = move |txn: &mut Transaction<'_>| -> Result<(Stored, Vec<String>)> {
                let config = state.config()?;
                let actor = job_options.actor.as_deref();
                let scope = scope(&state, &config, config.type_of(kind)?, actor).asking(&host);
                let current = load(txn, scope, &id)?;
                let (wanted, unwanted) = (job_options.if_match.as_ref(), job_options.if_none_match.as_ref());
                check_version(txn, scope, &current, wanted, unwanted)?;
                let before = &current.resource.attributes;
                let mut missing = Vec::new();
                let patched = match prepared {
                    Some(prepared) if Arc::ptr_eq(&prepared.config, &config) && prepared.before == *before => {
                        prepared.patched
                    }
                    // Another write came between: to start over outside could go on forever.
                    _ => apply(scope, &id, before, &patch, &known, &mut missing, &mut Budget::default())?,
                };
                // What is not kept, nobody need be asked about.
                let scope = if missing.is_empty() { scope } else { scope.unasked() };
                txn.nested_if(|txn| {
                    let stored = update(txn, scope, current, patched.attributes, &patched.members)?;
                    let keep = missing.is_empty();
                    Ok(((stored, missing), keep))
                })
            };
            let (stored, missing) = self.inner().writer.write(change)?;
            if missing.is_empty() {
                break stored;
            }
            self.hash_all(missing, &mut hashes)?;
        };
        let representation = self.answer(&config, &model, &stored, &projection, options)?;
        Ok(Written { representation, changed: stored.changed })
    }

    /// Applies a request to the last state outside the writer's thread, which all other writers wait for.
    fn prepare_patch(
        &self,
        config: &Arc<Config>,
        resource_type: &str,
        id: &str,
        request: &PatchRequest,
        options: &WriteOptions,
        hashes: &mut Hashes,
    ) -> Result<Prepared> {
        let model = config.registry.resource_type(resource_type)?;
        let scope = scope(&self.state, config, model, options.actor.as_deref());
        let current = {
            let snapshot = self.inner().writer.snapshot()?;
            let current = load(&*snapshot, scope, id)?;
            check_version(&*snapshot, scope, &current, options.if_match.as_ref(), options.if_none_match.as_ref())?;
            current
        };
        let before = current.resource.attributes;
        let mut missing = Vec::new();
        let mut patched = apply(scope, id, &before, request, hashes, &mut missing, &mut Budget::default())?;
        if let (Some(clear), Some(password)) = (missing.first().cloned(), model.password()) {
            self.hash_all(missing, hashes)?;
            if let Some(hash) = hashes.get(&clear) {
                patched.attributes.set(password, Value::String(hash.clone()));
            }
        }
        Ok(Prepared { config: Arc::clone(config), before, patched })
    }

    /// Hashes passwords, each once.
    pub(super) fn hash_all(&self, clear: Vec<String>, hashes: &mut Hashes) -> Result<()> {
        for clear in clear {
            if let Entry::Vacant(free) = hashes.entry(clear) {
                let hash = self.inner().hasher.hash(free.key())?;
                free.insert(hash);
            }
        }
        Ok(())
    }
}

/// Applies a request, with the hash of the password that it sets. One without a hash goes to `missing`, and nothing of
/// it may be kept.
fn apply(
    scope: Scope<'_>,
    id: &str,
    before: &Complex,
    request: &PatchRequest,
    hashes: &Hashes,
    missing: &mut Vec<String>,
    budget: &mut Budget,
) -> Result<Patched> {
    let mut patched = patch::apply_within(scope.model, id, before, request, scope.config.dialect(), budget)?;
    if let Some(password) = scope.model.password()
        && patched.attributes.get(password) != before.get(password)
        && let Some(Value::String(clear)) = patched.attributes.get_mut(password)
    {
        match hashes.get(clear.as_str()) {
            Some(hash) => hash.clone_into(clear),
            None => {
                super::password::check(clear)?;
                missing.push(std::mem::replace(clear, NOT_HASHED.to_owned()));
            }
        }
    }
    Ok(patched)
}

/// Modifies a resource that is in no snapshot yet, inside a transaction.
pub(super) fn modify_in(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    current: Current,
    request: &PatchRequest,
    hashes: &Hashes,
    missing: &mut Vec<String>,
    budget: &mut Budget,
) -> Result<Stored> {
    let resource = &current.resource;
    let patched = apply(scope, &resource.id, &resource.attributes, request, hashes, missing, budget)?;
    let scope = if missing.is_empty() { scope } else { scope.unasked() };
    update(txn, scope, current, patched.attributes, &patched.members)
}
