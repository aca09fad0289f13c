//! Backup: a whole store in another place, of one state, while everybody goes on.

use std::path::Path;

use super::storage::backup::{to_directory, to_medium};
use super::storage::{MediumFactory, Snapshot};
use super::{Store, storage};
use crate::Result;

impl Store {
    /// Copies the whole store, every tenant with its tokens and its change log, into a directory that must not exist yet;
    /// the one that it is made in must. It is the state of one moment, while others read and write, and it is durable
    /// when this returns: open it as a store, and [`Store::check`] it. Indexes are not copied, and made again there.
    /// `progress` is told how many entries have been copied, and of how many.
    ///
    /// Room that later writes free is not used again until it ends. Checksums of pages are not verified: a check of the
    /// store, or of the copy, tells of damage.
    ///
    /// A backup that fails removes what it made. One that a crash cut short leaves a directory without a store.
    ///
    /// # Errors
    /// `AlreadyExists`; `InvalidArgument` where the directory above does not exist; `DiskFull`, `Io`, `Corrupt`;
    /// `Cancelled` when it is [interrupted](Store::interrupt).
    pub fn backup(&self, to: impl AsRef<Path>, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let to = to.as_ref();
        self.copied(progress, |snapshot, progress| to_directory(snapshot, &self.inner.location, to, progress))
    }

    /// The same onto a medium of the caller's own, which must be empty: encrypted, remote. What is on it after a failure or
    /// a crash is to be thrown away.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn backup_on(&self, to: &MediumFactory, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.copied(progress, |snapshot, progress| to_medium(snapshot, to, progress))
    }

    fn copied(
        &self,
        progress: &mut dyn FnMut(u64, u64),
        copy: impl FnOnce(&Snapshot, storage::Progress<'_>) -> Result<()>,
    ) -> Result<()> {
        let watch = self.inner.interrupts.watch();
        let snapshot = self.inner.writer.snapshot()?;
        copy(&snapshot, &mut |done, total| {
            watch.check()?;
            progress(done, total);
            Ok(())
        })
    }
}
