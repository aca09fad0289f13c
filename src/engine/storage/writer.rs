//! The one thread that writes: it drains a queue, so that concurrent writers share a sync of the disk.
//!
//! After an I/O error it opens the file again, before anybody is answered: what was acknowledged is there, and the
//! change that failed is there wholly or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use super::caller::{answers, check_may_wait, closed};
use super::database::WriteTables;
use super::errors::engine_error;
use super::job::{Job, Task};
use super::observer::{ChangedRow, Observer};
use super::rewrite::LeftOut;
use super::{Batch, Database, Location, Pending, Snapshot, Table, Transaction, Watch, format, keys, rewrite};
use crate::engine::env::Env;
use crate::{Error, ErrorKind, Result};

/// Jobs that share one commit at most: bounds how long the first of them waits.
const MAX_GROUP: usize = 512;
/// Jobs that wait in the queue at most; who comes then waits to get in.
const MAX_QUEUE: usize = 4_096;
/// How long a group waits for writers that were in the last one and are on their way back.
const GATHER: Duration = Duration::from_micros(200);
/// How often a reader waits for a state that was taken away, by recoveries one after the other, say; and how often it
/// looks meanwhile.
const PATIENCE: u32 = 100;
const GLANCE: Duration = Duration::from_millis(10);
/// How long what needs the file for itself waits for readers to let go of their snapshots, and how often it looks.
const READERS: (u32, Duration) = (1_000, Duration::from_millis(10));

/// What the thread is asked to do.
enum Message {
    Change(Box<dyn Job>),
    /// Verify the checksums of all pages.
    Verify(SyncSender<Result<bool>>),
    /// Write the file anew, without the room of free pages, and without these entries.
    Compact(Sender<Step>, Vec<(Table, Vec<u8>)>),
}

/// What a compaction tells: how many entries are copied, and of how many; how it ended.
enum Step {
    At(u64, u64),
    Ended(Result<()>),
}

/// A change that panicked leaves nothing behind, nor do those that shared its commit: the file is opened again.
fn bug() -> Error {
    Error::new(ErrorKind::Internal, "a change ended in a panic, which is a bug of the store; nothing of it was written")
}

/// The writing side of a store, and the state that readers see.
pub(in crate::engine) struct Writer {
    queue: Mutex<Option<SyncSender<Message>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    shared: Arc<Shared>,
    observer: Arc<dyn Observer>,
    waits_end: AtomicBool,
}

struct Shared {
    /// None while the store recovers or is verified, and after it was closed.
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    /// The sequence that the snapshot stands at; and whether the store is closed.
    progress: Mutex<(u64, bool)>,
    advanced: Condvar,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn publish(&self, snapshot: Option<Arc<Snapshot>>, sequence: Option<u64>) {
        let before = {
            let mut published = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *published, snapshot)
        };
        // Nobody waits while the last snapshot of a file closes it.
        drop(before);
        let mut progress = locked(&self.progress);
        progress.0 = sequence.unwrap_or(progress.0);
        self.advanced.notify_all();
    }

    fn published(&self) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone();
        snapshot.filter(|snapshot| !snapshot.is_failed())
    }
}

impl Writer {
    /// Opens the store and starts the thread.
    pub(in crate::engine) fn start(
        location: Location,
        cache_bytes: usize,
        env: Env,
        observer: Arc<dyn Observer>,
    ) -> Result<Self> {
        let database = Database::open(&location, cache_bytes)?;
        let snapshot = Arc::new(database.snapshot()?);
        let sequence = format::read_sequence(&*snapshot)?;
        observer.opened(&snapshot, sequence)?;
        let shared = Arc::new(Shared {
            snapshot: RwLock::new(Some(snapshot)),
            progress: Mutex::new((sequence, false)),
            advanced: Condvar::new(),
        });
        let (sender, receiver) = mpsc::sync_channel(MAX_QUEUE);
        let state = Thread {
            database: Some(database),
            location: location.existing(),
            cache_bytes,
            env,
            sequence,
            observer: Arc::clone(&observer),
            shared: Arc::clone(&shared),
            intake: Intake { queue: receiver, held: None },
        };
        let thread = thread::Builder::new()
            .name("scimdb-writer".to_owned())
            .spawn(move || state.serve())
            .map_err(|error| Error::new(ErrorKind::Io, "the writer thread could not be started").caused_by(error))?;
        Ok(Writer {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            shared,
            observer,
            waits_end: AtomicBool::new(false),
        })
    }

