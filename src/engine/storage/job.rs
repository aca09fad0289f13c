//! A change on its way to the writer's thread, and its answer on the way back.

use std::sync::mpsc::{self, Receiver, SyncSender};

use super::Transaction;
use crate::{Error, ErrorKind, Result};

/// A change that waits for its commit.
pub(super) trait Job: Send {
    /// Makes the change. True if it wrote anything.
    fn run(&mut self, txn: &mut Transaction<'_>) -> bool;

    /// Whether later changes go by what it does once it is durable, and so must not share its commit.
    fn ends_group(&self) -> bool;

    /// Tells the caller: its own result if the commit succeeded.
    fn finish(self: Box<Self>, commit: std::result::Result<(), &Error>);
}

/// A change, what to do once it is durable, and who waits for it.
pub(super) struct Task<T, F, A> {
    change: Option<F>,
    after: Option<A>,
    result: Option<Result<T>>,
    reply: SyncSender<Result<T>>,
}

impl<T, F, A> Task<T, F, A> {
    pub(super) fn new(change: F, after: Option<A>) -> (Self, Receiver<Result<T>>) {
        let (reply, receiver) = mpsc::sync_channel(1);
        (Task { change: Some(change), after, result: None, reply }, receiver)
    }
}

impl<T, F, A> Job for Task<T, F, A>
where
    T: Send,
    F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn run(&mut self, txn: &mut Transaction<'_>) -> bool {
        let Some(change) = self.change.take() else { return false };
        // The closure's own error leaves nothing behind; see `Transaction::nested`.
        let mut wrote = false;
        self.result = Some(txn.nested(|inner| {
            let made = change(inner)?;
            wrote = inner.has_changes();
            Ok(made)
        }));
        wrote
    }

    fn ends_group(&self) -> bool {
        self.after.is_some()
    }

    fn finish(self: Box<Self>, commit: std::result::Result<(), &Error>) {
        let result = match (self.result, commit) {
            (Some(Ok(made)), Ok(())) => {
                if let Some(after) = self.after {
                    after(&made);
                }
                Ok(made)
            }
            (Some(Ok(_)), Err(error)) => Err(again(error)),
            (Some(Err(error)), _) => Err(error),
            (None, Err(error)) => Err(again(error)),
            (None, Ok(())) => Err(Error::new(ErrorKind::Internal, "a change was not made")),
        };
        // A caller that went away does not need the answer.
        let _ = self.reply.send(result);
    }
}

/// The same error for another of the writers that shared the commit.
fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.detail())
}
