//! What every write does: run the hooks, give the resource its version, store it, log the change.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::ChangeOperation;
use super::consult::Consultation;
use super::hooks::{self, Scope, Write};
use super::index::manifest;
use super::rows::{derive, external_id, find};
use super::seal::{self, Need};
use super::settle::{Occasion, check_known, leave_later, settle};
use super::storage::keys::{self, Key, RowId};
use super::storage::records::{ChangeRecord, Gone};
use super::storage::{Counter, Reads, Table, Transaction, bump, read_counter};
use crate::model::{AttributeId, Complex, EntityTag, Instant, Resource, TypeModel, VersionMatch, stored, validate};
use crate::patch::MemberEdit;
use crate::profile::Ids;
use crate::{Error, ErrorKind, Result};

/// A resource in the store.
pub(super) struct Current {
    pub(super) at: RowId,
    pub(super) resource: Resource,
}

/// A resource to be created, and the meta data that it comes with, if it comes from another store.
#[derive(Clone)]
pub(super) struct NewResource {
    pub(super) id: String,
    pub(super) attributes: Complex,
    pub(super) members: Vec<String>,
    /// The groups that it becomes a direct member of, where clients write them.
    pub(super) groups: Option<Vec<String>>,
    pub(super) created: Option<Instant>,
    pub(super) last_modified: Option<Instant>,
    pub(super) version: Option<u64>,
}

/// What a resource becomes.
pub(super) struct Change<'a> {
    pub(super) attributes: Complex,
    /// The attributes that the request names, also those that it empties.
    pub(super) named: BTreeSet<AttributeId>,
    pub(super) members: &'a [MemberEdit],
    /// The groups that it is to be a direct member of, where clients write them.
    pub(super) groups: Option<Vec<String>>,
    pub(super) occasion: Occasion,
}

/// What a write left in the store.
pub(super) struct Stored {
    pub(super) at: RowId,
    pub(super) resource: Resource,
    pub(super) changed: bool,
    /// The number of its entry in the change log; of a resource that stayed as it was, its version.
    pub(super) sequence: u64,
}

pub(super) fn not_found(model: &TypeModel, id: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{} \"{id}\" does not exist", model.name()))
}

/// Finds a resource of a type by its id.
pub(super) fn locate(reads: &dyn Reads, scope: Scope<'_>, id: &str) -> Result<RowId> {
    let found = find(reads, scope.tenant, id)?;
    found.filter(|at| at.kind == scope.model.number()).ok_or_else(|| not_found(scope.model, id))
}

/// Reads a resource whole, to be changed.
pub(super) fn load(reads: &dyn Reads, scope: Scope<'_>, id: &str) -> Result<Current> {
    load_for(reads, scope, id, Need::All)
}

/// Reads a resource; what is encrypted may be left out where it is not needed.
pub(super) fn load_for(reads: &dyn Reads, scope: Scope<'_>, id: &str, need: Need) -> Result<Current> {
    let at = locate(reads, scope, id)?;
    let bytes = reads.get(Table::Resources, &keys::resource(scope.tenant, at))?;
    let bytes = bytes.ok_or_else(|| missing_row(id))?;
    let mut resource = stored::decode(&bytes, scope.model)?;
    let targets = seal::targets(scope.config, scope.model);
    seal::open(scope.config, scope.tenant, &targets, at, &mut resource, need)?;
    Ok(Current { at, resource })
}

/// Sees that a row can be read whole, whatever is encrypted in it.
///
/// # Errors
/// `Unavailable` when a key is missing.
pub(super) fn check_whole(reads: &dyn Reads, scope: Scope<'_>, at: RowId) -> Result<()> {
    let Some(bytes) = reads.get(Table::Resources, &keys::resource(scope.tenant, at))? else { return Ok(()) };
    let mut resource = stored::decode(&bytes, scope.model)?;
    seal::open(scope.config, scope.tenant, &seal::targets(scope.config, scope.model), at, &mut resource, Need::All)
}

