//! Opening and closing a store, and what every call with one begins with.

use std::cell::RefCell;
use std::ffi::c_char;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};

use super::changes::check_wakes_only;
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::guard::guard;
use super::handles::{Handles, Kind};
use super::options::OpenOptions;
use super::verbs::{self, Verb};
use super::{log, options, text};
use crate::{Error, ErrorKind, Result, Store, Tenant};

/// An open store. Any number of threads may use it at once.
pub struct scimdb {
    _private: [u8; 0],
}

/// The version of the ABI that this header describes; scimdb_abi_version() tells that of the library. It changes when
/// something in it is no longer what it was, not when something is added.
pub const SCIMDB_ABI_VERSION: u32 = 1;

static STORES: Handles<StoreHandle> = Handles::new(Kind::Store);

thread_local! {
    /// The stores that this thread is in a call of: it is when a callback makes calls.
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// What a store's handle stands for.
pub(super) struct StoreHandle {
    pub(super) store: Store,
    poisoned: AtomicBool,
    closing: AtomicBool,
    running: AtomicUsize,
    waiting: Mutex<()>,
    ended: Condvar,
    children: Mutex<Vec<Weak<dyn Child>>>,
}

/// What was opened from a store, and must let go of it when it is closed: an iterator's snapshot, a server.
pub(super) trait Child: Send + Sync {
    /// Lets go. No call with the store runs or begins any more.
    fn release(&self);
}

impl StoreHandle {
    fn new(store: Store) -> Self {
        StoreHandle {
            store,
            poisoned: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            waiting: Mutex::new(()),
            ended: Condvar::new(),
            children: Mutex::new(Vec::new()),
        }
    }

    /// Refuses every later call but closing the store.
    pub(super) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Makes a call, and gives its answer.
    pub(super) fn call(&self, verb: Verb<'_>) -> Result<String> {
        verbs::call(&self.store, verb)
    }

    /// The tenant of a name; the default one where none is named.
    pub(super) fn tenant(&self, name: Option<&str>) -> Result<Tenant> {
        verbs::tenant(&self.store, name)
    }

    /// Remembers what is to be released before the store is closed.
    pub(super) fn adopt(&self, child: Weak<dyn Child>) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are gone make room when the list would have to grow.
        if children.len() == children.capacity() {
            children.retain(|child| child.strong_count() > 0);
        }
        children.push(child);
    }

    fn close(&self) -> Result<()> {
        self.closing.store(true, Ordering::SeqCst);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while self.running.load(Ordering::SeqCst) > 0 {
            waiting = self.ended.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        drop(waiting);
        let children = std::mem::take(&mut *self.children.lock().unwrap_or_else(PoisonError::into_inner));
        for child in children.iter().filter_map(Weak::upgrade) {
            child.release();
        }
        self.store.close()
    }
}

/// A call that is under way: closing the store waits for its end.
pub(super) struct Call {
    handle: Arc<StoreHandle>,
}

impl Deref for Call {
    type Target = StoreHandle;

    fn deref(&self) -> &StoreHandle {
        &self.handle
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        ENTERED.with(|entered| entered.borrow_mut().pop());
        if self.handle.running.fetch_sub(1, Ordering::SeqCst) == 1 && self.handle.closing.load(Ordering::SeqCst) {
            // Whoever closes holds the lock, or waits for the word.
            drop(self.handle.waiting.lock());
            self.handle.ended.notify_all();
        }
    }
}

/// Begins a call with a store.
///
/// # Errors
/// `Misuse` for a handle that is none, or is closed; `Poisoned` after a panic.
pub(super) fn enter(db: usize) -> Result<Call> {
    check_wakes_only()?;
    let handle = STORES.get(db)?;
    handle.running.fetch_add(1, Ordering::SeqCst);
    ENTERED.with(|entered| entered.borrow_mut().push(Arc::as_ptr(&handle).addr()));
    let call = Call { handle };
    if call.closing.load(Ordering::SeqCst) {
        return Err(Error::new(ErrorKind::Misuse, "the scimdb is closed"));
    }
    if call.poisoned.load(Ordering::Acquire) {
        let detail =
            "an earlier call ended in a panic, which is a bug of the library: close the store and open it again";
        return Err(Error::new(ErrorKind::Poisoned, detail));
    }
    Ok(call)
}

/// The version of the library, like 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of the library's ABI. A program may compare it with SCIMDB_ABI_VERSION, which it was built with.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_abi_version() -> u32 {
    SCIMDB_ABI_VERSION
}

/// Opens the store in a directory, and makes it where there is none; the path ":memory:" opens one in memory, which is gone
/// when it is closed. Options: a JSON object with cacheBytes, create (bool), defaultPage, maxPage, cursorTtlSeconds,
/// maxBulkOperations, keepChanges, hashMemoryBytes, holder (text), index {enabled, from, recent, durableFrom, maxRecent,
/// mergeAbove, maxOpen, maxMemory, idleSeconds}, share (bool).
///
/// Fails with SCIMDB_LOCKED where another process holds the store: the detail names it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_open(
    path: *const c_char,
    path_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut *mut scimdb,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let work = || {
        log::catch_panics();
        // SAFETY: by the conventions of the header.
        let (path, options) =
            unsafe { (text::required(path, path_n, "path")?, text::optional(options, options_n, "options")?) };
        text::place(out, "out")?;
        let options: OpenOptions = options::parse(options)?;
        let options = options.into_store_options()?;
        let store = if path == ":memory:" { Store::open_in_memory(options)? } else { Store::open(path, options)? };
        let handle = STORES.open(Arc::new(StoreHandle::new(store)))?;
        // SAFETY: by the conventions of the header; it is not NULL.
        unsafe { *out = std::ptr::without_provenance_mut(handle) };
        Ok(SCIMDB_OK)
    };
    // SAFETY: by the conventions of the header.
    unsafe { guard(err, work) }
}

/// Closes a store. Calls that are under way are waited for, later ones are answered with SCIMDB_MISUSE; its iterators give
/// no more. What was acknowledged is on the disk. NULL: nothing happens. Not from within a callback of the same store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_close(db: *mut scimdb) -> scimdb_code {
    let work = || {
        if db.is_null() {
            return Ok(SCIMDB_OK);
        }
        check_wakes_only()?;
        let handle = STORES.get(db.addr())?;
        let address = Arc::as_ptr(&handle).addr();
        if ENTERED.with(|entered| entered.borrow().contains(&address)) {
            return Err(Error::new(
                ErrorKind::Misuse,
                "a store cannot be closed within a call or a callback of its own",
            ));
        }
        STORES.close(db.addr())?.close()?;
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) }
}
