//! What readers see: a snapshot of the rows, and beside it the indexes that tell of exactly those rows.
//!
//! The writer's thread publishes after every commit, before anybody is answered; the indexer whenever runs have changed.
//! Both do so under one lock, so that a recent write leaves the list of recent ones at the same moment at which a run
//! holds it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use super::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use super::sync::{Condvar, Mutex, MutexGuard, RwLock};
use super::{Catalog, LiveRun, Recent, RecentCommit, Run, TypeView, idle};
use crate::Result;
use crate::engine::options::IndexOptions;
use crate::engine::storage::keys::{self, TenantId};
use crate::engine::storage::{ChangedRow, Observer, Reads, Snapshot, Table};

mod purge;
mod state;

use state::{RETRY, State};

/// A resource type of a tenant.
pub(in crate::engine) type TypeKey = (TenantId, u16);

/// One consistent state.
pub(in crate::engine) struct View {
    pub(in crate::engine) snapshot: Arc<Snapshot>,
    types: Arc<HashMap<TypeKey, Arc<TypeView>>>,
}

impl View {
    /// A state without indexes.
    pub(in crate::engine) fn bare(snapshot: Arc<Snapshot>) -> Self {
        View { snapshot, types: Arc::default() }
    }

    /// The index of a resource type; none if there is none, or none yet.
    pub(in crate::engine) fn index(&self, tenant: TenantId, kind: u16) -> Option<&Arc<TypeView>> {
        self.types.get(&(tenant, kind))
    }
}

/// What is to be done by the indexer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Put the recent writes of a type into a run.
    Flush(TypeKey),
    /// Compare the indexes of a tenant with the schemas as they are now.
    Schemas(TenantId),
    /// Remove runs that nothing needs any more.
    Remove(Vec<u64>),
}

/// How the index of a type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being read from disk, which does not take long.
    Opening,
    /// It is being made from rows.
    Building,
    /// It cannot be made; tried again later.
    Failed(Monotonic),
}

/// After how long without a commit recent writes are put into a run although they are few.
const IDLE: Duration = Duration::from_millis(200);
/// After how long without a commit runs are merged although they are not too many.
const QUIET: Duration = Duration::from_secs(2);
/// How long a writer waits for the indexer at most: a slow search is better than a write that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Publishes states, and keeps what the threads of the index have to do.
pub(in crate::engine) struct Publisher {
    options: IndexOptions,
    state: Mutex<State>,
    view: RwLock<Option<Arc<View>>>,
    /// There may be work for the indexer or the compactor.
    work: Condvar,
    /// Something was indexed, or given up.
    progress: Condvar,
    /// The recent writes of all types.
    backlog: AtomicUsize,
    /// Milliseconds since the store was opened, as far as anybody looked: what indexes note when they are used.
    clock: AtomicU64,
    opened: Monotonic,
    /// The same as `closed`, for those who ask often.
    closing: Arc<std::sync::atomic::AtomicBool>,
}

impl Publisher {
    pub(in crate::engine) fn new(options: IndexOptions) -> Self {
        Publisher {
            options,
            state: Mutex::default(),
            view: RwLock::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
            backlog: AtomicUsize::new(0),
            clock: AtomicU64::new(0),
            opened: Monotonic::now(),
            closing: Arc::default(),
        }
    }

