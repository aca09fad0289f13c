//! Taking in an import: its users go to the disk in chunks while they come, and the import is there once all of it is.

use std::io::Read;
use std::sync::Arc;

use super::job::{correlation_id, unknown};
use super::places;
use super::sweep::sweep;
use super::{ImportJob, ImportJobOptions};
use crate::engine::Tenant;
use crate::engine::password::{Hasher, is_hash};
use crate::engine::rows::find;
use crate::engine::seal::seal_chunk;
use crate::engine::storage::import_records::{JobRecord, JobStatus, pack};
use crate::engine::storage::{Reads, Table, Transaction};
use crate::engine::store::{Inner, TenantState};
use crate::engine::tokens::random;
use crate::message::{ImportLimits, ImportSink, ImportTerms, ResourceInput, read_import};
use crate::model::{AttributeType, Input, PathTarget, Registry, Target, TypeModel};
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

/// Users of a chunk at most: what one commit imports.
const CHUNK_USERS: usize = 4_000;
/// Bytes of a chunk, more or less.
const CHUNK_BYTES: usize = 1 << 20;
/// Users of an import at most.
const MAX_USERS: u64 = 10_000_000;
/// Imports of a tenant that wait at most: each may take gigabytes of the disk.
const MAX_WAITING: usize = 1_000;

impl Tenant {
    /// Takes in an import: an object of `users`, an array of resources; `group`, whose `value` is the id of the group that
    /// they become members of; and `authenticatorPolicy`, which may be left out. When this returns, all of it is durable; it
    /// is carried out by a thread of the store, in the order in which imports came, tenants taking turns. A crash or a close
    /// holds it up until the store is opened again.
    ///
    /// The body is read as it comes and goes to the disk in chunks, a mebibyte at a time. Where it breaks off, or is wrong,
    /// nothing is kept. Passwords in it are hashed on the way.
    ///
    /// Hooks of the host are asked on the store's own thread about each user, and about the group with each chunk.
    ///
    /// # Errors
    /// `InvalidSyntax`, `InvalidValue` for a body that is no import, or names a group that does not exist;
    /// `PayloadTooLarge` beyond [`StoreOptions::max_import_bytes`](crate::StoreOptions::max_import_bytes) or ten million
    /// users; `UnknownType`; `InvalidArgument` for options that fit no attribute; `Unavailable` when too many wait, or when
    /// values of such users are encrypted at rest and there is no key; what the reader says.
    pub fn queue_import(&self, options: ImportJobOptions, body: &mut dyn Read) -> Result<ImportJob> {
        let inner = self.inner();
        if inner.jobs.waiting(&self.state) >= MAX_WAITING {
            let detail = format!("{MAX_WAITING} imports wait already: queue this one when some have ended");
            return Err(Error::new(ErrorKind::Unavailable, detail));
        }
        let config = self.state.config()?;
        let model = Arc::clone(self.model_for(&config, &options.resource_type, Operation::Import)?);
        if let Some(path) = &options.authenticators {
            authenticator_parts(&model, path)?;
        }
        let (upload, chunk) = (None, Vec::new());
        let mut intake =
            Intake { inner, state: &self.state, model, upload, chunk, users: 0, chunks: 0, is_kept: false };
        let limits = ImportLimits { bytes: inner.options.max_import_bytes, users: MAX_USERS };
        let terms = read_import(body, limits, &mut intake)?;
        let (number, record) = intake.finish(terms, options)?;
        if record.status == JobStatus::Importing {
            inner.jobs.add(&self.state, number);
        }
        Ok(ImportJob::of(record, &config))
    }
}

/// An import that comes in. Dropped before it is whole, it leaves nothing.
struct Intake<'a> {
    inner: &'a Inner,
    state: &'a Arc<TenantState>,
    model: Arc<TypeModel>,
    /// The number of its chunks, once there is one.
    upload: Option<u64>,
    chunk: Vec<u8>,
    /// Users of this chunk.
    users: usize,
    /// Chunks before this one.
    chunks: u32,
    is_kept: bool,
}

impl ImportSink for Intake<'_> {
    fn group(&mut self, id: &str) -> Result<()> {
        // Before the users, where it comes before them. It is looked at again in the end.
        let snapshot = self.inner.writer.snapshot()?;
        check_group(&*snapshot, self.state, &self.state.config()?.registry, id)
    }

    fn user(&mut self, json: &str) -> Result<()> {
        let hashed = without_clear_password(json, &self.model, &self.inner.hasher);
        pack(&mut self.chunk, hashed.as_deref().unwrap_or(json).as_bytes());
        self.users += 1;
        if self.users >= CHUNK_USERS || self.chunk.len() >= CHUNK_BYTES { self.store() } else { Ok(()) }
    }
}

