//! Whether what is kept of imports agrees: their records, what finds them, and their users.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::places;
use crate::Result;
use crate::engine::storage::import_records::{JobRecord, JobStatus, users_in};
use crate::engine::storage::keys::{Key, TenantId};
use crate::engine::storage::{Reads, Table};

/// Looks through the imports of a tenant, and tells what is wrong. Answers how many entries there are.
///
/// # Errors
/// Those of reading.
pub(in crate::engine) fn check_jobs(reads: &dyn Reads, tenant: TenantId, found: &mut dyn FnMut(String)) -> Result<u64> {
    let mut entries = 0;
    // By upload: the next chunk, how many there are, and the users that are left.
    let mut waiting: BTreeMap<u64, (u32, u32, u64)> = BTreeMap::new();
    reads.scan_prefix(Table::Jobs, &places::records(tenant), &mut |key, value| {
        entries += 1;
        let record = match JobRecord::decode(value) {
            Ok(record) => record,
            Err(error) => {
                found(error.to_string());
                return Ok(ControlFlow::Continue(()));
            }
        };
        let by_id = reads.get(Table::Jobs, &places::by_id(tenant, &record.correlation_id))?;
        if by_id.as_deref().and_then(places::number) != places::number(key) {
            found(format!("the import {} is not found by its correlation id", record.correlation_id));
        }
        if record.status == JobStatus::Importing {
            let left = record.import_size.saturating_sub(record.processed());
            waiting.insert(record.upload, (record.next, record.chunks, left));
        } else if record.processed() != record.import_size {
            found(format!("the import {} has ended, and some of its users are in no count", record.correlation_id));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    reads.scan_prefix(Table::Jobs, &places::ids(tenant), &mut |_, value| {
        entries += 1;
        let number = places::number(value);
        let record = number.map(|number| reads.get(Table::Jobs, &places::record(tenant, number))).transpose()?;
        if record.flatten().is_none() {
            found("a correlation id leads to no import".to_owned());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut loose = BTreeSet::new();
    reads.scan_prefix(Table::Jobs, &places::all_loose(tenant), &mut |key, _| {
        entries += 1;
        loose.extend(places::number(key));
        Ok(ControlFlow::Continue(()))
    })?;
    reads.scan_prefix(Table::JobRows, &Key::of(tenant).done(), &mut |key, value| {
        entries += 1;
        let Some((upload, chunk)) = places::chunk_place(key).filter(|(upload, _)| !loose.contains(upload)) else {
            return Ok(ControlFlow::Continue(()));
        };
        match waiting.get_mut(&upload) {
            Some((next, chunks, left)) if *next == chunk && chunk < *chunks => {
                *next += 1;
                match users_in(value) {
                    Ok(users) => *left = left.wrapping_sub(users),
                    Err(error) => found(error.to_string()),
                }
            }
            Some(_) => found(format!("the chunk {chunk} of the upload {upload} is out of place")),
            None => found(format!("the chunk {chunk} of the upload {upload} belongs to no import")),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (upload, (next, chunks, left)) in waiting {
        if next != chunks || left != 0 {
            found(format!("users of the upload {upload} are missing, or too many"));
        }
    }
    Ok(entries)
}