    pub(in crate::engine) fn options(&self) -> &IndexOptions {
        &self.options
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the last acknowledged change; none while the store recovers.
    pub(in crate::engine) fn view(&self) -> Option<Arc<View>> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a state visible. Called with the lock held.
    fn publish(&self, state: &State) {
        let view = state
            .snapshot
            .as_ref()
            .map(|(snapshot, _)| Arc::new(View { snapshot: Arc::clone(snapshot), types: Arc::clone(&state.live) }));
        let gathered = |commits: &Vec<RecentCommit>| commits.iter().map(|commit| commit.writes.len()).sum();
        let live = state.live.values().map(|view| view.recent_writes());
        let backlog = live.chain(state.gathering.values().map(gathered)).sum();
        self.backlog.store(backlog, Ordering::Release);
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
        self.progress.notify_all();
    }

    // -- what readers ask for --

    /// Notes that an index is searched.
    pub(in crate::engine) fn used(&self, view: &TypeView) {
        view.use_at(self.clock.load(Ordering::Relaxed));
    }

    /// Sets the clock, and tells what it shows.
    fn tick(&self) -> u64 {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.clock.store(now, Ordering::Relaxed);
        now
    }

    /// Asks for the index of a type that has enough resources, unless another would have to be closed for it. False:
    /// so it is.
    pub(in crate::engine) fn request_if_free(&self, key: TypeKey) -> bool {
        let mut state = self.state();
        let is_known = state.phases.contains_key(&key) || state.requests.contains(&key);
        let is_free = state.requests.len() + state.phases.len() < idle::free(&state.live, &self.options);
        (is_known || is_free) && self.want(&mut state, key)
    }

    /// The same if another may be closed that is idle; waits until a deadline while it is read from disk, or will be at
    /// once: nobody waits while another index is made. False: there is no room for it now.
    pub(in crate::engine) fn request(&self, key: TypeKey, deadline: Option<Monotonic>) -> bool {
        let mut state = self.state();
        if !self.want(&mut state, key) {
            return false;
        }
        let Some(deadline) = deadline else { return true };
        while !state.closed && state.snapshot.is_some() && state.is_soon_open(&key) {
            let left = deadline.saturating_duration_since(Monotonic::now());
            if left.is_zero() {
                break;
            }
            state = self.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn want(&self, state: &mut State, key: TypeKey) -> bool {
        let is_known = match state.phases.get(&key) {
            Some(Phase::Failed(since)) => since.elapsed() < RETRY,
            Some(_) => true,
            None => false,
        };
        if !self.options.enabled || is_known || state.live.contains_key(&key) || state.requests.contains(&key) {
            return true;
        }
        let opening = state.phases.values().filter(|phase| !matches!(phase, Phase::Failed(_))).count();
        let has_room = idle::has_room(&state.live, &self.options, self.tick(), opening + state.requests.len());
        if has_room {
            state.requests.push(key);
            self.work.notify_all();
        }
        has_room
    }

    /// Takes indexes out of use that there is no room for.
    fn close_idle(&self, state: &mut State) {
        let closed = idle::excess(&state.live, &self.options, |key| state.claims.contains_key(key));
        if !closed.is_empty() {
            let mut live = HashMap::clone(&state.live);
            closed.iter().for_each(|key| drop(live.remove(key)));
            state.live = Arc::new(live);
            self.publish(state);
        }
    }

    /// Tells that the schemas of a tenant have changed.
    pub(in crate::engine) fn schemas_changed(&self, tenant: TenantId) {
        let mut state = self.state();
        if state.live.keys().any(|(of, _)| *of == tenant) && state.schemas.insert(tenant) {
            self.work.notify_all();
        }
    }

    /// Forgets the indexes of a tenant that is dropped, and removes its runs.
    pub(in crate::engine) fn forget(&self, tenant: TenantId, runs: Vec<u64>) {
        let mut state = self.state();
        let live = state.live.iter().filter(|((of, _), _)| *of != tenant);
        state.live = Arc::new(live.map(|(key, view)| (*key, Arc::clone(view))).collect());
        state.gathering.retain(|(of, _), _| *of != tenant);
        state.touched.retain(|(of, _), _| *of != tenant);
        state.requests.retain(|(of, _)| *of != tenant);
        state.schemas.remove(&tenant);
        state.orphans.extend(runs);
        self.publish(&state);
        self.work.notify_all();
    }

    /// How the index of a type stands, beside what the view tells.
    pub(in crate::engine) fn phase(&self, key: TypeKey) -> (bool, bool) {
        let state = self.state();
        let failed = matches!(state.phases.get(&key), Some(Phase::Failed(_)));
        let pending = state.phases.contains_key(&key) || state.requests.contains(&key);
        (pending && !failed, failed)
    }

    /// Waits until nothing is left to do. While others go on writing there always is something: then until runs hold
    /// what was written before, whether or not they are merged. False: the time is over.
    pub(in crate::engine) fn wait_until_idle(&self, timeout: Duration) -> bool {
        let deadline = Monotonic::now() + timeout;
        let mut state = self.state();
        let before = state.sequence();
        state.settling += 1;
        self.work.notify_all();
        let idle = loop {
            let caught_up = state.is_idle(&self.options) || state.sequence() > before && state.holds_through(before);
            let left = deadline.saturating_duration_since(Monotonic::now());
            if caught_up || left.is_zero() || state.closed {
                break caught_up;
            }
            let wait = left.min(Duration::from_millis(50));
            state = self.progress.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        };
        state.settling -= 1;
        idle
    }

    /// Ends the threads.
    pub(in crate::engine) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.closing.store(true, Ordering::Relaxed);
        state.snapshot = None;
        state.live = Arc::default();
        state.gathering.clear();
        self.publish(&state);
        self.work.notify_all();
    }

    // -- what the threads of the index ask for --

    /// The next piece of work for the indexer; none when the store is closed.
    pub(super) fn next_work(&self) -> Option<Work> {
        let mut state = self.state();
        if std::mem::take(&mut state.working) {
            self.progress.notify_all();
        }
        loop {
            if state.closed {
                return None;
            }
            self.tick();
            self.close_idle(&mut state);
            if state.snapshot.is_some() && state.begun {
                if !state.orphans.is_empty() {
                    state.working = true;
                    return Some(Work::Remove(std::mem::take(&mut state.orphans)));
                }
                if let Some(tenant) = state.schemas.iter().next().copied() {
                    state.schemas.remove(&tenant);
                    state.working = true;
                    return Some(Work::Schemas(tenant));
                }
                let idle = state.settling > 0 || state.last_commit.is_some_and(|last| last.elapsed() >= IDLE);
                // Many short lists together are a long one.
                let is_much = self.backlog.load(Ordering::Relaxed) > self.options.max_recent / 2;
                let enough = if idle || is_much { 1 } else { self.options.recent.max(1) };
                let full = state.live.iter().map(|(key, view)| (view.recent_writes(), *key)).max();
                if let Some((recent, key)) = full
                    && recent >= enough
                {
                    return Some(Work::Flush(key));
                }
            }
            state = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The next index to be made, or to be read from disk; none when the store is closed.
    pub(super) fn next_request(&self) -> Option<TypeKey> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if state.snapshot.is_some() && state.begun && !state.requests.is_empty() {
                let key = state.requests.remove(0);
                state.phases.insert(key, Phase::Opening);
                return Some(key);
            }
            state = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until a type needs compaction, and claims the runs; none when the store is closed.
    pub(super) fn next_compaction(&self) -> Option<(TypeKey, Arc<TypeView>, std::ops::Range<usize>)> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            let is_free = |key: &TypeKey| state.begun && !state.claims.contains_key(key) && !state.is_resting(key);
            let free = state.live.iter().filter(|(key, _)| is_free(key));
            let since = state.last_commit.map(|last| last.elapsed());
            let is_quiet = since.is_some_and(|since| since >= QUIET);
            let is_busy = state.settling == 0 && since.is_some_and(|since| since < IDLE);
            let found = free.filter_map(|(key, view)| {
                let pressing = || super::compact::choose(view, &self.options, is_busy);
                let window = state.choose_purge(key, view, &self.options).or_else(pressing);
                let window = window.or_else(|| is_quiet.then(|| super::compact::choose_at_leisure(view)).flatten())?;
                Some((*key, Arc::clone(view), window))
            });
            let found = found.into_iter().next();
            if let Some((key, view, window)) = found {
                let runs = view.runs.get(window.clone()).unwrap_or_default();
                state.claims.insert(key, runs.iter().map(|live| Arc::clone(&live.run)).collect());
                return Some((key, view, window));
            }
            state = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Leaves the runs of a type alone for a while if they could not be merged.
    pub(super) fn rest(&self, key: TypeKey, failed: bool) {
        let mut state = self.state();
        state.resting.retain(|of, since| *of != key && since.elapsed() < RETRY);
        if failed {
            state.resting.insert(key, Monotonic::now());
        }
    }

    /// Claims runs, unless one of them is claimed already, or not part of the index any more.
    pub(super) fn claim(&self, key: TypeKey, runs: &[LiveRun]) -> bool {
        let mut state = self.state();
        let has = |list: &[Arc<Run>], run: &Arc<Run>| list.iter().any(|other| Arc::ptr_eq(other, run));
        let known: Vec<_> = state
            .live
            .get(&key)
            .map_or_else(Vec::new, |view| view.runs.iter().map(|live| Arc::clone(&live.run)).collect());
        let taken = state.claims.get(&key).map_or(&[][..], Vec::as_slice);
        if runs.is_empty() || runs.iter().any(|live| has(taken, &live.run) || !has(&known, &live.run)) {
            return false;
        }
        state.claims.entry(key).or_default().extend(runs.iter().map(|live| Arc::clone(&live.run)));
        true
    }

    /// Gives up what was claimed.
    pub(super) fn unclaim(&self, key: TypeKey, runs: &[LiveRun]) {
        let mut state = self.state();
        if let Some(claim) = state.claims.get_mut(&key) {
            claim.retain(|claimed| !runs.iter().any(|live| Arc::ptr_eq(claimed, &live.run)));
            if claim.is_empty() {
                state.claims.remove(&key);
            }
        }
        self.progress.notify_all();
        self.work.notify_all();
    }

    /// The next number of files is known: merging may begin.
    pub(super) fn begin(&self) {
        self.state().begun = true;
        self.work.notify_all();
    }

    /// There is nothing to be made for a type.
    pub(super) fn drop_phase(&self, key: TypeKey) -> Result<()> {
        let mut state = self.state();
        state.phases.remove(&key);
        state.gathering.remove(&key);
        self.progress.notify_all();
        Ok(())
    }

    /// The rows as they are now.
    pub(super) fn snapshot(&self) -> Option<(Arc<Snapshot>, u64)> {
        self.state().snapshot.clone().filter(|(snapshot, _)| !snapshot.is_failed())
    }

    /// Whether the store is closed, so that long work has to end.
    pub(super) fn closing(&self) -> &Arc<std::sync::atomic::AtomicBool> {
        &self.closing
    }

    pub(super) fn set_phase(&self, key: TypeKey, phase: Phase) {
        let mut state = self.state();
        state.phases.insert(key, phase);
        if matches!(phase, Phase::Failed(_)) {
            state.gathering.remove(&key);
            let live = state.live.iter().filter(|(of, _)| **of != key);
            state.live = Arc::new(live.map(|(key, view)| (*key, Arc::clone(view))).collect());
            self.publish(&state);
        }
        self.progress.notify_all();
    }

    /// From here on the writes of a type are kept for its index; tells the rows as they are now.
    pub(super) fn gather(&self, key: TypeKey) -> Option<(Arc<Snapshot>, u64)> {
        let mut state = self.state();
        let now = state.snapshot.clone()?;
        state.gathering.insert(key, Vec::new());
        Some(now)
    }

    /// Publishes an index that holds every change up to a sequence, since when writes were gathered.
    pub(super) fn go_live(&self, key: TypeKey, catalog: Arc<Catalog>, runs: Vec<LiveRun>, applied: u64) -> bool {
        let mut state = self.state();
        // If it does not go live, its phase ends when its files are removed.
        let Some(recent) = state.gathering.remove(&key).filter(|_| state.snapshot.is_some()) else { return false };
        state.phases.remove(&key);
        let recent = recent.into_iter().filter(|commit| commit.sequence > applied).collect();
        let view = TypeView::new(catalog, runs, applied, recent);
        view.use_at(self.tick());
        // Nobody compares an index with new schemas that is not live yet.
        state.schemas.insert(key.0);
        self.put(&mut state, key, view);
        true
    }

    /// Replaces the index of a type by what an edit makes of it; it may refuse.
    pub(super) fn edit(&self, key: TypeKey, edit: impl FnOnce(&TypeView) -> Option<TypeView>) -> bool {
        let mut state = self.state();
        let made = state.live.get(&key).and_then(|view| Some(edit(view)?.after(view)));
        let Some(made) = made else { return false };
        self.put(&mut state, key, made);
        true
    }

    fn put(&self, state: &mut State, key: TypeKey, view: TypeView) {
        let mut live = HashMap::clone(&state.live);
        live.insert(key, Arc::new(view));
        state.live = Arc::new(live);
        self.publish(state);
        self.work.notify_all();
    }

    /// Takes an index out of use, to be made again.
    pub(super) fn retire(&self, key: TypeKey) {
        let mut state = self.state();
        Arc::make_mut(&mut state.live).remove(&key);
        self.publish(&state);
        self.want(&mut state, key);
    }

    /// The indexes of a tenant.
    pub(super) fn of_tenant(&self, tenant: TenantId) -> Vec<(TypeKey, Arc<TypeView>)> {
        let state = self.state();
        let of = state.live.iter().filter(|((of, _), _)| *of == tenant);
        of.map(|(key, view)| (*key, Arc::clone(view))).collect()
    }

    /// The index of a type as it is now.
    pub(super) fn live(&self, key: TypeKey) -> Option<Arc<TypeView>> {
        self.state().live.get(&key).cloned()
    }
}

impl Observer for Publisher {
    fn wants(&self, tenant: TenantId, kind: u16) -> bool {
        let state = self.state();
        state.live.contains_key(&(tenant, kind)) || state.gathering.contains_key(&(tenant, kind))
    }

    fn committed(&self, snapshot: &Arc<Snapshot>, sequence: u64, rows: Vec<ChangedRow>) {
        let mut writes: HashMap<TypeKey, Vec<Recent>> = HashMap::new();
        let mut lost = HashSet::new();
        let mut state = self.state();
        for ChangedRow { tenant, at, stored, is_deleted } in rows {
            let key = (tenant, at.kind);
            if !state.live.contains_key(&key) && !state.gathering.contains_key(&key) {
                let touched = state.touched.entry(key).or_default();
                *touched += 1;
                // The first write tells nothing yet; then as often as the answer can be another.
                if *touched >= self.options.from.max(1) {
                    *touched = 0;
                    self.want(&mut state, key);
                }
                continue;
            }
            let stored = match stored {
                // It was noted before somebody asked for it.
                None if !is_deleted => match snapshot.get(Table::Resources, &keys::resource(tenant, at)) {
                    Ok(found) => found.map(|bytes| Arc::from(&*bytes)),
                    Err(_) => {
                        lost.insert(key);
                        continue;
                    }
                },
                stored => stored,
            };
            writes.entry(key).or_default().push(Recent { row: at.row, stored });
        }
        for key in lost {
            // What the index would not know of it is made again with.
            writes.remove(&key);
            state.gathering.remove(&key);
            Arc::make_mut(&mut state.live).remove(&key);
            self.want(&mut state, key);
        }
        state.snapshot = Some((Arc::clone(snapshot), sequence));
        state.last_commit = Some(Monotonic::now());
        let now = self.tick();
        let mut live = (!writes.is_empty()).then(|| HashMap::clone(&state.live));
        let mut is_full = false;
        for (key, writes) in writes {
            let commit = RecentCommit { sequence, writes: writes.into() };
            if let Some(gathered) = state.gathering.get_mut(&key) {
                gathered.push(commit);
            } else if let Some(view) = live.as_mut().and_then(|live| live.get_mut(&key)) {
                *view = Arc::new(view.with_commit(commit));
                view.use_at(now);
                is_full |= view.recent_writes() >= self.options.recent;
            }
        }
        if let Some(live) = live {
            state.live = Arc::new(live);
        }
        self.publish(&state);
        if is_full {
            self.work.notify_all();
        }
    }

    fn opened(&self, snapshot: &Arc<Snapshot>, sequence: u64) -> Result<()> {
        let mut state = self.state();
        // What the writes since the last state were is not known: indexes are read again, and catch up by the log.
        let known: Vec<TypeKey> = state.live.keys().copied().collect();
        state.live = Arc::default();
        state.gathering.clear();
        state.snapshot = Some((Arc::clone(snapshot), sequence));
        self.publish(&state);
        for key in known {
            self.want(&mut state, key);
        }
        Ok(())
    }

    fn withdrawn(&self) {
        let mut state = self.state();
        state.snapshot = None;
        self.publish(&state);
    }

    fn returned(&self, snapshot: &Arc<Snapshot>) {
        let mut state = self.state();
        let sequence = crate::engine::storage::format::read_sequence(&**snapshot).unwrap_or(0);
        state.snapshot = Some((Arc::clone(snapshot), sequence));
        self.publish(&state);
        self.work.notify_all();
    }

    fn admit(&self) {
        if self.backlog.load(Ordering::Acquire) <= self.options.max_recent {
            return;
        }
        let deadline = Monotonic::now() + PATIENCE;
        let mut state = self.state();
        self.work.notify_all();
        while !state.closed && self.backlog.load(Ordering::Acquire) > self.options.max_recent {
            let left = deadline.saturating_duration_since(Monotonic::now());
            if left.is_zero() {
                return;
            }
            state = self.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
