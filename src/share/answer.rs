//! The process that holds the store: it answers the calls of the others, each connection on a thread of its own.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::frame::{BEGINS, GOES_ON, HOOKED, Reader, SOUGHT, Writer, put_error, receive, send};
use super::prove::{Secret, as_holder};
use crate::engine::Store;
use crate::{Error, ErrorKind, Result};

/// What a call gives back: texts and bytes, in an order that the function knows.
pub type Values = Vec<Option<Vec<u8>>>;

/// What carries out the calls of other processes, by the function's name and its arguments.
pub trait Answerer: Send + Sync {
    /// Carries out a call as if it were made here.
    ///
    /// # Errors
    /// Those of the function, which the caller gets as they are.
    fn answer(&self, store: &Store, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values>;

    /// Begins what takes several calls, over one connection.
    ///
    /// # Errors
    /// Those of the function, which the caller gets as they are.
    fn begin(&self, store: &Store, function: &str, arguments: &[Option<&[u8]>]) -> Result<Box<dyn Session>>;

    /// Is told on which port of the loopback calls arrive from now on, and when they do no more: for hosts that fork, whose
    /// children must not keep it.
    fn listens(&self, port: Option<u16>) {
        let _ = port;
    }

    /// Is told to which port of the loopback calls of this process go from now on, and when they go nowhere any more: for hosts
    /// that fork, whose children must not keep the connections.
    fn reaches(&self, port: Option<u16>) {
        let _ = port;
    }
}

/// What takes several calls of another process: an iterator, an import. It is dropped when that process lets go of it, or
/// ends.
pub trait Session {
    /// Carries out one of the calls.
    ///
    /// # Errors
    /// Those of the function, which the caller gets as they are.
    fn answer(&mut self, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values>;
}

/// How a call was answered: the first number of a frame.
pub(super) const DONE: u64 = 0;
pub(super) const FAILED: u64 = 1;
/// Nothing was done: the caller has hooks, or repositories, and here are none yet.
pub(super) const UNHOOKED: u64 = 2;
/// Nothing was done: the store is closed here.
pub(super) const CLOSED: u64 = 3;

/// How long a connection may take to prove itself, and a guest to take its answer.
const PROOF: Duration = Duration::from_secs(5);
const TAKING: Duration = Duration::from_secs(60);
/// Connections at one time, each of which has a thread, and those of them that have not proved themselves: the oldest of
/// these makes room for another, so that nobody keeps guests out by saying nothing.
const MAX_CONNECTIONS: usize = 2_048;
const MAX_STRANGERS: usize = 64;
/// Iterators, imports and callbacks of others at one time: each has a connection for itself alone.
const MAX_SESSIONS: usize = 512;
/// How long to wait where the process lacks file descriptors or threads for a connection.
const PAUSE: Duration = Duration::from_millis(50);

thread_local! {
    /// What this thread answers calls for: the address of its [`Inner`].
    static ANSWERS: Cell<usize> = const { Cell::new(0) };
}

/// What answers the calls of the others, until it is stopped.
pub(super) struct Answering {
    inner: Arc<Inner>,
    acceptor: JoinHandle<()>,
}

struct Inner {
    store: Store,
    secret: Secret,
    answerer: Arc<dyn Answerer>,
    address: SocketAddr,
    /// What of the host's is set here: [`HOOKED`], [`SOUGHT`].
    equipment: AtomicU64,
    is_stopping: AtomicBool,
    connections: Mutex<Connections>,
    ended: Condvar,
}

#[derive(Default)]
struct Connections {
    count: usize,
    open: HashMap<usize, Arc<TcpStream>>,
    /// How many of them have a session.
    sessions: usize,
    /// Those that have not proved themselves, from the oldest.
    strangers: VecDeque<usize>,
}

impl Answering {
    pub(super) fn start(
        listener: TcpListener,
        store: Store,
        secret: Secret,
        answerer: Arc<dyn Answerer>,
    ) -> io::Result<Self> {
        let inner = Arc::new(Inner {
            store,
            secret,
            answerer,
            address: listener.local_addr()?,
            equipment: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            ended: Condvar::new(),
        });
        let accepting = Arc::clone(&inner);
        let acceptor = spawn(move || accepting.accept(&listener))?;
        Ok(Answering { inner, acceptor })
    }

    /// Tells what of the host's is set here by now.
    pub(super) fn equip(&self, equipment: u64) {
        self.inner.equipment.store(equipment, Ordering::Release);
    }

    /// Takes no more calls, waits for those under way, and cuts off what takes longer.
    pub(super) fn stop(self, limit: Duration) {
        let Answering { inner, acceptor } = self;
        let deadline = Instant::now() + limit;
        {
            let connections = inner.connections();
            inner.is_stopping.store(true, Ordering::Release);
            // Whoever waits for a next call learns that there is none. Answers are still written.
            for stream in connections.open.values() {
                let _ = stream.shutdown(Shutdown::Read);
            }
        }
        // Wakes the thread that accepts, which then sees that it is to end.
        let woken = TcpStream::connect_timeout(&inner.address, PROOF);
        let mut connections = inner.connections();
        while !connections.open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                for stream in connections.open.values() {
                    let _ = stream.shutdown(Shutdown::Both);
                }
                break;
            }
            connections = inner.ended.wait_timeout(connections, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(connections);
        inner.answerer.listens(None);
        // By now there are descriptors, if there were none before.
        if woken.is_ok() || TcpStream::connect_timeout(&inner.address, PROOF).is_ok() {
            // It does not panic.
            let _ = acceptor.join();
        }
    }

