//! The calls with a store that are under way: who closes it waits for them, and none begins meanwhile but by a hook; or after
//! a panic.

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::{Error, ErrorKind, Result};

thread_local! {
    /// The stores that this thread is in a call of, each with whether the call began while the store was being closed: it
    /// is when a callback makes calls. It is gone when the thread ends, and calls that are made after that, by a destructor
    /// of the host's own, are not noted.
    static ENTERED: RefCell<Vec<(usize, bool)>> = const { RefCell::new(Vec::new()) };
}

/// What every call with a store passes.
#[derive(Default)]
pub(super) struct Gate {
    poisoned: AtomicBool,
    closing: AtomicBool,
    running: AtomicUsize,
    /// Hooks that run for calls which closing the store waits for: what they call is waited for, too.
    hooks: AtomicUsize,
    waiting: Mutex<()>,
    ended: Condvar,
}

/// A hook that runs, until it is dropped.
pub(super) struct Hooking<'a> {
    /// None where it lets nobody in.
    gate: Option<&'a Gate>,
    /// Whether it runs on a thread of the library, which is in no call.
    is_alone: bool,
}

impl Drop for Hooking<'_> {
    fn drop(&mut self) {
        if self.is_alone {
            let _ = ENTERED.try_with(|entered| entered.borrow_mut().pop());
        }
        if let Some(gate) = self.gate {
            gate.hooks.fetch_sub(1, Ordering::SeqCst);
        }
    }
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
        // Whoever closes waits for the call that this one is a part of: a hook of it reads, say, on this thread or another.
        let is_part = self.is_entered() || self.hooks.load(Ordering::SeqCst) > 0;
        self.start(is_part)
    }

    fn start(&self, is_part: bool) -> Result<()> {
        self.running.fetch_add(1, Ordering::SeqCst);
        let is_late = self.closing.load(Ordering::SeqCst);
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push((ptr::from_ref(self).addr(), is_late)));
        let refused = if is_late && !is_part {
            closed()
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

    /// Lets in a call of another process, which ends with its block. They are still answered while the store is closed here,
    /// until the way to it is.
    pub(super) fn admit(&self) -> Result<Entered<'_>> {
        self.start(true).map(|()| Entered(self))
    }

    /// Notes that a hook of the store runs: on the thread of the call that caused it, or on one of the library's, which
    /// is in a call for so long.
    pub(super) fn hook(&self) -> Hooking<'_> {
        let own = ptr::from_ref(self).addr();
        let first = |entered: &RefCell<Vec<(usize, bool)>>| {
            let mut entered = entered.borrow_mut();
            let found = entered.iter().find(|(gate, _)| *gate == own).map(|(_, is_late)| *is_late);
            if found.is_none() {
                entered.push((own, false));
            }
            found
        };
        let first = ENTERED.try_with(first);
        let is_alone = first == Ok(None);
        // What was let in for the sake of a hook lets in no more, or closing would not end where many write.
        if first == Ok(Some(true)) {
            return Hooking { gate: None, is_alone };
        }
        self.hooks.fetch_add(1, Ordering::SeqCst);
        Hooking { gate: Some(self), is_alone }
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
        let own = ptr::from_ref(self).addr();
        ENTERED.try_with(|entered| entered.borrow().iter().any(|(gate, _)| *gate == own)).unwrap_or(false)
    }

    /// Refuses every later call but closing the store.
    pub(super) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Refuses every later call but those that hooks make.
    ///
    /// # Errors
    /// `Misuse` when somebody has done so.
    pub(super) fn shut(&self) -> Result<()> {
        if self.closing.swap(true, Ordering::SeqCst) { Err(closed()) } else { Ok(()) }
    }

    /// Waits for the calls under way, once it is shut.
    pub(super) fn wait(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while self.running.load(Ordering::SeqCst) > 0 {
            waiting = self.ended.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Misuse, "the scimdb_store is closed")
}
