//! Carrying out what is to be forgotten, up to the file that has no trace of it.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use super::traces;
use crate::Result;
use crate::engine::Store;
use crate::engine::storage::keys::TenantId;
use crate::engine::storage::records::WishRecord;
use crate::engine::storage::{Reads, Table};
use crate::engine::store::Inner;

impl Store {
    /// Carries out every wish there is, `mine` among them; where another call did so meanwhile, there is nothing left to
    /// do. Without `mine`, as much as can be done.
    ///
    /// # Errors
    /// What kept `mine` from being carried out.
    pub(in crate::engine) fn finish_forgetting(&self, mine: Option<&[u8]>) -> Result<()> {
        let inner = &self.inner;
        let _turn = inner.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wishes = Vec::new();
        inner.writer.snapshot()?.scan(Table::Forgetting, &[], None, &mut |key, value| {
            wishes.push((key.to_vec(), WishRecord::decode(value)?));
            Ok(ControlFlow::Continue(()))
        })?;
        if mine.is_some_and(|mine| wishes.iter().all(|(key, _)| key != mine)) {
            return Ok(());
        }
        let mut cleared = Vec::new();
        for (key, wish) in wishes {
            let outcome = clear(inner, &key, &wish);
            // Wishes of others, who are told of it themselves, must not keep this one waiting.
            if mine.is_none_or(|mine| mine != key) && outcome.is_err() {
                continue;
            }
            outcome?;
            cleared.push((Table::Forgetting, key));
        }
        if cleared.is_empty() { Ok(()) } else { inner.writer.compact(cleared, &mut |_, _| ()) }
    }
}

/// Clears the rows and the index of a tenant.
fn clear(inner: &Inner, key: &[u8], wish: &WishRecord) -> Result<()> {
    let tenant = key.first_chunk().map_or(0, |chunk| TenantId::from_be_bytes(*chunk));
    traces::clear(&inner.writer, tenant, wish)?;
    let rows: Vec<u64> = wish.gone.iter().map(|(_, gone)| gone.row).collect();
    inner.indexer.purge(&inner.writer, (tenant, wish.kind), &rows, wish.through())
}
