//! Stores do not survive fork(): the child has none of the threads that serve them, and would share the file with its
//! parent. What a parent opened is refused in the child, which can open stores of its own.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// How often this process was forked from one that had opened something.
static FORKS: AtomicU32 = AtomicU32::new(0);
static WATCHED: AtomicBool = AtomicBool::new(false);

/// How often this process was forked: kept with what is opened.
pub(super) fn count() -> u32 {
    FORKS.load(Ordering::Acquire)
}

/// Counts forks from now on.
#[cfg(unix)]
pub(super) fn watch() {
    extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Release);
        super::inherited::let_go();
    }
    if !WATCHED.swap(true, Ordering::AcqRel) {
        // SAFETY: the function does only what a child may do at any time: it counts, and closes descriptors.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    }
}

/// There is no fork() elsewhere.
#[cfg(not(unix))]
pub(super) fn watch() {
    WATCHED.store(true, Ordering::Release);
}

/// A value of this process. A fork may come while another thread holds a lock, which nobody would let go of in the child:
/// so a child begins with a value of its own, and leaves that of its parent alone.
pub(super) struct PerProcess<T> {
    own: AtomicPtr<Own<T>>,
}

/// A value, and the process that it is of.
pub(super) struct Own<T> {
    pub(super) forks: u32,
    pub(super) value: T,
}

impl<T> PerProcess<T> {
    pub(super) const fn new() -> Self {
        PerProcess { own: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The value of this process, if it has one.
    pub(super) fn get(&self) -> Option<&Own<T>> {
        // SAFETY: it is NULL, or what was never freed.
        let known = unsafe { self.own.load(Ordering::Acquire).as_ref() };
        known.filter(|own| own.forks == count())
    }

    /// The value of this process, which is made if it has none.
    pub(super) fn get_or_make(&self, make: impl FnOnce() -> T) -> &Own<T> {
        let known = self.own.load(Ordering::Acquire);
        if let Some(own) = self.get() {
            return own;
        }
        watch();
        let fresh = Box::into_raw(Box::new(Own { forks: count(), value: make() }));
        match self.own.compare_exchange(known, fresh, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it is never freed.
            Ok(_) => unsafe { &*fresh },
            Err(other) => {
                // SAFETY: nobody else knows the new one; the other thread's is as good, and is never freed.
                unsafe {
                    drop(Box::from_raw(fresh));
                    &*other
                }
            }
        }
    }
}
