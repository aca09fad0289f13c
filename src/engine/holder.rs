//! Who holds a store: what a process that comes too late is told.

use std::path::Path;

use super::Store;
use super::storage::holder_line;
use crate::Result;

impl Store {
    /// Who holds the store in a directory, as they tell it: `process 4711 (scimdb serve at http://127.0.0.1:7644)`. Whoever
    /// held it last, where nobody does: only an attempt to open it tells that. None where there never was a store.
    pub fn holder(directory: impl AsRef<Path>) -> Option<String> {
        holder_line(directory.as_ref())
    }

    /// Tells others anew what holds the store, in the place of [`StoreOptions::holder`](super::StoreOptions::holder): where
    /// it can be reached by now, say. Nothing happens where there is no directory.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn name_holder(&self, about: Option<&str>) -> Result<()> {
        self.inner.location.name_holder(about)
    }
}
