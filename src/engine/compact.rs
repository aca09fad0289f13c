//! Giving back room: free pages of the store's file.

use super::Store;
use crate::Result;

impl Store {
    /// Makes the store's file as small as it can be, while everybody else waits: a second or so for each gigabyte. A
    /// store that was just loaded may have half its file free; pages that writes free are used again by later ones, so
    /// a store in use has no need of it.
    ///
    /// # Errors
    /// `Io`, `DiskFull`; `Unavailable` when a reader holds a snapshot for longer than ten seconds.
    pub fn compact(&self) -> Result<()> {
        self.inner.writer.compact()
    }
}
