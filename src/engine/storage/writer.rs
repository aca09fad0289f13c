//! The one thread that writes: it drains a queue, so that concurrent writers share a sync of the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use super::database::{WriteTables, engine_error};
use super::{Database, Location, Snapshot, Transaction, format};
use crate::engine::env::Env;
use crate::{Error, ErrorKind, Result};

/// Jobs that share one commit at most: bounds how long the first of them waits.
const MAX_GROUP: usize = 512;
/// Jobs that wait in the queue at most; who comes then waits to get in.
const MAX_QUEUE: usize = 4_096;
/// How long a group waits for writers that were in the last one and are on their way back.
const GATHER: Duration = Duration::from_micros(200);
/// How often, and how long apart, recovery from an I/O error tries to open the file again.
const REOPEN: (u32, Duration) = (50, Duration::from_millis(20));

/// A change that waits for its commit.
trait Job: Send {
    /// Makes the change. True if it wrote anything.
    fn run(&mut self, txn: &mut Transaction<'_>) -> bool;
    /// Tells the caller: its own result if the commit succeeded.
    fn finish(self: Box<Self>, commit: std::result::Result<(), &Error>);
}

struct Task<T, F, A> {
    change: Option<F>,
    after: Option<A>,
    result: Option<Result<T>>,
    reply: SyncSender<Result<T>>,
}

impl<T, F, A> Job for Task<T, F, A>
where
    T: Send,
    F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn run(&mut self, txn: &mut Transaction<'_>) -> bool {
        let Some(change) = self.change.take() else { return false };
        // The closure's own error leaves nothing behind; see `Transaction::nested`.
        let mut wrote = false;
        self.result = Some(txn.nested(|inner| {
            let made = change(inner)?;
            wrote = inner.has_changes();
            Ok(made)
        }));
        wrote
    }

    fn finish(self: Box<Self>, commit: std::result::Result<(), &Error>) {
        let result = match (self.result, commit) {
            (Some(Ok(made)), Ok(())) => {
                if let Some(after) = self.after {
                    after(&made);
                }
                Ok(made)
            }
            (Some(Ok(_)), Err(error)) => Err(again(error)),
            (Some(Err(error)), _) => Err(error),
            (None, Err(error)) => Err(again(error)),
            (None, Ok(())) => Err(Error::new(ErrorKind::Internal, "a change was not made")),
        };
        // A caller that went away does not need the answer.
        let _ = self.reply.send(result);
    }
}

/// The same error for another of the writers that shared the commit.
fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.detail())
}

/// A change that panicked leaves nothing behind, nor do those that shared its commit: the file is opened again.
fn bug() -> Error {
    Error::new(ErrorKind::Internal, "a change ended in a panic, which is a bug of the store; nothing of it was written")
}

/// A change that is on its way.
pub(in crate::engine) struct Pending<T>(Receiver<Result<T>>);

impl<T> Pending<T> {
    /// Waits until the change is durable.
    pub(in crate::engine) fn wait(self) -> Result<T> {
        self.0.recv().unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is closed")
}

/// The writing side of a store, and the state that readers see.
pub(in crate::engine) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    shared: Arc<Shared>,
}

struct Shared {
    /// None while the store recovers, and after it was closed.
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    /// The sequence that the snapshot stands at; and whether the store is closed.
    progress: Mutex<(u64, bool)>,
    advanced: Condvar,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn publish(&self, snapshot: Option<Snapshot>, sequence: Option<u64>) {
        let snapshot = snapshot.map(Arc::new);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        let mut progress = locked(&self.progress);
        progress.0 = sequence.unwrap_or(progress.0);
        self.advanced.notify_all();
    }
}

