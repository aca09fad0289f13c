//! Keys: opened with the store, and replaced by sealing everything again.

use std::ops::ControlFlow;

use super::chunks::seal_chunks_again;
use super::rows::{Need, encode, nonce, open, targets};
use crate::engine::config::Config;
use crate::engine::storage::keys::{self, Key, RowId};
use crate::engine::storage::{Reads, Table, Transaction, Writer, format};
use crate::engine::store::TenantState;
use crate::engine::tokens::random;
use crate::engine::value_keys::{Ring, ValueKey, ValueKeySource, ValueKeys};
use crate::engine::{Store, Tenant};
use crate::model::{ComplexRef, MultiRef, TypeModel, ValueRef, sealed, stored};
use crate::{Error, ErrorKind, Result};

/// Resources that are sealed again in one transaction.
const PART: usize = 500;

impl ValueKey {
    /// A new random key.
    pub fn generate(id: impl Into<String>) -> Self {
        ValueKey { id: id.into(), key: random() }
    }
}

/// The keys of a store, which has a key of digests from its first on.
///
/// # Errors
/// `InvalidArgument` for keys that are not those of the store.
pub(in crate::engine) fn open_keys(writer: &Writer, source: &ValueKeySource) -> Result<ValueKeys> {
    let keys = source.read()?;
    if let Some(wrapped) = format::read_value_digests(&*writer.snapshot()?)? {
        return Ring::unwrap(keys, &wrapped).map(ValueKeys::new);
    }
    let ring = Ring::new(keys, random());
    let wrapped = ring.wrapped(nonce())?;
    writer.write(move |txn: &mut Transaction<'_>| {
        format::keep_value_digests(txn, wrapped);
        Ok(())
    })?;
    Ok(ValueKeys::new(ring))
}

impl Store {
    /// Reads the keys of encrypted values again, and seals everything by the current one, the first, that is sealed by
    /// another. Afterwards the others are needed by nobody but older backups. It can be repeated: what a crash or an
    /// error cuts short goes on where it was. Others read and write meanwhile; equality is found all the time. Tells how
    /// many resources were sealed again.
    ///
    /// # Errors
    /// `InvalidArgument` when the store was opened without keys, or for keys that are not those of the store;
    /// `Unavailable` when a key is missing that something is sealed by.
    pub fn rotate_value_keys(&self) -> Result<u64> {
        let (source, keys) = match (&self.inner.options.value_keys, self.inner.builtin.value_keys()) {
            (Some(source), Some(keys)) => (source, keys),
            _ => {
                let detail = "the store was opened without keys of values: name them (value_keys)";
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
        };
        let read = source.read()?;
        let wrapped = format::read_value_digests(&*self.inner.writer.snapshot()?)?.unwrap_or_default();
        let ring = Ring::unwrap(read, &wrapped)?;
        let is_kept = ring.is_current(std::str::from_utf8(&wrapped).unwrap_or_default());
        let wrapped = if is_kept { None } else { Some(ring.wrapped(nonce())?) };
        let keep = move |txn: &mut Transaction<'_>| {
            if let Some(wrapped) = wrapped {
                format::keep_value_digests(txn, wrapped);
            }
            Ok(())
        };
        // Between two changes: what is written from here on is sealed by the current key, and what was written before is
        // durable, so that nothing is missed below.
        self.inner.writer.write_then(keep, move |()| keys.replace(ring))?;
        let mut count = 0;
        for name in self.tenants()? {
            match self.tenant(&name).and_then(|tenant| tenant.seal_again()) {
                // It was dropped meanwhile.
                Err(error) if error.kind() == ErrorKind::UnknownTenant => {}
                other => count += other?,
            }
        }
        Ok(count)
    }
}

impl Tenant {
    fn seal_again(&self) -> Result<u64> {
        let config = self.state.config()?;
        if let Some(keys) = &config.keys {
            seal_chunks_again(&self.inner().writer, self.state.id, &keys.ring())?;
        }
        let mut count = 0;
        for model in config.registry.types() {
            if targets(&config, model).is_empty() {
                continue;
            }
            let mut from = Some(Key::of(self.state.id).u16(model.number()).done());
            while let Some(start) = from.take() {
                let rows = self.sealed_before(&config, model, &start)?;
                if rows.len() == PART {
                    from = rows.last().map(|at| keys::resource(self.state.id, *at));
                }
                let (state, kind) = (std::sync::Arc::clone(&self.state), model.number());
                count +=
                    self.inner().writer.write(move |txn: &mut Transaction<'_>| seal_rows(txn, &state, kind, &rows))?;
            }
        }
        Ok(count)
    }

    /// The next rows of a type that have something of another key than the current one.
    fn sealed_before(&self, config: &Config, model: &TypeModel, from: &[u8]) -> Result<Vec<RowId>> {
        let mut rows = Vec::new();
        let Some(keys) = &config.keys else { return Ok(rows) };
        let ring = keys.ring();
        let end = keys::after_prefix(&Key::of(self.state.id).u16(model.number()).done());
        let is_old = |text: &str| sealed::is_sealed(text) && !ring.is_current(text);
        self.inner().writer.snapshot()?.scan(Table::Resources, from, end.as_deref(), &mut |key, bytes| {
            let view = stored::view(bytes, model)?;
            if any_text(ValueRef::Complex(view.attributes), &is_old) {
                rows.extend(keys::resource_row(key));
            }
            Ok(if rows.len() < PART { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(rows)
    }
}

/// Whether some text of a value is such.
fn any_text(value: ValueRef<'_>, is_such: &dyn Fn(&str) -> bool) -> bool {
    match value {
        ValueRef::String(text) => is_such(text),
        ValueRef::Complex(ComplexRef::Stored(mut entries)) => entries.any(|(_, value)| any_text(value, is_such)),
        ValueRef::Multi(MultiRef::Stored(mut values)) => values.any(|value| any_text(value, is_such)),
        _ => false,
    }
}

/// Seals rows by the current key. Their versions stay: what they show does.
fn seal_rows(txn: &mut Transaction<'_>, state: &TenantState, kind: u16, rows: &[RowId]) -> Result<u64> {
    let config = state.config()?;
    let model = config.type_of(kind)?;
    let targets = targets(&config, model);
    let mut count = 0;
    for at in rows {
        let key = keys::resource(state.id, *at);
        // It may have been deleted meanwhile.
        let Some(bytes) = txn.get(Table::Resources, &key)?.map(|bytes| bytes.to_vec()) else { continue };
        let mut resource = stored::decode(&bytes, model)?;
        open(&config, state.id, &targets, *at, &mut resource, Need::All)?;
        let sealed = encode(txn, state.id, &config, model, *at, &resource)?;
        txn.put(Table::Resources, key, sealed);
        count += 1;
    }
    Ok(count)
}