/// Stores the row of a resource.
fn store(txn: &mut Transaction<'_>, scope: Scope<'_>, at: RowId, resource: &Resource) -> Result<()> {
    let bytes = seal::encode(txn, scope.tenant, scope.config, scope.model, at, resource)?;
    txn.put(Table::Resources, keys::resource(scope.tenant, at), bytes);
    Ok(())
}

fn missing_row(id: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("the row of the resource {id} is missing; run `scimdb check`"))
}

/// Checks the versions that a caller insists on.
pub(super) fn check_version(
    reads: &dyn Reads,
    scope: Scope<'_>,
    current: &Current,
    if_match: Option<&VersionMatch>,
    if_none_match: Option<&VersionMatch>,
) -> Result<()> {
    if if_match.is_none() && if_none_match.is_none() {
        return Ok(());
    }
    let tag = tag_of(reads, scope, current.at, current.resource.version)?;
    // What a tag tells of the names of members is nothing that a writer of the group could overwrite.
    let refused = if scope.model.members().is_some() {
        if_match.is_some_and(|wanted| !wanted.names_version(tag.version))
            || if_none_match.is_some_and(|unwanted| unwanted.names_version(tag.version))
    } else {
        if_match.is_some_and(|wanted| !wanted.matches(tag))
            || if_none_match.is_some_and(|unwanted| unwanted.matches_exactly(tag))
    };
    if refused {
        let detail = format!("the resource has version {tag}: read it again, and repeat the change");
        return Err(Error::new(ErrorKind::VersionMismatch, detail).on("meta.version"));
    }
    Ok(())
}

/// The entity tag of the representation that shows everything.
pub(super) fn tag_of(reads: &dyn Reads, scope: Scope<'_>, at: RowId, version: u64) -> Result<EntityTag> {
    let Some(attribute) = scope.model.groups() else { return Ok(EntityTag { version, derived: None }) };
    let groups = derive::groups(reads, scope.tenant, scope.config, attribute, at)?;
    Ok(EntityTag { version, derived: groups.as_ref().map(derive::digest) })
}

/// Creates a resource.
pub(super) fn insert(txn: &mut Transaction<'_>, scope: Scope<'_>, new: NewResource) -> Result<Stored> {
    let NewResource { id, mut attributes, members, groups, created, last_modified, version } = new;
    check_id(&id)?;
    leave_later(scope.model, scope.version, None, &mut attributes);
    let named = names_of(&attributes);
    settle(&scope.config.rules, scope.model, Occasion::Create, None, &named, &mut attributes)?;
    check_known(txn, scope, None, &mut attributes)?;
    validate(scope.model, &attributes)?;
    scope.model.check_constraints(None, &attributes)?;
    check_required(scope, true, &attributes, groups.as_deref())?;
    if find(txn, scope.tenant, &id)?.is_some() {
        let detail = format!("a resource with the id \"{id}\" exists already");
        return Err(Error::new(ErrorKind::Uniqueness, detail).on("id"));
    }
    let row = bump(txn, scope.tenant, Counter::NextRow, 1)?;
    let at = RowId { kind: scope.model.number(), row };
    txn.put(Table::Ids, keys::id(scope.tenant, &id), keys::location(at, ""));
    let now = txn.now();
    let mut resource = Resource {
        id,
        version: 0,
        created: created.unwrap_or(now),
        last_modified: last_modified.unwrap_or(now),
        attributes,
    };
    let edits = if members.is_empty() { Vec::new() } else { vec![MemberEdit::Add(members)] };
    let consultation = Consultation::begin(txn, scope, at, ChangeOperation::Create, None)?;
    let groups = groups.as_deref();
    let write = Write { at, id: &resource.id, before: None, after: Some(&resource), members: &edits, groups };
    let effects = hooks::run(txn, scope, &write)?;
    if let Some(consultation) = &consultation {
        let id = resource.id.clone();
        consultation.ask(txn, Some(&mut resource), &id)?;
    }
    let names = changed(scope, None, &resource, &effects);
    let sequence = log(txn, scope, &resource.id, ChangeOperation::Create, names)?;
    resource.version = version.unwrap_or(sequence);
    txn.sequence_at_least(resource.version)?;
    store(txn, scope, at, &resource)?;
    seal::follow_flag(txn, scope, &resource.id, None, Some(&resource), sequence)?;
    bump(txn, scope.tenant, Counter::Resources(at.kind), 1)?;
    numbers_from(txn, scope, &resource.id)?;
    for group in effects.groups {
        touch_members(txn, scope, group)?;
    }
    if let Some(consultation) = consultation {
        consultation.tell(txn, Some(&resource), &resource.id, sequence)?;
    }
    Ok(Stored { at, resource, changed: true, sequence })
}

