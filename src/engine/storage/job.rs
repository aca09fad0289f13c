//! A change on its way to the writer's thread, and its answer on the way back.

use std::sync::mpsc::{self, Receiver, SyncSender};

use super::Transaction;
use super::caller::{Told, Work};
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
    /// What the caller is to do once it is durable.
    rest: Vec<Work>,
    reply: SyncSender<Told<T>>,
}

impl<T, F, A> Task<T, F, A> {
    pub(super) fn new(change: F, after: Option<A>) -> (Self, Receiver<Told<T>>) {
        // One is enough: what the caller is asked it has taken out before it answers, and the next thing comes after that.
        let (reply, receiver) = mpsc::sync_channel(1);
        (Task { change: Some(change), after, result: None, rest: Vec::new(), reply }, receiver)
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
        self.result = Some(txn.nested_of(&self.reply, |inner| {
            let made = change(inner)?;
            wrote = inner.has_changes();
            Ok(made)
        }));
        self.rest = txn.take_rest();
        wrote
    }

    fn ends_group(&self) -> bool {
        self.after.is_some()
    }

    fn finish(self: Box<Self>, commit: std::result::Result<(), &Error>) {
        let mut rest = Vec::new();
        let result = match (self.result, commit) {
            (Some(Ok(made)), Ok(())) => {
                if let Some(after) = self.after {
                    after(&made);
                }
                rest = self.rest;
                Ok(made)
            }
            (Some(Ok(_)), Err(error)) => Err(again(error)),
            (Some(Err(error)), _) => Err(error),
            (None, Err(error)) => Err(again(error)),
            (None, Ok(())) => Err(Error::new(ErrorKind::Internal, "a change was not made")),
        };
        // A caller that went away does not need the answer.
        let _ = self.reply.send(Told::Done(result, rest));
    }
}

/// The same error for another of the writers that shared the commit.
fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.detail())
}
