//! Import of many resources: rows are bound while earlier ones are being committed, in sorted batches.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Tenant;
use super::hooks::Scope;
use super::replace::{merge, replace_members};
use super::rows::{Holder, find, holder_of, unique_keys};
use super::storage::{Pending, Transaction};
use super::tenant::{DraftOptions, scope};
use super::write::{NewResource, complete, insert, load, update};
use crate::message::ResourceInput;
use crate::model::{EntityTag, Input, Instant, Object, Resource, TypeModel};
use crate::patch::MemberEdit;
use crate::{Error, ErrorKind, Result};

/// Rows of one commit.
const BATCH: usize = 4_000;
/// Batches that are on their way at most, so that memory is bounded when rows come faster than they are stored.
const IN_FLIGHT: usize = 2;

/// What to do with a row whose id, or whose unique value, exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnConflict {
    /// Reject the row.
    #[default]
    Fail,
    /// Leave what is there.
    Skip,
    /// Replace what is there.
    Replace,
}

/// How rows are imported.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The resource type of rows that do not tell theirs by `meta.resourceType` or `schemas`.
    pub resource_type: Option<String>,
    /// What to do with conflicts.
    pub on_conflict: OnConflict,
    /// Keeps id, meta and version as given, and readOnly attributes. (Password hashes are taken as such in every
    /// import.) Without it a row's id is kept too, but its meta is made anew; so is the version and lastModified of
    /// what a row replaces, in any import, since a version is never given twice.
    pub restore: bool,
    /// Who imports, for the change log.
    pub actor: Option<String>,
}

/// A row that was not imported.
#[derive(Debug)]
pub struct Reject {
    /// The row's number, as the caller counts.
    pub row: u64,
    /// Why.
    pub error: Error,
    /// The row as it was given.
    pub input: Vec<u8>,
}

/// Counts of an import, so far or in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows given.
    pub read: u64,
    /// Rows created.
    pub created: u64,
    /// Rows that replaced what was there.
    pub replaced: u64,
    /// Rows left out because what they hold was there.
    pub skipped: u64,
    /// Rows rejected.
    pub rejected: u64,
}

/// A row, bound.
struct Row {
    number: u64,
    json: Vec<u8>,
    kind: u16,
    new: NewResource,
}

/// What became of a row.
enum Outcome {
    Created,
    Replaced,
    Skipped,
    Rejected(Box<Reject>),
}

/// What became of a row, and what is left of it. The thread that made a row frees it too: two threads that free each
/// other's memory wait for each other in the allocator.
struct Settled {
    outcome: Outcome,
    _json: Vec<u8>,
    _resource: Option<Resource>,
}

/// An import under way.
///
/// Rows are committed in batches. Groups wait until the end and are committed together, since they may name members
/// that come after them. Dropped without [`Importer::finish`], what was not committed is gone.
pub struct Importer {
    tenant: Tenant,
    options: ImportOptions,
    batch: Vec<Row>,
    groups: Vec<Row>,
    in_flight: VecDeque<Pending<Vec<Settled>>>,
    rejects: Vec<Reject>,
    report: ImportReport,
}

impl std::fmt::Debug for Importer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Importer").field("report", &self.report).finish_non_exhaustive()
    }
}

impl Tenant {
    /// Starts an import.
    ///
    /// # Errors
    /// `UnknownType`.
    pub fn import(&self, options: ImportOptions) -> Result<Importer> {
        if let Some(name) = &options.resource_type {
            self.registry()?.resource_type(name)?;
        }
        Ok(Importer {
            tenant: self.clone(),
            options,
            batch: Vec::new(),
            groups: Vec::new(),
            in_flight: VecDeque::new(),
            rejects: Vec::new(),
            report: ImportReport::default(),
        })
    }
}

