//! Who is told of what becomes visible, before anybody is answered.

use std::sync::Arc;

use super::Snapshot;
use super::keys::{RowId, TenantId};
use crate::Result;

/// A row that a commit stored or deleted.
pub(in crate::engine) struct ChangedRow {
    pub(in crate::engine) tenant: TenantId,
    pub(in crate::engine) at: RowId,
    /// The resource as stored; none if it was deleted, or if nobody asked for it.
    pub(in crate::engine) stored: Option<Arc<[u8]>>,
    pub(in crate::engine) is_deleted: bool,
}

/// Told of every state that becomes visible, on the writer's thread.
pub(in crate::engine) trait Observer: Send + Sync {
    /// Whether it wants the bytes of rows of a type.
    fn wants(&self, tenant: TenantId, kind: u16) -> bool;

    /// A commit is durable. Rows stand in the order of their changes.
    fn committed(&self, snapshot: &Arc<Snapshot>, sequence: u64, rows: Vec<ChangedRow>);

    /// The file was opened or opened again: what changed since the last state is not known.
    fn opened(&self, snapshot: &Arc<Snapshot>, sequence: u64) -> Result<()>;

    /// The file is going to be closed or verified: no snapshot may be kept. The same state, or another, comes back.
    fn withdrawn(&self);

    /// The state before [`withdrawn`](Observer::withdrawn) is back; or the same state is now in another file.
    fn returned(&self, snapshot: &Arc<Snapshot>);

    /// Waits, on a caller's thread, while there is too much that the observer has not worked off.
    fn admit(&self);
}
