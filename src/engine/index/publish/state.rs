//! What the publisher knows, behind its lock.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use super::purge::Purge;
use super::{Phase, TypeKey};
use crate::engine::index::compact::choose;
use crate::engine::index::{RecentCommit, Run, TypeView};
use crate::engine::options::IndexOptions;
use crate::engine::storage::Snapshot;
use crate::engine::storage::keys::TenantId;

/// How long a failed index is left alone.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// Runs of a type that somebody is going to replace: nobody else may.
pub(super) type Claim = Vec<Arc<Run>>;

/// The state behind the lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) snapshot: Option<(Arc<Snapshot>, u64)>,
    pub(super) live: Arc<HashMap<TypeKey, Arc<TypeView>>>,
    /// Writes of types whose index is nearly made, since somebody asked for them.
    pub(super) gathering: HashMap<TypeKey, Vec<RecentCommit>>,
    pub(super) phases: HashMap<TypeKey, Phase>,
    pub(super) requests: Vec<TypeKey>,
    pub(super) schemas: HashSet<TenantId>,
    /// Writes of types without an index since they were last looked at.
    pub(super) touched: HashMap<TypeKey, u64>,
    pub(super) claims: HashMap<TypeKey, Claim>,
    /// Types whose runs could not be merged, and when.
    pub(super) resting: HashMap<TypeKey, Monotonic>,
    /// What is to go out of the files of indexes.
    pub(super) purges: HashMap<TypeKey, Purge>,
    /// When the last commit was.
    pub(super) last_commit: Option<Monotonic>,
    /// Runs of tenants that were dropped.
    pub(super) orphans: Vec<u64>,
    /// The indexer is at work that is in none of the lists any more.
    pub(super) working: bool,
    /// Somebody waits for everything to be indexed.
    pub(super) settling: usize,
    /// The threads have begun.
    pub(super) begun: bool,
    pub(super) closed: bool,
}

impl State {
    /// Whether something is asked for, or being done, that does not show in an index.
    fn is_asked(&self) -> bool {
        !self.requests.is_empty()
            || !self.schemas.is_empty()
            || !self.orphans.is_empty()
            || self.working
            || self.phases.values().any(|phase| !matches!(phase, Phase::Failed(_)))
    }

    /// Whether there is nothing to be done.
    pub(super) fn is_idle(&self, options: &IndexOptions) -> bool {
        let is_merged = |key: &TypeKey, view: &TypeView| self.is_resting(key) || choose(view, options, false).is_none();
        !self.is_asked()
            && self.claims.is_empty()
            && self.live.iter().all(|(key, view)| view.recent_writes() == 0 && is_merged(key, view))
    }

    /// The sequence of the last commit.
    pub(super) fn sequence(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |(_, sequence)| *sequence)
    }

    /// Whether runs hold everything up to a sequence, and every index that was asked for is there.
    pub(super) fn holds_through(&self, sequence: u64) -> bool {
        let holds = |view: &Arc<TypeView>| view.recent.first().is_none_or(|commit| commit.sequence > sequence);
        !self.is_asked() && self.live.values().all(holds)
    }

    /// Whether an index is being read from disk, or will be at once.
    pub(super) fn is_soon_open(&self, key: &TypeKey) -> bool {
        let is_making = || self.phases.values().any(|phase| *phase == Phase::Building);
        self.phases.get(key) == Some(&Phase::Opening) || self.requests.contains(key) && !is_making()
    }

    /// Whether its runs could not be merged a moment ago.
    pub(super) fn is_resting(&self, key: &TypeKey) -> bool {
        self.resting.get(key).is_some_and(|since| since.elapsed() < RETRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_an_index_of_another() {
        let mut state = State::default();
        let (one, other) = ((1, 1), (2, 1));
        assert!(!state.is_soon_open(&one));
        state.requests.push(one);
        assert!(state.is_soon_open(&one));
        state.phases.insert(other, Phase::Opening);
        assert!(state.is_soon_open(&one) && state.is_soon_open(&other));
        state.phases.insert(other, Phase::Building);
        assert!(!state.is_soon_open(&one) && !state.is_soon_open(&other));
    }
}
