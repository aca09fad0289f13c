//! Modify (RFC 7644 section 3.5.2).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::config::Config;
use super::hooks::Scope;
use super::rows::each_group;
use super::settle::Occasion;
use super::storage::keys::RowId;
use super::storage::{Reads, Transaction};
use super::tenant::{scope, take_groups};
use super::write::{Change, Current, Stored, check_version, load, update};
use super::{Tenant, WriteOptions, Written};
use crate::Result;
use crate::message::{parse_input, patch_from_input, patch_without_schemas};
use crate::model::{AttributeId, Complex, Input, TypeModel, Value};
use crate::patch::{self, Budget, MemberEdit, PatchRequest, Patched};
use crate::profile::Operation;

/// Passwords that were hashed already: hashing is slow, and so happens outside the writer's thread.
pub(super) type Hashes = HashMap<String, String>;

/// What stands for the hash of a password that is not hashed yet, in a transaction that is not kept.
const NOT_HASHED: &str = "not hashed yet";

/// A modification that was made of what a snapshot showed.
struct Prepared {
    config: Arc<Config>,
    before: Complex,
    /// The groups that it was a direct member of, where clients write them.
    groups: Option<Vec<String>>,
    patched: Applied,
}

/// What a request makes of a resource.
struct Applied {
    patched: Patched,
    /// The groups that it is to be a direct member of, where that changes.
    groups: Option<Vec<String>>,
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
        let model = Arc::clone(self.model_for(&config, resource_type, Operation::Modify)?);
        let patch = Arc::new(patch.clone());
        let mut hashes = Hashes::new();
        let prepared = self.prepare_patch(&config, resource_type, id, &patch, options, &mut hashes)?;
        let projection = options.projection(&config, &model, &prepared.patched.patched.on_request)?;
        let mut prepared = Some(prepared);
        let stored = loop {
            let (state, kind, id) = (Arc::clone(&self.state), model.number(), id.to_owned());
            let (patch, known, job_options) = (Arc::clone(&patch), hashes.clone(), options.clone());
            let prepared = prepared.take();
            let host = self.inner().host();
            let job = move |txn: &mut Transaction<'_>| -> Result<(Stored, Vec<String>)> {
                let config = state.config()?;
                let actor = job_options.actor.as_deref();
                let scope = scope(&state, &config, config.type_of(kind)?, actor).asking(&host);
                let scope = scope.of_version(config.profile.api_version(job_options.api_version));
                let current = load(txn, scope, &id)?;
                let (wanted, unwanted) = (job_options.if_match.as_ref(), job_options.if_none_match.as_ref());
                check_version(txn, scope, &current, wanted, unwanted)?;
                let before = &current.resource.attributes;
                let groups = direct_groups(txn, scope, current.at)?;
                let mut missing = Vec::new();
                let is_as_it_was = |prepared: &Prepared| {
                    Arc::ptr_eq(&prepared.config, &config) && prepared.before == *before && prepared.groups == groups
                };
                let Applied { patched, groups } = match prepared {
                    Some(prepared) if is_as_it_was(&prepared) => prepared.patched,
                    // Another write came between: to start over outside could go on forever.
                    _ => {
                        let budget = &mut Budget::default();
                        apply(scope, &id, (before, groups.as_deref()), &patch, &known, &mut missing, budget)?
                    }
                };
                // What is not kept, nobody need be asked about.
                let scope = if missing.is_empty() { scope } else { scope.unasked() };
                txn.nested_if(|txn| {
                    let stored = update(
                        txn,
                        scope,
                        current,
                        change(patched.attributes, patched.named, &patched.members, groups),
                    )?;
                    let keep = missing.is_empty();
                    Ok(((stored, missing), keep))
                })
            };
            let (stored, missing) = self.inner().writer.write(job)?;
            if missing.is_empty() {
                break stored;
            }
            self.hash_all(missing, &mut hashes)?;
        };
        let representation = self.answer(&config, &model, &stored, &projection, options)?;
        Ok(Written { representation, changed: stored.changed })
    }

    /// Reads a PatchOp message as the tenant's dialect has it: some leave `schemas` out.
    ///
    /// # Errors
    /// `InvalidSyntax`, `InvalidValue`.
    pub fn read_patch(&self, json: &[u8]) -> Result<PatchRequest> {
        patch_of(&*self.state.config()?, parse_input(json)?)
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
        let (current, groups) = {
            let snapshot = self.inner().writer.snapshot()?;
            let current = load(&*snapshot, scope, id)?;
            check_version(&*snapshot, scope, &current, options.if_match.as_ref(), options.if_none_match.as_ref())?;
            let groups = direct_groups(&*snapshot, scope, current.at)?;
            (current, groups)
        };
        let before = current.resource.attributes;
        let mut missing = Vec::new();
        let budget = &mut Budget::default();
        let mut patched = apply(scope, id, (&before, groups.as_deref()), request, hashes, &mut missing, budget)?;
        if let (Some(clear), Some(password)) = (missing.first().cloned(), model.password()) {
            self.hash_all(missing, hashes)?;
            if let Some(hash) = hashes.get(&clear) {
                patched.patched.attributes.set(password, Value::String(hash.clone()));
            }
        }
        Ok(Prepared { config: Arc::clone(config), before, groups, patched })
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

/// Reads a PatchOp message as a tenant's dialect has it.
pub(super) fn patch_of(config: &Config, input: Input) -> Result<PatchRequest> {
    let is_lenient = config.dialect().patch_without_schemas;
    if is_lenient { patch_without_schemas(input) } else { patch_from_input(input) }
}

/// Applies a request, with the hash of the password that it sets. One without a hash goes to `missing`, and nothing of
/// it may be kept.
fn apply(
    scope: Scope<'_>,
    id: &str,
    (before, groups): (&Complex, Option<&[String]>),
    request: &PatchRequest,
    hashes: &Hashes,
    missing: &mut Vec<String>,
    budget: &mut Budget,
) -> Result<Applied> {
    let with_groups = with_groups(scope.model, before, groups);
    let start = with_groups.as_ref().unwrap_or(before);
    let mut patched = patch::apply_within(scope.model, id, start, request, scope.config.dialect(), budget)?;
    let entered = match groups {
        Some(groups) => {
            let wanted = take_groups(scope.model, &mut patched.attributes)?.unwrap_or_default();
            (wanted != groups).then_some(wanted)
        }
        None => None,
    };
    if let Some(password) = scope.model.password()
        && patched.attributes.get(password) != before.get(password)
        && let Some(Value::String(clear)) = patched.attributes.get_mut(password)
    {
        scope.model.check_password(clear)?;
        match hashes.get(clear.as_str()) {
            Some(hash) => hash.clone_into(clear),
            None => {
                super::password::check(clear)?;
                missing.push(std::mem::replace(clear, NOT_HASHED.to_owned()));
            }
        }
    }
    Ok(Applied { patched, groups: entered })
}

/// The groups that a resource is a direct member of, where clients write them.
pub(super) fn direct_groups(reads: &dyn Reads, scope: Scope<'_>, at: RowId) -> Result<Option<Vec<String>>> {
    if !scope.model.writes_groups() {
        return Ok(None);
    }
    let mut groups = Vec::new();
    each_group(reads, scope.tenant, at.row, &mut |_, id| {
        groups.push(id.to_owned());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Some(groups))
}

/// The attributes of a resource with the groups that it is a direct member of, for operations to change.
fn with_groups(model: &TypeModel, before: &Complex, groups: Option<&[String]>) -> Option<Complex> {
    let attribute = model.groups().filter(|_| groups.is_some_and(|groups| !groups.is_empty()))?;
    let element = |id: &String| {
        let mut element = Complex::new();
        element.set(attribute.value, Value::String(id.clone()));
        Value::Complex(element)
    };
    let mut with = before.clone();
    with.set(attribute.attribute, Value::Multi(groups?.iter().map(element).collect()));
    Some(with)
}

/// What a modification makes of a resource.
fn change(
    attributes: Complex,
    named: BTreeSet<AttributeId>,
    members: &[MemberEdit],
    groups: Option<Vec<String>>,
) -> Change<'_> {
    Change { attributes, named, members, groups, occasion: Occasion::Modify }
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
    let groups = direct_groups(txn, scope, current.at)?;
    let before = (&resource.attributes, groups.as_deref());
    let Applied { patched, groups } = apply(scope, &resource.id, before, request, hashes, missing, budget)?;
    let scope = if missing.is_empty() { scope } else { scope.unasked() };
    update(txn, scope, current, change(patched.attributes, patched.named, &patched.members, groups))
}