impl Importer {
    /// Adds a row: one resource as a JSON object.
    ///
    /// # Errors
    /// What stops the import as a whole: `Io`, `DiskFull`, `Unavailable`. A bad row is a reject instead.
    pub fn push(&mut self, row: u64, json: Vec<u8>) -> Result<()> {
        self.report.read += 1;
        match self.bind(&json) {
            Ok((kind, new, has_members)) => {
                let row = Row { number: row, json, kind, new };
                if has_members { self.groups.push(row) } else { self.batch.push(row) }
            }
            Err(error) if error.row().fault == crate::error::Fault::Caller => {
                self.reject(Reject { row, error, input: json })
            }
            Err(error) => return Err(error),
        }
        if self.batch.len() >= BATCH {
            self.send()?;
        }
        Ok(())
    }

    /// The rows rejected since the last call.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejects)
    }

    /// The counts so far.
    pub fn report(&self) -> ImportReport {
        self.report
    }

    /// Commits what is left, groups included. Rejects that were not taken yet are in the answer.
    ///
    /// # Errors
    /// As [`Importer::push`].
    pub fn finish(mut self) -> Result<(ImportReport, Vec<Reject>)> {
        self.send()?;
        while let Some(pending) = self.in_flight.pop_front() {
            self.settle(pending.wait()?.into_iter().map(|settled| settled.outcome));
        }
        let groups = std::mem::take(&mut self.groups);
        if !groups.is_empty() {
            let (tenant, options) = (self.tenant.clone(), self.options.clone());
            let outcomes = self.tenant.inner().writer.write(move |txn| store_groups(txn, &tenant, &options, groups))?;
            self.settle(outcomes.into_iter());
        }
        Ok((self.report, self.rejects))
    }

    fn reject(&mut self, reject: Reject) {
        self.report.rejected += 1;
        self.rejects.push(reject);
    }

    fn settle(&mut self, outcomes: impl Iterator<Item = Outcome>) {
        for outcome in outcomes {
            match outcome {
                Outcome::Created => self.report.created += 1,
                Outcome::Replaced => self.report.replaced += 1,
                Outcome::Skipped => self.report.skipped += 1,
                Outcome::Rejected(reject) => self.reject(*reject),
            }
        }
    }

    /// Hands the batch to the writer, and waits only if enough others are on their way.
    fn send(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.batch);
        if rows.is_empty() {
            return Ok(());
        }
        while self.in_flight.len() >= IN_FLIGHT
            && let Some(pending) = self.in_flight.pop_front()
        {
            self.settle(pending.wait()?.into_iter().map(|settled| settled.outcome));
        }
        let (tenant, options) = (self.tenant.clone(), self.options.clone());
        let change = move |txn: &mut Transaction<'_>| {
            let mut settled = Vec::with_capacity(rows.len());
            for row in rows {
                settled.push(store_row(txn, &tenant, &options, row)?);
            }
            Ok(settled)
        };
        self.in_flight.push_back(self.tenant.inner().writer.submit(change)?);
        Ok(())
    }

    /// Binds a row: its type's number, the resource, and whether its members must wait.
    fn bind(&self, json: &[u8]) -> Result<(u16, NewResource, bool)> {
        let config = self.tenant.state.config()?;
        let object = ResourceInput::from_json(json)?.0;
        let name = type_name(&object, config.registry.types()).or(self.options.resource_type.as_deref());
        let name = name.ok_or_else(|| {
            let detail = "the row does not tell its resource type: add schemas, or name the type of all rows";
            Error::new(ErrorKind::InvalidSyntax, detail).on("schemas")
        })?;
        let model = Arc::clone(config.registry.resource_type(name)?);
        let draft_options = DraftOptions { trusted: self.options.restore, import: true };
        let draft = self.tenant.inner().draft(&config, &model, object, draft_options)?;
        let meta = draft.meta.filter(|_| self.options.restore);
        let instant = |name: &str| -> Option<Instant> { Instant::parse(meta.as_ref()?.get(name)?.as_str()?) };
        let version = meta.as_ref().and_then(|meta| meta.get("version")?.as_str()?.parse::<EntityTag>().ok());
        let new = NewResource {
            id: draft.id.unwrap_or_else(|| self.tenant.inner().env.new_id()),
            attributes: draft.attributes,
            members: draft.members,
            created: instant("created"),
            last_modified: instant("lastModified"),
            version: version.map(|tag| known_version(tag.version)).transpose()?,
        };
        Ok((model.number(), new, model.members().is_some()))
    }
}

