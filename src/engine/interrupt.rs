//! Ending calls that run: for a host whose user pressed a key, or that is about to stop.

use super::Store;
use super::storage::check_may_wait;
use crate::Result;

impl Store {
    /// Lets the calls that are running, on any thread, end with `Cancelled` soon: searches, explanations, exports,
    /// streams (also between two resources), waits for changes, checks, backups. Calls that begin later are not touched,
    /// and neither are writes.
    pub fn interrupt(&self) {
        self.inner.interrupts.interrupt();
        self.inner.writer.wake();
    }

    /// Ends waits for changes and for imports with `Unavailable`, those that come later too: for a host that is about to
    /// close the store, and waits until nobody uses it.
    pub fn end_waits(&self) {
        self.inner.writer.end_waits();
    }

    /// Holds up the imports that were queued until the store is opened again, and waits until the users that are being
    /// stored are: for a host that is about to close the store, and whose hooks may still ask it about them.
    ///
    /// # Errors
    /// `Misuse` inside a before-write hook.
    pub fn end_imports(&self) -> Result<()> {
        check_may_wait()?;
        self.inner.end_imports();
        Ok(())
    }
}