    /// Whether this thread carries out one of the calls.
    pub(super) fn is_own_thread(&self) -> bool {
        ANSWERS.get() == Arc::as_ptr(&self.inner).addr()
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("scimdb-share".to_owned()).spawn(work)
}

impl Inner {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        // Every change is one step, so it is sound even if a thread panicked.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.is_stopping.load(Ordering::Acquire) {
                return;
            }
            match accepted.and_then(|(stream, _)| self.admit(stream)) {
                Ok(()) => {}
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Gives a connection a thread. One for which there is no room is closed, and its guest comes again.
    fn admit(self: &Arc<Self>, stream: TcpStream) -> io::Result<()> {
        let stream = Arc::new(stream);
        let number = {
            let mut connections = self.connections();
            let is_full = connections.open.len() >= MAX_CONNECTIONS;
            if is_full || self.is_stopping.load(Ordering::Acquire) {
                return Ok(());
            }
            if connections.strangers.len() >= MAX_STRANGERS
                && let Some(oldest) = connections.strangers.pop_front()
                && let Some(stream) = connections.open.get(&oldest)
            {
                // Its thread ends then.
                let _ = stream.shutdown(Shutdown::Both);
            }
            connections.count += 1;
            let number = connections.count;
            connections.open.insert(number, Arc::clone(&stream));
            connections.strangers.push_back(number);
            number
        };
        let inner = Arc::clone(self);
        let spawned = spawn(move || {
            // An error is a guest that went away, or a stranger.
            let _ = inner.serve(&stream, number);
            inner.end(number);
        });
        spawned.map(drop).inspect_err(|_| self.end(number))
    }

    fn end(&self, number: usize) {
        let mut connections = self.connections();
        connections.open.remove(&number);
        connections.strangers.retain(|stranger| *stranger != number);
        drop(connections);
        self.ended.notify_all();
    }

    fn serve(&self, mut stream: &TcpStream, number: usize) -> io::Result<()> {
        let served = self.converse(stream, number);
        if self.is_stopping.load(Ordering::Acquire) {
            // A call that is on its way will not be read, and its caller is to know that: also one that was about to prove
            // itself, and sent its first call behind the proof.
            let mut farewell = Writer::default();
            farewell.number(CLOSED);
            send(&mut stream, &farewell.finish().map_err(io::Error::other)?)?;
        }
        served
    }

    fn converse(&self, mut stream: &TcpStream, number: usize) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PROOF))?;
        stream.set_write_timeout(Some(TAKING))?;
        as_holder(&mut stream, &self.secret)?;
        stream.set_read_timeout(None)?;
        self.connections().strangers.retain(|stranger| *stranger != number);
        ANSWERS.set(std::ptr::from_ref(self).addr());
        let mut session = None;
        while let Some(call) = receive(&mut stream)? {
            send(&mut stream, &self.answer(&call, &mut session)?)?;
        }
        Ok(())
    }

    /// Carries out a call, and gives the frame of its answer.
    fn answer<'a>(&'a self, call: &[u8], session: &mut Option<Kept<'a>>) -> io::Result<Vec<u8>> {
        let mut call = Reader::new(call);
        let flags = call.number()?;
        let function = call.text()?.unwrap_or_default();
        let count = call.number()?;
        let arguments = (0..count).map(|_| call.bytes()).collect::<io::Result<Vec<_>>>()?;
        let mut answer = Writer::default();
        if flags & (HOOKED | SOUGHT) & !self.equipment.load(Ordering::Acquire) != 0 {
            answer.number(UNHOOKED);
            return answer.finish().map_err(io::Error::other);
        }
        // The function without a name tells that somebody is there.
        let done = match (flags & (BEGINS | GOES_ON), session) {
            _ if function.is_empty() => Ok(Values::new()),
            (GOES_ON, Some(kept)) => carried_out(|| kept.session.answer(function, &arguments)),
            (BEGINS, kept) => self.begin(function, &arguments).map(|begun| {
                *kept = Some(begun);
                Values::new()
            }),
            (0, _) => carried_out(|| self.answerer.answer(&self.store, function, &arguments)),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let done = done.and_then(|values| {
            let mut done = Writer::default();
            done.number(DONE);
            done.number(values.len() as u64);
            values.iter().for_each(|value| done.bytes(value.as_deref()));
            done.finish()
        });
        done.or_else(|error| {
            answer.number(FAILED);
            put_error(&mut answer, &error);
            answer.finish().map_err(io::Error::other)
        })
    }
}

/// A session, for as long as its connection.
struct Kept<'a> {
    session: Box<dyn Session>,
    _place: Place<'a>,
}

/// One of the places for sessions.
struct Place<'a>(&'a Inner);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.connections().sessions -= 1;
    }
}

impl Inner {
    fn begin(&self, function: &str, arguments: &[Option<&[u8]>]) -> Result<Kept<'_>> {
        let mut connections = self.connections();
        if connections.sessions >= MAX_SESSIONS {
            let detail = format!(
                "other processes have {MAX_SESSIONS} iterators, imports and callbacks under way at the one that holds the \
                 store: free those that are not needed"
            );
            return Err(Error::new(ErrorKind::Unavailable, detail));
        }
        connections.sessions += 1;
        drop(connections);
        let place = Place(self);
        let session = carried_out(|| self.answerer.begin(&self.store, function, arguments))?;
        Ok(Kept { session, _place: place })
    }
}

fn carried_out<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let detail = "the call ended in a panic in the process that holds the store, which is a bug";
        Err(Error::new(ErrorKind::Internal, detail))
    })
}
