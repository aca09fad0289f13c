//! Values that must be unique (RFC 7643 section 7): one key for each, written in the transaction of the resource.

use super::run::{Scope, Write};
use crate::engine::rows::{holder_of, unique_keys};
use crate::engine::storage::{Table, Transaction, keys};
use crate::{Error, ErrorKind, Result};

pub(super) fn run(txn: &mut Transaction<'_>, scope: Scope<'_>, write: &Write<'_>) -> Result<()> {
    if scope.model.unique().is_empty() {
        return Ok(());
    }
    let before = write.before.map(|resource| unique_keys(scope.tenant, scope.model, resource)).unwrap_or_default();
    let after = write.after.map(|resource| unique_keys(scope.tenant, scope.model, resource)).unwrap_or_default();
    for old in &before {
        if !after.iter().any(|new| new.key == old.key) {
            txn.delete(Table::Unique, old.key.clone());
        }
    }
    for new in after {
        if before.iter().any(|old| old.key == new.key) {
            continue;
        }
        if holder_of(txn, scope.tenant, &new)?.is_some() {
            let path = scope.model.path_of(new.target);
            let detail = format!("{path} must be unique, and another resource has this value");
            return Err(Error::new(ErrorKind::Uniqueness, detail).on(path));
        }
        let location = keys::location(write.at, write.id);
        let value = if new.global { [&scope.tenant.to_be_bytes(), location.as_slice()].concat() } else { location };
        txn.put(Table::Unique, new.key, value);
    }
    Ok(())
}
