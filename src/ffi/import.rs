//! Import in chunks.

use std::ffi::c_char;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use super::buf::{self, scimdb_buf};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::guard::{guard, with, with_store};
use super::handles::{Handles, Kind};
use super::life::{Child, Place, scimdb_store};
use super::options::ImportChoice;
use super::queue::Queue;
use super::sessions::Intake;
use super::{answers, options, text};
use crate::engine::{Importer, Reject};
use crate::message::{Line, Lines};
use crate::{Error, ErrorKind, Result, Tenant};

/// An import under way. One thread at a time: a second one waits. A hook of its rows may free it, and do nothing else with it.
pub struct scimdb_import {
    _private: [u8; 0],
}

static IMPORTS: Handles<Import> = Handles::new(Kind::Import);

/// What a handle of an import stands for.
struct Import {
    db: usize,
    state: Mutex<State>,
    idle: Condvar,
}

/// Whoever works with an import has it to itself, and holds no lock meanwhile: hooks run then, which may come back here.
enum State {
    Idle(Intake),
    Busy(ThreadId),
    Ended,
}

/// An import of the process that holds the store.
pub(super) enum Feed {
    /// Of rows, which are imported as they come.
    Rows(Box<Rows>),
    /// Of a body, which is queued whole.
    Queue(Queue),
}

/// An import of rows.
pub(super) struct Rows {
    importer: Importer,
    lines: Lines,
    /// Rows that are too long to be given to the importer.
    too_long: Vec<Reject>,
}

impl Import {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the import to work with. It has ended when it is not put back.
    fn take(&self) -> Result<Busy<'_>> {
        let own = thread::current().id();
        let mut state = self.state();
        loop {
            match &*state {
                State::Busy(thread) if *thread == own => {
                    let detail = "the import is used within a hook of its own rows: only scimdb_import_free may be";
                    return Err(Error::new(ErrorKind::Misuse, detail));
                }
                State::Busy(_) => state = self.idle.wait(state).unwrap_or_else(PoisonError::into_inner),
                State::Ended => return Err(ended()),
                State::Idle(_) => {
                    let State::Idle(intake) = std::mem::replace(&mut *state, State::Busy(own)) else {
                        return Err(ended());
                    };
                    return Ok(Busy { import: self, intake: Some(intake), is_put_back: false });
                }
            }
        }
    }
}

/// An import that somebody works with.
struct Busy<'a> {
    import: &'a Import,
    intake: Option<Intake>,
    is_put_back: bool,
}

impl Busy<'_> {
    /// Puts the import back, unless it was given up meanwhile.
    fn put_back(mut self, intake: Intake) {
        self.is_put_back = true;
        let mut state = self.import.state();
        if matches!(*state, State::Busy(_)) {
            *state = State::Idle(intake);
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        // Once it is put back, another thread may have it already.
        if !self.is_put_back {
            *self.import.state() = State::Ended;
        }
        self.import.idle.notify_all();
    }
}

impl Child for Import {
    fn release(&self) {
        let state = std::mem::replace(&mut *self.state(), State::Ended);
        // Nobody waits for what it takes to free the rows.
        drop(state);
        self.idle.notify_all();
    }
}

impl Feed {
    pub(super) fn open(tenant: &Tenant, options: Option<&str>) -> Result<Self> {
        Ok(match options::import(options)? {
            ImportChoice::Rows(options) => {
                let importer = tenant.import(options)?;
                Feed::Rows(Box::new(Rows { importer, lines: Lines::default(), too_long: Vec::new() }))
            }
            ImportChoice::Queue { resource_type, actor } => {
                Feed::Queue(Queue::open(tenant, resource_type.as_deref(), actor)?)
            }
        })
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Feed::Rows(rows) => rows.feed(bytes),
            Feed::Queue(queue) => queue.feed(bytes),
        }
    }

    pub(super) fn finish(self) -> Result<String> {
        match self {
            Feed::Rows(rows) => rows.finish(),
            Feed::Queue(queue) => queue.finish(),
        }
    }
}

