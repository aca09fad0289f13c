//! Counters of a tenant, kept in the same transaction as what they count.

use std::ops::ControlFlow;

use super::keys::{Key, TenantId};
use super::{Reads, Table, Transaction};
use crate::Result;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Counter {
    /// The row of the next resource.
    NextRow,
    /// Resources of a type, by its number.
    Resources(u16),
    /// Membership edges.
    Memberships,
    /// Entries of the change log.
    Changes,
    /// The oldest sequence that the change log still tells: what came before it was trimmed.
    ChangesFrom,
    /// The number that the next resource may have as its id, where ids are numbers; 0 before there was one.
    NextId,
    /// The last sequence whose entry may have lost the id that it told of, of a type by its number.
    ForgottenThrough(u16),
}

impl Counter {
    fn key(self, tenant: TenantId) -> Vec<u8> {
        let key = Key::of(tenant);
        match self {
            Counter::NextRow => key.u8(0),
            Counter::Resources(kind) => key.u8(1).u16(kind),
            Counter::Memberships => key.u8(2),
            Counter::Changes => key.u8(3),
            Counter::ChangesFrom => key.u8(4),
            Counter::ForgottenThrough(kind) => key.u8(5).u16(kind),
            Counter::NextId => key.u8(6),
        }
        .done()
    }
}

/// The number that a counter stands at; 0 if it never moved.
pub(in crate::engine) fn read_counter(reads: &dyn Reads, tenant: TenantId, counter: Counter) -> Result<u64> {
    let found = reads.get(Table::Counters, &counter.key(tenant))?;
    Ok(found.and_then(|bytes| bytes.first_chunk().map(|chunk| u64::from_be_bytes(*chunk))).unwrap_or(0))
}

/// Tells of every tenant how many resources of which type it has.
pub(in crate::engine) fn each_resource_count(
    reads: &dyn Reads,
    visit: &mut dyn FnMut(TenantId, u16, u64),
) -> Result<()> {
    reads.scan(Table::Counters, &[], None, &mut |key, value| {
        if let Some((tenant, [1, high, low])) = key.split_first_chunk()
            && let Some(count) = value.first_chunk()
        {
            let kind = u16::from_be_bytes([*high, *low]);
            visit(TenantId::from_be_bytes(*tenant), kind, u64::from_be_bytes(*count));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Moves a counter, and tells where it stood before.
pub(in crate::engine) fn bump(txn: &mut Transaction<'_>, tenant: TenantId, counter: Counter, by: i64) -> Result<u64> {
    let before = read_counter(txn, tenant, counter)?;
    if by != 0 {
        txn.put(Table::Counters, counter.key(tenant), before.saturating_add_signed(by).to_be_bytes().to_vec());
    }
    Ok(before)
}
