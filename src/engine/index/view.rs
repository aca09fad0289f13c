//! One state of an index: its runs, what of them is dead, and the recent writes on top of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Bits, Catalog, Run};
use crate::model::Target;

/// A run, and which of its docs are dead: their rows stand in a newer run, or were deleted.
#[derive(Clone)]
pub(in crate::engine) struct LiveRun {
    pub(in crate::engine) run: Arc<Run>,
    pub(in crate::engine) dead: Arc<Dead>,
    /// The number of its files; none: it is in memory only.
    pub(in crate::engine) number: Option<u64>,
    /// Together with the older runs it holds every change up to this sequence.
    pub(in crate::engine) through: u64,
}

impl LiveRun {
    /// A run none of whose docs is dead.
    pub(in crate::engine) fn new(run: Run, number: Option<u64>, through: u64) -> Self {
        let dead = Arc::new(Dead::new(Bits::none(run.docs())));
        LiveRun { run: Arc::new(run), dead, number, through }
    }

    /// The same with more dead docs: those of these rows.
    pub(in crate::engine) fn without(&self, rows: impl Iterator<Item = u64>) -> Self {
        let mut docs = rows.filter_map(|row| self.run.doc(row)).filter(|doc| !self.dead.bits.has(*doc)).peekable();
        if docs.peek().is_none() {
            return self.clone();
        }
        let mut bits = self.dead.bits.clone();
        docs.for_each(|doc| bits.set(doc));
        LiveRun { dead: Arc::new(Dead::new(bits)), ..self.clone() }
    }

    /// Whether it tells nothing.
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.run.docs() == 0 && self.run.tombstones().is_empty()
    }

    /// Docs that are alive.
    pub(in crate::engine) fn alive(&self) -> u32 {
        self.run.docs().saturating_sub(self.dead.count)
    }
}

/// Runs with a newer one on top: what it holds or buries is dead in them.
pub(in crate::engine) fn stack(runs: &[LiveRun], newer: LiveRun) -> Vec<LiveRun> {
    let rows = || newer.run.rows().iter().chain(newer.run.tombstones()).copied();
    let mut stacked: Vec<LiveRun> = runs.iter().map(|live| live.without(rows())).collect();
    stacked.push(newer);
    stacked
}

/// Whether one of these runs holds a row, be it dead: as long as one does, newer runs have to bury it.
pub(in crate::engine) fn hold(runs: &[LiveRun], row: u64) -> bool {
    runs.iter().any(|live| live.run.doc(row).is_some())
}

/// Positions in an order of a column, by both.
type Positions = HashMap<(Target, Order), Arc<Vec<u32>>>;

/// The dead docs of a run.
#[derive(Default)]
pub(in crate::engine) struct Dead {
    /// The docs.
    pub(in crate::engine) bits: Bits,
    /// How many.
    pub(in crate::engine) count: u32,
    /// Where they stand in the orders of columns, as far as somebody asked.
    positions: Mutex<Positions>,
    /// The docs in a list, once somebody asked.
    list: OnceLock<Arc<Vec<u32>>>,
}

/// An order of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Order {
    /// `Column::order`.
    Slots,
    /// `Column::sorted`.
    Sorted,
    /// The reversed order.
    Reversed,
}

impl Dead {
    pub(in crate::engine) fn new(bits: Bits) -> Self {
        let count = u32::try_from(bits.count()).unwrap_or(u32::MAX);
        Dead { bits, count, positions: Mutex::default(), list: OnceLock::new() }
    }

    /// The docs, ascending.
    pub(in crate::engine) fn docs(&self) -> Arc<Vec<u32>> {
        Arc::clone(self.list.get_or_init(|| Arc::new(self.bits.iter().collect())))
    }

    /// The positions, ascending, of dead docs in an order, which is a list of docs. They are looked for once.
    pub(in crate::engine) fn positions(&self, target: Target, order: Order, docs: &[u32]) -> Arc<Vec<u32>> {
        if self.count == 0 {
            return Arc::default();
        }
        let mut known = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let find = || {
            let dead = (0u32..).zip(docs).filter(|(_, doc)| self.bits.has(**doc));
            Arc::new(dead.map(|(position, _)| position).collect())
        };
        Arc::clone(known.entry((target, order)).or_insert_with(find))
    }
}

/// A write that no run holds yet.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Recent {
    pub(in crate::engine) row: u64,
    /// The resource as stored; none: it was deleted.
    pub(in crate::engine) stored: Option<Arc<[u8]>>,
}

/// The writes of one commit.
#[derive(Clone, Debug)]
pub(in crate::engine) struct RecentCommit {
    /// The last sequence of the commit.
    pub(in crate::engine) sequence: u64,
    pub(in crate::engine) writes: Arc<[Recent]>,
}

impl RecentCommit {
    fn bytes(&self) -> u64 {
        let stored = self.writes.iter().map(|write| write.stored.as_ref().map_or(0, |stored| stored.len() as u64));
        stored.sum::<u64>() + size_of_val(&*self.writes) as u64
    }
}

