//! The calls with a store that are under way: who closes it waits for them, and none begins after that, or after a panic.

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::{Error, ErrorKind, Result};

thread_local! {
    /// The stores that this thread is in a call of: it is when a callback makes calls. It is gone when the thread ends, and
    /// calls that are made after that, by a destructor of the host's own, are not noted.
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// What every call with a store passes.
#[derive(Default)]
pub(super) struct Gate {
    poisoned: AtomicBool,
    closing: AtomicBool,
    running: AtomicUsize,
    waiting: Mutex<()>,
    ended: Condvar,
}

/// A call that is under way, until it is dropped.
pub(super) struct Entered<'a>(&'a Gate);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Gate {
    /// Begins a call, which [`Gate::leave`] ends.
    ///
    /// # Errors
    /// `Misuse` when the store is closed, `Poisoned` after a panic: the call has not begun then.
    pub(super) fn begin(&self) -> Result<()> {
        // Whoever closes waits for the call that this one is a part of: a hook of it reads, say.
        let is_nested = self.is_entered();
        self.running.fetch_add(1, Ordering::SeqCst);
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(ptr::from_ref(self).addr()));
        let refused = if self.closing.load(Ordering::SeqCst) && !is_nested {
            Error::new(ErrorKind::Misuse, "the scimdb_store is closed")
        } else if self.poisoned.load(Ordering::Acquire) {
            let detail =
                "an earlier call ended in a panic, which is a bug of the library: close the store and open it again";
            Error::new(ErrorKind::Poisoned, detail)
        } else {
            return Ok(());
        };
        self.leave();
        Err(refused)
    }

    /// The same for a call that ends with its block.
    pub(super) fn enter(&self) -> Result<Entered<'_>> {
        self.begin().map(|()| Entered(self))
    }

    /// Ends a call of this thread.
    pub(super) fn leave(&self) {
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().pop());
        if self.running.fetch_sub(1, Ordering::SeqCst) == 1 && self.closing.load(Ordering::SeqCst) {
            // Whoever closes holds the lock, or waits for the word.
            drop(self.waiting.lock());
            self.ended.notify_all();
        }
    }

    /// Whether this thread is in a call.
    pub(super) fn is_entered(&self) -> bool {
        ENTERED.try_with(|entered| entered.borrow().contains(&ptr::from_ref(self).addr())).unwrap_or(false)
    }

    /// Refuses every later call but closing the store.
    pub(super) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Refuses every later call, and waits for those under way.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while self.running.load(Ordering::SeqCst) > 0 {
            waiting = self.ended.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