/// A version that came with a row. The store goes on counting behind it, so it must leave room.
fn known_version(version: u64) -> Result<u64> {
    const MOST: u64 = 1 << 60;
    if version <= MOST {
        return Ok(version);
    }
    let detail = format!("the version is larger than {MOST}: no store has counted so far");
    Err(Error::new(ErrorKind::InvalidValue, detail).on("meta.version"))
}

/// The resource type that a row says it has.
fn type_name<'a>(object: &'a Object, types: &'a [Arc<TypeModel>]) -> Option<&'a str> {
    if let Some(Input::Object(meta)) = object.get("meta")
        && let Some(name) = meta.get("resourceType").and_then(Input::as_str)
    {
        return Some(name);
    }
    let Some(Input::Array(schemas)) = object.get("schemas") else { return None };
    let is_listed = |model: &&Arc<TypeModel>| {
        schemas.iter().filter_map(Input::as_str).any(|urn| urn.eq_ignore_ascii_case(&model.resource_type().schema))
    };
    types.iter().find(is_listed).map(|model| model.name())
}

/// Stores one row. Only what stops the import is an error.
fn store_row(txn: &mut Transaction<'_>, tenant: &Tenant, options: &ImportOptions, row: Row) -> Result<Settled> {
    let Row { number, json, kind, new } = row;
    Ok(match caller_faults(txn.nested(|txn| store_resource(txn, tenant, options, kind, new)))? {
        Ok((outcome, resource)) => Settled { outcome, _json: json, _resource: resource },
        Err(error) => {
            let outcome = Outcome::Rejected(Box::new(Reject { row: number, error, input: json }));
            Settled { outcome, _json: Vec::new(), _resource: None }
        }
    })
}

fn store_resource(
    txn: &mut Transaction<'_>,
    tenant: &Tenant,
    options: &ImportOptions,
    kind: u16,
    new: NewResource,
) -> Result<(Outcome, Option<Resource>)> {
    let config = tenant.state.config()?;
    let model = config.type_of(kind)?;
    let scope = scope(&tenant.state, &config, model, options.actor.as_deref());
    match decide(txn, scope, options, &new)? {
        Decision::Insert => insert(txn, scope, new).map(|stored| (Outcome::Created, Some(stored.resource))),
        Decision::Replace(id) => replace(txn, scope, &id, new).map(|outcome| (outcome, None)),
        Decision::Skip => Ok((Outcome::Skipped, None)),
    }
}

/// What is to be done with a row.
enum Decision {
    Insert,
    /// It replaces the resource of this id.
    Replace(String),
    Skip,
}

fn decide(txn: &Transaction<'_>, scope: Scope<'_>, options: &ImportOptions, new: &NewResource) -> Result<Decision> {
    if options.on_conflict == OnConflict::Fail {
        // What is in the way, `insert` says.
        return Ok(Decision::Insert);
    }
    Ok(match conflict(txn, scope, new)? {
        None => Decision::Insert,
        Some(_) if options.on_conflict == OnConflict::Skip => Decision::Skip,
        Some(id) => Decision::Replace(id),
    })
}

fn replace(txn: &mut Transaction<'_>, scope: Scope<'_>, id: &str, new: NewResource) -> Result<Outcome> {
    let current = load(txn, scope, id)?;
    let attributes = merge(scope.model, &current.resource.attributes, new.attributes)?;
    let stored = update(txn, scope, current, attributes, &replace_members(scope.model, new.members))?;
    Ok(if stored.changed { Outcome::Replaced } else { Outcome::Skipped })
}

