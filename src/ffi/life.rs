//! Opening and closing a store, and what every call with one begins with.

use std::ffi::c_char;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::changes::check_wakes_only;
use super::code::{SCIMDB_OK, scimdb_code};
use super::endpoint::{self, Answered, Asked};
use super::error::scimdb_error;
use super::gate::Gate;
use super::guard::guard;
use super::handles::{Handles, Kind};
use super::inherited::Opened;
use super::options::OpenOptions;
use super::verbs::{self, Verb};
use super::{log, options, serve, share, text};
use crate::engine::{Hooks, Repositories, check_may_wait};
use crate::share::Shared;
use crate::{Error, ErrorKind, Result, Store};

/// An open store. Any number of threads may use it at once.
pub struct scimdb_store {
    _private: [u8; 0],
}

/// The version of the ABI that this header describes; scimdb_abi_version() tells that of the library. It changes when
/// something in it is no longer what it was, not when something is added.
pub const SCIMDB_ABI_VERSION: u32 = 1;

static STORES: Handles<StoreHandle> = Handles::new(Kind::Store);

/// What a store's handle stands for.
pub(super) struct StoreHandle {
    place: Place,
    gate: Arc<Gate>,
    /// What children of a fork are to let go of.
    _inherited: Option<Arc<Opened>>,
    children: Mutex<Vec<Weak<dyn Child>>>,
    /// Where the store is served, by servers of this handle.
    urls: Mutex<Vec<String>>,
}

/// Where a store is.
pub(super) enum Place {
    /// In this handle alone, which has told others this of itself.
    Here(Store, Option<String>),
    /// In this process or in another one.
    Shared(Arc<Shared>),
}

/// What was opened from a store, and must let go of it when it is closed: an iterator's snapshot, a server.
pub(super) trait Child: Send + Sync {
    /// Ends what makes calls of its own, while hooks of these may still ask the store.
    fn finish(&self) {}

    /// Lets go. No call with the store runs or begins any more.
    fn release(&self);
}

