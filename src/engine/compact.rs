//! Giving back room: the free pages of the store's file.

use super::Store;
use crate::Result;

impl Store {
    /// Makes the store's file as small as it can be: verifies its checksums, as [`Store::check`] does, then writes it
    /// anew beside the old one, and puts it in its place. That takes some 20 seconds for each gigabyte, and as much room
    /// on the disk. Nothing of what was deleted is left in that file; files of indexes keep values of deleted resources
    /// until they are merged. Writers wait; readers wait for the checksums alone. Pages that writes free are used again
    /// by later ones, so a store in use has no need of it. `progress` is told how many entries have been copied, and of
    /// how many; the copy does not wait for it.
    ///
    /// What is cut short by a crash leaves the old file as it was. A store on a [`Medium`](super::Medium) has one file
    /// only: its pages are moved to the front instead, and readers wait until the end.
    ///
    /// # Errors
    /// `Corrupt`, and nothing was copied; `DiskFull`; `Io`, also where `store.redb` is a symbolic link; `Unavailable` when
    /// a reader holds a snapshot for longer than ten seconds.
    pub fn compact(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.inner.writer.compact(Vec::new(), progress)
    }
}
