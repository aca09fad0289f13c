//! The way from a change that is being made back to the thread of who makes it: what it is asked meanwhile, and what it
//! is to do once the change is durable. What is asked, storage does not know.
//!
//! The host's code never runs on the writer's thread. A host may have a lock that its calling thread holds (an
//! interpreter's), or an event loop that nobody else may enter.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// Something to be done on the caller's thread.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// What a caller is told while it waits.
pub(super) enum Told<T> {
    /// The writer waits until it has done this.
    Do(Work),
    /// How the change ended, and what is to be done now that it is durable.
    Done(Result<T>, Vec<Work>),
}

/// The thread that waits for a change.
pub(super) trait Caller {
    /// Hands it work. False if it waits no more: the work is dropped.
    fn hand(&self, work: Work) -> bool;
}

impl<T: Send> Caller for SyncSender<Told<T>> {
    fn hand(&self, work: Work) -> bool {
        self.send(Told::Do(work)).is_ok()
    }
}

thread_local! {
    /// Whether this thread does work that a writer waits for.
    static ANSWERS: Cell<bool> = const { Cell::new(false) };
}

/// Sees to it that nobody waits for the writer who makes the writer wait.
///
/// # Errors
/// `Misuse` on a thread that answers a question of a change.
pub(crate) fn check_may_wait() -> Result<()> {
    if ANSWERS.get() {
        let detail = "the writer waits for this hook: inside before-write a store can be read, not written or closed";
        return Err(Error::new(ErrorKind::Misuse, detail));
    }
    Ok(())
}

/// Whether this thread does work that a writer waits for.
pub(super) fn answers() -> bool {
    ANSWERS.get()
}

/// Puts the mark back, also when the work panics.
struct Marked(bool);

impl Drop for Marked {
    fn drop(&mut self) {
        ANSWERS.set(self.0);
    }
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// Nobody waits for the change any more.
    Gone,
    /// The file failed meanwhile. Readers wait until the writer opens it again; who answers may wait for one of them.
    Failed,
}

/// How often it is looked whether the file failed, while a caller takes its time.
const LOOK: Duration = Duration::from_millis(100);

/// Asks the caller, and waits for the answer.
pub(super) fn ask<R: Send + 'static>(
    caller: &dyn Caller,
    has_failed: impl Fn() -> bool,
    question: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Unanswered> {
    let (answer, answered) = mpsc::sync_channel(1);
    // Nobody is there to take it only where the file failed meanwhile.
    let work = move || drop(answer.send(question()));
    if !caller.hand(Box::new(work)) {
        return Err(Unanswered::Gone);
    }
    loop {
        match answered.recv_timeout(LOOK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => return Err(Unanswered::Gone),
            Err(RecvTimeoutError::Timeout) if has_failed() => return Err(Unanswered::Failed),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// A change that is on its way.
pub(in crate::engine) struct Pending<T>(Receiver<Told<T>>);

impl<T> Pending<T> {
    pub(super) fn new(receiver: Receiver<Told<T>>) -> Self {
        Pending(receiver)
    }

    /// Waits until the change is durable; meanwhile answers what it asks, and does afterwards what it left to do.
    pub(in crate::engine) fn wait(self) -> Result<T> {
        loop {
            match self.0.recv() {
                Ok(told) => {
                    if let Some(outcome) = heed(told) {
                        return outcome;
                    }
                }
                Err(_) => return Err(closed()),
            }
        }
    }

    /// The same for so long at most; none: it is still on its way.
    pub(super) fn wait_for(&self, time: Duration) -> Option<Result<T>> {
        match self.0.recv_timeout(time) {
            Ok(told) => heed(told),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(closed())),
        }
    }
}

/// Does what a caller is told to do; what the change ended with, if it ended.
fn heed<T>(told: Told<T>) -> Option<Result<T>> {
    match told {
        Told::Do(work) => {
            let _marked = Marked(ANSWERS.replace(true));
            work();
            None
        }
        Told::Done(outcome, rest) => {
            let mut panicked = None;
            for work in rest {
                // The others have something to do all the same: the change stands.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                    panicked.get_or_insert(panic);
                }
            }
            match panicked {
                Some(panic) => resume_unwind(panic),
                None => Some(outcome),
            }
        }
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is closed")
}
