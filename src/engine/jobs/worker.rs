//! The thread that carries out imports. It is started when there is something to do, and waits without looking when there
//! is not. While one chunk is being committed, the next one is bound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use super::chunk::{Chunk, Step, fail, store};
use super::places;
use super::prepare::Binder;
use super::resume::Interrupted;
use super::sweep::sweep;
use super::turns::{Place, Turns};
use crate::engine::consult::Host;
use crate::engine::create::next_number;
use crate::engine::env::Env;
use crate::engine::password::Hasher;
use crate::engine::seal::open_chunk;
use crate::engine::storage::import_records::JobStatus;
use crate::engine::storage::keys::TenantId;
use crate::engine::storage::{Pending, Reads, Table, Transaction, Writer};
use crate::engine::store::TenantState;
use crate::{Error, ErrorKind, Result};

/// How long the thread rests after a fault of the store, at first and at most.
const REST: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];

/// What the thread needs of its store. It does not hold the store itself, so that who drops the last handle closes it.
#[derive(Clone)]
pub(in crate::engine) struct Means {
    pub(in crate::engine) writer: Arc<Writer>,
    pub(in crate::engine) hasher: Arc<Hasher>,
    pub(in crate::engine) host: Arc<RwLock<Host>>,
    pub(in crate::engine) env: Env,
}

/// The imports of a store that have not ended, and the thread that carries them out.
pub(in crate::engine) struct Jobs {
    shared: Arc<Shared>,
    means: Means,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something is to be done, or was done, or nothing is to be done any more.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    turns: Turns<Arc<TenantState>>,
    /// Chunks that nobody needs.
    loose: Vec<(TenantId, u64)>,
    /// How often an import came further.
    steps: u64,
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Changes the state, and wakes who waits for that.
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

impl Jobs {
    pub(in crate::engine) fn new(means: Means) -> Self {
        Jobs { shared: Arc::default(), means, thread: Mutex::new(None) }
    }

    /// Adds an import that is durable.
    pub(super) fn add(&self, tenant: &Arc<TenantState>, number: u64) {
        self.shared.change(|state| state.turns.add(tenant, number, |a, b| a.id == b.id));
        self.start();
    }

    /// Goes on with what was interrupted; without a tenant there is only something to remove.
    pub(in crate::engine) fn resume(&self, tenant: Option<&Arc<TenantState>>, interrupted: Interrupted) {
        let Interrupted { tenant: id, jobs, loose } = interrupted;
        self.shared.change(|state| {
            state.loose.extend(loose.into_iter().map(|upload| (id, upload)));
            if let Some(tenant) = tenant {
                jobs.into_iter().for_each(|number| state.turns.add(tenant, number, |a, b| a.id == b.id));
            }
        });
        self.start();
    }

    /// How many imports of a tenant have not ended.
    pub(super) fn waiting(&self, tenant: &TenantState) -> usize {
        self.shared.lock().turns.count(|known| known.id == tenant.id)
    }

    /// Whether an import goes on: its last users may be stored, and hooks not told of them yet.
    pub(super) fn is_under_way(&self, number: u64) -> bool {
        self.shared.lock().turns.has(number)
    }

    /// How often any import came further.
    pub(super) fn steps(&self) -> u64 {
        self.shared.lock().steps
    }

    /// Waits until an import came further than when there had been so many steps, for so long at most.
    pub(super) fn wait_behind(&self, steps: u64, timeout: Duration) {
        let is_same = |state: &mut State| state.steps == steps && !state.is_closed;
        drop(self.shared.changed.wait_timeout_while(self.shared.lock(), timeout, is_same));
    }

    /// Starts the thread, unless it runs. If it cannot be started, the next import tries again, or the next opening.
    fn start(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() || self.shared.is_closed() {
            return;
        }
        let worker = Worker { shared: Arc::clone(&self.shared), means: self.means.clone() };
        *thread = thread::Builder::new().name("scimdb-imports".to_owned()).spawn(move || worker.serve()).ok();
    }

