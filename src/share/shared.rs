//! A store that several processes share, as one of them sees it: held here, or by another.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::answer::{Answerer, CLOSED, DONE, FAILED, UNHOOKED, Values};
use super::channel::Channel;
use super::frame::{self, BEGINS, HOOKED, Reader, SOUGHT, take_error};
use super::held::{Held, VERSION};
use super::link::{Failure, Link};
use super::note::Note;
use crate::engine::{Store, StoreOptions};
use crate::{Error, ErrorKind, Result};

/// How long an attempt to take the store, or to reach who holds it, is repeated after.
pub(super) const PAUSE: Duration = Duration::from_millis(20);
/// How long whoever holds the store may take to say that it shares it: it may have locked it this very moment.
const GRACE: Duration = Duration::from_millis(500);
/// How long the holder may take to set its hooks or repositories, where the caller has some.
pub(super) const HOOKS: Duration = Duration::from_secs(5);
/// Connections in a row that may break off under one call.
const MAX_LOST: u32 = 5;

/// What a call does: whether it can be repeated when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It changes nothing. It may be interrupted.
    Read,
    /// The same, and repositories have a say in it.
    Search,
    /// It changes something, and hooks have a say in it.
    Write,
    /// It changes something that hooks have no say in: a token, a schema.
    Manage,
}

impl Nature {
    /// Whether it changes nothing.
    pub(super) fn reads(self) -> bool {
        matches!(self, Nature::Read | Nature::Search)
    }
}

/// Where a call is carried out.
#[derive(Debug)]
pub enum Called {
    /// The store is held here: the caller carries it out.
    Here,
    /// It was carried out by the process that holds the store, and gave this.
    There(Values),
}

/// Where what takes several calls is begun.
#[derive(Debug)]
pub enum Begun {
    /// The store is held here: the caller does it with that.
    Here,
    /// In the process that holds the store: its calls go there.
    There(Channel),
}

/// A store that several processes share. Any number of threads may call it.
pub struct Shared {
    directory: PathBuf,
    options: StoreOptions,
    answerer: Arc<dyn Answerer>,
    store: OnceLock<Store>,
    /// What answers others, if the store is held here.
    held: Mutex<Option<Held>>,
    link: Mutex<Option<Arc<Link>>>,
    /// Whether a thread finds out who holds the store.
    settling: Mutex<bool>,
    settled: Condvar,
    hooks: Mutex<Option<Box<Setter>>>,
    repositories: Mutex<Option<Box<Setter>>>,
    /// What of them this process has: [`HOOKED`], [`SOUGHT`].
    equipment: AtomicU64,
    is_closed: AtomicBool,
    interrupts: AtomicU64,
}