impl Writer {
    /// Opens the store and starts the thread.
    pub(in crate::engine) fn start(location: Location, cache_bytes: usize, env: Env) -> Result<Self> {
        let database = Database::open(&location, cache_bytes)?;
        let snapshot = database.snapshot()?;
        let sequence = format::read_sequence(&snapshot)?;
        let shared = Arc::new(Shared {
            snapshot: RwLock::new(Some(Arc::new(snapshot))),
            progress: Mutex::new((sequence, false)),
            advanced: Condvar::new(),
        });
        let (sender, receiver) = mpsc::sync_channel(MAX_QUEUE);
        let state =
            Thread { database: Some(database), location, cache_bytes, env, sequence, shared: Arc::clone(&shared) };
        let thread = thread::Builder::new()
            .name("scimdb-writer".to_owned())
            .spawn(move || state.serve(&receiver))
            .map_err(|error| Error::new(ErrorKind::Io, "the writer thread could not be started").caused_by(error))?;
        Ok(Writer { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), shared })
    }

    /// The state after the last acknowledged change.
    pub(in crate::engine) fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let snapshot = self.shared.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone();
        snapshot.ok_or_else(|| {
            if locked(&self.shared.progress).1 {
                closed()
            } else {
                Error::new(ErrorKind::Unavailable, "the store recovers from an I/O error; try again")
            }
        })
    }

    /// Makes a change, and returns when it is durable and every later read sees it.
    pub(in crate::engine) fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.submit(change, |_| ())?.wait()
    }

    /// Queues a change. `after` is called on the writer's thread once the change is durable, before the next one runs.
    pub(in crate::engine) fn submit<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
        after: impl FnOnce(&T) + Send + 'static,
    ) -> Result<Pending<T>> {
        let (reply, receiver) = mpsc::sync_channel(1);
        let queue = locked(&self.queue).clone().ok_or_else(closed)?;
        let task = Task { change: Some(change), after: Some(after), result: None, reply };
        queue.send(Box::new(task)).map_err(|_| closed())?;
        Ok(Pending(receiver))
    }

    /// Waits until the state is behind the sequence, the time is over, or the store is closed. Tells where it stands.
    pub(in crate::engine) fn wait_behind(&self, sequence: u64, timeout: Duration) -> Result<u64> {
        let progress = locked(&self.shared.progress);
        let waiting = |(now, closed): &mut (u64, bool)| *now <= sequence && !*closed;
        let (progress, _) =
            self.shared.advanced.wait_timeout_while(progress, timeout, waiting).unwrap_or_else(PoisonError::into_inner);
        if progress.1 { Err(closed()) } else { Ok(progress.0) }
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
    database: Option<Database>,
    location: Location,
    cache_bytes: usize,
    env: Env,
    sequence: u64,
    shared: Arc<Shared>,
}

impl Thread {
    fn serve(mut self, queue: &Receiver<Box<dyn Job>>) {
        let mut last_group = 1;
        while let Ok(first) = queue.recv() {
            let mut jobs = vec![first];
            let outcome = self.recover().and_then(|()| self.commit(&mut jobs, last_group, queue));
            last_group = jobs.len();
            if outcome.is_err() {
                // The handle is of no use after an I/O error: the next change opens the file again.
                self.shared.publish(None, None);
                self.database = None;
            }
            for job in jobs {
                job.finish(outcome.as_ref().copied());
            }
        }
    }

    /// Opens the file again after an error.
    fn recover(&mut self) -> Result<()> {
        if self.database.is_some() {
            return Ok(());
        }
        let mut outcome = Database::open(&self.location, self.cache_bytes);
        for _ in 0..REOPEN.0 {
            // Readers that still hold a snapshot of the old handle keep the file locked for a moment.
            if !outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Locked) {
                break;
            }
            thread::sleep(REOPEN.1);
            outcome = Database::open(&self.location, self.cache_bytes);
        }
        let database = outcome?;
        let snapshot = database.snapshot()?;
        self.sequence = format::read_sequence(&snapshot)?;
        self.shared.publish(Some(snapshot), Some(self.sequence));
        self.database = Some(database);
        Ok(())
    }

    /// Runs the jobs that are there, and those that come meanwhile, in one commit.
    fn commit(&mut self, jobs: &mut Vec<Box<dyn Job>>, expected: usize, queue: &Receiver<Box<dyn Job>>) -> Result<()> {
        let Some(database) = &self.database else { return Err(closed()) };
        let now = self.env.now();
        let txn = database.write()?;
        let mut wrote = false;
        let mut sequence = self.sequence;
        {
            let mut tables = WriteTables::open(&txn)?;
            let mut next = 0;
            let deadline = Monotonic::now() + GATHER;
            loop {
                while let Some(job) = jobs.get_mut(next) {
                    next += 1;
                    let mut change = Transaction::new(&tables, sequence, now);
                    wrote |= catch_unwind(AssertUnwindSafe(|| job.run(&mut change))).map_err(|_| bug())?;
                    let (batch, last) = change.into_parts();
                    sequence = last;
                    tables.apply(batch)?;
                }
                if jobs.len() >= MAX_GROUP {
                    break;
                }
                match next_job(queue, jobs.len() < expected, deadline) {
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
        self.shared.publish(Some(database.snapshot()?), Some(sequence));
        Ok(())
    }
}

fn next_job(queue: &Receiver<Box<dyn Job>>, wait: bool, deadline: Monotonic) -> Option<Box<dyn Job>> {
    if !wait {
        return queue.try_recv().ok();
    }
    queue.recv_timeout(deadline.saturating_duration_since(Monotonic::now())).ok()
}
