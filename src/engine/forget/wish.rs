//! Wishing that a resource be forgotten.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::traces;
use crate::engine::storage::keys::{self, Key};
use crate::engine::storage::records::{Gone, WishRecord};
use crate::engine::storage::{Counter, Reads, Table, Transaction, bump, read_counter};
use crate::engine::tenant::scope;
use crate::engine::write::log;
use crate::engine::{ChangeOperation, Tenant};
use crate::model::TypeModel;
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

/// How long an index on disk is waited for. One that takes longer is made again.
const OPENING: Duration = Duration::from_secs(30);

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forgotten {
    /// How many deleted resources had the externalId.
    pub resources: u64,
}

impl Tenant {
    /// Forgets the resources of a type that had an `externalId` and were deleted: purges every trace of them from the
    /// store. Their ids and what they were called by go out of the change log, whose entries stay, so that sequence
    /// numbers and feeds do; tokens that were bound to them are revoked; the files of the index are written again
    /// without what they held of them, and at last the store's file, since freed pages keep old bytes. The change log
    /// tells the erasure itself as one more deletion, without an id, by who made it.
    ///
    /// That takes as long as [`Store::compact`](crate::Store::compact), and as much room on the disk; writers wait for
    /// the last part of it. Calls that come together share it. It is durable from the beginning: what a crash cuts short
    /// is finished when the store is opened again, and what an error cuts short by the same call.
    ///
    /// Values that *other* resources have are theirs, a `manager.value` with the id, say. Nothing is known of what was
    /// deleted by versions that kept no note of it, nor of resources without `externalId`. Backups and exports are
    /// outside the store. A store on a [`Medium`](crate::engine::Medium) is compacted, but what was freed in it before
    /// may be read out of the rest of its pages.
    ///
    /// # Errors
    /// `InUse` while a resource has this `externalId`: delete it first. `NotFound` when none that was deleted had it.
    /// `InvalidValue` for an empty one. As [`Store::compact`](crate::Store::compact): it is not done yet then.
    pub fn forget(&self, resource_type: &str, external_id: &str, actor: Option<&str>) -> Result<Forgotten> {
        let config = self.state.config()?;
        let kind = self.model_for(&config, resource_type, Operation::Forget)?.number();
        if external_id.is_empty() {
            let detail = "externalId is empty: name who is to be forgotten";
            return Err(Error::new(ErrorKind::InvalidValue, detail).on("externalId"));
        }
        let inner = self.inner();
        // One that is in use only loses what it has to; any other is made again.
        let deadline = Instant::now() + OPENING;
        while let Ok(view) = inner.view()
            && Instant::now() < deadline
            && inner.want_index(&view, self.state.id, kind, deadline)?
            && inner.publisher.phase((self.state.id, kind)).0
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        let (state, external_id) = (Arc::clone(&self.state), external_id.to_owned());
        let actor = actor.map(str::to_owned);
        let (key, resources) = inner.writer.write(move |txn: &mut Transaction<'_>| {
            let config = state.config()?;
            let model = config.type_of(kind)?;
            refuse_living(txn, state.id, model, &external_id)?;
            let deleted = keys::deleted(state.id, kind, &external_id);
            let gone = take_deleted(txn, &deleted)?;
            if gone.is_empty() {
                return find_wish(txn, state.id, &deleted)?.ok_or_else(|| unknown(model));
            }
            let mut actors = vec![external_id];
            actors.extend(gone.iter().map(|(_, gone)| gone.id.clone()));
            let wish = WishRecord { kind, key: deleted, gone, actors };
            let wish = traces::revoke_tokens(txn, state.id, wish)?;
            let known = read_counter(txn, state.id, Counter::ForgottenThrough(kind))?;
            let more = i64::try_from(wish.through().saturating_sub(known)).unwrap_or(0);
            bump(txn, state.id, Counter::ForgottenThrough(kind), more)?;
            let scope = scope(&state, &config, model, actor.as_deref());
            let sequence = log(txn, scope, "", ChangeOperation::Delete, Vec::new())?;
            let key = Key::of(state.id).u64(sequence).done();
            txn.put(Table::Forgetting, key.clone(), wish.encode());
            Ok((key, wish.gone.len() as u64))
        })?;
        self.store.finish_forgetting(Some(&key))?;
        Ok(Forgotten { resources })
    }
}

fn refuse_living(txn: &Transaction<'_>, tenant: u32, model: &TypeModel, external_id: &str) -> Result<()> {
    let mut lives = false;
    txn.scan_prefix(Table::ExternalIds, &keys::external_id(tenant, model.number(), external_id), &mut |_, _| {
        lives = true;
        Ok(ControlFlow::Break(()))
    })?;
    if lives {
        let detail = format!("a {} has this externalId: delete it first, then have it forgotten", model.name());
        return Err(Error::new(ErrorKind::InUse, detail).on("externalId"));
    }
    Ok(())
}

fn unknown(model: &TypeModel) -> Error {
    let detail = format!("no {} that was deleted had this externalId, or it is forgotten already", model.name());
    Error::new(ErrorKind::NotFound, detail).on("externalId")
}

/// Takes the notes of deleted resources out, each with the sequence of its deletion.
fn take_deleted(txn: &mut Transaction<'_>, prefix: &[u8]) -> Result<Vec<(u64, Gone)>> {
    let (mut gone, mut notes) = (Vec::new(), Vec::new());
    txn.scan_prefix(Table::Deleted, prefix, &mut |key, value| {
        gone.push((keys::last_sequence(key), Gone::decode(value)?));
        notes.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    notes.into_iter().for_each(|key| txn.delete(Table::Deleted, key));
    Ok(gone)
}

/// The same wish, of an earlier call that did not come to its end.
fn find_wish(txn: &Transaction<'_>, tenant: u32, deleted: &[u8]) -> Result<Option<(Vec<u8>, u64)>> {
    let mut found = None;
    txn.scan_prefix(Table::Forgetting, &Key::of(tenant).done(), &mut |key, value| {
        let wish = WishRecord::decode(value)?;
        if wish.key == deleted {
            found = Some((key.to_vec(), wish.gone.len() as u64));
        }
        Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}
