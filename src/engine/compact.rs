//! Giving back room: the free pages of the store's file.

use super::Store;
use crate::Result;

impl Store {
    /// Makes the store's file as small as it can be: verifies its checksums, as [`Store::check`] does, then writes it
    /// anew beside the old one, and puts it in its place. That takes seconds for each gigabyte, and as much room on the
    /// disk. Nothing is left of what was deleted. Writers wait; readers wait for the checksums alone. Pages that writes
    /// free are used again by later ones, so a store in use has no need of it. `progress` is told how many entries have
    /// been copied, and of how many.
    ///
    /// What is cut short by a crash leaves the old file as it was. A store on a [`Medium`](super::Medium) has one file
    /// only: its pages are moved to the front instead, and readers wait until the end.
    ///
    /// # Errors
    /// `Io`, `DiskFull`, `Corrupt`; `Unavailable` when a reader holds a snapshot for longer than ten seconds.
    pub fn compact(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.inner.writer.compact(progress)
    }
}
