//! Users of imports that wait: where some of them may have what is encrypted, they wait encrypted, all of them together.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::rows::{Named, nonce, ring, targets};
use crate::Result;
use crate::engine::config::Config;
use crate::engine::storage::import_records::{sealed_chunk, sealed_part};
use crate::engine::storage::keys::{Key, TenantId};
use crate::engine::storage::{Reads, Table, Transaction, Writer};
use crate::engine::value_keys::Ring;
use crate::model::TypeModel;

/// Chunks that are sealed again in one transaction, of a mebibyte each.
const PART: usize = 8;

/// What a chunk is bound to, beside its place.
const OF_CHUNKS: &[u8] = b"scimdb: users of an import";

fn place(key: &[u8]) -> Vec<u8> {
    [OF_CHUNKS, key].concat()
}

/// The bytes that are stored of a chunk of so many users of a type, at a key.
///
/// # Errors
/// `Unavailable` when something is encrypted, and there is no key.
pub(in crate::engine) fn seal_chunk(
    (reads, tenant): (&dyn Reads, TenantId),
    config: &Config,
    model: &TypeModel,
    key: &[u8],
    users: usize,
    chunk: Vec<u8>,
) -> Result<Vec<u8>> {
    let targets = targets(config, model);
    if targets.is_empty() {
        return Ok(chunk);
    }
    match ring(config) {
        Ok(ring) => Ok(sealed_chunk(users, &ring.seal_bytes(&chunk, &place(key), nonce())?)),
        Err(error) => {
            for encrypted in &targets {
                if !Named::of(reads, tenant, config, model, encrypted)?.is_nothing() {
                    return Err(error);
                }
            }
            // There is nothing to encrypt yet.
            Ok(chunk)
        }
    }
}

/// The users of a chunk that is stored at a key.
///
/// # Errors
/// `Unavailable` when its key is missing; `Corrupt`.
pub(in crate::engine) fn open_chunk<'a>(config: &Config, key: &[u8], chunk: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    match sealed_part(chunk) {
        None => Ok(Cow::Borrowed(chunk)),
        Some((_, sealed)) => ring(config)?.open_bytes(sealed, &place(key)).map(Cow::Owned),
    }
}

/// Seals chunks of a tenant by the current key that are sealed by another.
pub(super) fn seal_chunks_again(writer: &Writer, tenant: TenantId, ring: &Arc<Ring>) -> Result<()> {
    let is_old = |chunk: &[u8], ring: &Ring| {
        sealed_part(chunk).is_some_and(|(_, sealed)| !ring.is_current(std::str::from_utf8(sealed).unwrap_or_default()))
    };
    loop {
        let mut found = Vec::new();
        writer.snapshot()?.scan_prefix(Table::JobRows, &Key::of(tenant).done(), &mut |key, chunk| {
            if is_old(chunk, ring) {
                found.push(key.to_vec());
            }
            Ok(if found.len() < PART { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        if found.is_empty() {
            return Ok(());
        }
        let ring = Arc::clone(ring);
        let change = move |txn: &mut Transaction<'_>| {
            for key in found {
                // Its users may have been imported meanwhile.
                let Some(chunk) = txn.get(Table::JobRows, &key)?.map(|chunk| chunk.to_vec()) else { continue };
                if let Some((users, sealed)) = sealed_part(&chunk).filter(|_| is_old(&chunk, &ring)) {
                    let clear = ring.open_bytes(sealed, &place(&key))?;
                    let users = usize::try_from(users).unwrap_or_default();
                    let sealed = sealed_chunk(users, &ring.seal_bytes(&clear, &place(&key), nonce())?);
                    txn.put(Table::JobRows, key, sealed);
                }
            }
            Ok(())
        };
        writer.submit_urgent(change)?.wait()?;
    }
}