/// The attributes that have a value.
pub(super) fn names_of(attributes: &Complex) -> BTreeSet<AttributeId> {
    attributes.iter().map(|(id, _)| id).collect()
}

/// Sees that a new resource, or a replacement, has what the profile asks it to be made with.
fn check_required(scope: Scope<'_>, is_create: bool, attributes: &Complex, groups: Option<&[String]>) -> Result<()> {
    let group = scope.model.groups().map(|groups| groups.attribute);
    scope.model.check_required_on(is_create, &|id| {
        attributes.get(id).is_some() || (group == Some(id) && groups.is_some_and(|groups| !groups.is_empty()))
    })
}

/// Lets the numbers of new resources go on behind an id that is a number.
fn numbers_from(txn: &mut Transaction<'_>, scope: Scope<'_>, id: &str) -> Result<()> {
    if scope.config.profile.ids(scope.model.name()) != Ids::Numeric {
        return Ok(());
    }
    let Ok(number) = id.parse::<u64>() else { return Ok(()) };
    let next = read_counter(txn, scope.tenant, Counter::NextId)?;
    let more = number.saturating_add(1).saturating_sub(next);
    bump(txn, scope.tenant, Counter::NextId, i64::try_from(more).unwrap_or(0)).map(drop)
}

/// Bytes of an id at most: it stands in keys and URLs.
const MAX_ID_BYTES: usize = 256;

fn check_id(id: &str) -> Result<()> {
    // RFC 7643 section 3.1 keeps "bulkId" for references within a bulk request.
    let reserved = id.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("bulkId"));
    if id.is_empty() || id.len() > MAX_ID_BYTES || reserved || id.chars().any(|c| c.is_control() || c == '/') {
        let detail = "an id is 1 to 256 bytes without control characters and slashes, and does not begin with bulkId";
        return Err(Error::new(ErrorKind::InvalidValue, detail).on("id"));
    }
    Ok(())
}

/// Stores a resource's new attributes, unless they are its old ones.
pub(super) fn update(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    current: Current,
    change: Change<'_>,
) -> Result<Stored> {
    let Current { at, resource: before } = current;
    let Change { mut attributes, named, members, groups, occasion } = change;
    leave_later(scope.model, scope.version, Some(&before.attributes), &mut attributes);
    settle(&scope.config.rules, scope.model, occasion, Some(&before.attributes), &named, &mut attributes)?;
    check_known(txn, scope, Some(&before.attributes), &mut attributes)?;
    validate(scope.model, &attributes)?;
    scope.model.check_constraints(Some(&before.attributes), &attributes)?;
    if occasion == Occasion::Replace {
        check_required(scope, false, &attributes, groups.as_deref())?;
    }
    let mut after = Resource { attributes, ..before.clone() };
    let consultation = Consultation::begin(txn, scope, at, ChangeOperation::Modify, Some(&before))?;
    let groups = groups.as_deref();
    let write = Write { at, id: &before.id, before: Some(&before), after: Some(&after), members, groups };
    let effects = hooks::run(txn, scope, &write)?;
    let is_same =
        |after: &Resource| !effects.members && effects.groups.is_empty() && before.attributes == after.attributes;
    if let Some(consultation) = consultation.as_ref().filter(|_| !is_same(&after)) {
        consultation.ask(txn, Some(&mut after), &before.id)?;
    }
    if is_same(&after) {
        return Ok(Stored { at, changed: false, sequence: before.version, resource: before });
    }
    let names = changed(scope, Some(&before), &after, &effects);
    after.version = log(txn, scope, &after.id, ChangeOperation::Modify, names)?;
    after.last_modified = txn.now();
    let sequence = after.version;
    for group in effects.groups {
        touch_members(txn, scope, group)?;
    }
    store(txn, scope, at, &after)?;
    seal::follow_flag(txn, scope, &after.id, Some(&before), Some(&after), sequence)?;
    if let Some(consultation) = consultation {
        consultation.tell(txn, Some(&after), &after.id, sequence)?;
    }
    Ok(Stored { at, resource: after, changed: true, sequence })
}

