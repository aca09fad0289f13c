//! A call on its way through the gate: counted, its caller known, its work done, each within its deadline.

use tokio::time::Instant;

use super::Gate;
use super::call::{Call, Caller, LogLine};
use super::gate::until;
use super::under_way::Going;
use crate::{Error, Result};

/// A call on its way. Dropped before it ended, it was left by its client.
pub struct Visit {
    gate: Gate,
    call: Call,
    deadline: Option<Instant>,
    log: LogLine,
    is_counted: bool,
    _going: Going,
}

impl Visit {
    pub(super) fn new(gate: Gate, call: Call, deadline: Option<Instant>, log: LogLine, going: Going) -> Self {
        Visit { gate, call, deadline, log, is_counted: false, _going: going }
    }

    /// Lets the caller in, or not, before anything else of the call is read. Calls that come whole need not ask: their
    /// work does.
    ///
    /// # Errors
    /// `TooManyRequests`, `Unavailable`, `Unauthenticated`, `Forbidden`, `DeadlineExceeded`.
    pub async fn admit(&mut self) -> Result<()> {
        self.count()?;
        let (actor, result) = until(self.deadline, self.gate.check(self.call.clone())).await??;
        self.log.actor = actor;
        result
    }

    /// Waits for something that the call needs.
    ///
    /// # Errors
    /// `DeadlineExceeded`.
    pub async fn until<T>(&self, waiting: impl Future<Output = T>) -> Result<T> {
        until(self.deadline, waiting).await
    }

    /// Does the call's work, for a caller who is looked at now, even if it was admitted: a token may have been revoked
    /// since. Where it is done, `is_short` has a say in: see [`Gate::brief`].
    ///
    /// # Errors
    /// As [`Visit::admit`]; the work's own.
    pub async fn work<T: Send + 'static>(
        &mut self,
        is_short: impl FnOnce(&Caller) -> bool + Send,
        work: impl FnOnce(&Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.count()?;
        let work = self.gate.carry_out(self.call.clone(), self.deadline, is_short, work);
        let (actor, result) = until(self.deadline, work).await??;
        self.log.actor = actor;
        result
    }

    /// A call counts once in what its caller may send.
    fn count(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.is_counted, true) {
            return Ok(());
        }
        self.gate.limit(&self.call)
    }

    /// Notes how the call ended.
    pub fn end(mut self, error: Option<&Error>) {
        self.log.end(error);
    }

    /// Notes the HTTP status that the call was answered with.
    pub fn answered(mut self, status: u16) {
        self.log.answered(status);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Face, Peer, ServeOptions, Stopper};
    use super::*;
    use crate::engine::{Scope, TokenOptions};
    use crate::{ErrorKind, Store, StoreOptions};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_log_names_who_is_forbidden() {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let options = TokenOptions::of_scope(Scope::Read);
        let secret = store.tenant("default").unwrap().create_token("reader", options).unwrap().secret;
        let (_, stop) = Stopper::new();
        let gate = Gate::new(store, ServeOptions::default(), stop);
        let call = Call {
            face: Face::Http,
            method: "POST",
            id: "1".into(),
            bearer: Some(secret),
            timeout: None,
            tenant: String::new(),
            scope: Scope::Write,
            peer: Peer::default(),
        };
        let mut admitted = gate.visit(call.clone());
        assert_eq!(admitted.admit().await.unwrap_err().kind(), ErrorKind::Forbidden);
        // On the thread that asks, and on a worker.
        let mut here = gate.visit(call.clone());
        let here = tokio::spawn(async move {
            assert_eq!(here.work(|_| true, |_| Ok(())).await.unwrap_err().kind(), ErrorKind::Forbidden);
            here
        });
        let here = here.await.unwrap();
        let turns = (gate.turn(), gate.turn());
        let mut there = gate.visit(call);
        assert_eq!(there.work(|_| true, |_| Ok(())).await.unwrap_err().kind(), ErrorKind::Forbidden);
        drop(turns);
        for visit in [admitted, here, there] {
            assert_eq!(visit.log.actor.as_deref(), Some("reader"));
        }
    }
}
