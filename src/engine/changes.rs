//! The change log as callers see it: an entry for every change, in the transaction of the change.

use std::ops::ControlFlow;
use std::time::Duration;

use super::config::Config;
use super::storage::keys::Key;
use super::storage::records::ChangeRecord;
use super::storage::{Counter, Reads, Table, format, read_counter};
use super::{ChangeOperation, Tenant};
use crate::model::Instant;
use crate::{Error, ErrorKind, Result};

/// What stands for an id, or an actor, that was forgotten.
pub(super) const FORGOTTEN: &str = "(forgotten)";

/// An entry of the change log: no values, only the names of what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit sequence; unique in the store, and the `version` of the resource.
    pub sequence: u64,
    /// When.
    pub time: Instant,
    /// Who, if the writer said so; `(forgotten)` as for ids.
    pub actor: Option<String>,
    /// The correlation id of the queued [import](Tenant::queue_import) that it is a part of.
    pub correlation_id: Option<String>,
    /// What it did.
    pub operation: ChangeOperation,
    /// The resource type's name.
    pub resource_type: String,
    /// The resource's id; `(forgotten)` once it was [forgotten](Tenant::forget).
    pub id: String,
    /// The paths of the attributes that changed; empty for a delete.
    pub attributes: Vec<String>,
}

impl Tenant {
    /// The changes after a sequence number, at most `max` of them, oldest first. If there are none yet, waits up to
    /// `wait` for the first.
    ///
    /// # Errors
    /// `OutOfRange` when changes after `since` were trimmed already, or `since` is beyond the store's last change (it is
    /// from another store, or from before this one was restored): read everything again, and go on from
    /// [`Store::sequence`](super::Store::sequence). `Forbidden` where this handle may not read all of the tenant;
    /// `Unavailable` when the store closes; `Cancelled` when the wait is [interrupted](super::Store::interrupt).
    pub fn changes(&self, since: u64, max: usize, wait: Duration) -> Result<Vec<Change>> {
        self.may_read_all()?;
        let watch = self.inner().interrupts.watch();
        let mut left = wait;
        let mut seen = since;
        loop {
            let found = self.changes_now(since, max)?;
            if !found.is_empty() || left.is_zero() {
                return Ok(found);
            }
            let started = std::time::Instant::now();
            // Changes of other tenants wake it too.
            let sequence = self.inner().writer.wait_behind(seen, left, &watch)?;
            watch.check()?;
            seen = seen.max(sequence);
            left = left.saturating_sub(started.elapsed());
            if sequence <= since && left.is_zero() {
                return Ok(Vec::new());
            }
        }
    }

    /// The smallest `since` that [`changes`](Tenant::changes) takes: what came before was trimmed.
    ///
    /// # Errors
    /// `Forbidden` where this handle may not read all of the tenant; `Io`, `Corrupt`.
    pub fn changes_reach_back_to(&self) -> Result<u64> {
        self.may_read_all()?;
        let from = read_counter(&*self.inner().writer.snapshot()?, self.state.id, Counter::ChangesFrom)?;
        Ok(from.saturating_sub(1))
    }

    fn changes_now(&self, since: u64, max: usize) -> Result<Vec<Change>> {
        let config = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let from = read_counter(&*snapshot, self.state.id, Counter::ChangesFrom)?;
        if since.saturating_add(1) < from {
            let detail =
                format!("changes before {from} were trimmed: read all resources, then watch from {}", from - 1);
            return Err(Error::new(ErrorKind::OutOfRange, detail));
        }
        let last = format::read_sequence(&*snapshot)?;
        if since > last {
            let detail =
                format!("the last change is {last}, before {since}: read all resources, then watch from {last}");
            return Err(Error::new(ErrorKind::OutOfRange, detail));
        }
        let mut changes = Vec::new();
        let key = |sequence: u64| Key::of(self.state.id).u64(sequence).done();
        let end = Key::of(self.state.id).u64(u64::MAX).done();
        if max == 0 {
            return Ok(changes);
        }
        snapshot.scan(Table::Changes, &key(since.saturating_add(1)), Some(&end), &mut |key, value| {
            let sequence = key.last_chunk().map_or(0, |chunk| u64::from_be_bytes(*chunk));
            changes.push(change(&config, sequence, ChangeRecord::decode(value)?));
            Ok(if changes.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(changes)
    }
}

fn change(config: &Config, sequence: u64, record: ChangeRecord) -> Change {
    let ChangeRecord { time, operation, kind, id, actor, correlation_id, attributes } = record;
    let definitions = config.registry.definitions();
    let path = |id| definitions.get(id).map_or_else(|| "(removed)".to_owned(), |definition| definition.path.clone());
    // No id is empty, and what was forgotten is stored as that.
    let shown = |text: String| if text.is_empty() { FORGOTTEN.to_owned() } else { text };
    let resource_type = config.registry.type_by_number(kind).map_or("(removed)", |model| model.name()).to_owned();
    Change {
        sequence,
        time,
        actor: actor.map(shown),
        correlation_id,
        operation,
        resource_type,
        id: shown(id),
        attributes: attributes.into_iter().map(path).collect(),
    }
}
