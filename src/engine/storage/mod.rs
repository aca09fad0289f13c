//! Ordered keys, snapshots, atomic batches: what the engine asks of its storage, and the only module that knows redb.
//!
//! Everything above speaks of [`Table`]s, byte keys and [`Transaction`]s, so that the same core could run on another
//! ordered key-value store.

pub(super) mod backup;
mod caller;
mod counters;
mod database;
mod errors;
pub(super) mod format;
pub(super) mod import_records;
mod job;
pub(super) mod keys;
mod location;
mod medium;
mod observer;
pub(super) mod records;
mod rewrite;
mod tables;
mod transaction;
mod watch;
mod writer;

pub(super) use caller::Pending;
pub(crate) use caller::check_may_wait;
pub(super) use counters::{Counter, bump, each_resource_count, read_counter};
pub(super) use database::{Database, Snapshot};
pub(super) use location::{Location, holder_line};
pub use medium::{Medium, MediumFactory, MemoryMedium};
pub(super) use observer::{ChangedRow, Observer};
pub use records::{ChangeOperation, Scope};
pub(super) use rewrite::Progress;
pub(super) use tables::Table;
pub(super) use transaction::{Batch, Reads, Transaction};
#[cfg(test)]
pub(super) use transaction::{Found, Visit};
pub(super) use watch::{Interrupts, Watch, Watched};
pub(super) use writer::Writer;
