//! How a server stops: first it says so, then it lets nobody in and calls under way end, then it ends them.

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Leaving,
    Draining,
    Ended,
}

/// Stops a server. Dropped, it ends it at once.
pub struct Stopper(watch::Sender<Phase>);

/// Tells whether the server stops.
#[derive(Clone)]
pub struct Stop(watch::Receiver<Phase>);

impl Stopper {
    /// A server that runs.
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(Phase::Running);
        (Stopper(sender), Stop(receiver))
    }

    /// The server goes on, and tells whoever asks that it is not ready for more.
    pub fn leave(&self) {
        self.advance(Phase::Leaving);
    }

    /// Nobody is let in from now on; calls that would never end by themselves end now.
    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    fn advance(&self, to: Phase) {
        self.0.send_if_modified(|phase| std::mem::replace(phase, to.max(*phase)) != *phase);
    }

    /// Connections are closed, whatever goes on in them.
    pub fn end(&self) {
        self.0.send_replace(Phase::Ended);
    }
}

impl Stop {
    /// Waits until the server lets nobody in any more.
    pub async fn stopped(&mut self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until connections are to be closed.
    pub async fn ended(&mut self) {
        self.reached(Phase::Ended).await;
    }

    /// Whether the server is about to stop, or has.
    pub fn is_leaving(&self) -> bool {
        *self.0.borrow() >= Phase::Leaving
    }

    /// Whether the server lets nobody in any more.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }

    async fn reached(&mut self, phase: Phase) {
        // An error is a server that was dropped: it has ended.
        let _ = self.0.wait_for(|current| *current >= phase).await;
    }
}
