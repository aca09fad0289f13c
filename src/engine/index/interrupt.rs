//! Ends long work when the store is closed: closing waits for the threads of the index, and a merge of millions of
//! resources takes longer than anybody waits.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, ErrorKind, Result};

thread_local! {
    /// Whether the store is closed, for the threads of its index. Other threads do no long work.
    static CLOSED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// From here on this thread's work ends when the flag is set.
pub(super) fn heed(closed: &Arc<AtomicBool>) {
    // A scheduler of tests runs all its threads on one, where they would heed each other's flags.
    if cfg!(not(shuttle)) {
        CLOSED.set(Some(Arc::clone(closed)));
    }
}

/// Whether the work of this thread has to end.
pub(super) fn is_due() -> bool {
    CLOSED.with_borrow(|closed| closed.as_ref().is_some_and(|closed| closed.load(Ordering::Relaxed)))
}

/// Refuses to go on with long work when the store is closed.
pub(super) fn check() -> Result<()> {
    if is_due() { Err(Error::new(ErrorKind::Unavailable, "the store is closed")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_threads_that_heed_it_are_interrupted() {
        let closed = Arc::new(AtomicBool::new(false));
        heed(&closed);
        assert!(check().is_ok());
        closed.store(true, Ordering::Relaxed);
        assert!(check().is_err());
        assert!(std::thread::spawn(check).join().unwrap().is_ok());
    }
}
