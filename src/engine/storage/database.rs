//! The file and its snapshots.

use std::error::Error as _;
use std::fs::File;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::errors::{damaged, engine_error};
use super::location::Opened;
use super::transaction::{Batch, Found, Reads, Visit};
use super::{Location, Table, format};
use crate::{Error, ErrorKind, Result};

/// The open file.
pub(in crate::engine) struct Database {
    engine: redb::Database,
    /// What keeps other processes out. After the file in this list, and so dropped after it.
    lock: Option<File>,
    /// Whether an I/O error was seen. The storage engine refuses everything after one: the file must be opened again.
    failed: Arc<AtomicBool>,
    afterlife: Afterlife,
}

/// Where the storage engine goes when another file takes this one's place: snapshots hold it, and can be read as long
/// as they are held.
type Afterlife = Arc<Mutex<Option<redb::Database>>>;

/// Runs what reads pages. The storage engine trusts the pages of its file, and panics on some that were damaged from
/// outside.
pub(super) fn caught<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        Err(damaged(text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a page")))
    })
}

impl Database {
    /// Opens the file, makes it where there is none, and checks its format.
    pub(in crate::engine) fn open(location: &Location, cache_bytes: usize) -> Result<Self> {
        caught(|| {
            let mut builder = redb::Builder::new();
            builder.set_cache_size(cache_bytes);
            let Opened { engine, lock } = location.open(&builder)?;
            let database = Database::new(engine, lock);
            format::prepare(&database)?;
            Ok(database)
        })
    }

    fn new(engine: redb::Database, lock: Option<File>) -> Self {
        Database { engine, lock, failed: Arc::default(), afterlife: Arc::default() }
    }

    /// Lets go of the file, whose place another has taken, and opens that one. Snapshots of the old one stay readable.
    pub(super) fn replaced(self, location: &Location, cache_bytes: usize) -> Result<Self> {
        let Database { engine, lock, failed: _, afterlife } = self;
        *afterlife.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine);
        drop(afterlife);
        caught(|| Ok(Database::new(location.open_again(redb::Builder::new().set_cache_size(cache_bytes))?, lock)))
    }

    /// The state after the last commit.
    pub(in crate::engine) fn snapshot(&self) -> Result<Snapshot> {
        caught(|| {
            let txn = self.engine.begin_read().map_err(engine_error)?;
            let open = |table: &Table| txn.open_table(table.definition()).map_err(engine_error);
            Ok(Snapshot {
                tables: Table::ALL.iter().map(open).collect::<Result<_>>()?,
                failed: Arc::clone(&self.failed),
                _afterlife: Arc::clone(&self.afterlife),
            })
        })
    }

    /// Values of the table that tells the format; none in a new file, which has no tables.
    pub(super) fn read_meta<const N: usize>(&self, keys: [&[u8]; N]) -> Result<Option<[Option<u64>; N]>> {
        let txn = self.engine.begin_read().map_err(engine_error)?;
        if txn.list_tables().map_err(engine_error)?.next().is_none() {
            return Ok(None);
        }
        let table = txn.open_table(Table::Meta.definition()).map_err(engine_error)?;
        let mut numbers = [None; N];
        for (key, number) in keys.into_iter().zip(&mut numbers) {
            if let Some(found) = table.get(key).map_err(engine_error)? {
                let unreadable = || damaged("it does not tell its format");
                *number = Some(format::number(found.value()).ok_or_else(unreadable)?);
            }
        }
        Ok(Some(numbers))
    }

    /// Whether the file has every table: one that an earlier version made lacks those that came later.
    pub(super) fn has_all_tables(&self) -> Result<bool> {
        let txn = self.engine.begin_read().map_err(engine_error)?;
        Ok(txn.list_tables().map_err(engine_error)?.count() >= Table::ALL.len())
    }

    /// Starts a write. There is one at a time.
    pub(super) fn write(&self) -> Result<WriteTransaction> {
        let mut txn = self.engine.begin_write().map_err(engine_error)?;
        txn.set_durability(Durability::Immediate).map_err(engine_error)?;
        // Without it, opening after a crash reads the whole file: seconds per gigabyte. It also commits in two phases:
        // no page of a commit that a failed sync left in doubt is ever taken for a good one.
        txn.set_quick_repair(true);
        Ok(txn)
    }

    /// Whether the file must be opened again before it is of any use.
    pub(super) fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The same as a flag to look at.
    pub(super) fn failure(&self) -> &AtomicBool {
        &self.failed
    }

    /// Verifies the checksum of every page; none while somebody holds a snapshot. False: something was wrong beside the
    /// data, and has been repaired.
    pub(super) fn verify(&mut self) -> Result<Option<bool>> {
        caught(|| match self.engine.check_integrity() {
            Err(redb::DatabaseError::TransactionInProgress) => Ok(None),
            other => other.map(Some).map_err(engine_error),
        })
    }

    /// Moves pages to the front of the file and cuts it; none while somebody holds a snapshot.
    pub(super) fn compact(&mut self) -> Result<Option<()>> {
        caught(|| {
            // A pass may free what the next one can move.
            loop {
                match self.engine.compact() {
                    Ok(true) => {}
                    Ok(false) => return Ok(Some(())),
                    Err(redb::CompactionError::TransactionInProgress) => return Ok(None),
                    Err(redb::CompactionError::Storage(error)) => return Err(engine_error(error)),
                    Err(error) => {
                        return Err(Error::new(ErrorKind::Internal, "the file could not be compacted").caused_by(error));
                    }
                }
            }
        })
    }

    /// Closes the file, which unlocks it, whoever may still hold a snapshot of it.
    pub(super) fn close(self) {
        // Nothing is lost if it fails: the next opening recovers the file.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
    }
}

