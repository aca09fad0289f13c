//! Long reads that can be told to end: they look now and then whether somebody said so since they began.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::caller::closed;
use super::transaction::{Found, Visit};
use super::{Reads, Table};
use crate::{Error, ErrorKind, Result};

/// Rows of a scan after which it is looked again.
const STRIDE: u32 = 1_024;

/// Where it is said that what is running should end.
#[derive(Default)]
pub(in crate::engine) struct Interrupts(Arc<Said>);

#[derive(Default)]
struct Said {
    /// How often it was said.
    count: AtomicU64,
    /// Whether the store is closed: what is between two steps has no more to come. A read under way may end as it can.
    closed: AtomicBool,
}

impl Interrupts {
    /// Ends what is running.
    pub(in crate::engine) fn interrupt(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
    }

    /// From here on the store is closed.
    pub(in crate::engine) fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
    }

    /// A watch for something that begins now.
    pub(in crate::engine) fn watch(&self) -> Watch {
        Watch { said: Arc::clone(&self.0), begun: self.0.count.load(Ordering::Acquire) }
    }
}

/// Tells one call whether it should end.
#[derive(Clone)]
pub(in crate::engine) struct Watch {
    said: Arc<Said>,
    begun: u64,
}

impl Watch {
    pub(in crate::engine) fn is_over(&self) -> bool {
        self.said.count.load(Ordering::Relaxed) != self.begun
    }

    /// The same between two steps.
    ///
    /// # Errors
    /// `Cancelled`, and `Unavailable` when the store is closed.
    pub(in crate::engine) fn check_step(&self) -> Result<()> {
        if self.said.closed.load(Ordering::Acquire) { Err(closed()) } else { self.check() }
    }

    /// # Errors
    /// `Cancelled` when the call should end.
    pub(in crate::engine) fn check(&self) -> Result<()> {
        if self.is_over() { Err(Error::new(ErrorKind::Cancelled, "the call was interrupted")) } else { Ok(()) }
    }
}

/// Reads that end when somebody says so.
pub(in crate::engine) struct Watched<'a> {
    reads: &'a dyn Reads,
    watch: &'a Watch,
}

impl<'a> Watched<'a> {
    pub(in crate::engine) fn new(reads: &'a dyn Reads, watch: &'a Watch) -> Self {
        Watched { reads, watch }
    }
}

impl Reads for Watched<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>> {
        self.watch.check()?;
        self.reads.get(table, key)
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        self.watch.check()?;
        let mut rows = 0u32;
        self.reads.scan(table, from, to, &mut |key, value| -> Result<ControlFlow<()>> {
            rows = rows.wrapping_add(1);
            if rows.is_multiple_of(STRIDE) {
                self.watch.check()?;
            }
            visit(key, value)
        })
    }
}