/// What sets hooks or repositories of the host in a store.
type Setter = dyn Fn(&Store) + Send + Sync;

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("directory", &self.directory).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is one step, so it is sound even if a thread panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Opens the store in a directory, or finds the way to the process that has: within a time.
    ///
    /// # Errors
    /// Those of [`Store::open`]; `Locked` where the process that holds the store does not share it, or is of another
    /// release of the library; `Unavailable` where it does not answer in time.
    pub fn open(
        directory: impl Into<PathBuf>,
        options: StoreOptions,
        answerer: Arc<dyn Answerer>,
        limit: Duration,
    ) -> Result<Self> {
        let shared = Shared {
            directory: directory.into(),
            options,
            answerer,
            store: OnceLock::new(),
            held: Mutex::new(None),
            link: Mutex::new(None),
            settling: Mutex::new(false),
            settled: Condvar::new(),
            hooks: Mutex::new(None),
            repositories: Mutex::new(None),
            equipment: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            interrupts: AtomicU64::new(0),
        };
        shared.settle(None, None, Instant::now() + limit)?;
        Ok(shared)
    }

    /// The store, if it is held here. Once it is, it stays so until it is closed.
    pub fn store(&self) -> Option<&Store> {
        self.store.get()
    }

    /// The store, for what is done only where it is held. First it is seen whether its holder is still there.
    ///
    /// # Errors
    /// `NotImplemented`, naming the process that holds it; otherwise as [`Shared::call`].
    pub fn store_here(&self, limit: Duration) -> Result<&Store> {
        if let Called::There(_) = self.call("", &[], Nature::Read, limit)? {
            let process = locked(&self.link).as_ref().map_or(0, |link| link.note.process);
            let detail = format!(
                "the process {process} holds the store, and only there this can be done: it does not travel to others"
            );
            return Err(Error::new(ErrorKind::NotImplemented, detail));
        }
        self.store.get().ok_or_else(closed)
    }

    /// Has the holder carry out a call, within a time. When it is gone, this process takes its place, unless another does.
    /// A call that changes something is sent once.
    ///
    /// # Errors
    /// Those of the function; `Unavailable` where the holder went away before it answered a call that changes something
    /// (it may have carried it out), or nobody is found who holds the store; `DeadlineExceeded` where it does not answer in
    /// time; `Cancelled` after [`Shared::interrupt`].
    pub fn call(&self, function: &str, arguments: &[Option<&[u8]>], nature: Nature, limit: Duration) -> Result<Called> {
        self.call_since(self.interrupts(), function, arguments, nature, limit)
    }

    /// How often [`Shared::interrupt`] was called: for a call that is made in several steps.
    pub fn interrupts(&self) -> u64 {
        self.interrupts.load(Ordering::Acquire)
    }

    /// The same as [`Shared::call`], for a step of a call that began after so many interrupts.
    ///
    /// # Errors
    /// As there.
    pub fn call_since(
        &self,
        interrupts: u64,
        function: &str,
        arguments: &[Option<&[u8]>],
        nature: Nature,
        limit: Duration,
    ) -> Result<Called> {
        if self.store.get().is_some() {
            return Ok(Called::Here);
        }
        let call = frame::call(self.flags(nature), function, arguments)?;
        Ok(match self.carry(interrupts, &call, nature, limit)? {
            None => Called::Here,
            Some(Carried { values, link, stream }) => {
                link.keep(stream);
                Called::There(values)
            }
        })
    }

    /// Begins what takes several calls: [`Answerer::begin`] does, where the store is held. Nothing is changed by it.
    ///
    /// # Errors
    /// As [`Shared::call`] of one that reads.
    pub fn begin(self: &Arc<Self>, function: &str, arguments: &[Option<&[u8]>], limit: Duration) -> Result<Begun> {
        if self.store.get().is_some() {
            return Ok(Begun::Here);
        }
        let (interrupts, call) = (self.interrupts(), frame::call(BEGINS, function, arguments)?);
        Ok(match self.carry(interrupts, &call, Nature::Read, limit)? {
            None => Begun::Here,
            Some(Carried { link, stream, .. }) => {
                Begun::There(Channel::new(Arc::clone(self), interrupts, link, stream))
            }
        })
    }

    /// What the frame of a call begins with.
    pub(super) fn flags(&self, nature: Nature) -> u64 {
        let needed = match nature {
            Nature::Write => HOOKED,
            Nature::Search => SOUGHT,
            Nature::Read | Nature::Manage => 0,
        };
        self.equipment.load(Ordering::Acquire) & needed
    }

    /// Carries a call to the holder; none where that is this process.
    fn carry(&self, interrupts: u64, call: &[u8], nature: Nature, limit: Duration) -> Result<Option<Carried>> {
        // What changes something is not interrupted, nor is its way to the next holder.
        let interrupts = nature.reads().then_some(interrupts);
        let start = Instant::now();
        let deadline = start + limit;
        let is_interrupted = || self.is_interrupted(interrupts);
        let asked: Option<&dyn Fn() -> bool> = interrupts.map(|_| &is_interrupted as _);
        let mut lost = 0;
        loop {
            self.check_open()?;
            if self.store.get().is_some() {
                return Ok(None);
            }
            let link = locked(&self.link).clone();
            let Some(link) = link else {
                self.settle(None, interrupts, deadline)?;
                continue;
            };
            let process = link.note.process;
            if self.is_interrupted(interrupts) {
                return Err(cancelled());
            }
            match link.call(call, asked, deadline) {
                Ok((answer, stream)) => match read_answer(&answer)? {
                    Answer::Values(values) => return Ok(Some(Carried { values, link, stream })),
                    Answer::Closed => self.settle(Some(&link), interrupts, deadline)?,
                    Answer::Failed(error) => {
                        link.keep(stream);
                        // The holder interrupts its own reads, when it is about to close, say.
                        let is_again =
                            nature.reads() && error.kind() == ErrorKind::Cancelled && Instant::now() < deadline;
                        if !is_again {
                            return Err(error);
                        }
                        std::thread::sleep(PAUSE);
                    }
                    Answer::Unhooked => {
                        link.keep(stream);
                        if start.elapsed() >= HOOKS.min(limit / 2) {
                            return Err(unhooked(process, nature));
                        }
                        std::thread::sleep(PAUSE);
                    }
                },
                Err(_) if self.is_interrupted(interrupts) => return Err(cancelled()),
                Err(Failure::Gone) => self.settle(Some(&link), interrupts, deadline)?,
                Err(Failure::Late) => return Err(late(process, nature)),
                Err(Failure::Lost) if nature.reads() && lost < MAX_LOST => {
                    lost += 1;
                    self.settle(Some(&link), interrupts, deadline)?;
                }
                Err(Failure::Lost) => return Err(broken(process, nature)),
            }
        }
    }

    /// Sets the hooks of this process, or takes them away: at once if the store is held here, otherwise when it will be.
    /// `set` does it. Writes that come from a process with hooks are refused where the holder has none, so that none is
    /// passed over.
    pub fn set_hooks(&self, has_hooks: bool, set: impl Fn(&Store) + Send + Sync + 'static) {
        self.equip(&self.hooks, HOOKED, has_hooks, Box::new(set));
    }

    /// The same for the repositories of this process: searches that come from one with repositories are refused where the
    /// holder has none.
    pub fn set_repositories(&self, has_repositories: bool, set: impl Fn(&Store) + Send + Sync + 'static) {
        self.equip(&self.repositories, SOUGHT, has_repositories, Box::new(set));
    }

    fn equip(&self, place: &Mutex<Option<Box<Setter>>>, flag: u64, is_there: bool, set: Box<Setter>) {
        let held = locked(&self.held);
        let others = self.equipment.load(Ordering::Acquire) & !flag;
        let equipment = if is_there { others | flag } else { others };
        self.equipment.store(equipment, Ordering::Release);
        if let Some(held) = &*held {
            set(&held.store);
            held.equip(equipment);
        }
        let before = locked(place).replace(set);
        // What the host does when it lets go of them may come back here.
        drop(held);
        drop(before);
    }

    /// Ends the reads under way: those that wait for another process. What is done here, the store itself ends.
    pub fn interrupt(&self) {
        self.interrupts.fetch_add(1, Ordering::AcqRel);
        if let Some(link) = &*locked(&self.link) {
            link.interrupt();
        }
    }

    /// What others are told of this process, if the store is held here.
    pub fn holder(&self) -> Option<String> {
        locked(&self.held).as_ref().map(|held| held.about.clone())
    }

    /// The first part of [`Shared::close`]: takes no more calls of others, and waits for those under way, for ten seconds at
    /// most. Nor does this process take the store any more.
    pub fn withdraw(&self) {
        self.is_closed.store(true, Ordering::Release);
        if let Some(held) = &mut *locked(&self.held) {
            held.withdraw();
        }
    }

    /// Closes the store if it is held here, after the calls of others that are under way; whoever calls next takes it.
    ///
    /// # Errors
    /// Those of [`Store::close`]; `Misuse` on a thread that carries out the call of another process.
    pub fn close(&self) -> Result<()> {
        locked(&self.held).as_ref().map_or(Ok(()), Held::check_thread)?;
        self.is_closed.store(true, Ordering::Release);
        self.interrupt();
        *locked(&self.link) = None;
        let held = locked(&self.held).take();
        held.map_or(Ok(()), Held::close)
    }

    /// # Errors
    /// `Unavailable` when it is closed.
    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }

    /// Whether there was an interrupt since there were so many; never for what is not interrupted.
    pub(super) fn is_interrupted(&self, interrupts: Option<u64>) -> bool {
        interrupts.is_some_and(|interrupts| self.interrupts() != interrupts)
    }

    /// Finds out who holds the store: this process, or another than the one that is gone. One thread does it for all.
    fn settle(&self, gone: Option<&Arc<Link>>, interrupts: Option<u64>, deadline: Instant) -> Result<()> {
        let mut settling = locked(&self.settling);
        loop {
            let is_settled = self.store.get().is_some()
                || locked(&self.link).as_ref().is_some_and(|link| gone.is_none_or(|gone| !Arc::ptr_eq(link, gone)));
            if is_settled {
                return Ok(());
            }
            if !*settling {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(nobody(self.told_holder()));
            }
            settling = self.settled.wait_timeout(settling, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *settling = true;
        drop(settling);
        let _settling = Settling(self);
        self.find(interrupts, deadline)
    }

    fn find(&self, interrupts: Option<u64>, deadline: Instant) -> Result<()> {
        let start = Instant::now();
        loop {
            self.check_open()?;
            let refused = match self.take() {
                Err(error) if error.kind() == ErrorKind::Locked => error,
                other => return other,
            };
            let holder = self.told_holder();
            match Note::read(&self.directory) {
                Ok(Some(note)) if is_of(&holder, &note) => {
                    if note.version != VERSION {
                        let detail =
                            format!("its library is of the release {}, and this one of {VERSION}", note.version);
                        return Err(refused.within(detail));
                    }
                    self.answerer.reaches(Some(note.address.port()));
                    if let Ok(link) = Link::reach(note, deadline) {
                        *locked(&self.link) = Some(Arc::new(link));
                        return Ok(());
                    }
                }
                // It shares the store, and has not said how yet, or this user is not to know.
                Ok(_) if is_shared(&holder) => {}
                Err(error) if is_shared(&holder) => {
                    return Err(refused.within(format!("the file share cannot be read: {error}")).caused_by(error));
                }
                _ if start.elapsed() < GRACE => {}
                _ => return Err(refused),
            }
            if self.is_interrupted(interrupts) {
                return Err(cancelled());
            }
            if Instant::now() >= deadline {
                return Err(nobody(holder));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn take(&self) -> Result<()> {
        let mut slot = locked(&self.held);
        self.check_open()?;
        let held = Held::take(&self.directory, &self.options, &self.answerer, |store| {
            for place in [&self.hooks, &self.repositories] {
                if let Some(set) = &*locked(place) {
                    set(store);
                }
            }
            self.equipment.load(Ordering::Acquire)
        })?;
        self.answerer.reaches(None);
        // Nobody else sets it: one thread settles at a time, and it is not held yet.
        let _ = self.store.set(held.store.clone());
        *slot = Some(held);
        *locked(&self.link) = None;
        Ok(())
    }

    fn told_holder(&self) -> String {
        Store::holder(&self.directory).unwrap_or_else(|| "another process".to_owned())
    }
}

/// A thread that finds out who holds the store. The others wait until it is dropped.
struct Settling<'a>(&'a Shared);

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        *locked(&self.0.settling) = false;
        self.0.settled.notify_all();
    }
}

/// Whether a note is of who holds the store now, and not of one that is gone.
fn is_of(holder: &str, note: &Note) -> bool {
    let Note { process, address, .. } = note;
    let address = format!("shares it at {address}");
    let has_address = holder.split([',', '(', ')']).any(|part| part.trim() == address);
    has_address && holder.split_whitespace().nth(1) == Some(&process.to_string())
}

fn is_shared(holder: &str) -> bool {
    holder.contains("shares it at ")
}

/// A call that was carried out by the holder, and the connection that it went over.
struct Carried {
    values: Values,
    link: Arc<Link>,
    stream: TcpStream,
}

/// What came back from the holder.
pub(super) enum Answer {
    Values(Values),
    Failed(Error),
    /// It lacks hooks, or repositories, and has done nothing.
    Unhooked,
    /// It has closed the store, and has done nothing.
    Closed,
}

pub(super) fn read_answer(answer: &[u8]) -> Result<Answer> {
    let read = || {
        let mut answer = Reader::new(answer);
        match answer.number()? {
            DONE => {
                let count = answer.number()?;
                let values = (0..count).map(|_| Ok(answer.bytes()?.map(<[u8]>::to_vec)));
                values.collect::<std::io::Result<Values>>().map(Answer::Values)
            }
            FAILED => take_error(&mut answer).map(Answer::Failed),
            UNHOOKED => Ok(Answer::Unhooked),
            CLOSED => Ok(Answer::Closed),
            _ => Err(std::io::ErrorKind::InvalidData.into()),
        }
    };
    let malformed =
        |error: std::io::Error| Error::new(ErrorKind::Internal, "the answer has no meaning").caused_by(error);
    read().map_err(malformed)
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is closed")
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the call was interrupted")
}

fn nobody(holder: String) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the store is held by {holder}, which does not answer: call again later"),
    )
}

pub(super) fn unhooked(process: u32, nature: Nature) -> Error {
    let what = if nature == Nature::Search { "repositories" } else { "hooks" };
    let detail = format!(
        "the process {process} holds the store and has set no {what}, and this one has: set them in every process that \
         shares the store"
    );
    Error::new(ErrorKind::Unavailable, detail)
}

/// What is to be said of a change whose answer nobody got.
pub(super) fn in_doubt(nature: Nature) -> &'static str {
    if nature.reads() { "" } else { "; whether it made the change is not known: look before it is repeated" }
}

pub(super) fn late(process: u32, nature: Nature) -> Error {
    let detail = format!("the process {process}, which holds the store, did not answer in time{}", in_doubt(nature));
    Error::new(ErrorKind::DeadlineExceeded, detail)
}

fn broken(process: u32, nature: Nature) -> Error {
    let detail = format!("the process {process}, which held the store, went away{}", in_doubt(nature));
    Error::new(ErrorKind::Unavailable, detail)
}
