//! A callback that changes wake, in a process that shares a store: another one may hold it, and then a third.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::changes::is_notifying;
use super::sessions::Heard;
use crate::share::Shared;
use crate::{Error, ErrorKind, Result};

/// What is called with the newest sequence number.
pub(super) type Callback = Box<dyn Fn(u64) + Send + Sync>;

/// How long the holder is asked to wait at one time: it does not close before the answer.
const SLICE: Duration = Duration::from_secs(1);
/// How long to wait before a holder is looked for anew.
const PAUSE: Duration = Duration::from_millis(100);

/// A callback, and the thread that calls it. Dropped, it is called no more; a call that is under way is waited for, unless it
/// is dropped inside one.
pub(super) struct Following(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// None once it is over.
    callback: Option<Arc<Callback>>,
    /// The thread that is inside the callback.
    calling: Option<ThreadId>,
}

impl Following {
    /// Calls from the next change on.
    pub(super) fn start(shared: Arc<Shared>, callback: Callback) -> Result<Self> {
        let mut heard = Heard::hang(&shared)?;
        let known = heard.wait(0, Duration::ZERO)?;
        let state = State { callback: Some(Arc::new(callback)), calling: None };
        let inner = Arc::new(Inner { state: Mutex::new(state), returned: Condvar::new() });
        let following = Arc::clone(&inner);
        thread::Builder::new()
            .name("scimdb-changes".to_owned())
            .spawn(move || following.follow(&shared, heard, known))
            .map_err(|error| Error::new(ErrorKind::Io, "no thread for a callback").caused_by(error))?;
        Ok(Following(inner))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut state = self.0.state();
        let callback = state.callback.take();
        // Two callbacks may end each other.
        while !is_notifying() && state.calling.is_some_and(|thread| thread != thread::current().id()) {
            state = self.0.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // What it holds may be the host's, and goes outside the lock.
        drop(callback);
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.state().callback.is_none()
    }

    /// Follows the store from holder to holder. What changed between two of them is told, too.
    fn follow(&self, shared: &Arc<Shared>, mut heard: Heard, mut known: u64) {
        while !self.is_over() {
            match heard.wait(known, SLICE) {
                Ok(newest) if newest > known => {
                    known = newest;
                    self.call(newest);
                }
                Ok(_) => {}
                Err(_) => {
                    thread::sleep(PAUSE);
                    // Where there is none, it is looked for as long as somebody wants to know.
                    if let Ok(next) = Heard::hang(shared) {
                        heard = next;
                    }
                }
            }
        }
    }

    fn call(&self, sequence: u64) {
        let callback = {
            let mut state = self.state();
            let Some(callback) = state.callback.clone() else { return };
            state.calling = Some(thread::current().id());
            callback
        };
        callback(sequence);
        // Its last owner may be this thread: before anybody is told that the call ended.
        drop(callback);
        self.state().calling = None;
        self.returned.notify_all();
    }
}
