//! Counts, read from counters, and the state of the search indexes: no row is looked at.

use super::storage::{Counter, Reads, format, read_counter};
use super::{IndexStatus, Store, Tenant};
use crate::{ErrorKind, Result};

/// Counts of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Bytes of the store's file, without those of indexes; 0 for a store that has none.
    pub file_bytes: u64,
    /// The sequence of the last change.
    pub sequence: u64,
    /// The tenants, by name.
    pub tenants: Vec<TenantStats>,
}

/// Counts of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantStats {
    /// The name.
    pub name: String,
    /// The name of the profile.
    pub profile: String,
    /// Resources by resource type's name, in the order of the registry.
    pub resources: Vec<(String, u64)>,
    /// Membership edges.
    pub memberships: u64,
    /// Changes in the change log.
    pub changes: u64,
    /// The search indexes, by resource type, in the order of the registry.
    pub indexes: Vec<IndexStatus>,
}

impl Store {
    /// The sequence of the last change; 0 if there was none.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn sequence(&self) -> Result<u64> {
        format::read_sequence(&*self.inner.writer.snapshot()?)
    }

    /// Counts, of every tenant that is not dropped meanwhile.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn stats(&self) -> Result<StoreStats> {
        let sequence = self.sequence()?;
        let mut tenants = Vec::new();
        for name in self.tenants()? {
            match self.tenant(&name).and_then(|tenant| tenant.stats()) {
                Ok(stats) => tenants.push(stats),
                Err(error) if error.kind() == ErrorKind::UnknownTenant => {}
                Err(error) => return Err(error),
            }
        }
        let file_bytes = self.inner.location.file_bytes();
        Ok(StoreStats { file_bytes, sequence, tenants })
    }
}

impl Tenant {
    /// Counts.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn stats(&self) -> Result<TenantStats> {
        self.may_read_all()?;
        let config = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let count = |counter| read_counter(&*snapshot as &dyn Reads, self.state.id, counter);
        let types = config.registry.types().iter();
        let resources = types
            .map(|model| Ok((model.name().to_owned(), count(Counter::Resources(model.number()))?)))
            .collect::<Result<_>>()?;
        Ok(TenantStats {
            name: self.state.name.clone(),
            profile: config.profile.name().to_owned(),
            resources,
            memberships: count(Counter::Memberships)?,
            changes: count(Counter::Changes)?,
            indexes: self.index_status()?,
        })
    }
}
