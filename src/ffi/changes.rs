//! The change feed.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::buf::scimdb_buf;
use super::callback::{Userdata, scimdb_drop_fn};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::following::{Callback, Following};
use super::guard::{answer, guard, with_store};
use super::handles::{Handles, Kind};
use super::life::{Child, Place, scimdb_store};
use super::text;
use super::verbs::Verb;
use crate::engine::Subscription;
use crate::{Error, ErrorKind, Result};

/// A callback that changes wake.
pub struct scimdb_subscription {
    _private: [u8; 0],
}

/// Is told the newest sequence number after something changed.
pub type scimdb_on_change_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, sequence: u64)>;

static SUBSCRIPTIONS: Handles<Subscribed> = Handles::new(Kind::Subscription);

thread_local! {
    /// Whether this thread runs a callback that a change woke.
    static NOTIFIES: Cell<bool> = const { Cell::new(false) };
}

/// What a handle of a subscription stands for.
struct Subscribed(Mutex<Option<Woken>>);

/// Who is woken, dropped to end it.
enum Woken {
    Here(#[expect(dead_code, reason = "it is kept")] Subscription),
    Shared(#[expect(dead_code, reason = "it is kept")] Following),
}

impl Woken {
    fn new(place: &Place, callback: Callback) -> Result<Self> {
        match place {
            Place::Here(store, _) => store.on_change(callback).map(Woken::Here),
            Place::Shared(shared) => match shared.store() {
                Some(store) => store.on_change(callback).map(Woken::Here),
                None => Following::start(Arc::clone(shared), callback).map(Woken::Shared),
            },
        }
    }
}

impl Child for Subscribed {
    fn release(&self) {
        if NOTIFIES.get() {
            // Inside a callback nobody is waited for: who holds it lets go of it already, and waits for this one perhaps.
            drop(self.0.try_lock().ok().and_then(|mut held| held.take()));
        } else {
            // Under the lock: when a second one has it, the callback runs no more for that one either.
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            drop(held.take());
        }
    }
}

/// Whether this thread runs a callback that a change woke.
pub(super) fn is_notifying() -> bool {
    NOTIFIES.get()
}

/// Sees to it that a callback only wakes: everybody who is to be woken waits for it.
///
/// # Errors
/// `Misuse` inside a callback that a change woke.
pub(super) fn check_wakes_only() -> Result<()> {
    if NOTIFIES.get() {
        let detail = "a callback that a change woke must not call the store: let it wake a thread that does";
        return Err(Error::new(ErrorKind::Misuse, detail));
    }
    Ok(())
}

/// The changes after a sequence number, oldest first: an object with the array changes (of objects with sequence, time, actor,
/// operation (create, modify, delete), resourceType, id, attributes) and last, the number to go on from: max changes at
/// most. If there are none yet, waits wait_ms milliseconds for the first, and tells none then. SCIMDB_OUT_OF_RANGE where the
/// change log does not reach back that far; SCIMDB_UNAVAILABLE where the store is closed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_changes(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    since: u64,
    max: u32,
    wait_ms: u32,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let wait = Duration::from_millis(wait_ms.into());
            store.call(Verb::Changes { tenant, since, max, wait })
        })
    }
}

/// Has a callback called when something changed, in any tenant, with the newest sequence number: on one thread of the library's
/// own, several changes together. It only wakes: calls with a store inside are SCIMDB_MISUSE; what changed,
/// scimdb_changes tells. It holds nothing up but other callbacks of this kind. Where another process holds the store each
/// callback has a thread of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_on_change(
    db: *const scimdb_store,
    callback: scimdb_on_change_fn,
    userdata: *mut c_void,
    drop: scimdb_drop_fn,
    out: *mut *mut scimdb_subscription,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let userdata = Userdata::new(userdata, drop);
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let callback = callback.ok_or_else(|| Error::new(ErrorKind::Misuse, "callback is NULL"))?;
            text::place(out, "out")?;
            let wake = move |sequence| {
                NOTIFIES.set(true);
                // SAFETY: the host gave the function for this pointer.
                callback(userdata.pointer(), sequence);
                NOTIFIES.set(false);
            };
            let woken = Woken::new(store.place(), Box::new(wake))?;
            let subscribed = Arc::new(Subscribed(Mutex::new(Some(woken))));
            let child: Arc<dyn Child> = Arc::clone(&subscribed) as _;
            let child: Weak<dyn Child> = Arc::downgrade(&child);
            let handle = SUBSCRIPTIONS.open(subscribed)?;
            store.adopt(child);
            *out = std::ptr::without_provenance_mut(handle);
            Ok(())
        })
    }
}

/// Ends a subscription. When it returns the callback runs no more, and its userdata was let go of; inside the callback itself
/// it does not wait for that. NULL: nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_subscription_free(subscription: *mut scimdb_subscription) {
    let work = || {
        if let Ok(subscribed) = SUBSCRIPTIONS.close(subscription.addr()) {
            subscribed.release();
        }
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) };
}
