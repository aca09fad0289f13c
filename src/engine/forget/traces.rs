//! Where a resource leaves traces beside its own rows, and how they are removed. What keeps ids or names of resources in a
//! new table adds its part to [`clear`].

use std::ops::ControlFlow;

use crate::Result;
use crate::engine::jobs::forget_in_jobs;
use crate::engine::storage::keys::{self, Key, TenantId};
use crate::engine::storage::records::{ChangeRecord, TokenRecord, WishRecord};
use crate::engine::storage::{Reads, Table, Transaction, Writer};
use crate::engine::tokens::digest_key;

/// Entries that are changed in one transaction.
const PART: usize = 1_000;

/// Removes every trace in the rows of a tenant. What was removed already stays so: it may be repeated.
pub(super) fn clear(writer: &Writer, tenant: TenantId, wish: &WishRecord) -> Result<()> {
    clear_changes(writer, tenant, wish)?;
    forget_in_jobs(writer, tenant, wish)
}

/// Revokes the tokens that are bound to the resources. Their names are names of whoever bore them.
pub(super) fn revoke_tokens(txn: &mut Transaction<'_>, tenant: TenantId, wish: WishRecord) -> Result<WishRecord> {
    let mut wish = wish;
    let mut bound = Vec::new();
    txn.scan_prefix(Table::Tokens, &Key::of(tenant).done(), &mut |key, value| {
        let token = TokenRecord::decode(value)?;
        if token.subject.is_some_and(|subject| wish.gone.iter().any(|(_, gone)| gone.id == subject)) {
            bound.push((key.to_vec(), token.digest));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (key, digest) in bound {
        wish.actors.push(String::from_utf8_lossy(key.get(4..).unwrap_or_default()).into_owned());
        txn.delete(Table::Tokens, key);
        txn.delete(Table::Secrets, digest_key(&digest));
    }
    Ok(wish)
}

/// Takes what is to be forgotten out of an entry of the change log, under its sequence. True if there was any of it.
fn blank(wish: &WishRecord, sequence: u64, record: &mut ChangeRecord) -> bool {
    // An id may have been given again since: that resource is another one.
    let is_gone = record.kind == wish.kind
        && !record.id.is_empty()
        && wish.gone.iter().any(|(deleted, gone)| sequence <= *deleted && gone.id == record.id);
    let was_actor = record.actor.as_ref().is_some_and(|actor| wish.actors.contains(actor));
    if is_gone {
        record.id.clear();
    }
    if was_actor {
        record.actor = Some(String::new());
    }
    is_gone || was_actor
}

/// The change log keeps its entries, so that sequences are told without a gap, but not who they are about.
fn clear_changes(writer: &Writer, tenant: TenantId, wish: &WishRecord) -> Result<()> {
    let mut from = Key::of(tenant).done();
    let end = keys::after_prefix(&from);
    loop {
        let mut found = Vec::new();
        writer.snapshot()?.scan(Table::Changes, &from, end.as_deref(), &mut |key, value| {
            if blank(wish, keys::last_sequence(key), &mut ChangeRecord::decode(value)?) {
                found.push(key.to_vec());
            }
            Ok(if found.len() < PART { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        let Some(last) = found.last() else { return Ok(()) };
        from = last.clone();
        let wish = wish.clone();
        let change = move |txn: &mut Transaction<'_>| {
            for key in found {
                // It may have been trimmed meanwhile.
                let record = txn.get(Table::Changes, &key)?.map(|bytes| ChangeRecord::decode(&bytes)).transpose()?;
                if let Some(mut record) = record
                    && blank(&wish, keys::last_sequence(&key), &mut record)
                {
                    txn.put(Table::Changes, key, record.encode());
                }
            }
            Ok(())
        };
        writer.submit_urgent(change)?.wait()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ChangeOperation;
    use crate::engine::storage::records::Gone;
    use crate::model::Instant;

    #[test]
    fn an_entry_loses_who_it_is_about_and_nothing_else() {
        let gone = vec![(9, Gone { row: 0, id: "ann".into() })];
        let wish = WishRecord { kind: 1, key: Vec::new(), gone, actors: vec!["ann".into(), "x-1".into()] };
        let record = |kind: u16, id: &str, actor: &str| ChangeRecord {
            time: Instant::from_unix(0, 0).unwrap(),
            operation: ChangeOperation::Modify,
            kind,
            id: id.into(),
            actor: Some(actor.into()),
            correlation_id: None,
            attributes: Vec::new(),
        };
        for (sequence, before, after) in [
            (3, record(1, "ann", "boss"), record(1, "", "boss")),
            (3, record(1, "ann", "ann"), record(1, "", "")),
            (12, record(1, "bob", "x-1"), record(1, "bob", "")),
            (10, record(1, "ann", "boss"), record(1, "ann", "boss")),
            (3, record(2, "ann", "boss"), record(2, "ann", "boss")),
            (3, record(1, "", "boss"), record(1, "", "boss")),
        ] {
            let mut record = before.clone();
            assert_eq!(blank(&wish, sequence, &mut record), before != after);
            assert_eq!(record, after);
            assert!(!blank(&wish, sequence, &mut record), "once is enough");
        }
    }
}
