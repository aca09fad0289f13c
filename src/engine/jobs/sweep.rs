//! Removing the chunks that no import counts on: of one that broke off, or could not go on.

use std::ops::ControlFlow;

use super::places;
use crate::Result;
use crate::engine::storage::keys::TenantId;
use crate::engine::storage::{Reads, Table, Transaction, Writer};

/// Chunks that one commit removes, of a mebibyte each: others who write do not wait for long.
const PART: usize = 32;

/// Removes the chunks of an upload, and its mark.
///
/// # Errors
/// `Io`, `DiskFull`, `Unavailable`: what is left is removed when the store is opened again.
pub(super) fn sweep(writer: &Writer, tenant: TenantId, upload: u64) -> Result<()> {
    while writer.submit_urgent(move |txn: &mut Transaction<'_>| part(txn, tenant, upload))?.wait()? {}
    Ok(())
}

/// Removes some chunks; whether there may be more.
fn part(txn: &mut Transaction<'_>, tenant: TenantId, upload: u64) -> Result<bool> {
    let mut gone = Vec::new();
    txn.scan_prefix(Table::JobRows, &places::chunks(tenant, upload), &mut |key, _| {
        gone.push(key.to_vec());
        Ok(if gone.len() < PART { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    let more = gone.len() == PART;
    for key in gone {
        txn.delete(Table::JobRows, key);
    }
    if !more {
        txn.delete(Table::Jobs, places::loose(tenant, upload));
    }
    Ok(more)
}
