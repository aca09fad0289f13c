//! Reading, and changes that become durable together or not at all.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::{Bound, ControlFlow, Deref};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Table;
use super::caller::{Caller, Unanswered, Work, ask};
use super::keys::after_prefix;
use crate::model::Instant;
use crate::{Error, ErrorKind, Result};

/// Bytes that a read found: in a page, or in a change that is not committed yet.
pub(in crate::engine) enum Found<'a> {
    Page(redb::AccessGuard<'a, &'static [u8]>),
    Slice(&'a [u8]),
}

impl Deref for Found<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Found::Page(guard) => guard.value(),
            Found::Slice(bytes) => bytes,
        }
    }
}

/// What a scan is told of each key and value; it ends the scan by `Break`.
pub(in crate::engine) type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>> + 'v;

/// Ordered reads of one consistent state.
pub(in crate::engine) trait Reads {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>>;

    /// The keys from `from` up to `to` (all, if none), in order.
    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()>;

    /// The keys that begin with a prefix, in order.
    fn scan_prefix(&self, table: Table, prefix: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        self.scan(table, prefix, after_prefix(prefix).as_deref(), visit)
    }
}

/// Puts and deletes (none), in the order of tables and keys: the order in which a tree is cheapest to change.
pub(in crate::engine) type Batch = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// The largest version that a restored resource may bring: stops one row of an import from using up all numbers.
const MAX_GIVEN_SEQUENCE: u64 = 1 << 62;

/// A change in the making: reads see what it wrote. Nothing is written unless all of it succeeds.
pub(in crate::engine) struct Transaction<'a> {
    base: &'a dyn Reads,
    batch: Batch,
    sequence: u64,
    now: Instant,
    /// Who waits for it.
    caller: Option<&'a dyn Caller>,
    /// Whether a reader saw the file fail.
    failed: Option<&'a AtomicBool>,
    /// What the caller is to do once it is durable.
    rest: Vec<Work>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(base: &'a dyn Reads, sequence: u64, now: Instant) -> Self {
        Transaction { base, batch: Batch::new(), sequence, now, caller: None, failed: None, rest: Vec::new() }
    }

    /// The same, that looks at whether a reader saw the file fail.
    pub(super) fn heeding(self, failed: &'a AtomicBool) -> Self {
        Transaction { failed: Some(failed), ..self }
    }

    pub(super) fn into_parts(self) -> (Batch, u64) {
        (self.batch, self.sequence)
    }

    /// Whether it writes anything.
    pub(in crate::engine) fn has_changes(&self) -> bool {
        !self.batch.is_empty()
    }

    /// When this change happens.
    pub(in crate::engine) fn now(&self) -> Instant {
        self.now
    }

    /// The next commit sequence number: the version of what it is given to.
    pub(in crate::engine) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Makes sure that numbers given out from here on are larger than one that came from outside.
    ///
    /// # Errors
    /// `InvalidValue` for a number so large that they would run out.
    pub(in crate::engine) fn sequence_at_least(&mut self, sequence: u64) -> Result<()> {
        if sequence > MAX_GIVEN_SEQUENCE {
            let detail = format!("the version {sequence} is larger than {MAX_GIVEN_SEQUENCE}: leave it out");
            return Err(Error::new(ErrorKind::InvalidValue, detail).on("meta.version"));
        }
        self.sequence = self.sequence.max(sequence);
        Ok(())
    }

    /// Asks who makes the change, on the thread that waits for it, while everybody else who writes waits too.
    ///
    /// # Errors
    /// `Cancelled` when nobody waits for the change any more, `Unavailable` when the file failed meanwhile: it must not be
    /// made then.
    pub(in crate::engine) fn ask<R: Send + 'static>(&self, question: impl FnOnce() -> R + Send + 'static) -> Result<R> {
        let has_failed = || self.failed.is_some_and(|failed| failed.load(Ordering::Acquire));
        let answer = self.caller.map(|caller| ask(caller, has_failed, question));
        answer.unwrap_or(Err(Unanswered::Gone)).map_err(|unanswered| match unanswered {
            Unanswered::Gone => {
                Error::new(ErrorKind::Cancelled, "nobody waits for the change, who could be asked about it")
            }
            Unanswered::Failed => Error::new(ErrorKind::Unavailable, "the store recovers from an I/O error; try again"),
        })
    }

    /// Leaves something to be done by who makes the change, once it is durable. It is dropped where the change comes to
    /// nothing.
    pub(in crate::engine) fn leave(&mut self, work: Box<dyn FnOnce() + Send>) {
        self.rest.push(work);
    }

    pub(super) fn take_rest(&mut self) -> Vec<Work> {
        std::mem::take(&mut self.rest)
    }

    pub(in crate::engine) fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.batch.insert((table, key), Some(value));
    }

    pub(in crate::engine) fn delete(&mut self, table: Table, key: Vec<u8>) {
        self.batch.insert((table, key), None);
    }

    /// Makes a part of the change that can fail on its own: if it does, the rest goes on without it.
    pub(in crate::engine) fn nested<T>(&mut self, part: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        self.nested_if(|inner| Ok((part(inner)?, true)))
    }

    /// The same for a part that can also succeed and leave nothing behind: it tells whether to keep what it wrote.
    pub(in crate::engine) fn nested_if<T>(
        &mut self,
        part: impl FnOnce(&mut Transaction<'_>) -> Result<(T, bool)>,
    ) -> Result<T> {
        let (made, kept) = self.apart(self.caller, part)?;
        self.keep(kept);
        Ok(made)
    }

    /// A part whose caller is this one.
    pub(super) fn nested_of<T>(
        &mut self,
        caller: &dyn Caller,
        part: impl FnOnce(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let (made, kept) = self.apart(Some(caller), |inner| Ok((part(inner)?, true)))?;
        self.keep(kept);
        Ok(made)
    }

    /// Makes a part, and tells what is to be kept of it.
    fn apart<T>(
        &self,
        caller: Option<&dyn Caller>,
        part: impl FnOnce(&mut Transaction<'_>) -> Result<(T, bool)>,
    ) -> Result<(T, Option<Kept>)> {
        let (sequence, now, failed) = (self.sequence, self.now, self.failed);
        let mut inner =
            Transaction { base: self, batch: Batch::new(), sequence, now, caller, failed, rest: Vec::new() };
        let (made, keep) = part(&mut inner)?;
        let Transaction { batch, sequence, rest, .. } = inner;
        Ok((made, keep.then_some(Kept { batch, sequence, rest })))
    }

    fn keep(&mut self, kept: Option<Kept>) {
        let Some(Kept { batch, sequence, rest }) = kept else { return };
        self.sequence = sequence;
        if self.batch.is_empty() {
            self.batch = batch;
        } else {
            self.batch.extend(batch);
        }
        if self.rest.is_empty() {
            self.rest = rest;
        } else {
            self.rest.extend(rest);
        }
    }
}

/// What is kept of a part that succeeded.
struct Kept {
    batch: Batch,
    sequence: u64,
    rest: Vec<Work>,
}

impl Reads for Transaction<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>> {
        if !self.batch.is_empty()
            && let Some(value) = self.batch.get(&(table, key) as &dyn BatchKey)
        {
            return Ok(value.as_deref().map(Found::Slice));
        }
        self.base.get(table, key)
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        let upper = match to {
            Some(to) => Bound::Excluded((table, to.to_vec())),
            None => Bound::Unbounded,
        };
        let lower = Bound::Included((table, from.to_vec()));
        let own = self.batch.range((lower, upper)).take_while(|((t, _), _)| *t == table).peekable();
        let mut merge = Merge { own, done: false };
        self.base.scan(table, from, to, &mut |key, value| {
            merge.before(key, visit)?;
            if merge.done {
                return Ok(ControlFlow::Break(()));
            }
            if let Some(((_, own_key), own_value)) = merge.own.next_if(|((_, own_key), _)| own_key == key) {
                return match own_value {
                    Some(value) => merge.visit(own_key, value, visit),
                    None => Ok(ControlFlow::Continue(())),
                };
            }
            merge.visit(key, value, visit)
        })?;
        merge.rest(visit)
    }
}

/// Own changes, merged into a scan of what is beneath.
struct Merge<'b, I: Iterator<Item = (&'b (Table, Vec<u8>), &'b Option<Vec<u8>>)>> {
    own: Peekable<I>,
    done: bool,
}

