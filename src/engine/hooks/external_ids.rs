//! `externalId` (RFC 7643 section 3.1): found by a key of its own, not unique.

use super::run::{Scope, Write};
use crate::Result;
use crate::engine::rows::external_id;
use crate::engine::storage::{Table, Transaction, keys};

pub(super) fn run(txn: &mut Transaction<'_>, scope: Scope<'_>, write: &Write<'_>) -> Result<()> {
    let before = write.before.and_then(external_id);
    let after = write.after.and_then(external_id);
    if before == after {
        return Ok(());
    }
    let key = |external_id: &str| {
        let mut key = keys::external_id(scope.tenant, scope.model.number(), external_id);
        key.extend_from_slice(&write.at.row.to_be_bytes());
        key
    };
    if let Some(before) = before {
        txn.delete(Table::ExternalIds, key(before));
    }
    if let Some(after) = after {
        txn.put(Table::ExternalIds, key(after), write.id.as_bytes().to_vec());
    }
    Ok(())
}
