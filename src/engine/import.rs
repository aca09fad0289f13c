//! Import of many resources.

use crate::{Error, Result};

/// What to do with a row whose id, or whose unique value, exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnConflict {
    /// Reject the row.
    #[default]
    Fail,
    /// Leave what is there.
    Skip,
    /// Replace what is there.
    Replace,
}

/// How rows are imported.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The resource type of rows that do not tell theirs by `meta.resourceType` or `schemas`.
    pub resource_type: Option<String>,
    /// What to do with conflicts.
    pub on_conflict: OnConflict,
    /// Keeps id, meta, version and password hashes as given, and readOnly attributes.
    pub restore: bool,
    /// Who imports, for the change log.
    pub actor: Option<String>,
}

/// A row that was not imported.
#[derive(Debug)]
pub struct Reject {
    /// The row's number, as the caller counts.
    pub row: u64,
    /// Why.
    pub error: Error,
    /// The row as it was given.
    pub input: Vec<u8>,
}

/// Counts of an import, so far or in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows given.
    pub read: u64,
    /// Rows created.
    pub created: u64,
    /// Rows that replaced what was there.
    pub replaced: u64,
    /// Rows left out because what they hold was there.
    pub skipped: u64,
    /// Rows rejected.
    pub rejected: u64,
}

/// An import under way. Rows are committed in batches; groups wait until the end, since they may name members that
/// come after them. Dropped without [`Importer::finish`], what was not committed is gone.
pub struct Importer {}

impl Importer {
    /// Adds a row: one resource as a JSON object.
    ///
    /// # Errors
    /// What stops the import as a whole: `Io`, `DiskFull`, `Unavailable`. A bad row is a reject instead.
    pub fn push(&mut self, _row: u64, _json: Vec<u8>) -> Result<()> {
        todo!()
    }

    /// The rows rejected since the last call.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        todo!()
    }

    /// The counts so far.
    pub fn report(&self) -> ImportReport {
        todo!()
    }

    /// Commits what is left, groups included. Rejects of this last part are in the answer.
    ///
    /// # Errors
    /// As [`Importer::push`].
    pub fn finish(self) -> Result<(ImportReport, Vec<Reject>)> {
        todo!()
    }
}
