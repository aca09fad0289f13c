//! Stores do not survive fork(): the child has none of the threads that serve them, and would share the file with its
//! parent. What a parent opened is refused in the child, which can open stores of its own.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
