//! Turns to do short work on the thread that asks for it. It must not know what the work is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::gate::failed;
use crate::Result;

/// Threads of the runtime that may do short work themselves: all but one, so that connections are always attended to.
pub(super) struct Turns(Semaphore);

/// A turn: a thread of the runtime, and a worker's place.
pub(super) struct Turn<'a> {
    _worker: SemaphorePermit<'a>,
    _thread: SemaphorePermit<'a>,
}

impl Turns {
    /// Those of the runtime that asks; none outside of one.
    pub(super) fn of_this_runtime() -> Self {
        let threads = Handle::try_current().map_or(0, |runtime| runtime.metrics().num_workers().saturating_sub(1));
        Turns(Semaphore::new(threads))
    }

    /// A turn for this thread; none if somebody who came earlier waits for a worker, or if nobody would be left to attend
    /// to connections.
    pub(super) fn take<'a>(&'a self, workers: &'a Semaphore) -> Option<Turn<'a>> {
        Some(Turn { _worker: workers.try_acquire().ok()?, _thread: self.0.try_acquire().ok()? })
    }
}

/// Does something on this thread. If it panics, that ends this call alone, as on a worker, and not the connection.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| failed())
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::{Call, Caller, Face, Gate, Peer, ServeOptions, Stopper};
    use crate::engine::Scope;
    use crate::{ErrorKind, Result, Store, StoreOptions};

    fn gate(change: impl FnOnce(&mut ServeOptions)) -> Gate {
        let mut options = ServeOptions::default();
        change(&mut options);
        let (_, stop) = Stopper::new();
        Gate::new(Store::open_in_memory(StoreOptions::default()).unwrap(), options, stop)
    }

    fn call(bearer: Option<&str>) -> Call {
        Call {
            face: Face::Grpc,
            method: "Test",
            id: "1".into(),
            bearer: bearer.map(str::to_owned),
            timeout: None,
            tenant: String::new(),
            scope: Scope::Read,
            peer: Peer::default(),
        }
    }

    /// Whether work is done on the thread that asks.
    async fn is_here(gate: &Gate, is_short: bool) -> bool {
        // A task of its own: what `block_on` runs is on no thread of the runtime.
        let gate = gate.clone();
        let asked = tokio::spawn(async move {
            let done = gate.brief(call(None), |_| is_short, |_| Ok(thread::current().id())).await;
            done.unwrap() == thread::current().id()
        });
        asked.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn short_work_is_done_by_who_asks() {
        let gate = gate(|_| {});
        assert!(is_here(&gate, true).await);
        assert!(!is_here(&gate, false).await);
        // One thread is left to attend to connections.
        let turn = gate.turn();
        assert!(turn.is_some() && gate.turn().is_none());
        assert!(!is_here(&gate, true).await);
        drop(turn);
        assert!(is_here(&gate, true).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_thread_that_is_alone_does_no_work() {
        assert!(!is_here(&gate(|_| {}), true).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn short_work_passes_the_gate_too() {
        let gate = gate(|options| options.require_tokens = true);
        let refused = |bearer| gate.brief(call(bearer), |_| panic!("nobody may ask"), |_| Ok(()));
        for bearer in [None, Some("wrong")] {
            assert_eq!(refused(bearer).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
        }
        assert!(gate.identify(&call(Some("wrong"))).await.is_err());
        // What is late is not begun.
        let late =
            gate.carry_out(call(None), Some(Instant::now()), |_| true, |_| -> Result<()> { panic!("it is late") });
        assert_eq!(late.await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_for_the_end_takes_no_place() {
        let gate = gate(|options| options.max_requests = 8);
        // One call is at work, and one has begun, whose body still comes in.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = tokio::spawn({
            let gate = gate.clone();
            async move {
                let wait = move |_: &Caller| {
                    released.recv().unwrap();
                    Ok(())
                };
                gate.unary(call(None), wait).await
            }
        });
        let mut begun = gate.visit(call(None));
        let mut idle = std::pin::pin!(gate.idle());
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut idle).await.is_err());
        begun.admit().await.unwrap();
        begun.work(|_| false, |_| Ok(())).await.unwrap();
        release.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut idle).await.is_err());
        begun.end(None);
        idle.await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_ends_one_call() {
        let gate = gate(|_| {});
        for is_short in [true, false] {
            let failed = gate.brief(call(None), move |_| is_short, |_| -> Result<()> { panic!("of the test") }).await;
            assert_eq!(failed.unwrap_err().kind(), ErrorKind::Internal);
        }
        assert!(is_here(&gate, true).await);
        gate.idle().await;
    }
}