impl Intake<'_> {
    /// Stores the chunk.
    fn store(&mut self) -> Result<()> {
        let (state, known) = (Arc::clone(self.state), self.upload);
        let (chunk, number, users, kind) =
            (std::mem::take(&mut self.chunk), self.chunks, self.users, self.model.number());
        let upload = self.inner.writer.write(move |txn: &mut Transaction<'_>| {
            // Nothing is written to a tenant that was dropped.
            let config = state.config()?;
            let upload = known.unwrap_or_else(|| txn.next_sequence());
            if known.is_none() {
                txn.put(Table::Jobs, places::loose(state.id, upload), Vec::new());
            }
            let key = places::chunk(state.id, upload, number);
            let chunk = seal_chunk((&*txn, state.id), &config, config.type_of(kind)?, &key, users, chunk)?;
            txn.put(Table::JobRows, key, chunk);
            Ok(upload)
        })?;
        self.upload = Some(upload);
        self.chunks += 1;
        self.users = 0;
        Ok(())
    }

    /// Makes the import, now that all of it is there. One without users has ended.
    fn finish(mut self, terms: ImportTerms, options: ImportJobOptions) -> Result<(u64, JobRecord)> {
        if self.users > 0 {
            self.store()?;
        }
        let ImportTerms { group, authenticator_policy, users } = terms;
        let ImportJobOptions { resource_type: _, authenticators, refused, actor } = options;
        let authenticator = authenticator_policy.map(|policy| authenticator(policy, authenticators)).transpose()?;
        let id = correlation_id(random().into_iter().chain(random()));
        let correlation_id = id.ok_or_else(|| Error::new(ErrorKind::Internal, "a correlation id could not be made"))?;
        let (state, upload, chunks, kind) = (Arc::clone(self.state), self.upload, self.chunks, self.model.number());
        let made = self.inner.writer.write(move |txn: &mut Transaction<'_>| {
            let config = state.config()?;
            config.type_of(kind)?;
            check_group(txn, &state, &config.registry, &group)?;
            let by_id = places::by_id(state.id, &correlation_id);
            if txn.get(Table::Jobs, &by_id)?.is_some() {
                return Err(Error::new(ErrorKind::Unavailable, "the correlation id is taken: send the import again"));
            }
            let number = txn.next_sequence();
            let created = txn.now();
            let record = JobRecord {
                status: if chunks == 0 { JobStatus::Done } else { JobStatus::Importing },
                correlation_id,
                kind,
                upload: upload.unwrap_or_default(),
                chunks,
                next: 0,
                import_size: users,
                failed: 0,
                already_existed: 0,
                imported: 0,
                created,
                finished: (chunks == 0).then_some(created),
                group,
                actor,
                authenticator,
                refused,
                reason: None,
                failures: Vec::new(),
            };
            if let Some(upload) = upload {
                txn.delete(Table::Jobs, places::loose(state.id, upload));
            }
            txn.put(Table::Jobs, by_id, number.to_be_bytes().to_vec());
            txn.put(Table::Jobs, places::record(state.id, number), record.encode());
            Ok((number, record))
        })?;
        self.is_kept = true;
        Ok(made)
    }
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Some(upload) = self.upload {
            // What cannot be removed now is removed when the store is opened again.
            drop(sweep(&self.inner.writer, self.state.id, upload));
        }
    }
}

fn check_group(reads: &dyn Reads, state: &TenantState, registry: &Registry, id: &str) -> Result<()> {
    let found = find(reads, state.id, id)?.and_then(|at| registry.type_by_number(at.kind));
    if found.is_some_and(|model| model.members().is_some()) {
        return Ok(());
    }
    let detail = format!("no group has the id \"{id}\": create it before the import names it");
    Err(Error::new(ErrorKind::InvalidValue, detail).on("group.value"))
}

fn authenticator(policy: String, path: Option<String>) -> Result<(String, String)> {
    path.map(|path| (policy, path)).ok_or_else(|| {
        let detail = "users of this tenant have no authenticators: leave authenticatorPolicy out";
        Error::new(ErrorKind::InvalidValue, detail).on("authenticatorPolicy")
    })
}

/// The attribute that takes authenticators, and its sub-attributes: the name of the policy, and the value.
///
/// # Errors
/// `InvalidArgument` for a path that names no such attribute.
pub(super) fn authenticator_parts(model: &TypeModel, path: &str) -> Result<[crate::model::AttributeId; 3]> {
    let wrong = || {
        let detail = format!("{path} takes no authenticators: name a multi-valued attribute with display and value");
        Error::new(ErrorKind::InvalidArgument, detail).on("authenticators")
    };
    let Some(PathTarget::Attribute(Target { attribute, sub: None })) = model.find(path) else { return Err(wrong()) };
    let definition = model.definition(attribute).ok_or_else(wrong)?;
    let is_list = definition.attribute.multi_valued && definition.attribute.attribute_type == AttributeType::Complex;
    match (model.resolve_sub(attribute, "display"), model.resolve_sub(attribute, "value")) {
        (Ok(display), Ok(value)) if is_list => Ok([attribute, display, value]),
        _ => Err(wrong()),
    }
}

/// The user with a hash instead of its password, where it has one in clear: nothing on the disk is one.
fn without_clear_password(json: &str, model: &TypeModel, hasher: &Hasher) -> Option<String> {
    let password = model.password()?;
    // What cannot be read fails when it is imported.
    let mut user = ResourceInput::from_json(json.as_bytes()).ok()?;
    let is_password =
        |name: &str| matches!(model.find(name), Some(PathTarget::Attribute(target)) if target.attribute == password);
    let mut found = false;
    for (_, input) in user.0.iter_mut().filter(|(name, _)| is_password(name)) {
        if let Input::String(text) = input
            && matches!(is_hash(text), Ok(false))
        {
            // One that no user may have is told to be so when it is imported, and need not be kept for that.
            let hash = model.check_password(text).and_then(|()| hasher.hash(text));
            *text = hash.unwrap_or_default();
            found = true;
        }
    }
    found.then(|| user.to_json())
}

/// The number of the import of a correlation id.
pub(super) fn number_of(reads: &dyn Reads, state: &TenantState, id: &str) -> Result<u64> {
    super::job::is_correlation_id(id)?;
    let found = reads.get(Table::Jobs, &places::by_id(state.id, id))?;
    found.and_then(|bytes| places::number(&bytes)).ok_or_else(|| unknown(id))
}