/// The id of the resource that stands in the way of a new one.
fn conflict(txn: &Transaction<'_>, scope: Scope<'_>, new: &NewResource) -> Result<Option<String>> {
    if find(txn, scope.tenant, &new.id)?.is_some() {
        return Ok(Some(new.id.clone()));
    }
    let now = txn.now();
    let attributes = new.attributes.clone();
    let resource = Resource { id: new.id.clone(), version: 0, created: now, last_modified: now, attributes };
    for key in unique_keys(scope.tenant, scope.model, &resource) {
        if let Some(Holder::Resource(holder)) = holder_of(txn, scope.tenant, &key)? {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// Stores groups, which may name each other in any order: first the new ones without members, then the members. A group
/// that fails takes no part in another attempt, since others may have counted on it.
fn store_groups(
    txn: &mut Transaction<'_>,
    tenant: &Tenant,
    options: &ImportOptions,
    rows: Vec<Row>,
) -> Result<Vec<Outcome>> {
    let mut failed: HashMap<usize, Error> = HashMap::new();
    loop {
        let mut outcomes = Vec::new();
        let mut fell_out = Vec::new();
        txn.nested_if(|txn| {
            let mut places = Vec::new();
            for (index, row) in rows.iter().enumerate().filter(|(index, _)| !failed.contains_key(index)) {
                match caller_faults(txn.nested(|txn| place_group(txn, tenant, options, row)))? {
                    Ok(place) => places.push((index, row, place)),
                    Err(error) => fell_out.push((index, error)),
                }
            }
            for (index, row, place) in places {
                match caller_faults(txn.nested(|txn| fill_group(txn, tenant, options, row, place)))? {
                    Ok(outcome) => outcomes.push(outcome),
                    Err(error) => fell_out.push((index, error)),
                }
            }
            Ok(((), fell_out.is_empty()))
        })?;
        if fell_out.is_empty() {
            let rejected = rows.into_iter().enumerate().filter_map(|(index, row)| {
                let error = failed.remove(&index)?;
                Some(Outcome::Rejected(Box::new(Reject { row: row.number, error, input: row.json })))
            });
            outcomes.extend(rejected);
            return Ok(outcomes);
        }
        failed.extend(fell_out);
    }
}

/// Keeps an error that is the row's own fault apart from one that ends the import.
fn caller_faults<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error) if error.row().fault != crate::error::Fault::Caller => Err(error),
        other => Ok(other),
    }
}

/// Makes a group without members, where it is new.
fn place_group(txn: &mut Transaction<'_>, tenant: &Tenant, options: &ImportOptions, row: &Row) -> Result<Decision> {
    let config = tenant.state.config()?;
    let model = config.type_of(row.kind)?;
    let scope = scope(&tenant.state, &config, model, options.actor.as_deref());
    let decision = decide(txn, scope, options, &row.new)?;
    if matches!(decision, Decision::Insert) {
        insert(txn, scope, NewResource { members: Vec::new(), ..row.new.clone() })?;
    }
    Ok(decision)
}

/// Gives a group its members, once every group is there.
fn fill_group(
    txn: &mut Transaction<'_>,
    tenant: &Tenant,
    options: &ImportOptions,
    row: &Row,
    place: Decision,
) -> Result<Outcome> {
    let config = tenant.state.config()?;
    let model = config.type_of(row.kind)?;
    let scope = scope(&tenant.state, &config, model, options.actor.as_deref());
    match place {
        Decision::Insert if row.new.members.is_empty() => Ok(Outcome::Created),
        Decision::Insert => {
            let members = [MemberEdit::Add(row.new.members.clone())];
            complete(txn, scope, &row.new.id, &members).map(|()| Outcome::Created)
        }
        Decision::Replace(id) => replace(txn, scope, &id, row.new.clone()),
        Decision::Skip => Ok(Outcome::Skipped),
    }
}