    /// The state after the last acknowledged change. Waits while the store recovers from an I/O error.
    pub(in crate::engine) fn snapshot(&self) -> Result<Arc<Snapshot>> {
        for _ in 0..PATIENCE {
            if let Some(snapshot) = self.shared.published() {
                return Ok(snapshot);
            }
            // A change of nothing has its turn after the recovery, and begins it where nobody did. When it is done, the
            // next one may have taken the state away again.
            if answers() {
                // Its turn would come after that of the change which asks this thread.
                break;
            }
            let turn = self.submit_urgent(|_| Ok(()))?;
            loop {
                if let Some(outcome) = turn.wait_for(GLANCE) {
                    break outcome?;
                }
                // There may be a state long before its turn comes: a compaction needs none to itself for most of it.
                if let Some(snapshot) = self.shared.published() {
                    return Ok(snapshot);
                }
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "the store recovers from an I/O error; try again"))
    }

    /// Makes a change, and returns when it is durable and every later read sees it.
    pub(in crate::engine) fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.submit(change)?.wait()
    }

    /// Queues a change.
    pub(in crate::engine) fn submit<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<Pending<T>> {
        check_may_wait()?;
        self.observer.admit();
        self.submit_urgent(change)
    }

    /// The same for changes that others wait for: they do not wait for the observer.
    pub(in crate::engine) fn submit_urgent<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<Pending<T>> {
        let (task, receiver) = Task::new(change, None::<fn(&T)>);
        self.send(Message::Change(Box::new(task)))?;
        Ok(Pending::new(receiver))
    }

    /// Makes a change of what later changes go by. `after` is called once it is durable, before the next change runs.
    pub(in crate::engine) fn write_then<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T> {
        let (task, receiver) = Task::new(change, Some(after));
        self.send(Message::Change(Box::new(task)))?;
        Pending::new(receiver).wait()
    }

    /// Verifies the checksum of every page of the file, while readers and writers wait. False: something was wrong
    /// beside the data, and has been repaired.
    pub(in crate::engine) fn verify(&self) -> Result<bool> {
        let (reply, receiver) = mpsc::sync_channel(1);
        self.send(Message::Verify(reply))?;
        receiver.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Makes the file as small as it can be, while writers wait, and leaves entries out of it that have no purpose any more.
    pub(in crate::engine) fn compact(
        &self,
        left_out: Vec<(Table, Vec<u8>)>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        // Without a bound: the thread waits for nobody who is told, since they may wait for it.
        let (reply, receiver) = mpsc::channel();
        self.send(Message::Compact(reply, left_out))?;
        for step in receiver {
            match step {
                Step::At(done, total) => progress(done, total),
                Step::Ended(outcome) => return outcome,
            }
        }
        Err(closed())
    }

    fn send(&self, message: Message) -> Result<()> {
        check_may_wait()?;
        let queue = locked(&self.queue).clone().ok_or_else(closed)?;
        queue.send(message).map_err(|_| closed())
    }

    /// Waits until the state is behind the sequence, the time is over, the watch is, or the store is closed. Tells where
    /// it stands.
    pub(in crate::engine) fn wait_behind(&self, sequence: u64, timeout: Duration, watch: &Watch) -> Result<u64> {
        let progress = locked(&self.shared.progress);
        let has_ended = || self.waits_end.load(Ordering::Acquire);
        let waiting =
            |(now, closed): &mut (u64, bool)| *now <= sequence && !*closed && !has_ended() && !watch.is_over();
        let (progress, _) =
            self.shared.advanced.wait_timeout_while(progress, timeout, waiting).unwrap_or_else(PoisonError::into_inner);
        if progress.1 || (progress.0 <= sequence && has_ended()) { Err(closed()) } else { Ok(progress.0) }
    }

    /// Nobody waits for changes any more.
    pub(in crate::engine) fn end_waits(&self) {
        self.waits_end.store(true, Ordering::Release);
        self.wake();
    }

    /// Refuses to wait on, once [`Writer::end_waits`] was called.
    ///
    /// # Errors
    /// `Unavailable` then.
    pub(in crate::engine) fn may_wait_on(&self) -> Result<()> {
        if self.waits_end.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }

    /// Where the state stands.
    ///
    /// # Errors
    /// `Unavailable` when the store is closed.
    pub(in crate::engine) fn progress(&self) -> Result<u64> {
        let progress = locked(&self.shared.progress);
        if progress.1 { Err(closed()) } else { Ok(progress.0) }
    }

    /// Lets those that wait look at what they wait for.
    pub(in crate::engine) fn wake(&self) {
        // Who is between looking and waiting has the lock.
        drop(locked(&self.shared.progress));
        self.shared.advanced.notify_all();
    }

    /// Whether this is the thread that writes.
    pub(in crate::engine) fn is_own_thread(&self) -> bool {
        let thread = locked(&self.thread);
        thread.as_ref().is_some_and(|thread| thread.thread().id() == thread::current().id())
    }

    /// Finishes what is queued, and closes the file.
    pub(in crate::engine) fn close(&self) {
        drop(locked(&self.queue).take());
        let thread = locked(&self.thread).take();
        // A change can hold the last handle of the store, which is then dropped on this very thread: it ends by itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // A panic of the thread was answered to its callers already: their channel closed.
            let _ = thread.join();
        }
        *self.shared.snapshot.write().unwrap_or_else(PoisonError::into_inner) = None;
        locked(&self.shared.progress).1 = true;
        self.shared.advanced.notify_all();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread owns.
struct Thread {
    /// None only where opening it again failed.
    database: Option<Database>,
    location: Location,
    cache_bytes: usize,
    env: Env,
    sequence: u64,
    observer: Arc<dyn Observer>,
    shared: Arc<Shared>,
    intake: Intake,
}

/// What comes to the thread.
struct Intake {
    queue: Receiver<Message>,
    /// A message that was taken from the queue, and has to wait for the commit of those before it.
    held: Option<Message>,
}

impl Intake {
    /// The next message; none when everybody who could send one is gone.
    fn next(&mut self) -> Option<Message> {
        self.held.take().or_else(|| self.queue.recv().ok())
    }

    /// Another change for the same commit. Waits for one until a deadline, if there is one.
    fn next_job(&mut self, deadline: Option<Monotonic>) -> Option<Box<dyn Job>> {
        if self.held.is_some() {
            return None;
        }
        let message = match deadline {
            Some(deadline) => self.queue.recv_timeout(deadline.saturating_duration_since(Monotonic::now())).ok(),
            None => self.queue.try_recv().ok(),
        };
        match message {
            Some(Message::Change(job)) => Some(job),
            other => {
                self.held = other;
                None
            }
        }
    }
}

impl Thread {
    fn serve(mut self) {
        let mut last_group = 1;
        while let Some(message) = self.intake.next() {
            match message {
                Message::Change(first) => last_group = self.change(first, last_group),
                Message::Verify(reply) => {
                    let outcome = self.recover().and_then(|()| self.alone(Database::verify));
                    // Who asked may be gone.
                    let _ = reply.send(outcome);
                }
                Message::Compact(reply, left_out) => {
                    let mut progress = |done, total| {
                        // Who asked may be gone.
                        let _ = reply.send(Step::At(done, total));
                        Ok(())
                    };
                    let outcome = self.recover().and_then(|()| self.compact(left_out, &mut progress));
                    let _ = reply.send(Step::Ended(outcome));
                }
            }
        }
        self.shut();
    }

    /// Makes a change and those that can share its commit; tells how many they were.
    fn change(&mut self, first: Box<dyn Job>, expected: usize) -> usize {
        let mut jobs = vec![first];
        let mut outcome = self.recover();
        if outcome.is_ok() {
            outcome =
                catch_unwind(AssertUnwindSafe(|| self.commit(&mut jobs, expected))).unwrap_or_else(|_| Err(bug()));
            if outcome.is_err() {
                self.shut();
                // If it fails, the next change or read tries again.
                let _ = self.recover();
            }
        } else {
            // They would all try the same, one after the other.
            jobs.extend(std::iter::from_fn(|| self.intake.next_job(None)));
        }
        let count = jobs.len();
        for job in jobs {
            job.finish(outcome.as_ref().copied());
        }
        count
    }

    /// Closes the file. Readers wait from here on.
    fn shut(&mut self) {
        self.shared.publish(None, None);
        self.observer.withdrawn();
        if let Some(database) = self.database.take() {
            database.close();
        }
    }

    /// Opens the file again after an error.
    fn recover(&mut self) -> Result<()> {
        if self.database.as_ref().is_some_and(|database| !database.is_failed()) {
            return Ok(());
        }
        self.shut();
        let database = Database::open(&self.location, self.cache_bytes).map_err(|error| match error.kind() {
            // No caller asked for what is not there.
            ErrorKind::NotFound => Error::new(ErrorKind::Io, error.detail()),
            _ => error,
        })?;
        let snapshot = Arc::new(database.snapshot()?);
        let sequence = format::read_sequence(&*snapshot)?;
        if sequence < self.sequence {
            let detail = format!("the store's file went back from change {} to {sequence}", self.sequence);
            return Err(Error::new(ErrorKind::Corrupt, detail));
        }
        self.observer.opened(&snapshot, sequence)?;
        self.sequence = sequence;
        self.database = Some(database);
        self.shared.publish(Some(snapshot), Some(sequence));
        Ok(())
    }

    /// Writes the file anew, and goes on with the new one. Readers go on with the old one meanwhile, and for as long as
    /// they hold it.
    fn compact(&mut self, left_out: Vec<(Table, Vec<u8>)>, progress: rewrite::Progress<'_>) -> Result<()> {
        if matches!(self.location, Location::Medium(_)) {
            self.delete(left_out)?;
            return self.alone(Database::compact);
        }
        // What is damaged must not get a checksum that says otherwise.
        self.alone(Database::verify)?;
        let Some(path) = self.location.successor()? else { return Ok(()) };
        let Some(database) = &self.database else { return Err(closed()) };
        let left_out = LeftOut { tables: &[], entries: &left_out };
        let copied =
            database.snapshot().and_then(|snapshot| rewrite::copy_to_file(&snapshot, &path, left_out, progress));
        if let Err(error) = copied.and_then(|()| self.location.succeed(&path)) {
            self.location.discard_successor();
            return Err(error);
        }
        // What is acknowledged from here on is in the new file, which must keep its name through a crash.
        let replaced = self.location.keep_name().and_then(|()| {
            let Some(database) = self.database.take() else { return Err(closed()) };
            let database = database.replaced(&self.location, self.cache_bytes)?;
            let snapshot = Arc::new(database.snapshot()?);
            self.database = Some(database);
            self.observer.returned(&snapshot);
            self.shared.publish(Some(snapshot), None);
            Ok(())
        });
        if replaced.is_err() {
            self.shut();
            let _ = self.recover();
        }
        replaced
    }

    /// Deletes entries that nobody reads but who asked for it.
    fn delete(&mut self, entries: Vec<(Table, Vec<u8>)>) -> Result<()> {
        let Some(database) = self.database.as_ref().filter(|_| !entries.is_empty()) else { return Ok(()) };
        let txn = database.write()?;
        WriteTables::open(&txn)?.apply(entries.into_iter().map(|entry| (entry, None)).collect())?;
        txn.commit().map_err(engine_error)
    }

    /// Does what needs the file for itself, once readers have let go of their snapshots.
    fn alone<T>(&mut self, work: impl Fn(&mut Database) -> Result<Option<T>>) -> Result<T> {
        self.shared.publish(None, None);
        self.observer.withdrawn();
        let Some(database) = &mut self.database else { return Err(closed()) };
        let mut outcome = work(database);
        for _ in 0..READERS.0 {
            if !matches!(outcome, Ok(None)) {
                break;
            }
            thread::sleep(READERS.1);
            outcome = work(database);
        }
        let outcome = outcome.and_then(|found| Ok((found, Arc::new(database.snapshot()?))));
        let found = match outcome {
            Ok((found, snapshot)) => {
                self.observer.returned(&snapshot);
                self.shared.publish(Some(snapshot), None);
                found
            }
            Err(error) => {
                self.shut();
                let _ = self.recover();
                return Err(error);
            }
        };
        found.ok_or_else(|| Error::new(ErrorKind::Unavailable, "a reader holds the store; try again later"))
    }

    /// Runs the jobs that are there, and those that come meanwhile, in one commit.
    fn commit(&mut self, jobs: &mut Vec<Box<dyn Job>>, expected: usize) -> Result<()> {
        let Some(database) = &self.database else { return Err(closed()) };
        let now = self.env.now();
        let txn = database.write()?;
        let mut wrote = false;
        let mut sequence = self.sequence;
        let mut changed = Vec::new();
        {
            let mut tables = WriteTables::open(&txn)?;
            let mut next = 0;
            let mut is_last = false;
            let deadline = Monotonic::now() + GATHER;
            loop {
                while let Some(job) = jobs.get_mut(next) {
                    next += 1;
                    let mut change = Transaction::new(&tables, sequence, now).heeding(database.failure());
                    wrote |= job.run(&mut change);
                    is_last |= job.ends_group();
                    let (batch, last) = change.into_parts();
                    sequence = last;
                    self.note(&batch, &mut changed);
                    tables.apply(batch)?;
                }
                if is_last || jobs.len() >= MAX_GROUP {
                    break;
                }
                match self.intake.next_job((jobs.len() < expected).then_some(deadline)) {
                    Some(job) => jobs.push(job),
                    None => break,
                }
            }
            if wrote {
                tables.apply([format::sequence_entry(sequence)].into_iter().collect())?;
            }
        }
        if !wrote {
            return txn.abort().map_err(engine_error);
        }
        txn.commit().map_err(engine_error)?;
        self.sequence = sequence;
        let snapshot = Arc::new(database.snapshot()?);
        self.observer.committed(&snapshot, sequence, changed);
        self.shared.publish(Some(snapshot), Some(sequence));
        Ok(())
    }

    /// Notes the rows that a batch changes.
    fn note(&self, batch: &Batch, changed: &mut Vec<ChangedRow>) {
        #[cfg(scimdb_test_panic)]
        batch.values().flatten().for_each(|value| crate::engine::env::panic_if_asked("commit", value));
        let rows = (Table::Resources, Vec::new())..(Table::Ids, Vec::new());
        for ((_, key), value) in batch.range(rows) {
            let Some((tenant, at)) = keys::resource_place(key) else { continue };
            let stored = value.as_deref().filter(|_| self.observer.wants(tenant, at.kind)).map(Arc::from);
            changed.push(ChangedRow { tenant, at, stored, is_deleted: value.is_none() });
        }
    }
}
