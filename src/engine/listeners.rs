//! Callbacks that are woken by changes: on a thread of their own, so that no writer waits for them.
//!
//! They are told that something changed, and how far the store is; what changed, [`Tenant::changes`](super::Tenant::changes)
//! tells. While one runs, no lock is held that anybody else needs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use super::Store;
use super::storage::{Interrupts, Writer};
use crate::{Error, ErrorKind, Result};

/// What is called with the newest sequence.
type Callback = Box<dyn Fn(u64) + Send + Sync>;

/// How long the thread sleeps at most; it is woken long before.
const SLEEP: Duration = Duration::from_secs(3_600);

/// The callbacks of a store, and the thread that calls them.
#[derive(Default)]
pub(super) struct Listeners {
    state: Mutex<State>,
    /// A call ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    listeners: Vec<Listener>,
    next: u64,
    /// Whose callback runs.
    called: Option<u64>,
    thread: Option<JoinHandle<()>>,
    closed: bool,
}

struct Listener {
    number: u64,
    /// The sequence that it knows of.
    told: u64,
    callback: Arc<Callback>,
}

/// A callback that is woken by changes. Dropped, it is called no more.
///
/// Dropping it waits for a call that is under way, unless it is dropped inside the callback itself.
#[must_use = "dropped, it ends"]
pub struct Subscription {
    listeners: Arc<Listeners>,
    number: u64,
    since: u64,
}

impl Subscription {
    /// The newest sequence when it began: later ones are told.
    pub fn since(&self) -> u64 {
        self.since
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Store {
    /// Has a callback called after commits that change resources of any tenant, with the newest sequence. Several commits
    /// may be one call. It runs on a thread of the store's, one callback after the other: it should do no more than wake
    /// somebody, who reads [`Tenant::changes`](super::Tenant::changes). One that panics is called no more. After
    /// [`Store::close`] nobody is called.
    ///
    /// # Errors
    /// `Unavailable` when the store is closed, `Io` when the thread cannot be started.
    pub fn on_change(&self, callback: Box<dyn Fn(u64) + Send + Sync>) -> Result<Subscription> {
        let listeners = &self.inner.listeners;
        let told = self.inner.writer.progress()?;
        let number = {
            let mut state = listeners.lock();
            if state.closed {
                return Err(Error::new(ErrorKind::Unavailable, "the store is closed"));
            }
            if state.thread.is_none() {
                state.thread = Some(start(listeners, &self.inner.writer, told)?);
            }
            state.next += 1;
            let number = state.next;
            state.listeners.push(Listener { number, told, callback: Arc::new(callback) });
            number
        };
        // The thread may have slept through a commit that came in between.
        self.inner.writer.wake();
        Ok(Subscription { listeners: Arc::clone(listeners), number, since: told })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let callback = {
            let mut state = self.listeners.lock();
            let at = state.listeners.iter().position(|listener| listener.number == self.number);
            let callback = at.map(|at| state.listeners.swap_remove(at).callback);
            while state.called == Some(self.number) && !state.is_own_thread() {
                state = self.listeners.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            callback
        };
        // What it holds may be the host's, and goes outside the lock.
        drop(callback);
    }
}

impl State {
    fn is_own_thread(&self) -> bool {
        let id = |thread: &JoinHandle<()>| -> ThreadId { thread.thread().id() };
        self.thread.as_ref().is_some_and(|thread| id(thread) == thread::current().id())
    }
}

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the thread, after the writer was closed, and waits for a call that is under way.
    pub(super) fn close(&self) {
        let thread = {
            let mut state = self.lock();
            state.closed = true;
            let is_own = state.is_own_thread();
            state.thread.take_if(|_| !is_own)
        };
        if let Some(thread) = thread {
            // It catches every panic of a callback.
            let _ = thread.join();
        }
        let listeners = std::mem::take(&mut self.lock().listeners);
        drop(listeners);
    }

    /// Calls everybody who does not know of a sequence yet.
    fn tell(&self, sequence: u64) {
        loop {
            let (number, callback) = {
                let mut state = self.lock();
                let closed = state.closed;
                let unaware = |listener: &&mut Listener| listener.told < sequence && !closed;
                let Some(listener) = state.listeners.iter_mut().find(unaware) else { return };
                listener.told = sequence;
                let called = (listener.number, Arc::clone(&listener.callback));
                state.called = Some(called.0);
                called
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| callback(sequence)));
            // Its last owner may be this thread: before anybody is told that the call ended.
            drop(callback);
            let mut state = self.lock();
            state.called = None;
            let at = state.listeners.iter().position(|listener| listener.number == number && outcome.is_err());
            let panicked = at.map(|at| state.listeners.swap_remove(at));
            self.ended.notify_all();
            drop(state);
            drop(panicked);
        }
    }
}

fn start(listeners: &Arc<Listeners>, writer: &Arc<Writer>, from: u64) -> Result<JoinHandle<()>> {
    let (listeners, writer) = (Arc::clone(listeners), Arc::clone(writer));
    let serve = move || {
        // Interrupts are for calls, which this is none of.
        let watch = Interrupts::default().watch();
        let mut known = from;
        while let Ok(sequence) = writer.wait_behind(known, SLEEP, &watch) {
            known = known.max(sequence);
            listeners.tell(known);
        }
    };
    thread::Builder::new()
        .name("scimdb-changes".to_owned())
        .spawn(serve)
        .map_err(|error| Error::new(ErrorKind::Io, "the thread of listeners could not be started").caused_by(error))
}
