//! Where imports stand in the tables.

use crate::Result;
use crate::engine::storage::import_records::JobRecord;
use crate::engine::storage::keys::{Key, TenantId};
use crate::engine::storage::{Reads, Table};

/// What begins the key of a record, behind the tenant.
const RECORD: u8 = 0;
/// The same for what finds a record by its correlation id.
const BY_ID: u8 = 1;
/// The same for chunks that no import counts on: one that comes in, or that broke off.
const LOOSE: u8 = 2;

/// The key of the record of an import.
pub(super) fn record(tenant: TenantId, number: u64) -> Vec<u8> {
    Key::of(tenant).u8(RECORD).u64(number).done()
}

/// What the keys of all records of a tenant begin with.
pub(super) fn records(tenant: TenantId) -> Vec<u8> {
    Key::of(tenant).u8(RECORD).done()
}

/// The key under which the number of an import stands, by its correlation id.
pub(super) fn by_id(tenant: TenantId, correlation_id: &str) -> Vec<u8> {
    Key::of(tenant).u8(BY_ID).bytes(correlation_id.as_bytes()).done()
}

/// What the keys of all correlation ids of a tenant begin with.
pub(super) fn ids(tenant: TenantId) -> Vec<u8> {
    Key::of(tenant).u8(BY_ID).done()
}

/// The mark of chunks that no import counts on.
pub(super) fn loose(tenant: TenantId, upload: u64) -> Vec<u8> {
    Key::of(tenant).u8(LOOSE).u64(upload).done()
}

/// What the keys of all those marks of a tenant begin with.
pub(super) fn all_loose(tenant: TenantId) -> Vec<u8> {
    Key::of(tenant).u8(LOOSE).done()
}

/// The key of a chunk.
pub(super) fn chunk(tenant: TenantId, upload: u64, chunk: u32) -> Vec<u8> {
    Key::of(tenant).u64(upload).u32(chunk).done()
}

/// What the keys of all chunks of an import begin with.
pub(super) fn chunks(tenant: TenantId, upload: u64) -> Vec<u8> {
    Key::of(tenant).u64(upload).done()
}

/// The number that ends the key of a record or a mark.
pub(super) fn number(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|chunk| u64::from_be_bytes(*chunk))
}

/// The upload and the number of a chunk, by its key.
pub(super) fn chunk_place(key: &[u8]) -> Option<(u64, u32)> {
    let upload = u64::from_be_bytes(*key.get(4..12)?.first_chunk()?);
    Some((upload, u32::from_be_bytes(*key.get(12..16)?.first_chunk()?)))
}

/// The record of an import; none where there is no such import.
pub(super) fn read(reads: &dyn Reads, tenant: TenantId, number: u64) -> Result<Option<JobRecord>> {
    let found = reads.get(Table::Jobs, &record(tenant, number))?;
    found.map(|bytes| JobRecord::decode(&bytes)).transpose()
}