impl Rows {
    fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        let lines = self.lines.feed(bytes);
        self.push(lines)
    }

    fn push(&mut self, lines: impl IntoIterator<Item = Line>) -> Result<()> {
        for Line { number, bytes } in lines {
            match bytes {
                Ok(bytes) => self.importer.push(number, bytes)?,
                Err(error) => self.too_long.push(Reject { row: number, error, input: Vec::new() }),
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<String> {
        let last = std::mem::take(&mut self.lines).finish();
        self.push(last)?;
        let (mut report, mut rejects) = self.importer.finish()?;
        let too_long = self.too_long.len() as u64;
        report.read += too_long;
        report.rejected += too_long;
        rejects.append(&mut self.too_long);
        rejects.sort_by_key(|reject| reject.row);
        answers::import(report, rejects)
    }
}

/// An import, and its store.
fn find(import: Arc<Import>) -> Result<(usize, Arc<Import>)> {
    Ok((import.db, import))
}

fn ended() -> Error {
    Error::new(ErrorKind::Misuse, "the import has ended: it failed, or its store was closed")
}

/// Begins an import of resources as newline-delimited JSON. Rows are committed in batches; a row that is wrong stops no
/// other. Options: resourceType (of rows that do not tell theirs), onConflict (fail, skip, replace; fail), restore (bool:
/// keep meta and readOnly attributes, as an export has them), actor, queue (bool). Where another process holds the store, the
/// import is SCIMDB_UNAVAILABLE once that ends: what it had committed stays.
///
/// With queue, what is fed is one JSON object instead: users (array of resources), group {value: the id of a group that they
/// become members of}, authenticatorPolicy (where the tenant's profile has authenticators). It goes to the disk as it comes,
/// and is there as a whole or not at all: scimdb_import_finish queues it, and the library imports it, in the order in which
/// imports came. scimdb_job_get tells how far it is. A crash or a close holds it up until the store is opened again.
/// resourceType is that of all users then (User); onConflict and restore are SCIMDB_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_import_open(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut *mut scimdb_import,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let options = text::optional(options, options_n, "options")?;
            text::place(out, "out")?;
            let intake = match store.place() {
                Place::Here(store, _) => Intake::open(store, tenant, options)?,
                Place::Shared(shared) => Intake::open_shared(shared, tenant, options)?,
            };
            let import =
                Arc::new(Import { db: db.addr(), state: Mutex::new(State::Idle(intake)), idle: Condvar::new() });
            let child: Arc<dyn Child> = Arc::clone(&import) as _;
            let child: Weak<dyn Child> = Arc::downgrade(&child);
            let handle = IMPORTS.open(import)?;
            store.adopt(child);
            *out = std::ptr::without_provenance_mut(handle);
            Ok(())
        })
    }
}

/// Gives rows to an import, or a part of what is to be queued: bytes that may end anywhere, in the middle of a row or of a
/// character. What is wrong in what is to be queued ends the import, by a later call or by scimdb_import_finish.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_import_feed(
    import: *mut scimdb_import,
    bytes: *const c_char,
    bytes_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with(
            err,
            || find(IMPORTS.get(import.addr())?),
            |_, import| {
                let bytes = text::bytes(bytes, bytes_n, "bytes")?.unwrap_or_default();
                let mut busy = import.take()?;
                let mut intake = busy.intake.take().ok_or_else(ended)?;
                // What stops an import stops it for good.
                intake.feed(bytes)?;
                busy.put_back(intake);
                Ok(SCIMDB_OK)
            },
        )
    }
}

/// Commits what is left, and frees the import, whatever comes of it. The answer is an object with read, created, replaced,
/// skipped, rejected, and the array rejects of objects with row (its line, from 1), error (a SCIM error) and input.
///
/// Of one that is queued the answer is the job, as scimdb_job_get tells it: all of it is durable then, and nothing of it may
/// be imported yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_import_finish(
    import: *mut scimdb_import,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with(
            err,
            || find(IMPORTS.close(import.addr())?),
            |_, import| {
                buf::check(out, "out")?;
                let intake = import.take()?.intake.take().ok_or_else(ended)?;
                let report = intake.finish()?;
                buf::put(out, &report);
                Ok(SCIMDB_OK)
            },
        )
    }
}

/// Gives an import up: rows that are not committed yet are gone, but for up to 8,000 that were about to be, which are
/// committed still. Of one that was to be queued nothing is left. NULL, or one that has ended: nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_import_free(import: *mut scimdb_import) {
    let work = || {
        if let Ok(import) = IMPORTS.close(import.addr()) {
            import.release();
        }
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) };
}
