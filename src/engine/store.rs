//! A store.

use std::path::Path;

use super::{Principal, StoreOptions, Tenant, TenantOptions};
use crate::Result;

/// A store: one directory, many tenants. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store {}

/// Counts of a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreStats {
    /// Bytes of the store's files.
    pub file_bytes: u64,
    /// The sequence of the last change.
    pub sequence: u64,
    /// The tenants.
    pub tenants: Vec<TenantStats>,
}

/// Counts of a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantStats {
    /// The name.
    pub name: String,
    /// The dialect.
    pub dialect: String,
    /// Resources by resource type's name, in the order of the registry.
    pub resources: Vec<(String, u64)>,
    /// Membership edges.
    pub memberships: u64,
    /// Changes in the change log.
    pub changes: u64,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckReport {
    /// Resources read.
    pub resources: u64,
    /// Keys and edges read.
    pub entries: u64,
    /// What is wrong; empty if the store is sound.
    pub problems: Vec<String>,
}

impl Store {
    /// Opens the store in a directory, and makes it where there is none.
    ///
    /// # Errors
    /// `Locked` when another process holds it, `UnknownFormat`, `Io`, `Corrupt`.
    pub fn open(_directory: impl AsRef<Path>, _options: StoreOptions) -> Result<Self> {
        todo!()
    }

    /// Opens a store that lives in memory and is gone when the last handle is.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_in_memory(_options: StoreOptions) -> Result<Self> {
        todo!()
    }

    /// The tenant of a name. A new store has one, `default`.
    ///
    /// # Errors
    /// `UnknownTenant`.
    pub fn tenant(&self, _name: &str) -> Result<Tenant> {
        todo!()
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// `AlreadyExists`, `InvalidArgument` for a name that is not 1 to 64 of `a-z A-Z 0-9 . _ -`, or an unknown dialect.
    pub fn create_tenant(&self, _name: &str, _options: TenantOptions) -> Result<Tenant> {
        todo!()
    }

    /// Changes the settings of a tenant.
    ///
    /// # Errors
    /// `UnknownTenant`, `InvalidArgument`.
    pub fn configure_tenant(&self, _name: &str, _options: TenantOptions) -> Result<()> {
        todo!()
    }

    /// Removes a tenant with everything in it.
    ///
    /// # Errors
    /// `UnknownTenant`.
    pub fn drop_tenant(&self, _name: &str) -> Result<()> {
        todo!()
    }

    /// The names of the tenants, sorted.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn tenants(&self) -> Result<Vec<String>> {
        todo!()
    }

    /// Finds who a bearer token belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` when it is unknown, revoked or expired.
    pub fn authenticate(&self, _secret: &str) -> Result<Principal> {
        todo!()
    }

    /// Counts.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn stats(&self) -> Result<StoreStats> {
        todo!()
    }

    /// Reads everything and compares it: every resource decodes, every key and edge leads somewhere, counts agree.
    /// `progress` is told how many resources have been read, and of how many.
    ///
    /// # Errors
    /// `Io`, `Unavailable`; damage is in the report.
    pub fn check(&self, _progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport> {
        todo!()
    }

    /// Waits for what is being written, and closes the store; every later call on any handle fails.
    ///
    /// # Errors
    /// `Io`.
    pub fn close(&self) -> Result<()> {
        todo!()
    }
}
