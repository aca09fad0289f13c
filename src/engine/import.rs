//! Import of many resources: rows are bound while earlier ones are being committed, in sorted batches.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Tenant;
use super::config::Config;
use super::consult::{Host, ends_all};
use super::hooks::Scope;
use super::import_groups::{Part, WaitingGroups, store_groups};
use super::modify::direct_groups;
use super::replace::replace_by;
use super::rows::{Holder, find, holder_of, unique_keys};
use super::settle::{Occasion, settle};
use super::storage::{Pending, Transaction};
use super::tenant::{DraftOptions, scope};
use super::write::{NewResource, insert, load, names_of};
use crate::message::ResourceInput;
use crate::model::{EntityTag, Input, Instant, Object, Registry, Resource, TypeModel};
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

/// Rows of one commit.
const BATCH: usize = 4_000;
/// Batches that are on their way at most, so that memory is bounded when rows come faster than they are stored.
const IN_FLIGHT: usize = 2;

/// The largest version that is kept. The store goes on counting behind it: a row must not make it run out of numbers.
/// Above it a version is made anew rather than refused, since a store may have counted past the largest it was given.
const MOST_VERSION: u64 = 1 << 60;

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
    /// Keeps `meta` (created, lastModified, version) and readOnly attributes as well: reads what an export wrote.
    ///
    /// Every import keeps the id of a row that has one, so that groups can name rows of the same import, and takes
    /// password hashes that it can verify. What a row replaces gets a new version and lastModified in any import, since
    /// a version is never given twice. A version above 2^60 is made anew, like one that cannot be read: the store goes
    /// on counting behind what it is given, and must not run out of numbers.
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
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) json: Vec<u8>,
    pub(super) kind: u16,
    pub(super) new: NewResource,
    /// The schemas that it was bound by.
    pub(super) registry: Arc<Registry>,
}

impl Row {
    /// Sees to it that the row is stored by the schemas that it was bound by.
    ///
    /// # Errors
    /// `InUse` when they changed meanwhile: the row is rejected, and can be imported again.
    pub(super) fn check_schemas(&self, config: &Config) -> Result<()> {
        config.check_bound_by(&self.registry).map_err(|error| Error::new(ErrorKind::InUse, error.detail()))
    }
}

/// For whom rows are stored, and how.
pub(super) struct Terms {
    pub(super) tenant: Tenant,
    pub(super) options: ImportOptions,
    pub(super) host: Host,
}

impl Terms {
    pub(super) fn scope<'a>(&'a self, config: &'a Config, model: &'a TypeModel) -> Scope<'a> {
        scope(&self.tenant.state, config, model, self.options.actor.as_deref()).asking(&self.host)
    }
}

