//! A store's file, written anew: every table copied in the order of its keys into another file.
//!
//! Pages are as full as they can be, since keys come in order, and nothing is left of what was deleted. The storage
//! engine's own compaction moves pages: in a file of gigabytes with holes everywhere it reads all of it again for every
//! few pages that it moves. Here there is hardly anything left for it to do.

use std::ops::ControlFlow;
use std::path::Path;

use redb::Durability;

use super::database::caught;
use super::errors::{engine_error, io_error, open_error};
use super::{Reads, Snapshot, Table};
use crate::{Error, ErrorKind, Result};

/// What is not copied: whole tables, which are there and empty, and single entries.
#[derive(Clone, Copy, Default)]
pub(in crate::engine) struct LeftOut<'a> {
    pub(in crate::engine) tables: &'a [Table],
    pub(in crate::engine) entries: &'a [(Table, Vec<u8>)],
}

/// Told how many entries are copied, and of how many. Its error ends the copy.
pub(in crate::engine) type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> Result<()>;

/// Bytes of pages kept in memory: keys come in order, so hardly any is needed twice.
const CACHE: usize = 32 << 20;
/// Entries after which the progress is told again.
const STRIDE: u64 = 4_096;

/// How a file is opened that is only written.
pub(super) fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// Copies what a snapshot has into a new file, and returns when that is durable.
pub(super) fn copy_to_file(
    snapshot: &Snapshot,
    path: &Path,
    left_out: LeftOut<'_>,
    progress: Progress<'_>,
) -> Result<()> {
    let engine = caught(|| builder().create(path).map_err(open_error))?;
    copy(snapshot, engine, left_out, progress)?;
    let file = std::fs::File::options().write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(|error| io_error(error, "writing the store anew"))
}

/// Copies what a snapshot has, but for what is left out. What the engine writes when it lets go of the file, the caller has
/// to sync.
pub(super) fn copy(
    snapshot: &Snapshot,
    mut engine: redb::Database,
    left_out: LeftOut<'_>,
    progress: Progress<'_>,
) -> Result<()> {
    let copied = || Table::ALL.iter().filter(|table| !left_out.tables.contains(table));
    let mut total = copied().map(|table| snapshot.count(*table)).sum::<Result<u64>>()?;
    for (table, key) in left_out.entries.iter().filter(|(table, _)| !left_out.tables.contains(table)) {
        total -= u64::from(snapshot.get(*table, key)?.is_some());
    }
    let mut done = 0;
    caught(|| {
        let last = Table::ALL.last();
        for table in Table::ALL {
            let mut txn = engine.begin_write().map_err(engine_error)?;
            // Nobody reads the file before its last commit, which makes everything durable.
            let durability = if Some(table) == last { Durability::Immediate } else { Durability::None };
            txn.set_durability(durability).map_err(engine_error)?;
            {
                let mut copy = txn.open_table(table.definition()).map_err(engine_error)?;
                let mut failed = None;
                let mut insert = |key: &[u8], value: &[u8]| {
                    if left_out.entries.iter().any(|(of, out)| of == table && out == key) {
                        return Ok(ControlFlow::Continue(()));
                    }
                    // An error of the new file says nothing against the old one, which this scan reads.
                    if let Err(error) = copy.insert(key, value) {
                        failed = Some(engine_error(error));
                        return Ok(ControlFlow::Break(()));
                    }
                    done += 1;
                    if done % STRIDE == 0 {
                        progress(done, total)?;
                    }
                    Ok(ControlFlow::Continue(()))
                };
                if !left_out.tables.contains(table) {
                    snapshot.scan(*table, &[], None, &mut insert)?;
                }
                if let Some(error) = failed {
                    return Err(error);
                }
            }
            txn.commit().map_err(engine_error)?;
        }
        // What the engine keeps of its own stands at the end of the file, with up to half of it free before.
        engine.compact().map(drop).map_err(|error| match error {
            redb::CompactionError::Storage(error) => engine_error(error),
            error => Error::new(ErrorKind::Internal, "the file could not be compacted").caused_by(error),
        })?;
        engine.close().map_err(engine_error)
    })?;
    if done != total {
        return Err(Error::new(ErrorKind::Internal, format!("{done} of {total} entries were copied")));
    }
    progress(done, total)
}
