//! The file and its snapshots.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redb::{Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, WriteTransaction};

use super::medium::Backend;
use super::transaction::{Batch, Found, Reads, Visit};
use super::{MediumFactory, Table, format};
use crate::{Error, ErrorKind, Result};

/// The store's file in its directory.
const FILE: &str = "store.redb";
/// Who holds the store: for the error that a second process gets.
const HOLDER: &str = "holder";

/// Where a store is.
#[derive(Clone)]
pub(in crate::engine) enum Location {
    Directory { path: PathBuf, create: bool, holder: Option<String> },
    Medium(MediumFactory),
}

impl Location {
    /// The bytes of the store's file, where there is one.
    pub(in crate::engine) fn file_bytes(&self) -> u64 {
        match self {
            Location::Directory { path, .. } => fs::metadata(path.join(FILE)).map_or(0, |meta| meta.len()),
            Location::Medium(_) => 0,
        }
    }
}

/// The open file.
pub(in crate::engine) struct Database(redb::Database);

impl Database {
    /// Opens the file, makes it where there is none, and checks its format.
    pub(in crate::engine) fn open(location: &Location, cache_bytes: usize) -> Result<Self> {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(cache_bytes);
        let database = match location {
            Location::Medium(factory) => {
                let medium = factory().map_err(|error| io_error(error, "opening the store"))?;
                builder.create_with_backend(Backend(medium)).map_err(open_error)?
            }
            Location::Directory { path, create, holder } => open_directory(&builder, path, *create, holder.as_deref())?,
        };
        let database = Database(database);
        format::prepare(&database)?;
        Ok(database)
    }

    /// The state after the last commit.
    pub(in crate::engine) fn snapshot(&self) -> Result<Snapshot> {
        let txn = self.0.begin_read().map_err(engine_error)?;
        let open = |table: &Table| txn.open_table(table.definition()).map_err(engine_error);
        Ok(Snapshot { tables: Table::ALL.iter().map(open).collect::<Result<_>>()? })
    }

    /// Starts a write. There is one at a time.
    pub(super) fn write(&self) -> Result<WriteTransaction> {
        let mut txn = self.0.begin_write().map_err(engine_error)?;
        txn.set_durability(Durability::Immediate).map_err(engine_error)?;
        // Without it, opening after a crash reads the whole file: seconds per gigabyte.
        txn.set_quick_repair(true);
        Ok(txn)
    }
}

fn open_directory(builder: &redb::Builder, path: &Path, create: bool, holder: Option<&str>) -> Result<redb::Database> {
    let shown = path.display();
    let file = path.join(FILE);
    let is_new = !file.exists();
    if is_new && !create {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no store in {shown}")));
    }
    // A crash can leave an empty file before its first commit; where no store is to be made, an empty one is none.
    if !create && fs::metadata(&file).is_ok_and(|meta| meta.len() == 0) {
        return Err(Error::new(ErrorKind::NotFound, format!("the store in {shown} is empty: its file has no bytes")));
    }
    if is_new {
        fs::create_dir_all(path).map_err(|error| io_error(error, &format!("creating {shown}")))?;
    }
    let database = match builder.create(&file) {
        Err(redb::DatabaseError::DatabaseAlreadyOpen) => {
            let who = fs::read_to_string(path.join(HOLDER)).unwrap_or_default();
            let who = if who.trim().is_empty() { "another process".to_owned() } else { who.trim().to_owned() };
            let detail = format!("the store in {shown} is held by {who}; stop it, or talk to it over the network");
            return Err(Error::new(ErrorKind::Locked, detail));
        }
        other => other.map_err(|error| open_error(error).within(format!("opening {shown}")))?,
    };
    let about = match holder {
        Some(holder) => format!("process {} ({holder})\n", std::process::id()),
        None => format!("process {}\n", std::process::id()),
    };
    // Only an error message reads it, so a store that cannot write it is still a store.
    let _ = fs::write(path.join(HOLDER), about);
    if is_new {
        // The file itself is synced by its first commit, its name by this.
        sync_directory(path).map_err(|error| io_error(error, &format!("creating {shown}")))?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_directory(parent).map_err(|error| io_error(error, &format!("creating {shown}")))?;
        }
    }
    Ok(database)
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// One consistent state. Holding it keeps its pages from being reused.
pub(in crate::engine) struct Snapshot {
    tables: Vec<ReadOnlyTable<&'static [u8], &'static [u8]>>,
}

impl Snapshot {
    fn table(&self, table: Table) -> Result<&ReadOnlyTable<&'static [u8], &'static [u8]>> {
        self.tables.get(table as usize).ok_or_else(missing_table)
    }
}

fn missing_table() -> Error {
    Error::new(ErrorKind::Internal, "a table is not open")
}

impl Reads for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>> {
        Ok(self.table(table)?.get(key).map_err(engine_error)?.map(Found::Page))
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        let table = self.table(table)?;
        let range = match to {
            Some(to) => table.range::<&[u8]>(from..to),
            None => table.range::<&[u8]>(from..),
        };
        drain(range.map_err(engine_error)?, visit)
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

fn io_error(error: io::Error, doing: &str) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("{doing} failed: {error}")).caused_by(error)
}

fn open_error(error: redb::DatabaseError) -> Error {
    match error {
        redb::DatabaseError::UpgradeRequired(version) => {
            let detail = format!(
                "the store's file has the format {version} of the storage engine, which this version does not read"
            );
            Error::new(ErrorKind::UnknownFormat, detail)
        }
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Error::new(ErrorKind::UnknownFormat, "the file is no store of scimdb").caused_by(error)
        }
        redb::DatabaseError::DatabaseAlreadyOpen => Error::new(ErrorKind::Locked, "the store is open already"),
        other => engine_error(other),
    }
}

/// Translates an error of the storage engine.
pub(super) fn engine_error(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Io(error) => io_error(error, "reading or writing the store"),
        redb::Error::Corrupted(what) => Error::new(ErrorKind::Corrupt, format!("the store's file is damaged: {what}")),
        error @ (redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::TransactionPoisoned) => {
            Error::new(ErrorKind::Unavailable, "the store recovers from an I/O error; try again").caused_by(error)
        }
        error @ redb::Error::ValueTooLarge(_) => {
            Error::new(ErrorKind::PayloadTooLarge, "the resource is too large to be stored").caused_by(error)
        }
        error => Error::new(ErrorKind::Internal, format!("the storage engine failed: {error}")).caused_by(error),
    }
}