/// What recent writes come to.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Overlay {
    /// The last write of each row, ascending by row.
    pub(in crate::engine) writes: Vec<Recent>,
    /// For each run, the docs whose rows these are and that were not dead before, ascending.
    pub(in crate::engine) masked: Vec<Vec<u32>>,
}

/// One state of the index of a resource type: together with the snapshot that it is published with, it tells
/// everything about every resource of the type.
pub(in crate::engine) struct TypeView {
    pub(in crate::engine) catalog: Arc<Catalog>,
    /// The oldest first. A row is alive in one of them at most.
    pub(in crate::engine) runs: Vec<LiveRun>,
    /// What runs hold: every change up to this sequence.
    pub(in crate::engine) applied: u64,
    /// Later changes, the oldest first.
    pub(in crate::engine) recent: Vec<RecentCommit>,
    overlay: OnceLock<Arc<Overlay>>,
    /// What the first so many of the recent commits come to, if somebody asked.
    seed: Option<(Arc<Overlay>, usize)>,
    recent_writes: usize,
    recent_bytes: u64,
    /// When it was last searched or written, in milliseconds of the publisher's clock. All states that follow one
    /// another share it.
    used: Arc<AtomicU64>,
}

impl TypeView {
    pub(in crate::engine) fn new(
        catalog: Arc<Catalog>,
        runs: Vec<LiveRun>,
        applied: u64,
        recent: Vec<RecentCommit>,
    ) -> Self {
        let recent_writes = recent.iter().map(|commit| commit.writes.len()).sum();
        let recent_bytes = recent.iter().map(RecentCommit::bytes).sum();
        let overlay = OnceLock::new();
        TypeView {
            catalog,
            runs,
            applied,
            recent,
            overlay,
            seed: None,
            recent_writes,
            recent_bytes,
            used: Arc::default(),
        }
    }

    /// The same as a successor of another state.
    pub(in crate::engine) fn after(self, before: &TypeView) -> Self {
        TypeView { used: Arc::clone(&before.used), ..self }
    }

    /// Whether it follows, or is followed by, another state: no making of the whole index lies between them.
    pub(in crate::engine) fn is_kin_of(&self, other: &TypeView) -> bool {
        Arc::ptr_eq(&self.used, &other.used)
    }

    /// Notes that it was searched or written.
    pub(in crate::engine) fn use_at(&self, now: u64) {
        // Most often it was noted already: those who only read share the cache line.
        if self.used.load(Ordering::Relaxed) != now {
            self.used.store(now, Ordering::Relaxed);
        }
    }

    /// When it was last searched or written.
    pub(in crate::engine) fn last_used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes of it that are in memory only.
    pub(in crate::engine) fn memory(&self) -> u64 {
        let runs = self.runs.iter().filter(|live| live.number.is_none());
        runs.map(|live| live.run.bytes()).sum::<u64>() + self.recent_bytes
    }

    /// The same with one more commit.
    pub(in crate::engine) fn with_commit(&self, commit: RecentCommit) -> Self {
        let made = self.overlay.get().map(|overlay| (Arc::clone(overlay), self.recent.len()));
        let recent_writes = self.recent_writes + commit.writes.len();
        let recent_bytes = self.recent_bytes + commit.bytes();
        let mut recent = Vec::with_capacity(self.recent.len() + 1);
        recent.extend_from_slice(&self.recent);
        recent.push(commit);
        TypeView {
            catalog: Arc::clone(&self.catalog),
            runs: self.runs.clone(),
            applied: self.applied,
            recent,
            overlay: OnceLock::new(),
            seed: made.or_else(|| self.seed.clone()),
            recent_writes,
            recent_bytes,
            used: Arc::clone(&self.used),
        }
    }

    /// How many writes no run holds yet, rows that were written twice counted twice.
    pub(in crate::engine) fn recent_writes(&self) -> usize {
        self.recent_writes
    }

    /// What the recent writes come to. It is made by who asks first.
    pub(in crate::engine) fn overlay(&self) -> &Overlay {
        self.overlay.get_or_init(|| {
            let (seed, included) = self.seed.clone().unwrap_or_default();
            let later = self.recent.get(included..).unwrap_or_default();
            if later.is_empty() && included > 0 {
                return seed;
            }
            let latest = later.iter().rev().flat_map(|commit| commit.writes.iter().rev());
            let mut newer: Vec<Recent> = latest.cloned().collect();
            // Stable: of the writes of a row, the last one stays first.
            newer.sort_by_key(|write| write.row);
            newer.dedup_by_key(|write| write.row);
            let masked = (self.runs.iter().enumerate()).map(|(index, live)| {
                let mut docs = seed.masked.get(index).cloned().unwrap_or_default();
                let found = newer.iter().filter_map(|write| live.run.doc(write.row));
                docs.extend(found.filter(|doc| !live.dead.bits.has(*doc)));
                docs.sort_unstable();
                docs.dedup();
                docs
            });
            let masked = masked.collect();
            newer.extend_from_slice(&seed.writes);
            newer.sort_by_key(|write| write.row);
            newer.dedup_by_key(|write| write.row);
            Arc::new(Overlay { writes: newer, masked })
        })
    }
}