/// Adds members to a group that this very transaction stored, without asking the host, under a sequence number: it keeps
/// the version that it got there. The host is asked about all of it now.
pub(super) fn complete(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    id: &str,
    members: &[MemberEdit],
    sequence: u64,
) -> Result<()> {
    let Current { at, resource } = load(txn, scope, id)?;
    let consultation = Consultation::begin(txn, scope, at, ChangeOperation::Create, None)?;
    let (before, after) = (Some(&resource), Some(&resource));
    let write = Write { at, id: &resource.id, before, after, members, groups: None };
    hooks::run(txn, scope, &write)?;
    let Some(consultation) = consultation else { return Ok(()) };
    let mut settled = resource.clone();
    consultation.ask(txn, Some(&mut settled), id)?;
    if settled.attributes != resource.attributes {
        amend(txn, scope, sequence, changed(scope, Some(&resource), &settled, &hooks::Effects::default()))?;
        store(txn, scope, at, &settled)?;
    }
    consultation.tell(txn, Some(&settled), id, sequence)
}

/// Adds attributes to those that an entry of the change log names.
fn amend(txn: &mut Transaction<'_>, scope: Scope<'_>, sequence: u64, more: Vec<AttributeId>) -> Result<()> {
    let key = Key::of(scope.tenant).u64(sequence).done();
    let Some(mut record) = txn.get(Table::Changes, &key)?.map(|bytes| ChangeRecord::decode(&bytes)).transpose()? else {
        return Ok(());
    };
    record.attributes.extend(more);
    record.attributes.sort_unstable();
    record.attributes.dedup();
    txn.put(Table::Changes, key, record.encode());
    Ok(())
}

/// Deletes a resource, with its keys and edges. The change log keeps a tombstone.
pub(super) fn remove(txn: &mut Transaction<'_>, scope: Scope<'_>, current: &Current) -> Result<()> {
    let Current { at, resource } = current;
    let consultation = Consultation::begin(txn, scope, *at, ChangeOperation::Delete, Some(resource))?;
    if let Some(consultation) = &consultation {
        consultation.ask(txn, None, &resource.id)?;
    }
    let write = Write { at: *at, id: &resource.id, before: Some(resource), after: None, members: &[], groups: None };
    let effects = hooks::run(txn, scope, &write)?;
    for group in effects.groups {
        touch_members(txn, scope, group)?;
    }
    txn.delete(Table::Ids, keys::id(scope.tenant, &resource.id));
    txn.delete(Table::Resources, keys::resource(scope.tenant, *at));
    bump(txn, scope.tenant, Counter::Resources(at.kind), -1)?;
    let sequence = log(txn, scope, &resource.id, ChangeOperation::Delete, Vec::new())?;
    seal::follow_flag(txn, scope, &resource.id, Some(resource), None, sequence)?;
    if let Some(external_id) = external_id(resource) {
        // Whoever wants it forgotten knows it by that, and by nothing else.
        let mut key = keys::deleted(scope.tenant, at.kind, external_id);
        key.extend_from_slice(&sequence.to_be_bytes());
        txn.put(Table::Deleted, key, Gone { row: at.row, id: resource.id.clone() }.encode());
    }
    match consultation {
        Some(consultation) => consultation.tell(txn, None, &resource.id, sequence),
        None => Ok(()),
    }
}