    /// Ends the thread, once the chunk that it is at is stored, and waits for that unless the writer's thread calls.
    pub(in crate::engine) fn close(&self, may_wait: bool) {
        self.shared.change(|state| state.is_closed = true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A hook of the host that runs on it may close the store: the thread then ends by itself.
        if let Some(thread) = thread.filter(|thread| may_wait && thread.thread().id() != thread::current().id()) {
            // A panic was caught on the way.
            let _ = thread.join();
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    means: Means,
}

/// Whose turn it is, and where that import stands if it is known.
type Turn = (Arc<TenantState>, u64, Option<Place>);

/// A chunk on its way.
struct UnderWay {
    number: u64,
    pending: Pending<Step>,
    tenant: TenantId,
}

impl Worker {
    fn serve(self) {
        let mut rest = REST[0];
        // When those are tried again that could not go on.
        let mut due = None;
        while self.wait() {
            // A hook of the host may panic after a commit: what was stored is looked up again.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.carry_out()));
            let is_fault = !matches!(outcome, Ok(Ok(())));
            if !is_fault && !self.shared.lock().turns.is_any_held() {
                (rest, due) = (REST[0], None);
                continue;
            }
            // Who can go on need not wait for who cannot.
            if self.rest(*due.get_or_insert_with(|| Instant::now() + rest), !is_fault) {
                self.shared.change(|state| state.turns.forget());
                (rest, due) = ((rest * 2).min(REST[1]), None);
            }
        }
    }

    /// Waits until there is something to do. False: the store is being closed.
    fn wait(&self) -> bool {
        let is_idle = |state: &mut State| state.turns.is_empty() && state.loose.is_empty() && !state.is_closed;
        let state = self.shared.changed.wait_while(self.shared.lock(), is_idle).unwrap_or_else(PoisonError::into_inner);
        !state.is_closed
    }

    /// Rests until then, or until it is somebody's turn, where that ends it. True: it was until then.
    fn rest(&self, until: Instant, is_ended_by_turn: bool) -> bool {
        let mut state = self.shared.lock();
        while !state.is_closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if is_ended_by_turn && state.turns.is_any_ready() {
                return false;
            }
            (state, _) = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Works until nothing is left that can go on, or the store is being closed.
    fn carry_out(&self) -> Result<()> {
        let mut under_way: Option<UnderWay> = None;
        loop {
            let turn = {
                let mut state = self.shared.lock();
                if state.is_closed { None } else { state.turns.take() }
            };
            let had_turn = turn.is_some();
            let prepared = turn.and_then(|turn| self.prepared_or_held(turn));
            if let Some(under_way) = under_way.take() {
                self.settle(under_way);
            } else if !had_turn {
                return self.sweep();
            }
            if let Some(chunk) = prepared {
                let is_asked = chunk.host.is_some();
                let submitted = self.submit(chunk)?;
                // Who is asked about users must be there to answer.
                if is_asked {
                    self.settle(submitted);
                } else {
                    under_way = Some(submitted);
                }
            }
        }
    }

    /// Binds the users whose turn it is; where that cannot be done now, their tenant has no turn for a while.
    fn prepared_or_held(&self, turn: Turn) -> Option<Chunk> {
        let number = turn.1;
        self.prepare(turn).unwrap_or_else(|_| {
            self.shared.change(|state| state.turns.hold(number));
            None
        })
    }

    fn host(&self) -> Host {
        self.means.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Binds the users whose turn it is. None: there is nothing to store, which is noted.
    fn prepare(&self, (state, number, place): Turn) -> Result<Option<Chunk>> {
        let Means { writer, hasher, env, .. } = &self.means;
        let config = match state.config() {
            Ok(config) => config,
            Err(error) if error.kind() == ErrorKind::UnknownTenant => {
                self.shared.change(|state| state.turns.end(number));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let snapshot = writer.snapshot()?;
        let record = places::read(&*snapshot, state.id, number)?;
        let Some(record) = record.filter(|record| record.status == JobStatus::Importing) else {
            self.shared.change(|state| state.turns.end(number));
            return Ok(None);
        };
        let looked_up = Place { next: record.next, chunks: record.chunks, row: record.processed() };
        let place = place.unwrap_or(looked_up);
        let key = places::chunk(state.id, record.upload, place.next);
        let bytes = snapshot.get(Table::JobRows, &key)?;
        let bytes = bytes.as_deref().ok_or_else(|| Error::new(ErrorKind::Corrupt, "users of the import are missing"));
        let bytes = match bytes.and_then(|bytes| open_chunk(&config, &key, bytes)) {
            // They wait for the store to be opened with its keys.
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            other => other,
        };
        let bound = bytes.and_then(|bytes| {
            let next = next_number(&*snapshot, state.id)?;
            let binder = Binder::new((&config, &state), &record, hasher, env, next)?;
            binder.rows(&bytes, place.row, || self.shared.is_closed())
        });
        let rows = match bound {
            Ok(rows) => rows,
            // Where another chunk of it is on its way, what was found may be of no account any more.
            Err(_) if place != looked_up => {
                self.shared.change(|state| state.turns.set(number, None));
                return Ok(None);
            }
            Err(error) => {
                self.give_up(&state, number, &error)?;
                return Ok(None);
            }
        };
        let Some(rows) = rows else { return Ok(None) };
        let next = Place { next: place.next + 1, row: place.row + rows.len() as u64, ..place };
        self.shared.change(|state| state.turns.set(number, Some(next)));
        let (registry, host) = (Arc::clone(&config.registry), self.host());
        Ok(Some(Chunk { state, number, chunk: place.next, rows, registry, host }))
    }

    /// Ends an import that cannot be carried out.
    fn give_up(&self, state: &Arc<TenantState>, number: u64, error: &Error) -> Result<()> {
        let (of, reason) = (Arc::clone(state), error.to_string());
        let pending = self.means.writer.submit(move |txn: &mut Transaction<'_>| {
            of.config()?;
            match places::read(txn, of.id, number)?.filter(|record| record.status == JobStatus::Importing) {
                Some(record) => fail(txn, &of, number, record, reason),
                None => Ok(Step::Gone),
            }
        })?;
        self.settle(UnderWay { number, pending, tenant: state.id });
        Ok(())
    }

    fn submit(&self, chunk: Chunk) -> Result<UnderWay> {
        let (number, tenant) = (chunk.number, chunk.state.id);
        let pending = self.means.writer.submit(move |txn: &mut Transaction<'_>| store(txn, chunk))?;
        Ok(UnderWay { number, pending, tenant })
    }

    /// Waits until a chunk is durable, and notes how it went.
    fn settle(&self, under_way: UnderWay) {
        let UnderWay { number, pending, tenant } = under_way;
        let step = match pending.wait() {
            // The tenant was dropped.
            Err(error) if error.kind() == ErrorKind::UnknownTenant => Step::Gone,
            // It may be the fault of what is the tenant's own: its keys, its host.
            Err(_) => {
                self.shared.change(|state| state.turns.hold(number));
                return;
            }
            Ok(step) => step,
        };
        self.shared.change(|state| {
            match &step {
                Step::Stored { ended, loose, .. } => {
                    state.loose.extend(loose.map(|upload| (tenant, upload)));
                    if *ended {
                        state.turns.end(number);
                    }
                }
                Step::Stale => state.turns.set(number, None),
                Step::Gone => state.turns.end(number),
            }
            state.steps += 1;
        });
    }

    /// Removes what nobody needs.
    fn sweep(&self) -> Result<()> {
        loop {
            let loose = {
                let state = self.shared.lock();
                if state.is_closed { None } else { state.loose.last().copied() }
            };
            let Some((tenant, upload)) = loose else { return Ok(()) };
            sweep(&self.means.writer, tenant, upload)?;
            self.shared.change(|state| state.loose.retain(|known| *known != (tenant, upload)));
        }
    }
}
