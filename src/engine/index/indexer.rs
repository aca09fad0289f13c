//! The threads of the index: one that takes recent writes into runs, which writers may wait for, one that merges runs, and
//! one that makes indexes, which both take longer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant as Monotonic;

use super::publish::{Phase, Publisher, TypeKey, Work};
use super::{Catalog, Coverage, LiveRun, RunBuilder, Shelf, TypeView, compact, hold, interrupt, make, manifest, stack};
use crate::engine::storage::keys::TenantId;
use crate::engine::storage::{Snapshot, Writer};
use crate::model::{Registry, TypeModel, stored};
use crate::{Error, ErrorKind, Result};

/// Gives the schemas of a tenant as a snapshot has them; none if it is gone.
pub(in crate::engine) type Schemas = Box<dyn Fn(&Snapshot, TenantId) -> Result<Option<Arc<Registry>>> + Send + Sync>;

/// What the threads share.
pub(in crate::engine) struct Shared {
    pub(super) publisher: Arc<Publisher>,
    pub(super) writer: Arc<Writer>,
    pub(super) shelf: Shelf,
    schemas: Schemas,
    /// Runs whose files could not be removed yet, or of which nobody knows whether a manifest names them.
    leftovers: Mutex<Vec<u64>>,
}

impl Shared {
    pub(super) fn new(publisher: Arc<Publisher>, writer: Arc<Writer>, shelf: Shelf, schemas: Schemas) -> Self {
        Shared { publisher, writer, shelf, schemas, leftovers: Mutex::default() }
    }

    /// The resource type of a key.
    pub(super) fn model(&self, snapshot: &Snapshot, (tenant, kind): TypeKey) -> Result<Option<Arc<TypeModel>>> {
        let registry = (self.schemas)(snapshot, tenant)?;
        Ok(registry.and_then(|registry| registry.type_by_number(kind).cloned()))
    }

    /// What is indexed of a resource type.
    pub(super) fn catalog(&self, model: &TypeModel) -> Arc<Catalog> {
        Arc::new(Catalog { grams_from: self.publisher.options().grams_from, ..Catalog::of(model) })
    }

    /// Makes a run of its bytes, on disk or in memory.
    pub(super) fn keep(&self, words: Vec<u64>, on_disk: bool, through: u64) -> Result<LiveRun> {
        if !on_disk {
            return Ok(LiveRun::new(Shelf::memory(words)?, None, through));
        }
        let number = random_number();
        let written = self.shelf.write(number, words);
        if written.is_err() {
            self.remove(number);
        }
        let run = written?;
        // The medium works, so it may obey now.
        self.remove_leftovers();
        Ok(LiveRun::new(run, Some(number), through))
    }

    fn leftovers(&self) -> MutexGuard<'_, Vec<u64>> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes runs that a manifest names or not: storing it ended in an error.
    pub(super) fn doubt(&self, numbers: impl IntoIterator<Item = u64>) {
        self.leftovers().extend(numbers);
    }

    /// Removes what could not be removed before. A run that a manifest names is left over no more.
    fn remove_leftovers(&self) {
        let leftovers = std::mem::take(&mut *self.leftovers());
        if leftovers.is_empty() {
            return;
        }
        // After an error there are no rows to be seen before it is known what the file holds.
        let named = self.publisher.snapshot().map(|(snapshot, _)| manifest::all_runs(&*snapshot));
        match named {
            Some(Ok(named)) => leftovers.into_iter().filter(|it| !named.contains(it)).for_each(|it| self.remove(it)),
            _ => self.doubt(leftovers),
        }
    }

    /// Removes the files of a run. What is left of them, if that fails, goes when another run has been written, or when
    /// the store is opened again.
    pub(super) fn remove(&self, number: u64) {
        if self.shelf.remove(number).is_err() {
            self.leftovers().push(number);
        }
    }
}

/// The number of a run: of all stores, so that a manifest can never name files that it was not written for, be they left
/// over, or of another time of the same store.
#[expect(clippy::disallowed_methods, reason = "nobody sees it, and two must not be the same whatever is injected")]
fn random_number() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}

/// Whether runs can be asked about every leaf of a catalog.
pub(super) fn is_current(runs: &[LiveRun], catalog: &Catalog) -> bool {
    let knows = |live: &LiveRun| catalog.leaves.iter().all(|leaf| !matches!(live.run.column(leaf), Coverage::Stale));
    runs.iter().all(knows)
}