impl<'b, I: Iterator<Item = (&'b (Table, Vec<u8>), &'b Option<Vec<u8>>)>> Merge<'b, I> {
    fn visit(&mut self, key: &[u8], value: &[u8], visit: &mut Visit<'_>) -> Result<ControlFlow<()>> {
        let flow = visit(key, value)?;
        self.done |= flow.is_break();
        Ok(flow)
    }

    fn before(&mut self, limit: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        while !self.done
            && let Some(((_, key), value)) = self.own.next_if(|((_, key), _)| key.as_slice() < limit)
        {
            if let Some(value) = value {
                let _ = self.visit(key, value, visit)?;
            }
        }
        Ok(())
    }

    fn rest(mut self, visit: &mut Visit<'_>) -> Result<()> {
        while !self.done
            && let Some(((_, key), value)) = self.own.next()
        {
            if let Some(value) = value {
                let _ = self.visit(key, value, visit)?;
            }
        }
        Ok(())
    }
}

/// Lets a batch be asked with a borrowed key.
trait BatchKey {
    fn parts(&self) -> (Table, &[u8]);
}

impl BatchKey for (Table, Vec<u8>) {
    fn parts(&self) -> (Table, &[u8]) {
        (self.0, &self.1)
    }
}

impl BatchKey for (Table, &[u8]) {
    fn parts(&self) -> (Table, &[u8]) {
        (self.0, self.1)
    }
}

impl PartialEq for dyn BatchKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn BatchKey + '_ {}

impl PartialOrd for dyn BatchKey + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn BatchKey + '_ {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl<'a> std::borrow::Borrow<dyn BatchKey + 'a> for (Table, Vec<u8>) {
    fn borrow(&self) -> &(dyn BatchKey + 'a) {
        self
    }
}