impl StoreHandle {
    fn open(path: &str, options: OpenOptions) -> Result<Self> {
        let (gate, share) = (Arc::<Gate>::default(), options.share);
        let options = options.into_store_options()?;
        let inherited = if path == ":memory:" { None } else { Opened::note(Path::new(path)).map(Arc::new) };
        let place = match (path, share) {
            (":memory:", true) => {
                let detail = "options: share is for a store in a directory: one in memory is of this process alone";
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
            (":memory:", false) => Place::Here(Store::open_in_memory(options)?, None),
            (path, false) => {
                let holder = options.holder.clone();
                Place::Here(Store::open(path, options)?, holder)
            }
            (path, true) => {
                let answerer = Arc::new(share::Forwarded { gate: Arc::clone(&gate), inherited: inherited.clone() });
                Place::Shared(Arc::new(Shared::open(path, options, answerer, share::OPEN)?))
            }
        };
        Ok(StoreHandle { place, gate, _inherited: inherited, children: Mutex::default(), urls: Mutex::default() })
    }

    /// Refuses every later call but closing the store.
    pub(super) fn poison(&self) {
        self.gate.poison();
    }

    /// Makes a call, and gives its answer.
    pub(super) fn call(&self, verb: Verb<'_>) -> Result<String> {
        match &self.place {
            Place::Here(store, _) => verbs::call(store, verb),
            Place::Shared(shared) => share::call(shared, verb),
        }
    }

    /// Answers a request for the endpoint.
    pub(super) fn handle(&self, asked: Asked<'_>) -> Result<Answered> {
        match &self.place {
            Place::Here(store, _) => endpoint::respond(store, asked),
            Place::Shared(shared) => share::handle(shared, asked),
        }
    }

    /// What the calls with the store pass.
    pub(super) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Where the store is, for what is done differently there.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The store itself, for what is done only in the process that holds it.
    ///
    /// # Errors
    /// `NotImplemented` where that is another one.
    pub(super) fn store(&self) -> Result<&Store> {
        match &self.place {
            Place::Here(store, _) => Ok(store),
            Place::Shared(shared) => shared.store_here(share::CALL),
        }
    }

    /// Gives the store the hooks of its host: in whichever process it is held, as long as it is this one.
    pub(super) fn set_hooks(&self, hooks: Option<Arc<dyn Hooks>>) {
        match &self.place {
            Place::Here(store, _) => store.set_hooks(hooks),
            Place::Shared(shared) => shared.set_hooks(hooks.is_some(), move |store| store.set_hooks(hooks.clone())),
        }
    }

    /// Gives the store the repositories of its host, as its hooks.
    pub(super) fn set_repositories(&self, repositories: Option<Arc<dyn Repositories>>) {
        match &self.place {
            Place::Here(store, _) => store.set_repositories(repositories),
            Place::Shared(shared) => shared.set_repositories(repositories.is_some(), move |store| {
                store.set_repositories(repositories.clone());
            }),
        }
    }

    /// Ends the reads under way.
    pub(super) fn interrupt(&self) {
        match &self.place {
            Place::Here(store, _) => store.interrupt(),
            Place::Shared(shared) => {
                shared.interrupt();
                if let Some(store) = shared.store() {
                    store.interrupt();
                }
            }
        }
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

    fn children(&self) -> Vec<Weak<dyn Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has those who find the store locked told that it is served at a URL, or no more.
    pub(super) fn serves(&self, url: &str, is_served: bool) {
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        urls.retain(|known| known != url);
        if is_served {
            urls.push(url.to_owned());
        }
        let about = match &self.place {
            Place::Here(_, holder) => holder.clone(),
            Place::Shared(shared) => shared.holder(),
        };
        let about: Vec<String> =
            about.into_iter().chain(urls.iter().map(|url| format!("serves it at {url}"))).collect();
        let about = (!about.is_empty()).then(|| about.join(", "));
        if let Ok(store) = self.store()
            && let Err(error) = store.name_holder(about.as_deref())
        {
            // Only an error message reads it.
            log::failed(&error);
        }
    }

    /// Ends what is under way; calls that hooks make meanwhile are carried out. `forget` makes the handle one of nothing.
    fn close(&self, forget: impl FnOnce() -> Result<()>) -> Result<()> {
        self.gate.shut()?;
        for child in self.children().iter().filter_map(Weak::upgrade) {
            child.finish();
        }
        let held = match &self.place {
            Place::Here(store, _) => Some(store),
            Place::Shared(shared) => {
                shared.withdraw();
                shared.store()
            }
        };
        if let Some(store) = held {
            store.end_waits();
            // Their hooks, which no call waits for, may ask the store as long as there is a handle.
            store.end_imports()?;
        }
        self.gate.wait();
        forget()?;
        for child in self.children().iter().filter_map(Weak::upgrade) {
            child.release();
        }
        match &self.place {
            Place::Here(store, _) => store.close(),
            Place::Shared(shared) => shared.close(),
        }
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
        self.handle.gate.leave();
    }
}

/// Begins a call with a store.
///
/// # Errors
/// `Misuse` for a handle that is none, or is closed; `Poisoned` after a panic.
pub(super) fn enter(db: usize) -> Result<Call> {
    check_wakes_only()?;
    let handle = STORES.get(db)?;
    handle.gate.begin()?;
    Ok(Call { handle })
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
/// mergeAbove, maxOpen, maxMemory, idleSeconds}, share (bool), and for values that profiles encrypt either valueKeys (an array of
/// {id, key: base64 of 32 bytes}, of which the first is the current one) or valueKeysFile (the path of {keys: such an array}).
///
/// Fails with SCIMDB_LOCKED where another process holds the store: the detail names it. With share, it opens as well where that
/// process has set share too: calls are carried out there then, and when it is gone, by the next that calls. Only
/// scimdb_serve_start is SCIMDB_NOT_IMPLEMENTED where another process holds the store; hooks and repositories are set
/// in every process, and run where it is held. Opening waits up to 30 seconds for that process to answer, and a call 60.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_open(
    path: *const c_char,
    path_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut *mut scimdb_store,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let work = || {
        log::catch_panics();
        // SAFETY: by the conventions of the header.
        let (path, options) =
            unsafe { (text::required(path, path_n, "path")?, text::optional(options, options_n, "options")?) };
        text::place(out, "out")?;
        let handle = STORES.open(Arc::new(StoreHandle::open(path, options::parse(options)?)?))?;
        // SAFETY: by the conventions of the header; it is not NULL.
        unsafe { *out = std::ptr::without_provenance_mut(handle) };
        Ok(SCIMDB_OK)
    };
    // SAFETY: by the conventions of the header.
    unsafe { guard(err, work) }
}

/// Closes a store. Calls that are under way are waited for, but for waits for changes and imports: SCIMDB_UNAVAILABLE.
/// Later ones are answered with SCIMDB_MISUSE, unless a hook of a write that is waited for makes them. Its iterators give
/// no more, and its servers are stopped: calls of their clients may go on for drainSeconds (20). What was acknowledged is on
/// the disk. NULL: nothing happens. Not from within a callback of the same store, nor any store from within a before-write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_close(db: *mut scimdb_store) -> scimdb_code {
    let work = || {
        if db.is_null() {
            return Ok(SCIMDB_OK);
        }
        check_wakes_only()?;
        serve::check_thread()?;
        check_may_wait()?;
        let handle = STORES.get(db.addr())?;
        if handle.gate.is_entered() {
            return Err(Error::new(
                ErrorKind::Misuse,
                "a store cannot be closed within a call or a callback of its own",
            ));
        }
        handle.close(|| STORES.close(db.addr()).map(drop))?;
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) }
}
