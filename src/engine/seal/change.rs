//! What is encrypted changes: what is stored is sealed or opened with it, in the same transaction.

use std::ops::ControlFlow;

use super::rows::{Need, encode, is_set, open, ring, targets};
use crate::engine::config::Config;
use crate::engine::hooks::Scope;
use crate::engine::storage::keys::{self, Key, RowId, TenantId};
use crate::engine::storage::{Counter, Reads, Table, Transaction, bump, read_counter};
use crate::model::{Resource, Target, TypeModel, ValueRef, stored};
use crate::profile::EncryptedTarget;
use crate::{Error, ErrorKind, Result};

/// Resources that are sealed or opened in one transaction at most: everybody else who writes waits for it.
const MOST: usize = 10_000;

/// Seals or opens the values that a resource tells to be encrypted, where it changes what it tells. It is stored as it is
/// to be already.
///
/// # Errors
/// `InUse` when there are too many; `Unavailable` without keys.
pub(in crate::engine) fn follow_flag(
    txn: &mut Transaction<'_>,
    scope: Scope<'_>,
    id: &str,
    before: Option<&Resource>,
    after: Option<&Resource>,
    sequence: u64,
) -> Result<()> {
    if scope.config.profile.encryption().is_empty() {
        return Ok(());
    }
    for model in scope.config.registry.types() {
        let targets = targets(scope.config, model);
        for encrypted in &targets {
            let Some((key, _, flag)) = encrypted.by.filter(|(_, kind, _)| *kind == scope.model.number()) else {
                continue;
            };
            let [was, is] = [before, after]
                .map(|resource| resource.is_some_and(|resource| is_set(&resource.view(scope.model), flag)));
            if was == is {
                continue;
            }
            let wanted = Wanted { model, targets: &targets, element: Some((encrypted.target.attribute, key, id)) };
            let changed = wanted.rows(txn, scope.tenant)?;
            if is && !changed.is_empty() {
                // Where there is nothing to encrypt yet, keys may come later: values need them.
                ring(scope.config).map_err(|error| error.on(scope.model.path_of(flag)))?;
            }
            let configs = (scope.config, scope.config);
            rewrite(txn, scope.tenant, configs, model, (&targets, changed), sequence)?;
        }
    }
    Ok(())
}

/// Seals and opens what is stored where the profile of a tenant changes.
///
/// # Errors
/// `InUse` when there is too much of it; `Unavailable` when there is any, and no key.
pub(in crate::engine) fn reconcile(
    txn: &mut Transaction<'_>,
    tenant: TenantId,
    before: &Config,
    after: &Config,
) -> Result<()> {
    if before.profile.encryption() == after.profile.encryption() {
        return Ok(());
    }
    let sequence = txn.next_sequence();
    for model in after.registry.types() {
        let [old, new] = [targets(before, model), targets(after, model)];
        let both: Vec<EncryptedTarget> = old.iter().chain(&new).copied().collect();
        let changed = Wanted { model, targets: &both, element: None }.rows(txn, tenant)?;
        rewrite(txn, tenant, (before, after), model, (&old, changed), sequence)?;
    }
    Ok(())
}

/// Which resources have what changes.
struct Wanted<'a> {
    model: &'a TypeModel,
    targets: &'a [EncryptedTarget],
    /// Those with such an element of an attribute alone: its key, and what that is.
    element: Option<(crate::model::AttributeId, Target, &'a str)>,
}

impl Wanted<'_> {
    fn rows(&self, txn: &Transaction<'_>, tenant: TenantId) -> Result<Vec<RowId>> {
        let mut rows = Vec::new();
        if self.targets.is_empty() {
            return Ok(rows);
        }
        let prefix = Key::of(tenant).u16(self.model.number()).done();
        txn.scan_prefix(Table::Resources, &prefix, &mut |key, bytes| {
            if let Some(at) = keys::resource_row(key)
                && self.is_one(bytes)?
            {
                rows.push(at);
            }
            Ok(if rows.len() > MOST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if rows.len() > MOST {
            let detail = format!(
                "more than {MOST} resources of the type {} have values that would have to be encrypted anew: say what is \
                 encrypted before there are so many, or export them, delete them, and import them afterwards",
                self.model.name()
            );
            return Err(Error::new(ErrorKind::InUse, detail));
        }
        Ok(rows)
    }

    fn is_one(&self, bytes: &[u8]) -> Result<bool> {
        let view = stored::view(bytes, self.model)?;
        let Some((attribute, key, id)) = self.element else {
            return Ok(self.targets.iter().any(|encrypted| view.get(encrypted.target.attribute).is_some()));
        };
        let Some(definition) = self.model.definition(key.leaf()) else { return Ok(false) };
        let wanted = definition.preparation.prepare(id);
        let is_named = |element: ValueRef<'_>| match element {
            ValueRef::Complex(complex) => match complex.get(key.leaf()) {
                Some(ValueRef::String(name)) => definition.preparation.prepare(name) == wanted,
                _ => false,
            },
            _ => false,
        };
        Ok(match view.get(attribute) {
            Some(ValueRef::Multi(elements)) => elements.iter().any(is_named),
            Some(single) => is_named(single),
            None => false,
        })
    }
}

/// Stores rows again: opened by what was encrypted, sealed by what is to be. Their versions stay, since what they show
/// does. What the index has on disk of them is made again.
fn rewrite(
    txn: &mut Transaction<'_>,
    tenant: TenantId,
    (before, after): (&Config, &Config),
    model: &TypeModel,
    (targets, rows): (&[EncryptedTarget], Vec<RowId>),
    sequence: u64,
) -> Result<()> {
    let mut any = false;
    for at in rows {
        let key = keys::resource(tenant, at);
        let Some(bytes) = txn.get(Table::Resources, &key)?.map(|bytes| bytes.to_vec()) else { continue };
        let mut resource = stored::decode(&bytes, model)?;
        open(before, tenant, targets, at, &mut resource, Need::All)?;
        let sealed = encode(txn, tenant, after, model, at, &resource)?;
        any = true;
        txn.put(Table::Resources, key, sealed);
    }
    if any {
        txn.delete(Table::Indexes, keys::index(tenant, model.number()));
        let counter = Counter::ForgottenThrough(model.number());
        let known = read_counter(txn, tenant, counter)?;
        bump(txn, tenant, counter, i64::try_from(sequence.saturating_sub(known)).unwrap_or(0))?;
    }
    Ok(())
}
