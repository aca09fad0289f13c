//! The index of a store under test: so small that runs, merges and files come about within a small test.

use std::time::Duration;

use scimdb::engine::IndexState;
use scimdb::{Store, StoreOptions, Tenant};

/// How long the indexer may take to catch up: far longer than it needs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sets the index of a store so small that a hundred resources see everything that a million do.
pub fn tiny(options: &mut StoreOptions) {
    options.index.from = 20;
    options.index.recent = 8;
    options.index.durable_from = 64;
    options.index.merge_above = 3;
    options.index.grams_from = 24;
}

/// Waits until runs hold everything that was acknowledged.
pub fn settle(store: &Store) {
    assert!(store.wait_for_index(PATIENCE).unwrap(), "the indexer does not catch up");
}

/// How many resource types of a tenant have an index that answers, how many runs those have, and how many types have an
/// index that could not be made.
pub fn runs(tenant: &Tenant) -> (usize, u32, usize) {
    let status = tenant.index_status().unwrap();
    let of = |state: IndexState| status.iter().filter(move |status| status.state == state);
    (
        of(IndexState::Ready).count(),
        of(IndexState::Ready).map(|status| status.runs).sum(),
        of(IndexState::Failed).count(),
    )
}