/// What became of a row.
pub(super) enum Outcome {
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
/// Rows are committed in batches. Groups wait, since they may name members that come after them: until the end, or until
/// 64 MiB of them wait. Then those whose members are there are committed, and the others wait on. When more than 256 MiB
/// of rows wait for members after that, further groups are rejected as `PayloadTooLarge`, to be imported afterwards.
/// Dropped without [`Importer::finish`], what was not committed is gone, but for two batches that may be on their way.
pub struct Importer {
    tenant: Tenant,
    options: ImportOptions,
    batch: Vec<Row>,
    groups: WaitingGroups,
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
            self.model_for(&*self.state.config()?, name, Operation::Import)?;
        }
        Ok(Importer {
            tenant: self.clone(),
            options,
            batch: Vec::new(),
            groups: WaitingGroups::default(),
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
        #[cfg(scimdb_test_panic)]
        super::env::panic_if_asked("push", &json);
        match self.bind(&json) {
            // Bound again when it is stored: what waits is kept once.
            Ok((_, _, true, _)) => self.wait(row, json)?,
            Ok((kind, new, false, registry)) => self.batch.push(Row { number: row, json, kind, new, registry }),
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
        self.settle_all_but(0)?;
        self.store_waiting(Part::Last)?;
        Ok((self.report, self.rejects))
    }

    /// Keeps a group until its members are there.
    fn wait(&mut self, number: u64, json: Vec<u8>) -> Result<()> {
        if self.groups.is_due(json.len()) {
            self.send()?;
            self.store_waiting(Part::Early)?;
        }
        match self.groups.add(number, json) {
            Ok(()) => {}
            Err((error, input)) => self.reject(Reject { row: number, error, input }),
        }
        Ok(())
    }

    /// Stores the groups that wait, or in an early part those whose members are there.
    fn store_waiting(&mut self, part: Part) -> Result<()> {
        let mut rows = Vec::new();
        for (number, json) in self.groups.take() {
            match self.bind(&json) {
                Ok((kind, new, _, registry)) => rows.push(Row { number, json, kind, new, registry }),
                Err(error) if error.row().fault == crate::error::Fault::Caller => {
                    self.reject(Reject { row: number, error, input: json })
                }
                Err(error) => return Err(error),
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let terms = self.terms();
        let job = move |txn: &mut Transaction<'_>| store_groups(txn, &terms, rows, part);
        let (outcomes, waiting) = self.tenant.inner().writer.write(job)?;
        self.settle(outcomes.into_iter());
        self.groups.put_back(waiting);
        Ok(())
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
        self.settle_all_but(IN_FLIGHT - 1)?;
        let terms = self.terms();
        // Who is asked about rows must be there to answer.
        let most = if terms.host.is_some() { 0 } else { IN_FLIGHT };
        let change = move |txn: &mut Transaction<'_>| {
            let mut settled = Vec::with_capacity(rows.len());
            for row in rows {
                settled.push(store_row(txn, &terms, row)?);
            }
            Ok(settled)
        };
        self.in_flight.push_back(self.tenant.inner().writer.submit(change)?);
        self.settle_all_but(most)
    }

    /// Waits for batches until no more than so many are on their way.
    fn settle_all_but(&mut self, most: usize) -> Result<()> {
        while self.in_flight.len() > most
            && let Some(pending) = self.in_flight.pop_front()
        {
            self.settle(pending.wait()?.into_iter().map(|settled| settled.outcome));
        }
        Ok(())
    }

    fn terms(&self) -> Terms {
        let (tenant, options) = (self.tenant.clone(), self.options.clone());
        Terms { host: tenant.inner().host(), tenant, options }
    }

    /// Binds a row: its type's number, the resource, and whether its members must wait.
    fn bind(&self, json: &[u8]) -> Result<(u16, NewResource, bool, Arc<Registry>)> {
        let config = self.tenant.state.config()?;
        let object = ResourceInput::from_json(json)?.0;
        let name = type_name(&object, config.registry.types()).or(self.options.resource_type.as_deref());
        let name = name.ok_or_else(|| {
            let detail = "the row does not tell its resource type: add schemas, or name the type of all rows";
            Error::new(ErrorKind::InvalidSyntax, detail).on("schemas")
        })?;
        let model = Arc::clone(self.tenant.model_for(&config, name, Operation::Import)?);
        let draft_options = DraftOptions { trusted: self.options.restore, import: true, create: true };
        let draft = self.tenant.inner().draft(&config, &model, object, draft_options)?;
        let meta = draft.meta.filter(|_| self.options.restore);
        let instant = |name: &str| -> Option<Instant> { Instant::parse(meta.as_ref()?.get(name)?.as_str()?) };
        let version = meta.as_ref().and_then(|meta| meta.get("version")?.as_str()?.parse::<EntityTag>().ok());
        let new = NewResource {
            id: match draft.id {
                Some(id) => id,
                None => self.tenant.new_id(&config, &model, None)?,
            },
            attributes: draft.attributes,
            members: draft.members,
            groups: draft.groups,
            created: instant("created"),
            last_modified: instant("lastModified"),
            version: version.map(|tag| tag.version).filter(|version| *version <= MOST_VERSION),
        };
        Ok((model.number(), new, model.members().is_some(), Arc::clone(&config.registry)))
    }
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
fn store_row(txn: &mut Transaction<'_>, terms: &Terms, row: Row) -> Result<Settled> {
    let bound = row.check_schemas(&*terms.tenant.state.config()?);
    let Row { number, json, kind, new, registry: _ } = row;
    let stored = bound.and_then(|()| txn.nested(|txn| store_resource(txn, terms, kind, new)));
    Ok(match caller_faults(stored)? {
        Ok((outcome, resource)) => Settled { outcome, _json: json, _resource: resource },
        Err(error) => {
            let outcome = Outcome::Rejected(Box::new(Reject { row: number, error, input: json }));
            Settled { outcome, _json: Vec::new(), _resource: None }
        }
    })
}

fn store_resource(
    txn: &mut Transaction<'_>,
    terms: &Terms,
    kind: u16,
    new: NewResource,
) -> Result<(Outcome, Option<Resource>)> {
    let config = terms.tenant.state.config()?;
    let scope = terms.scope(&config, config.type_of(kind)?);
    match decide(txn, scope, &terms.options, &new)? {
        Decision::Insert => insert(txn, scope, new).map(|stored| (Outcome::Created, Some(stored.resource))),
        Decision::Replace(id) => replace(txn, scope, &id, new).map(|outcome| (outcome, None)),
        Decision::Skip => Ok((Outcome::Skipped, None)),
    }
}

/// What is to be done with a row.
pub(super) enum Decision {
    Insert,
    /// It replaces the resource of this id.
    Replace(String),
    Skip,
}

pub(super) fn decide(
    txn: &Transaction<'_>,
    scope: Scope<'_>,
    options: &ImportOptions,
    new: &NewResource,
) -> Result<Decision> {
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

pub(super) fn replace(txn: &mut Transaction<'_>, scope: Scope<'_>, id: &str, new: NewResource) -> Result<Outcome> {
    let current = load(txn, scope, id)?;
    // A row that says nothing of groups leaves them alone: memberships are imported with groups.
    let groups = match new.groups {
        None => direct_groups(txn, scope, current.at)?,
        given => given,
    };
    let stored = replace_by(txn, scope, current, (new.attributes, &[]), new.members, groups)?;
    Ok(if stored.changed { Outcome::Replaced } else { Outcome::Skipped })
}

/// The id of the resource that stands in the way of a new one.
fn conflict(txn: &Transaction<'_>, scope: Scope<'_>, new: &NewResource) -> Result<Option<String>> {
    if find(txn, scope.tenant, &new.id)?.is_some() {
        return Ok(Some(new.id.clone()));
    }
    let now = txn.now();
    let mut attributes = new.attributes.clone();
    // Unique values may be derived.
    let named = names_of(&attributes);
    if settle(&scope.config.rules, scope.model, Occasion::Create, None, &named, &mut attributes).is_err() {
        // Storing it will tell what is wrong.
        return Ok(None);
    }
    let resource = Resource { id: new.id.clone(), version: 0, created: now, last_modified: now, attributes };
    for key in unique_keys(scope.tenant, scope.model, &resource) {
        if let Some(Holder::Resource(holder)) = holder_of(txn, scope.tenant, &key)? {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// Keeps an error that is about the row apart from one that ends the import.
pub(super) fn caller_faults<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error) if ends_all(&error) => Err(error),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreOptions};

    #[test]
    fn groups_are_stored_in_parts_and_wait_within_bounds() {
        let tenant = Store::open_in_memory(StoreOptions::default()).unwrap().tenant("default").unwrap();
        let row = |id: &str, member: &str| {
            let row = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"ID","displayName":"ID","members":[{"value":"MEMBER"}]}"#;
            row.replace("ID", id).replace("MEMBER", member).into_bytes()
        };
        let length = row("a", "b").len();
        let mut importer = tenant.import(ImportOptions::default()).unwrap();
        importer.groups = WaitingGroups::with_limits(2 * length, 3 * length);
        for (number, (id, member)) in [("a", "a"), ("b", "a"), ("c", "z"), ("d", "y")].into_iter().enumerate() {
            importer.push(number as u64, row(id, member)).unwrap();
        }
        assert_eq!(importer.report().created, 2, "a and b when c came; c and d wait");
        for (number, id) in (4..).zip(["e", "f", "g", "h"]) {
            importer.push(number, row(id, "y")).unwrap();
        }
        let rejects = importer.take_rejects();
        assert!(!rejects.is_empty() && rejects.iter().all(|r| r.error.kind() == ErrorKind::PayloadTooLarge));
        importer
            .push(8, br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"y","userName":"y"}"#.to_vec())
            .unwrap();
        let (report, last) = importer.finish().unwrap();
        assert_eq!(last.iter().map(|reject| reject.row).collect::<Vec<_>>(), [2], "z did not come, y did");
        assert_eq!(report.created + report.rejected, 9);
    }
}
