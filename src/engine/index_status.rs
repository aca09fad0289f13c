//! How far the search index has come: for `stats`, for metrics, and for who waits for it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::storage::keys::TenantId;
use super::storage::records::TenantRecord;
use super::storage::{Reads, Table, each_resource_count};
use super::{Store, Tenant};
use crate::Result;
use crate::model::TypeModel;

/// The search index of a resource type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexStatus {
    /// The resource type's name.
    pub resource_type: String,
    /// Whether it answers searches.
    pub state: IndexState,
    /// Resources in it; the dead ones are not counted.
    pub resources: u64,
    /// The runs that it is made of.
    pub runs: u32,
    /// Resources in runs that were changed or deleted since; merging runs drops them.
    pub dead: u64,
    /// Recent writes that are no part of a run yet. Searches see them all the same.
    pub recent: u64,
    /// Bytes of its runs, on the disk and in memory.
    pub bytes: u64,
    /// The sequence of the last change that is part of its runs.
    pub applied: u64,
}

/// Whether a search index answers searches. Answers are right in every state; only how they are found differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IndexState {
    /// There is none, or none that is open: the resources are few, or nobody has searched them for long. Rows are looked
    /// at.
    #[default]
    None,
    /// It is being built; meanwhile rows are looked at.
    Building,
    /// It answers.
    Ready,
    /// It could not be built, and is tried again later; meanwhile rows are looked at.
    Failed,
}

impl IndexState {
    /// The state in one lower-case word, as JSON and tables have it.
    ///
    /// ```
    /// use scimdb::engine::IndexState;
    /// assert_eq!(IndexState::Ready.keyword(), "ready");
    /// ```
    pub fn keyword(self) -> &'static str {
        match self {
            IndexState::None => "none",
            IndexState::Building => "building",
            IndexState::Ready => "ready",
            IndexState::Failed => "failed",
        }
    }
}

impl Store {
    /// Waits until every type that should be indexed is, as far as there is room
    /// ([`IndexOptions::max_open`](super::IndexOptions::max_open)), and its index holds every write that was
    /// acknowledged before. Unless others go on writing, its runs are merged as well. False: the time was over before.
    /// Searches need not wait: they are right without.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn wait_for_index(&self, timeout: Duration) -> Result<bool> {
        let inner = &self.inner;
        let deadline = Instant::now() + timeout;
        let mut asked = HashSet::new();
        loop {
            let view = inner.view()?;
            let mut missing = false;
            for (tenant, kind) in large_types(&*view.snapshot, inner.publisher.options().from)? {
                if inner.publisher.options().enabled && view.index(tenant, kind).is_none() {
                    // What was opened, and is closed again, has no room.
                    let is_new =
                        asked.insert((tenant, kind)) || inner.publisher.phase((tenant, kind)) != (false, false);
                    missing |= is_new && inner.publisher.request_if_free((tenant, kind));
                }
            }
            drop(view);
            let left = deadline.saturating_duration_since(Instant::now());
            let idle = inner.publisher.wait_until_idle(left);
            // What was missing may have failed, or have been asked for too late: look again.
            if !missing || left.is_zero() {
                return Ok(idle && !missing);
            }
            std::thread::sleep(left.min(Duration::from_millis(1)));
        }
    }
}

/// The types with as many resources, by tenant.
fn large_types(reads: &dyn Reads, from: u64) -> Result<Vec<(TenantId, u16)>> {
    let mut large = Vec::new();
    let mut dropped = Vec::new();
    reads.scan(Table::Tenants, &[], None, &mut |key, value| {
        if TenantRecord::decode(value)?.dropped {
            dropped.extend(key.first_chunk().map(|chunk| TenantId::from_be_bytes(*chunk)));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    each_resource_count(reads, &mut |tenant, kind, count| {
        if count >= from.max(1) && !dropped.contains(&tenant) {
            large.push((tenant, kind));
        }
    })?;
    Ok(large)
}

impl Tenant {
    /// How far the search index of each resource type has come, in the order of the registry.
    ///
    /// # Errors
    /// `UnknownTenant` when it was dropped, `Unavailable`.
    pub fn index_status(&self) -> Result<Vec<IndexStatus>> {
        let config = self.state.config()?;
        let inner = self.inner();
        let view = inner.view()?;
        let status = |model: &Arc<TypeModel>| {
            let mut status = IndexStatus { resource_type: model.name().to_owned(), ..IndexStatus::default() };
            let key = (self.state.id, model.number());
            if let Some(index) = view.index(key.0, key.1) {
                status.state = IndexState::Ready;
                status.resources = index.runs.iter().map(|live| u64::from(live.alive())).sum();
                status.runs = u32::try_from(index.runs.len()).unwrap_or(u32::MAX);
                status.dead = index.runs.iter().map(|live| u64::from(live.dead.count)).sum();
                status.recent = index.recent_writes() as u64;
                status.bytes = index.runs.iter().map(|live| live.run.bytes()).sum();
                status.applied = index.applied;
                return status;
            }
            status.state = match inner.publisher.phase(key) {
                (_, true) => IndexState::Failed,
                (true, _) => IndexState::Building,
                _ => IndexState::None,
            };
            status
        };
        Ok(config.registry.types().iter().map(status).collect())
    }
}