/// One consistent state. Holding it keeps its pages from being reused.
pub(in crate::engine) struct Snapshot {
    tables: Vec<ReadOnlyTable<&'static [u8], &'static [u8]>>,
    failed: Arc<AtomicBool>,
    // After the tables, and so dropped after them.
    _afterlife: Afterlife,
}

impl Snapshot {
    /// Whether it can still be read.
    pub(in crate::engine) fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn read<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let outcome = caught(read);
        // Damage that a read found in its own bytes leaves the file open; an error of the machine does not.
        let of_machine = |error: &Error| {
            matches!(error.kind(), ErrorKind::Io | ErrorKind::DiskFull | ErrorKind::Unavailable)
                || error.source().is_some_and(|source| source.is::<std::io::Error>())
        };
        if outcome.as_ref().is_err_and(of_machine) {
            self.failed.store(true, Ordering::Release);
        }
        outcome
    }

    /// How many entries a table has.
    pub(super) fn count(&self, table: Table) -> Result<u64> {
        let table = self.table(table)?;
        self.read(|| table.len().map_err(engine_error))
    }

    fn table(&self, table: Table) -> Result<&ReadOnlyTable<&'static [u8], &'static [u8]>> {
        self.tables.get(table as usize).ok_or_else(missing_table)
    }
}

fn missing_table() -> Error {
    Error::new(ErrorKind::Internal, "a table is not open")
}

impl Reads for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>> {
        let table = self.table(table)?;
        self.read(|| {
            let found = table.get(key).map_err(engine_error)?.map(Found::Page);
            // Where the value lies in a damaged page is found out here, not when somebody looks at it.
            let _ = found.as_deref();
            Ok(found)
        })
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        let table = self.table(table)?;
        self.read(|| {
            let range = match to {
                Some(to) => table.range::<&[u8]>(from..to),
                None => table.range::<&[u8]>(from..),
            };
            drain(range.map_err(engine_error)?, visit)
        })
    }
}

fn drain(range: redb::Range<'_, &'static [u8], &'static [u8]>, visit: &mut Visit<'_>) -> Result<()> {
    for entry in range {
        let (key, value) = entry.map_err(engine_error)?;
        if let ControlFlow::Break(()) = visit(key.value(), value.value())? {
            break;
        }
    }
    Ok(())
}

/// The tables of a write transaction, all open.
pub(super) struct WriteTables<'txn> {
    tables: Vec<redb::Table<'txn, &'static [u8], &'static [u8]>>,
}

impl<'txn> WriteTables<'txn> {
    pub(super) fn open(txn: &'txn WriteTransaction) -> Result<Self> {
        let open = |table: &Table| txn.open_table(table.definition()).map_err(engine_error);
        Ok(WriteTables { tables: Table::ALL.iter().map(open).collect::<Result<_>>()? })
    }

    /// Writes a batch, table by table in the order of keys.
    pub(super) fn apply(&mut self, batch: Batch) -> Result<()> {
        for ((table, key), value) in batch {
            let table = self.tables.get_mut(table as usize).ok_or_else(missing_table)?;
            match value {
                Some(value) => drop(table.insert(key.as_slice(), value.as_slice()).map_err(engine_error)?),
                None => drop(table.remove(key.as_slice()).map_err(engine_error)?),
            }
        }
        Ok(())
    }
}

impl Reads for WriteTables<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>> {
        let table = self.tables.get(table as usize).ok_or_else(missing_table)?;
        Ok(table.get(key).map_err(engine_error)?.map(Found::Page))
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        let table = self.tables.get(table as usize).ok_or_else(missing_table)?;
        let range = match to {
            Some(to) => table.range::<&[u8]>(from..to),
            None => table.range::<&[u8]>(from..),
        };
        drain(range.map_err(engine_error)?, visit)
    }
}
