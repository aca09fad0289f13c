//! What a store has to go on with when it is opened.

use std::ops::ControlFlow;

use super::places;
use crate::Result;
use crate::engine::storage::import_records::{JobRecord, JobStatus};
use crate::engine::storage::keys::{Key, TenantId, after_prefix};
use crate::engine::storage::{Reads, Table};

/// What a tenant has to go on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Interrupted {
    /// The tenant.
    pub(in crate::engine) tenant: TenantId,
    /// The numbers of imports that have not ended.
    pub(in crate::engine) jobs: Vec<u64>,
    /// Uploads that broke off.
    pub(in crate::engine) loose: Vec<u64>,
}

/// Looks for imports that have not ended, and for what broken ones left. A tenant with neither costs three look-ups: one
/// with an import that has not ended has chunks.
pub(in crate::engine) fn interrupted(reads: &dyn Reads) -> Result<Vec<Interrupted>> {
    let mut found = Vec::new();
    let mut from = Vec::new();
    while let Some(tenant) = first_tenant(reads, &from)? {
        let (jobs, loose) = (unfinished(reads, tenant)?, numbers(reads, &places::all_loose(tenant))?);
        if !jobs.is_empty() || !loose.is_empty() {
            found.push(Interrupted { tenant, jobs, loose });
        }
        let Some(next) = after_prefix(&Key::of(tenant).done()) else { break };
        from = next;
    }
    Ok(found)
}

/// The first tenant from a key on that has anything to do with imports.
fn first_tenant(reads: &dyn Reads, from: &[u8]) -> Result<Option<TenantId>> {
    let mut first = None;
    reads.scan(Table::Jobs, from, None, &mut |key, _| {
        first = key.first_chunk().map(|chunk| TenantId::from_be_bytes(*chunk));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(first)
}

fn unfinished(reads: &dyn Reads, tenant: TenantId) -> Result<Vec<u64>> {
    let mut has_chunks = false;
    reads.scan_prefix(Table::JobRows, &Key::of(tenant).done(), &mut |_, _| {
        has_chunks = true;
        Ok(ControlFlow::Break(()))
    })?;
    let mut jobs = Vec::new();
    if has_chunks {
        reads.scan_prefix(Table::Jobs, &places::records(tenant), &mut |key, value| {
            if JobRecord::status_of(value) == Some(JobStatus::Importing) {
                jobs.extend(places::number(key));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(jobs)
}

fn numbers(reads: &dyn Reads, prefix: &[u8]) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    reads.scan_prefix(Table::Jobs, prefix, &mut |key, _| {
        numbers.extend(places::number(key));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(numbers)
}
