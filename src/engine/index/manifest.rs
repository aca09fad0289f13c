//! What of an index is on disk: kept among the rows, so that it changes in one transaction.

use crate::Result;
use crate::engine::storage::keys::{self, Key, TenantId};
use crate::engine::storage::records::TenantRecord;
use crate::engine::storage::{Reads, Table, Transaction, Writer};

use super::publish::TypeKey;

/// The runs of a resource type that are on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Manifest {
    /// They hold every change up to this sequence. The change log keeps all later ones.
    pub(in crate::engine) applied: u64,
    /// Their numbers, the oldest first.
    pub(in crate::engine) runs: Vec<u64>,
}

/// The version of these bytes.
const VERSION: u8 = 1;

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.applied.to_be_bytes());
        bytes.extend(self.runs.iter().flat_map(|number| number.to_be_bytes()));
        bytes
    }

    /// None for what another version wrote: the index is made again.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (numbers, []) = rest.as_chunks::<8>() else { return None };
        let (applied, runs) = numbers.split_first()?;
        let number = |chunk: &[u8; 8]| u64::from_be_bytes(*chunk);
        (version == VERSION).then(|| Manifest { applied: number(applied), runs: runs.iter().map(number).collect() })
    }
}

/// The manifest of a type; none if nothing of its index is on disk.
pub(in crate::engine) fn load(reads: &dyn Reads, (tenant, kind): TypeKey) -> Result<Option<Manifest>> {
    let found = reads.get(Table::Indexes, &keys::index(tenant, kind))?;
    Ok(found.and_then(|bytes| Manifest::decode(&bytes)))
}

/// The numbers of all runs that some manifest names.
pub(super) fn all_runs(reads: &dyn Reads) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    reads.scan(Table::Indexes, &[], None, &mut |_, bytes| {
        numbers.extend(Manifest::decode(bytes).unwrap_or_default().runs);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(numbers)
}

/// The numbers of a tenant's runs.
pub(in crate::engine) fn of_tenant(reads: &dyn Reads, tenant: TenantId) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    reads.scan_prefix(Table::Indexes, &Key::of(tenant).done(), &mut |_, bytes| {
        numbers.extend(Manifest::decode(bytes).unwrap_or_default().runs);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(numbers)
}

/// Stores the manifest of a type in place of another; false if its tenant is gone, or if somebody else stored one
/// meanwhile. After an error it may have been stored, or not.
pub(super) fn save(writer: &Writer, (tenant, kind): TypeKey, old: &Manifest, manifest: &Manifest) -> Result<bool> {
    let bytes = manifest.encode();
    let old = old.runs.clone();
    let change = move |txn: &mut Transaction<'_>| {
        let record = txn.get(Table::Tenants, &Key::of(tenant).done())?;
        if record.map(|bytes| TenantRecord::decode(&bytes)).transpose()?.is_none_or(|record| record.dropped) {
            return Ok(false);
        }
        // Runs are not written again under another name: who has the same runs knows the same.
        let stored = txn.get(Table::Indexes, &keys::index(tenant, kind))?;
        if stored.and_then(|bytes| Manifest::decode(&bytes)).unwrap_or_default().runs != old {
            return Ok(false);
        }
        txn.put(Table::Indexes, keys::index(tenant, kind), bytes);
        Ok(true)
    };
    writer.submit_urgent(change)?.wait()
}

/// Removes the manifest of a type: its index is made again. Tells the runs that it named.
pub(super) fn remove(writer: &Writer, (tenant, kind): TypeKey) -> Result<Vec<u64>> {
    let change = move |txn: &mut Transaction<'_>| {
        let runs = load(txn, (tenant, kind))?.unwrap_or_default().runs;
        if !runs.is_empty() {
            txn.delete(Table::Indexes, keys::index(tenant, kind));
        }
        Ok(runs)
    };
    writer.submit_urgent(change)?.wait()
}

/// The last change that every index of a tenant holds on disk; none if it has none: all may be trimmed. An index without
/// a run on disk is made from rows in any case.
pub(in crate::engine) fn durable(reads: &dyn Reads, tenant: u32) -> Result<Option<u64>> {
    let mut durable = None;
    reads.scan_prefix(Table::Indexes, &Key::of(tenant).done(), &mut |_, bytes| {
        if let Some(Manifest { applied, .. }) = Manifest::decode(bytes).filter(|manifest| !manifest.runs.is_empty()) {
            durable = Some(durable.map_or(applied, |least: u64| least.min(applied)));
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(durable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_nothing_else() {
        let manifest = Manifest { applied: 7, runs: vec![3, 9] };
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes), Some(manifest));
        assert_eq!(Manifest::decode(bytes.get(..bytes.len() - 1).unwrap()), None);
        assert_eq!(Manifest::decode(&[&[2], bytes.get(1..).unwrap()].concat()), None);
        assert_eq!(Manifest::decode(&[]), None);
    }
}