/// Gives a group a new version, since one of its members is gone.
fn touch_members(txn: &mut Transaction<'_>, scope: Scope<'_>, group: RowId) -> Result<()> {
    let Some(model) = scope.config.registry.type_by_number(group.kind) else { return Ok(()) };
    let key = keys::resource(scope.tenant, group);
    let Some(mut resource) = txn.get(Table::Resources, &key)?.map(|b| stored::decode(&b, model)).transpose()? else {
        return Ok(());
    };
    let names = model.members().map(|members| members.attribute).into_iter().collect();
    let scope = Scope { model, ..scope };
    resource.version = log(txn, scope, &resource.id, ChangeOperation::Modify, names)?;
    resource.last_modified = txn.now();
    txn.put(Table::Resources, key, stored::encode(&resource));
    Ok(())
}

/// The attributes whose values differ.
fn changed(
    scope: Scope<'_>,
    before: Option<&Resource>,
    after: &Resource,
    effects: &hooks::Effects,
) -> Vec<AttributeId> {
    let empty = Complex::new();
    let before = before.map_or(&empty, |resource| &resource.attributes);
    let mut names: Vec<AttributeId> =
        after.attributes.iter().filter(|(id, value)| before.get(*id) != Some(*value)).map(|(id, _)| id).collect();
    names.extend(before.iter().map(|(id, _)| id).filter(|id| after.attributes.get(*id).is_none()));
    if effects.members {
        names.extend(scope.model.members().map(|members| members.attribute));
    }
    if !effects.groups.is_empty() {
        names.extend(scope.model.groups().map(|groups| groups.attribute));
    }
    names.sort_unstable();
    names
}

/// Adds an entry to the change log, and gives its sequence number: the resource's new version.
pub(super) fn log(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    id: &str,
    operation: ChangeOperation,
    attributes: Vec<AttributeId>,
) -> Result<u64> {
    let sequence = txn.next_sequence();
    let record = ChangeRecord {
        time: txn.now(),
        operation,
        kind: scope.model.number(),
        id: id.to_owned(),
        actor: scope.actor.map(str::to_owned),
        correlation_id: scope.import.map(str::to_owned),
        attributes,
    };
    txn.put(Table::Changes, Key::of(scope.tenant).u64(sequence).done(), record.encode());
    let before = bump(txn, scope.tenant, Counter::Changes, 1)?;
    if let Some(keep) = scope.config.keep_changes
        && before >= keep
    {
        trim_changes(txn, scope, before + 1 - keep)?;
    }
    Ok(sequence)
}

/// Changes that one write trims at most, so that a setting which became smaller does not make one write slow.
const MAX_TRIM: u64 = 64;

/// Changes beyond those to be kept that an index which nobody opens holds back. It is made from rows then.
const MAX_BACK: u64 = 1 << 19;

/// Removes the oldest entries of the change log.
fn trim_changes(txn: &mut Transaction<'_>, scope: Scope<'_>, excess: u64) -> Result<()> {
    let mut gone = Vec::new();
    let wanted = excess.min(MAX_TRIM);
    // An index that is read from disk catches up by the log: it needs what came after it.
    let durable = if excess <= MAX_BACK { manifest::durable(txn, scope.tenant)? } else { None }.unwrap_or(u64::MAX);
    let is_needed = |key: &[u8]| key.last_chunk().is_none_or(|chunk| u64::from_be_bytes(*chunk) > durable);
    txn.scan_prefix(Table::Changes, &Key::of(scope.tenant).done(), &mut |key, _| {
        if is_needed(key) {
            return Ok(ControlFlow::Break(()));
        }
        gone.push(key.to_vec());
        Ok(if gone.len() as u64 >= wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let Some(last) = gone.last().and_then(|key| key.last_chunk()).map(|chunk| u64::from_be_bytes(*chunk)) else {
        return Ok(());
    };
    bump(txn, scope.tenant, Counter::Changes, -i64::try_from(gone.len()).unwrap_or(0))?;
    let from = read_counter(txn, scope.tenant, Counter::ChangesFrom)?;
    bump(txn, scope.tenant, Counter::ChangesFrom, i64::try_from((last + 1).saturating_sub(from)).unwrap_or(0))?;
    for key in gone {
        txn.delete(Table::Changes, key);
    }
    Ok(())
}
