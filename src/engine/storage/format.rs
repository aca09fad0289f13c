//! The format version, and what a new file begins with.

use super::database::{Database, WriteTables};
use super::errors::{damaged, engine_error};
use super::{Batch, Reads, Table};
use crate::model::NORMALISER_VERSION;
use crate::{Error, ErrorKind, Result};

/// The version of the format that `docs/FORMAT.md` describes.
pub(in crate::engine) const FORMAT_VERSION: u32 = 1;

const VERSION: &[u8] = b"format";
const NORMALISER: &[u8] = b"normaliser";
const SEQUENCE: &[u8] = b"sequence";
const NEXT_TENANT: &[u8] = b"next_tenant";
const CURSOR_KEY: &[u8] = b"cursor_key";
const VALUE_DIGESTS: &[u8] = b"value_digests";

/// Makes the tables of a new file, or checks that an old one's format is known.
pub(super) fn prepare(database: &Database) -> Result<()> {
    // Before any other table is looked at: another format's may be of other types.
    let Some(found) = database.read_meta([VERSION, NORMALISER])? else { return initialise(database) };
    let [version, normaliser] = found;
    let version = version.ok_or_else(|| damaged("it does not tell its format"))?;
    if version != u64::from(FORMAT_VERSION) {
        let detail = format!(
            "the store has format {version} and this version of scimdb knows format {FORMAT_VERSION}; \
             open it with the version that wrote it, export, and import here"
        );
        return Err(Error::new(ErrorKind::UnknownFormat, detail));
    }
    // Keys of unique values hold normalised text: those of another normaliser would be missed.
    if let Some(version) = normaliser.filter(|version| *version != u64::from(NORMALISER_VERSION)) {
        let detail = format!(
            "the store's keys are of normaliser {version}, and this version of scimdb has {NORMALISER_VERSION}; \
             export with the version that wrote it, and import here"
        );
        return Err(Error::new(ErrorKind::UnknownFormat, detail));
    }
    if !database.has_all_tables()? {
        let txn = database.write()?;
        drop(WriteTables::open(&txn)?);
        txn.commit().map_err(engine_error)?;
    }
    Ok(())
}

/// Makes the tables of a new file.
fn initialise(database: &Database) -> Result<()> {
    let txn = database.write()?;
    let mut batch = Batch::new();
    for (key, version) in [(VERSION, FORMAT_VERSION), (NORMALISER, NORMALISER_VERSION)] {
        batch.insert((Table::Meta, key.to_vec()), Some(u64::from(version).to_be_bytes().to_vec()));
    }
    WriteTables::open(&txn)?.apply(batch)?;
    txn.commit().map_err(engine_error)
}

/// A number as this table keeps it.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

fn read_number(reads: &dyn Reads, key: &[u8]) -> Result<Option<u64>> {
    let found = reads.get(Table::Meta, key)?;
    Ok(found.as_deref().and_then(number))
}

/// The sequence of the last change.
pub(in crate::engine) fn read_sequence(reads: &dyn Reads) -> Result<u64> {
    Ok(read_number(reads, SEQUENCE)?.unwrap_or(0))
}

/// What keeps the sequence of the last change.
pub(super) fn sequence_entry(sequence: u64) -> ((Table, Vec<u8>), Option<Vec<u8>>) {
    ((Table::Meta, SEQUENCE.to_vec()), Some(sequence.to_be_bytes().to_vec()))
}

/// The number that the next tenant gets. Numbers are never reused.
pub(in crate::engine) fn take_tenant_number(txn: &mut super::Transaction<'_>) -> Result<u32> {
    let next = read_number(txn, NEXT_TENANT)?.unwrap_or(1);
    txn.put(Table::Meta, NEXT_TENANT.to_vec(), (next + 1).to_be_bytes().to_vec());
    u32::try_from(next).map_err(|_| Error::new(ErrorKind::TooMany, "the store has no tenant numbers left"))
}

/// The key that cursors are sealed with; none before the first cursor.
pub(in crate::engine) fn read_cursor_key(reads: &dyn Reads) -> Result<Option<[u8; 32]>> {
    let Some(found) = reads.get(Table::Meta, CURSOR_KEY)? else { return Ok(None) };
    let key: Option<[u8; 32]> = (&*found).try_into().ok();
    key.map(Some).ok_or_else(|| damaged("the key of cursors has another length"))
}

/// Keeps a key for cursors, unless there is one: gives the one that is there.
pub(in crate::engine) fn keep_cursor_key(txn: &mut super::Transaction<'_>, key: [u8; 32]) -> Result<[u8; 32]> {
    if let Some(key) = read_cursor_key(txn)? {
        return Ok(key);
    }
    txn.put(Table::Meta, CURSOR_KEY.to_vec(), key.to_vec());
    Ok(key)
}

/// The key of digests of encrypted values, as the current key wrapped it; none before the first.
pub(in crate::engine) fn read_value_digests(reads: &dyn Reads) -> Result<Option<Vec<u8>>> {
    Ok(reads.get(Table::Meta, VALUE_DIGESTS)?.map(|found| found.to_vec()))
}

/// Keeps the key of digests of encrypted values.
pub(in crate::engine) fn keep_value_digests(txn: &mut super::Transaction<'_>, wrapped: Vec<u8>) {
    txn.put(Table::Meta, VALUE_DIGESTS.to_vec(), wrapped);
}
