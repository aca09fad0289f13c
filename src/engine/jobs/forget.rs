//! What imports that were queued tell of somebody who is to be forgotten: that they queued one, or could not be imported.

use std::ops::ControlFlow;

use super::chunk::short;
use super::places;
use crate::Result;
use crate::engine::storage::import_records::{JobFailure, JobRecord, JobStatus};
use crate::engine::storage::keys::TenantId;
use crate::engine::storage::records::{Gone, WishRecord};
use crate::engine::storage::{Reads, Table, Transaction, Writer};

/// Takes what is to be forgotten out of the imports of a tenant. What was taken out already stays so.
///
/// # Errors
/// `Io`, `DiskFull`, `Unavailable`, `Corrupt`.
pub(in crate::engine) fn forget_in_jobs(writer: &Writer, tenant: TenantId, wish: &WishRecord) -> Result<()> {
    let mut found = Vec::new();
    writer.snapshot()?.scan_prefix(Table::Jobs, &places::records(tenant), &mut |key, value| {
        if let Some(number) = places::number(key)
            && blank(wish, number, &mut JobRecord::decode(value)?)
        {
            found.push(number);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if found.is_empty() {
        return Ok(());
    }
    let wish = wish.clone();
    let change = move |txn: &mut Transaction<'_>| {
        for number in found {
            // It may have gone on, or away, meanwhile.
            if let Some(mut record) = places::read(txn, tenant, number)?
                && blank(&wish, number, &mut record)
            {
                txn.put(Table::Jobs, places::record(tenant, number), record.encode());
            }
        }
        Ok(())
    };
    writer.submit_urgent(change)?.wait()
}

/// Takes what is to be forgotten out of the record of an import; whether there was any of it. What stays is told as
/// forgotten where it is empty.
fn blank(wish: &WishRecord, number: u64, record: &mut JobRecord) -> bool {
    let WishRecord { kind: _, key: _, gone, actors } = wish;
    let mut any = false;
    if record.actor.as_ref().is_some_and(|actor| actors.contains(actor)) {
        record.actor = Some(String::new());
        any = true;
    }
    // An id may have been given again since. An import that has not ended needs its group, and fails without.
    let is_group = |(deleted, gone): &(u64, Gone)| number <= *deleted && gone.id == record.group;
    if record.status != JobStatus::Importing && gone.iter().any(is_group) {
        record.group.clear();
        record.reason = record.reason.take().map(|_| String::new());
        any = true;
    }
    for JobFailure { row: _, external_id, detail } in &mut record.failures {
        let is_theirs = external_id.as_ref().is_some_and(|id| actors.iter().any(|actor| short(actor) == *id));
        if is_theirs || actors.iter().any(|actor| detail.contains(&format!("\"{actor}\""))) {
            *external_id = external_id.take().map(|id| if is_theirs { String::new() } else { id });
            detail.clear();
            any = true;
        }
    }
    any
}
