//! Tenants: made, given another profile, removed.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::config::Config;
use super::index::manifest;
use super::schemas::{collect_tenant_keys, take_profile};
use super::storage::keys::{Key, TenantId};
use super::storage::records::TenantRecord;
use super::storage::{Reads, Table, Transaction, format};
use super::store::unknown_tenant;
use super::{Store, Tenant, TenantOptions, seal, seeds};
use crate::{Error, ErrorKind, Result};

impl Store {
    /// Makes a tenant.
    ///
    /// # Errors
    /// `AlreadyExists`, `InvalidArgument` for a name that is not 1 to 64 of `a-z A-Z 0-9 . _ -`, or for a profile that
    /// names an attribute which is not built in: register its schema first, then give the tenant the profile.
    /// `AlreadyExists` for a profile with a path that another tenant has, too.
    pub fn create_tenant(&self, name: &str, options: TenantOptions) -> Result<Tenant> {
        let valid = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !valid {
            let detail = format!("\"{name}\" is no tenant name: 1 to 64 letters, digits, dots, underscores and dashes");
            return Err(Error::new(ErrorKind::InvalidArgument, detail));
        }
        let TenantOptions { profile } = options;
        let record = TenantRecord { name: name.to_owned(), profile: profile.text().to_owned(), dropped: false };
        let (inner, keep_changes) = (Arc::clone(&self.inner), self.inner.options.keep_changes);
        let (mounts, profile) = (Arc::clone(&self.inner.mounts), Arc::new(profile));
        let (after, own) = ((Arc::clone(&mounts), name.to_owned()), Arc::clone(&profile));
        let has_paths = !profile.paths().is_empty();
        let change = move |txn: &mut Transaction<'_>| {
            if find_tenant(txn, &record.name)?.is_some() {
                let detail = format!("the tenant \"{}\" exists already", record.name);
                return Err(Error::new(ErrorKind::AlreadyExists, detail));
            }
            mounts.check(&record.name, &profile)?;
            let id = format::take_tenant_number(txn)?;
            txn.put(Table::Tenants, Key::of(id).done(), record.encode());
            let config = take_profile(txn, id, &inner.builtin, None, profile, keep_changes)?;
            seeds::plant(txn, &inner, id, &record.name, &config, None)
        };
        if has_paths {
            self.inner.writer.write_then(change, move |()| after.0.set(&after.1, Some(&own)))?;
        } else {
            self.inner.writer.write(change)?;
        }
        self.tenant(name)
    }

    /// Changes the settings of a tenant.
    ///
    /// # Errors
    /// `UnknownTenant`, `InvalidArgument` for a profile that names an attribute which no resource type has,
    /// `AlreadyExists` for one with a path that another tenant has.
    pub fn configure_tenant(&self, name: &str, options: TenantOptions) -> Result<()> {
        let profile = Arc::new(options.profile);
        let state = Arc::clone(&self.tenant(name)?.state);
        let after = Arc::clone(&state);
        let inner = Arc::clone(&self.inner);
        let id = state.id;
        let (mounts, mounted) = (Arc::clone(&self.inner.mounts), Arc::clone(&self.inner.mounts));
        let change = move |txn: &mut Transaction<'_>| {
            let (id, mut record) = find_tenant(txn, &state.name)?.ok_or_else(|| unknown_tenant(&state.name))?;
            let old = state.config()?;
            mounts.check(&state.name, &profile)?;
            profile.text().clone_into(&mut record.profile);
            txn.put(Table::Tenants, Key::of(id).done(), record.encode());
            let config = take_profile(txn, id, &inner.builtin, Some(&old.registry), profile, old.keep_changes)?;
            seal::reconcile(txn, id, &old, &config)?;
            seeds::plant(txn, &inner, id, &record.name, &config, Some(&old.profile))?;
            Ok(Arc::new(config))
        };
        let done = move |config: &Arc<Config>| {
            mounted.set(&after.name, Some(&config.profile));
            after.set_config(Some(Arc::clone(config)));
        };
        self.inner.writer.write_then(change, done)?;
        self.inner.publisher.schemas_changed(id);
        Ok(())
    }

    /// Removes a tenant with everything in it.
    ///
    /// # Errors
    /// `UnknownTenant`.
    pub fn drop_tenant(&self, name: &str) -> Result<()> {
        let state = Arc::clone(&self.tenant(name)?.state);
        let after = Arc::clone(&state);
        let name = name.to_owned();
        let change = move |txn: &mut Transaction<'_>| {
            let (id, mut record) = find_tenant(txn, &name)?.ok_or_else(|| unknown_tenant(&name))?;
            record.dropped = true;
            txn.put(Table::Tenants, Key::of(id).done(), record.encode());
            Ok(())
        };
        let mounts = Arc::clone(&self.inner.mounts);
        self.inner.writer.write_then(change, move |()| {
            mounts.set(&after.name, None);
            after.set_config(None);
        })?;
        self.forget(&state);
        let runs = manifest::of_tenant(&*self.inner.writer.snapshot()?, state.id)?;
        self.inner.publisher.forget(state.id, runs);
        self.purge_tenant(state.id)
    }

    /// Deletes the rows of a dropped tenant, in parts, and its record last: a crash in between goes on at the next open.
    pub(super) fn purge_tenant(&self, id: TenantId) -> Result<()> {
        const PART: usize = 10_000;
        loop {
            let more = self.inner.writer.write(move |txn| {
                let mut keys = Vec::new();
                for table in Table::ALL.iter().copied().filter(|t| !matches!(t, Table::Meta | Table::Tenants)) {
                    collect_tenant_keys(txn, table, id, PART, &mut keys)?;
                }
                let more = !keys.is_empty();
                for (table, key) in keys {
                    txn.delete(table, key);
                }
                if !more {
                    txn.delete(Table::Tenants, Key::of(id).done());
                }
                Ok(more)
            })?;
            if !more {
                return Ok(());
            }
        }
    }

    /// The names of the tenants, sorted.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn tenants(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        self.each_tenant(&mut |_, record| {
            if !record.dropped {
                names.push(record.name.clone());
            }
        })?;
        names.sort();
        Ok(names)
    }
}

/// The record of a tenant that was not dropped.
pub(super) fn find_tenant(reads: &dyn Reads, name: &str) -> Result<Option<(TenantId, TenantRecord)>> {
    let mut found = None;
    reads.scan(Table::Tenants, &[], None, &mut |key, value| {
        let record = TenantRecord::decode(value)?;
        if record.name == name && !record.dropped {
            found = key.first_chunk().map(|id| (TenantId::from_be_bytes(*id), record));
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
