//! What is under way: a number that who stops the server can see fall to zero. To look takes nothing from anybody, so
//! calls that have begun go on as they would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts what is under way. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<Counted>);

#[derive(Default)]
struct Counted {
    number: AtomicUsize,
    nothing: Notify,
}

/// Something that is under way until it is dropped.
pub(super) struct Going(Arc<Counted>);

impl UnderWay {
    /// Something begins.
    pub(super) fn begin(&self) -> Going {
        self.0.number.fetch_add(1, Ordering::SeqCst);
        Going(Arc::clone(&self.0))
    }

    /// Waits until nothing is under way.
    pub(super) async fn nothing(&self) {
        loop {
            let mut told = std::pin::pin!(self.0.nothing.notified());
            // From here on what ends is not missed.
            told.as_mut().enable();
            if self.0.number.load(Ordering::SeqCst) == 0 {
                return;
            }
            told.await;
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        if self.0.number.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.nothing.notify_waiters();
        }
    }
}
