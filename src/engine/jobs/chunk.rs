//! Storing the users of a chunk: they, their membership and how far the import has come are one commit.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::places;
use super::prepare::Row;
use crate::engine::ImportOptions;
use crate::engine::OnConflict;
use crate::engine::config::Config;
use crate::engine::consult::{Host, ends_all};
use crate::engine::hooks::Scope;
use crate::engine::import::{Decision, decide};
use crate::engine::rows::find;
use crate::engine::settle::Occasion;
use crate::engine::storage::import_records::{JobFailure, JobRecord, JobStatus};
use crate::engine::storage::{Reads, Table, Transaction, keys};
use crate::engine::store::TenantState;
use crate::engine::tenant::scope;
use crate::engine::write::{Change, NewResource, insert, load, update};
use crate::model::{Registry, Resource, TypeModel, Value, common};
use crate::patch::MemberEdit;
use crate::{Error, ErrorKind, Result};

/// Failures that are kept of an import, each in so many bytes.
const MAX_FAILURES: usize = 100;
const MAX_DETAIL: usize = 300;
/// Imports that have ended that are kept, of a tenant.
const KEPT: usize = 1_000;

/// A chunk that is to be stored.
pub(super) struct Chunk {
    pub(super) state: Arc<TenantState>,
    /// The number of the import, and that of the chunk.
    pub(super) number: u64,
    pub(super) chunk: u32,
    pub(super) rows: Vec<Row>,
    /// The schemas that they were bound by.
    pub(super) registry: Arc<Registry>,
    pub(super) host: Host,
}

/// What became of a chunk.
pub(super) enum Step {
    /// It is stored.
    Stored {
        /// Whether the import has ended.
        ended: bool,
        /// Chunks that nobody needs any more, of one that could not go on.
        loose: Option<u64>,
        /// What the thread that made them is to free: two threads that free each other's memory wait for each other in the
        /// allocator.
        _resources: Vec<Resource>,
    },
    /// It is not the next one, or was bound by other schemas than there are now: to be looked up again.
    Stale,
    /// There is no such import any more.
    Gone,
}

/// What became of the users of a chunk.
#[derive(Default)]
struct Tally {
    imported: Vec<Resource>,
    already_existed: u64,
    failures: Vec<JobFailure>,
}

/// Stores a chunk.
///
/// # Errors
/// What says that nothing can be written now. The chunk is to be tried again.
pub(super) fn store(txn: &mut Transaction<'_>, chunk: Chunk) -> Result<Step> {
    let Chunk { state, number, chunk, rows, registry, host } = chunk;
    let config = state.config()?;
    let Some(mut record) = places::read(txn, state.id, number)?.filter(|it| it.status == JobStatus::Importing) else {
        return Ok(Step::Gone);
    };
    if record.next != chunk || !Arc::ptr_eq(&registry, &config.registry) {
        return Ok(Step::Stale);
    }
    let model = config.type_of(record.kind)?;
    let Some(group) = group_of(txn, &state, &config, &record.group)? else {
        let detail = format!("the group \"{}\" is gone: the users that were left were not imported", record.group);
        return fail(txn, &state, number, record, detail);
    };
    let (actor, correlation_id) = (record.actor.clone(), record.correlation_id.clone());
    let user_scope = scope(&state, &config, model, actor.as_deref()).asking(&host).of_import(&correlation_id);
    let group_scope = scope(&state, &config, group, actor.as_deref()).asking(&host).of_import(&correlation_id);
    let failed_all: Vec<(u64, Option<String>)> = rows.iter().map(|row| (row.number, row.external_id.clone())).collect();
    let stored = txn.nested(|txn| {
        let tally = store_rows(txn, user_scope, rows)?;
        let members: Vec<String> = tally.imported.iter().map(|resource| resource.id.clone()).collect();
        if !members.is_empty() {
            let current = load(txn, group_scope, &record.group)?;
            let attributes = current.resource.attributes.clone();
            let members = [MemberEdit::Add(members)];
            let (named, occasion) = (BTreeSet::new(), Occasion::Modify);
            update(txn, group_scope, current, Change { attributes, named, members: &members, groups: None, occasion })?;
        }
        Ok(tally)
    });
    // Without its membership none of them is imported.
    let tally = caller_faults(stored)?.unwrap_or_else(|error| Tally {
        failures: failed_all.into_iter().map(|(row, external_id)| failure(row, external_id, &error)).collect(),
        ..Tally::default()
    });
    let Tally { imported, already_existed, failures } = tally;
    record.imported += imported.len() as u64;
    record.already_existed += already_existed;
    record.failed += failures.len() as u64;
    let room = MAX_FAILURES.saturating_sub(record.failures.len());
    record.failures.extend(failures.into_iter().take(room));
    txn.delete(Table::JobRows, places::chunk(state.id, record.upload, chunk));
    record.next += 1;
    let ended = record.next >= record.chunks;
    if ended {
        end(txn, &state, number, record, JobStatus::Done)?;
    } else {
        txn.put(Table::Jobs, places::record(state.id, number), record.encode());
    }
    Ok(Step::Stored { ended, loose: None, _resources: imported })
}