/// The running threads.
pub(in crate::engine) struct Indexer {
    publisher: Arc<Publisher>,
    shelf: Shelf,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Indexer {
    /// Starts the threads.
    pub(in crate::engine) fn start(
        publisher: Arc<Publisher>,
        writer: Arc<Writer>,
        shelf: Shelf,
        schemas: Schemas,
    ) -> Result<Self> {
        let mut threads = Vec::new();
        let own = shelf.clone();
        if publisher.options().enabled {
            let shared = Arc::new(Shared::new(Arc::clone(&publisher), writer, shelf, schemas));
            let (compactor, maker) = (Arc::clone(&shared), Arc::clone(&shared));
            threads.push(spawn("scimdb-indexer", move || index(&shared))?);
            threads.push(spawn("scimdb-compactor", move || compact_runs(&compactor))?);
            threads.push(spawn("scimdb-maker", move || make_indexes(&maker))?);
        }
        Ok(Indexer { publisher, shelf: own, threads: Mutex::new(threads) })
    }

    /// Takes the rows of a type out of all files of its index, and returns when they are gone from there: files are
    /// written again without them, or removed, where the index is not in use.
    ///
    /// # Errors
    /// `Io`, `DiskFull`, `Unavailable`: they may be there still.
    pub(in crate::engine) fn purge(&self, writer: &Writer, key: TypeKey, rows: &[u64], through: u64) -> Result<()> {
        if self.publisher.options().enabled && self.publisher.purge(key, rows, through)? {
            return Ok(());
        }
        self.publisher.abandon(key);
        let runs = manifest::remove(writer, key)?;
        // One may have been opened meanwhile, by what it was.
        self.publisher.abandon(key);
        runs.into_iter().try_for_each(|number| self.shelf.remove(number))
    }

    /// Ends the threads, and waits for them unless the caller is one that they may wait for.
    pub(in crate::engine) fn close(&self, wait: bool) {
        self.publisher.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if wait && thread.thread().id() != thread::current().id() {
                // A panic there was answered: the index was given up.
                let _ = thread.join();
            }
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let failed = |error| Error::new(ErrorKind::Io, "a thread of the index could not be started").caused_by(error);
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(failed)
}

/// Runs a piece of work; a panic is an error of it.
fn caught(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the indexer ended in a panic")))
}

/// The first thread.
pub(super) fn index(shared: &Shared) {
    interrupt::heed(shared.publisher.closing());
    // What no manifest names is left over from a crash.
    if let Some((snapshot, _)) = shared.publisher.snapshot()
        && let (Ok(named), Ok(present)) = (manifest::all_runs(&*snapshot), shared.shelf.numbers())
    {
        present.into_iter().filter(|number| !named.contains(number)).for_each(|number| shared.remove(number));
    }
    shared.publisher.begin();
    while let Some(work) = shared.publisher.next_work() {
        let key = match work {
            Work::Remove(numbers) => {
                numbers.into_iter().for_each(|number| shared.remove(number));
                continue;
            }
            Work::Schemas(tenant) => {
                if caught(|| compare_schemas(shared, tenant)).is_err() {
                    shared.publisher.of_tenant(tenant).into_iter().for_each(|(key, _)| shared.publisher.retire(key));
                }
                continue;
            }
            Work::Flush(key) => key,
        };
        if caught(|| flush(shared, key)).is_err() {
            shared.publisher.set_phase(key, Phase::Failed(Monotonic::now()));
        }
    }
}

/// The second thread.
pub(super) fn compact_runs(shared: &Shared) {
    interrupt::heed(shared.publisher.closing());
    while let Some((key, view, window)) = shared.publisher.next_compaction() {
        let claimed: Vec<_> = view.runs.get(window.clone()).unwrap_or_default().to_vec();
        let outcome = caught(|| compact::compact(shared, key, &view, window.clone()));
        // The index answers as before, with more runs than it should have: it is left alone for a while.
        shared.publisher.rest(key, outcome.is_err());
        shared.publisher.unclaim(key, &claimed);
        if outcome.is_err() && compact::is_hopeless(&view, window) {
            shared.publisher.retire(key);
        }
    }
}

/// The third thread.
pub(super) fn make_indexes(shared: &Shared) {
    interrupt::heed(shared.publisher.closing());
    while let Some(key) = shared.publisher.next_request() {
        let mut outcome = caught(|| make::open(shared, key));
        if outcome.as_ref().is_err_and(may_pass) {
            outcome = caught(|| make::open(shared, key));
        }
        if outcome.is_err() {
            shared.publisher.set_phase(key, Phase::Failed(Monotonic::now()));
        }
    }
}

/// Whether another attempt may succeed at once: somebody may have taken away a file that had just been written.
fn may_pass(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::DiskFull | ErrorKind::Unavailable)
}

/// Makes the indexes again that the schemas of a tenant do not fit any more, and tells the others of new attributes.
fn compare_schemas(shared: &Shared, tenant: TenantId) -> Result<()> {
    let Some((snapshot, _)) = shared.publisher.snapshot() else { return Ok(()) };
    for (key, view) in shared.publisher.of_tenant(tenant) {
        let Some(model) = shared.model(&snapshot, key)? else {
            shared.publisher.retire(key);
            continue;
        };
        let catalog = shared.catalog(&model);
        if !is_current(&view.runs, &catalog) {
            shared.publisher.retire(key);
            continue;
        }
        // New attributes can be asked for at once: no resource of a run has a value.
        shared.publisher.edit(key, |now| {
            let (runs, recent) = (now.runs.clone(), now.recent.clone());
            is_current(&runs, &catalog).then(|| TypeView::new(Arc::clone(&catalog), runs, now.applied, recent))
        });
    }
    Ok(())
}

/// Puts the recent writes of an index into a run.
fn flush(shared: &Shared, key: TypeKey) -> Result<()> {
    let (Some(view), Some((snapshot, _))) = (shared.publisher.live(key), shared.publisher.snapshot()) else {
        return Ok(());
    };
    let Some(last) = view.recent.last() else { return Ok(()) };
    let model = shared.model(&snapshot, key)?;
    let Some(model) = model else {
        shared.publisher.retire(key);
        return Ok(());
    };
    let catalog = shared.catalog(&model);
    if !is_current(&view.runs, &catalog) {
        shared.publisher.retire(key);
        return Ok(());
    }
    let mut builder = RunBuilder::new(&catalog, key.1);
    for write in &view.overlay().writes {
        match &write.stored {
            Some(bytes) => builder.add(write.row, &stored::view(bytes, &model)?)?,
            // Of a row that came and went between two runs nothing is left.
            None if hold(&view.runs, write.row) => builder.tombstone(write.row),
            None => {}
        }
    }
    let through = last.sequence;
    let newest = shared.keep(builder.finish()?, false, through)?;
    let tail = claim_tail(shared, key, &view, &newest);
    // What was claimed is given up, whatever happens.
    let outcome = caught(|| consolidate(shared, key, &view, &catalog, &tail, newest, through));
    shared.publisher.unclaim(key, &tail);
    outcome
}

/// The last runs, as far as they are in memory and not much larger than a new one: they are merged with it.
fn claim_tail(shared: &Shared, key: TypeKey, view: &TypeView, newest: &LiveRun) -> Vec<LiveRun> {
    let limit = u64::from(shared.publisher.options().durable_from);
    let mut docs = u64::from(newest.run.docs());
    let mut from = view.runs.len();
    while let Some(older) = from.checked_sub(1).and_then(|index| view.runs.get(index))
        && older.number.is_none()
        && u64::from(older.alive()) <= 2 * docs
        && docs + u64::from(older.alive()) < limit
    {
        docs += u64::from(older.alive());
        from -= 1;
    }
    let tail = view.runs.get(from..).unwrap_or_default().to_vec();
    if shared.publisher.claim(key, &tail) { tail } else { Vec::new() }
}

/// Puts a new run on top of an index, merged with its last ones.
fn consolidate(
    shared: &Shared,
    key: TypeKey,
    view: &TypeView,
    catalog: &Arc<Catalog>,
    tail: &[LiveRun],
    newest: LiveRun,
    through: u64,
) -> Result<()> {
    let merged = if tail.is_empty() {
        newest.clone()
    } else {
        let parts = stack(tail, newest.clone());
        let sources: Vec<_> = parts.iter().map(|live| (&*live.run, &live.dead.bits)).collect();
        let older = view.runs.get(..view.runs.len().saturating_sub(tail.len())).unwrap_or_default();
        shared.keep(super::merge::merge(&sources, catalog, |row| hold(older, row))?, false, through)?
    };
    shared.publisher.edit(key, |now| {
        // One that was closed and made anew meanwhile has these writes already.
        let now = Some(now).filter(|now| now.is_kin_of(view))?;
        let kept = now.runs.len().checked_sub(tail.len())?;
        let is_tail = compact::find(now.runs.get(kept..)?, tail) == Some(0) || tail.is_empty();
        let (older, newer) = if is_tail { (now.runs.get(..kept)?, merged) } else { (now.runs.as_slice(), newest) };
        let runs = if newer.is_empty() { older.to_vec() } else { stack(older, newer) };
        let recent = now.recent.iter().filter(|commit| commit.sequence > through).cloned().collect();
        Some(TypeView::new(Arc::clone(catalog), runs, through, recent))
    });
    Ok(())
}
