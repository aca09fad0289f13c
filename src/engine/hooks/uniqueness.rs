//! Values that must be unique (RFC 7643 section 7): one key for each, written in the transaction of the resource.

use std::collections::HashSet;

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
    let kept: HashSet<&[u8]> = after.iter().map(|new| &*new.key).collect();
    for old in before.iter().filter(|old| !kept.contains(&*old.key)) {
        txn.delete(Table::Unique, old.key.clone());
    }
    let had: HashSet<&[u8]> = before.iter().map(|old| &*old.key).collect();
    for new in after {
        if had.contains(&*new.key) {
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