/// Ends an import that cannot go on.
///
/// # Errors
/// `Io`, `DiskFull`, `Corrupt`.
pub(super) fn fail(
    txn: &mut Transaction<'_>,
    state: &TenantState,
    number: u64,
    mut record: JobRecord,
    reason: String,
) -> Result<Step> {
    let upload = record.upload;
    record.failed += record.import_size.saturating_sub(record.processed());
    record.reason = Some(short(&reason));
    // Its chunks may be many: they go afterwards, in parts.
    txn.put(Table::Jobs, places::loose(state.id, upload), Vec::new());
    end(txn, state, number, record, JobStatus::Failed)?;
    Ok(Step::Stored { ended: true, loose: Some(upload), _resources: Vec::new() })
}

/// Notes that an import has ended, and forgets the oldest that has if there are too many.
fn end(
    txn: &mut Transaction<'_>,
    state: &TenantState,
    number: u64,
    mut record: JobRecord,
    status: JobStatus,
) -> Result<()> {
    (record.status, record.finished) = (status, Some(txn.now()));
    txn.put(Table::Jobs, places::record(state.id, number), record.encode());
    let mut ended = Vec::new();
    txn.scan_prefix(Table::Jobs, &places::records(state.id), &mut |key, value| {
        if JobRecord::status_of(value) != Some(JobStatus::Importing) {
            ended.push(key.to_vec());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let too_many = ended.len().saturating_sub(KEPT);
    for key in ended.into_iter().take(too_many) {
        let old = txn.get(Table::Jobs, &key)?.map(|bytes| JobRecord::decode(&bytes)).transpose()?;
        if let Some(old) = old {
            txn.delete(Table::Jobs, places::by_id(state.id, &old.correlation_id));
        }
        txn.delete(Table::Jobs, key);
    }
    Ok(())
}

/// The resource type of a group, if it is there.
fn group_of<'c>(
    txn: &Transaction<'_>,
    state: &TenantState,
    config: &'c Config,
    id: &str,
) -> Result<Option<&'c TypeModel>> {
    let found = find(txn, state.id, id)?.and_then(|at| config.registry.type_by_number(at.kind));
    Ok(found.filter(|model| model.members().is_some()).map(|model| &**model))
}

fn store_rows(txn: &mut Transaction<'_>, scope: Scope<'_>, rows: Vec<Row>) -> Result<Tally> {
    let mut tally = Tally::default();
    for Row { number, external_id, bound } in rows {
        let new = match bound {
            Ok(new) => new,
            Err(error) => {
                tally.failures.push(failure(number, external_id, &error));
                continue;
            }
        };
        if exists(txn, scope, &new)? {
            tally.already_existed += 1;
            continue;
        }
        match caller_faults(txn.nested(|txn| insert(txn, scope, new)))? {
            Ok(stored) => tally.imported.push(stored.resource),
            Err(error) => tally.failures.push(failure(number, external_id, &error)),
        }
    }
    Ok(tally)
}

/// Whether the user is there already: one of its type with its `externalId`, or with one of its unique values.
fn exists(txn: &Transaction<'_>, scope: Scope<'_>, new: &NewResource) -> Result<bool> {
    if let Some(external_id) = new.attributes.get(common::EXTERNAL_ID).and_then(Value::as_str) {
        let prefix = keys::external_id(scope.tenant, scope.model.number(), external_id);
        let mut found = false;
        txn.scan_prefix(Table::ExternalIds, &prefix, &mut |_, _| {
            found = true;
            Ok(ControlFlow::Break(()))
        })?;
        if found {
            return Ok(true);
        }
    }
    let options = ImportOptions { on_conflict: OnConflict::Skip, ..ImportOptions::default() };
    Ok(matches!(decide(txn, scope, &options, new)?, Decision::Skip))
}

/// Keeps a user's own fault apart from what ends the commit.
fn caller_faults<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        // Nobody was there to be asked: that is no answer.
        Err(error) if ends_all(&error) || error.kind() == ErrorKind::Cancelled => Err(error),
        other => Ok(other),
    }
}

fn failure(row: u64, external_id: Option<String>, error: &Error) -> JobFailure {
    let external_id = external_id.filter(|id| !id.is_empty()).map(|id| short(&id));
    let detail = match error.attribute() {
        Some(attribute) if !error.detail().contains(attribute) => format!("{attribute}: {}", error.detail()),
        _ => error.detail().to_owned(),
    };
    JobFailure { row, external_id, detail: short(&detail) }
}

/// A text that is not longer than what is kept of it.
pub(super) fn short(text: &str) -> String {
    let end = (0..=MAX_DETAIL.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or_default()).unwrap_or_default().to_owned()
}
