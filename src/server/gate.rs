//! The gate that every call passes: limits, token, scope, tenant, deadline; then the store's work, on threads that may
//! block, since the store knows no async. How a call passes it is in `visit`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::body::{Body, Buffers};
use super::call::{Call, Caller, LogLine};
use super::feed::Feeds;
use super::metrics::{Connected, Metrics};
use super::rate::Rates;
use super::turns::{Turn, Turns, contained};
use super::under_way::{Going, UnderWay};
use super::visit::Visit;
use super::{ServeOptions, Stop};
use crate::engine::{Mounted, Principal, Store};
use crate::{Error, ErrorKind, Result};

/// How much earlier than the client a call gives up: the answer that says so takes a moment to arrive.
const DEADLINE_MARGIN: Duration = Duration::from_millis(5);

/// Who asks whether the server is ready, at one time; others wait.
const MAX_PROBES: usize = 2;

/// How long the store may take to say that it is well.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The gate. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    store: Store,
    options: ServeOptions,
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    turns: Turns,
    probes: Arc<Semaphore>,
    buffers: Buffers,
    rates: Rates,
    metrics: Arc<Metrics>,
    feeds: Feeds,
    under_way: UnderWay,
    stop: Stop,
    calls: AtomicU64,
}

/// Who calls, by name if a token has one, and whether they are let in.
struct Entered {
    actor: Option<String>,
    caller: Result<Caller>,
}

/// A stream that has passed the gate. Dropped, it makes place for another.
pub struct Session {
    gate: Gate,
    call: Call,
    caller: Caller,
    deadline: Option<Instant>,
    log: LogLine,
    _place: OwnedSemaphorePermit,
    _going: Going,
}

impl Gate {
    /// A gate to a store. `options` were checked.
    pub fn new(store: Store, options: ServeOptions, stop: Stop) -> Self {
        Gate(Arc::new(Inner {
            store,
            requests: Arc::new(Semaphore::new(options.max_requests)),
            streams: Arc::new(Semaphore::new(options.max_streams)),
            workers: Arc::new(Semaphore::new(options.workers)),
            turns: Turns::of_this_runtime(),
            probes: Arc::new(Semaphore::new(MAX_PROBES)),
            buffers: Buffers::new(&options),
            rates: Rates::new(&options),
            metrics: Arc::default(),
            options,
            feeds: Feeds::default(),
            under_way: UnderWay::default(),
            stop,
            calls: AtomicU64::new(1),
        }))
    }

    /// How the store is served.
    pub fn options(&self) -> &ServeOptions {
        &self.0.options
    }

    /// Tells when the server stops.
    pub fn stop(&self) -> Stop {
        self.0.stop.clone()
    }

    /// A name for a call whose client gave none; unique while the server runs.
    pub fn next_id(&self) -> String {
        format!("{:06x}", self.0.calls.fetch_add(1, Ordering::Relaxed))
    }

    /// Lets one call through, and does its work. When the deadline passes first, the call is answered so, and what the
    /// work comes to is dropped: a write that had begun is still carried out.
    ///
    /// # Errors
    /// `Unavailable` when there are too many calls, `TooManyRequests`, `DeadlineExceeded`, `Unauthenticated`,
    /// `Forbidden`; the work's own.
    pub async fn unary<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.brief(call, |_| false, work).await
    }

    /// The same for work that may be short, some microseconds as a rule: to wake another thread for it takes longer. If
    /// `is_short` says so for a caller who was let through, it is done on the thread that asks, as long as others are left
    /// to attend to connections.
    ///
    /// # Errors
    /// As [`Gate::unary`].
    pub async fn brief<T: Send + 'static>(
        &self,
        call: Call,
        is_short: impl FnOnce(&Caller) -> bool + Send,
        work: impl FnOnce(&Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut visit = self.visit(call);
        let result = visit.work(is_short, work).await;
        visit.end(result.as_ref().err());
        result
    }

    /// A call that comes in, step by step: for faces that read its body on the way.
    pub fn visit(&self, call: Call) -> Visit {
        let (deadline, log) = (self.deadline(&call), LogLine::new(&call, &self.0.metrics));
        Visit::new(self.clone(), call, deadline, log, self.0.under_way.begin())
    }

    /// The endpoint that a path and query are of by the profile of a tenant.
    pub fn mounted(&self, path_and_query: &str) -> Option<Mounted> {
        self.0.store.mounted(path_and_query)
    }

    /// Until when a call that begins now may last, unless it is a stream.
    pub fn deadline(&self, call: &Call) -> Option<Instant> {
        let limit = self.0.options.request_timeout;
        deadline(Some(call.timeout.map_or(limit, |timeout| timeout.min(limit))))
    }

    /// Takes a call from what its caller may send.
    ///
    /// # Errors
    /// `TooManyRequests`.
    pub fn limit(&self, call: &Call) -> Result<()> {
        self.0.rates.take(call).inspect_err(|_| self.0.metrics.rate_limited(call.face.name()))
    }

    /// Finds out who calls, and whether they are let in.
    pub(super) async fn check(&self, call: Call) -> Result<(Option<String>, Result<()>)> {
        let place = self.place()?;
        self.at_once(move |inner| {
            let _place = place;
            let Entered { actor, caller } = inner.enter(&call);
            Ok((actor, caller.map(drop)))
        })
        .await
    }

    /// A turn to do short work on this thread.
    pub(super) fn turn(&self) -> Option<Turn<'_>> {
        self.0.turns.take(&self.0.workers)
    }

    /// Finds out something that takes some microseconds: on the thread that asks if that has a turn, or on a worker.
    async fn at_once<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> Result<T> + Send + 'static) -> Result<T> {
        if let Some(_turn) = self.turn() {
            return contained(|| work(&self.0))?;
        }
        let inner = Arc::clone(&self.0);
        self.work(move || work(&inner)).await?
    }

    /// Carries out a call: on the thread that asks, if it is short and that has a turn, or on a worker. The name of who
    /// called is told even if they are not let in, or the work fails.
    pub(super) async fn carry_out<T: Send + 'static>(
        &self,
        call: Call,
        deadline: Option<Instant>,
        is_short: impl FnOnce(&Caller) -> bool + Send,
        work: impl FnOnce(&Caller) -> Result<T> + Send + 'static,
    ) -> Result<(Option<String>, Result<T>)> {
        let place = self.place()?;
        // Nobody waits for what is late any more: it is not begun.
        let is_late = move || deadline.is_some_and(|deadline| deadline <= Instant::now());
        let mut entered = None;
        if let Some(_turn) = self.turn() {
            if is_late() {
                return Err(too_late());
            }
            let Entered { actor, caller } = contained(|| self.0.enter(&call))?;
            let caller = match caller {
                Ok(caller) => caller,
                Err(error) => return Ok((actor, Err(error))),
            };
            if contained(|| is_short(&caller))? {
                return Ok((actor, contained(|| work(&caller)).flatten()));
            }
            entered = Some(Entered { actor, caller: Ok(caller) });
        }
        let inner = Arc::clone(&self.0);
        self.work(move || {
            let _place = place;
            if is_late() {
                return (None, Err(too_late()));
            }
            let Entered { actor, caller } = entered.unwrap_or_else(|| inner.enter(&call));
            (actor, caller.and_then(|caller| work(&caller)))
        })
        .await
    }

    fn place(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.0.requests).try_acquire_owned().map_err(|_| {
            busy(format!("the server answers {} calls already (max-requests)", self.0.options.max_requests))
        })
    }

    /// A body of a call to read into, which counts with all others, and with those of its caller.
    pub fn body(&self, call: &Call) -> Body {
        self.0.buffers.body(call)
    }

    /// Counts a connection, until what is given is dropped.
    pub fn connected(&self) -> Connected {
        self.0.metrics.connected()
    }

    /// What the server and the store count. It blocks.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn metrics(&self) -> Result<String> {
        self.0.metrics.text(&self.0.store.stats()?, self.0.options.metrics_by_tenant)
    }

    /// Whether the server takes calls, and the store can answer them.
    ///
    /// # Errors
    /// `Unavailable`; the store's own.
    pub async fn ready(&self) -> Result<()> {
        if self.0.stop.is_leaving() {
            return Err(stopping());
        }
        let store = self.0.store.clone();
        let asked = async {
            let turn = Arc::clone(&self.0.probes).acquire_owned().await.map_err(|_| closed())?;
            // The thread keeps the turn: it may hang for longer than anybody waits for it.
            self.thread(move || {
                let _turn = turn;
                store.sequence().map(drop)
            })
            .await?
        };
        tokio::time::timeout(PROBE_TIMEOUT, asked)
            .await
            .map_err(|_| Error::new(ErrorKind::Unavailable, "the store does not answer"))?
    }

    /// Lets a stream through.
    ///
    /// # Errors
    /// As [`Gate::unary`].
    pub async fn open(&self, call: Call) -> Result<Session> {
        if let Err(error) = self.limit(&call) {
            LogLine::new(&call, &self.0.metrics).end(Some(&error));
            return Err(error);
        }
        self.open_identified(call).await
    }

    /// The same for a caller who was identified by [`Gate::identify`], and counted there.
    ///
    /// # Errors
    /// As [`Gate::unary`].
    pub async fn open_identified(&self, call: Call) -> Result<Session> {
        let mut log = LogLine::new(&call, &self.0.metrics);
        let going = self.0.under_way.begin();
        let deadline = deadline(call.timeout);
        match self.opened(call, deadline, &mut log).await {
            Ok((call, caller, place)) => {
                Ok(Session { gate: self.clone(), call, caller, deadline, log, _place: place, _going: going })
            }
            Err(error) => {
                log.end(Some(&error));
                Err(error)
            }
        }
    }

    async fn opened(
        &self,
        call: Call,
        deadline: Option<Instant>,
        log: &mut LogLine,
    ) -> Result<(Call, Caller, OwnedSemaphorePermit)> {
        if self.0.stop.is_stopped() {
            return Err(stopping());
        }
        let place = Arc::clone(&self.0.streams).try_acquire_owned().map_err(|_| {
            busy(format!("the server has {} streams already (max-streams)", self.0.options.max_streams))
        })?;
        let entered = self.at_once(move |inner| Ok((inner.enter(&call), call)));
        let (Entered { actor, caller }, call) = until(deadline, entered).await??;
        log.actor = actor;
        Ok((call, caller?, place))
    }

    /// Refuses a caller whose token is missing or unknown, before the tenant is known: for streams that tell it in their
    /// first message.
    ///
    /// # Errors
    /// `Unauthenticated`, `TooManyRequests`.
    pub async fn identify(&self, call: &Call) -> Result<()> {
        self.limit(call)?;
        let bearer = call.bearer.clone();
        self.at_once(move |inner| inner.identify(bearer.as_deref()).map(drop)).await
    }

    /// Refuses a caller whom no later step would let in, before anything of the call's message is read. It notes that in
    /// the log.
    ///
    /// # Errors
    /// `Unauthenticated`, `TooManyRequests`.
    pub async fn glance(&self, call: &Call) -> Result<()> {
        if !self.0.options.require_tokens {
            return Ok(());
        }
        let (began, bearer) = (Instant::now(), call.bearer.clone());
        let result = async {
            // A guess is not even tested when its caller makes too many.
            let guess = self.0.rates.guess(call).inspect_err(|_| self.0.metrics.rate_limited(call.face.name()))?;
            let known = self.at_once(move |inner| inner.identify(bearer.as_deref()).map(drop)).await;
            match (&known, guess) {
                // Those who are known are counted by the call itself.
                (Ok(()), Some(guess)) => self.0.rates.give_back(guess),
                (Ok(()), None) | (Err(_), Some(_)) => {}
                // It was known, and is no more.
                (Err(_), None) => self.limit(call)?,
            }
            known
        };
        result.await.inspect_err(|error| self.refused_since(call, began, error))
    }

    /// Notes in the log that a call was refused before it passed the gate.
    pub fn refused(&self, call: &Call, error: &Error) {
        self.refused_since(call, Instant::now(), error);
    }

    /// Notes in the log that a call, which has begun then, was refused before it passed the gate.
    pub fn refused_since(&self, call: &Call, began: Instant, error: &Error) {
        LogLine::without_tenant(call, began, &self.0.metrics).end(Some(error));
    }

    /// Does something with the store, when a worker is free.
    ///
    /// # Errors
    /// `Internal` when it panicked.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let worker = Arc::clone(&self.0.workers).acquire_owned().await.map_err(|_| closed())?;
        self.thread(move || {
            let _worker = worker;
            work()
        })
        .await
    }

    /// Does something with the store that may last as long as its client wants, on a thread that does not count as a
    /// worker: what bounds such threads is the number of streams.
    ///
    /// # Errors
    /// `Internal` when it panicked.
    pub async fn thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        tokio::task::spawn_blocking(work).await.map_err(|error| failed().caused_by(error))
    }

    /// Waits until no call and no stream is under way, nor one whose body still comes in.
    pub async fn idle(&self) {
        self.0.under_way.nothing().await;
    }
}

impl Inner {
    /// Finds out who calls, and refuses what they may not do.
    fn enter(&self, call: &Call) -> Entered {
        let tenant = call.resolved_tenant();
        let principal = match self.identify(call.bearer.as_deref()) {
            Ok(principal) => principal,
            Err(error) => return Entered { actor: None, caller: Err(error) },
        };
        let actor = principal.as_ref().map(|principal| principal.name.clone());
        let allowed = principal.as_ref().map_or(Ok(()), |principal| principal.allow(tenant, call.scope));
        let (subject, permissions) = principal.map(|it| (it.subject, it.permissions)).unwrap_or_default();
        let caller = allowed.map(|()| Caller {
            store: self.store.clone(),
            tenant: tenant.to_owned(),
            actor: actor.clone(),
            subject,
            permissions: permissions.into(),
        });
        Entered { actor, caller }
    }

    fn identify(&self, bearer: Option<&str>) -> Result<Option<Principal>> {
        match bearer {
            Some(secret) => {
                let principal = self.store.authenticate(secret)?;
                self.rates.know(secret);
                Ok(Some(principal))
            }
            None if self.options.require_tokens => {
                Err(Error::new(ErrorKind::Unauthenticated, "this server wants a bearer token: authorization: Bearer …"))
            }
            None => Ok(None),
        }
    }
}

impl Session {
    /// Who called.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The gate.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        &self.call.id
    }

    /// Until when the client waits, if it said so.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// What wakes who waits for changes of the tenant after `since`.
    ///
    /// # Errors
    /// `UnknownTenant`.
    pub fn changes_after(&self, since: u64) -> Result<tokio::sync::watch::Receiver<u64>> {
        // Others watch by the same feed, and may see more.
        let tenant = self.caller.store.tenant(&self.caller.tenant)?;
        Ok(self.gate.0.feeds.subscribe(&self.caller.tenant, tenant, since))
    }

    /// What asks again whether the caller is let through: a token may have been revoked since. It blocks.
    pub fn recheck(&self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let inner = Arc::clone(&self.gate.0);
        let call = self.call.clone();
        move || inner.enter(&call).caller.map(drop)
    }

    /// Notes how the stream ended.
    pub fn end(&mut self, error: Option<&Error>) {
        self.log.end(error);
    }

    /// Notes the HTTP status that it was answered with.
    pub fn answered(&mut self, status: u16) {
        self.log.answered(status);
    }
}

fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    let timeout = timeout?;
    let earlier = timeout.saturating_sub(DEADLINE_MARGIN).max(timeout / 2);
    // A deadline too far away to be told is none.
    Instant::now().checked_add(earlier)
}

/// What comes first: the answer, or the deadline.
///
/// # Errors
/// `DeadlineExceeded`.
pub async fn until<T>(deadline: Option<Instant>, answer: impl Future<Output = T>) -> Result<T> {
    let Some(deadline) = deadline else { return Ok(answer.await) };
    tokio::time::timeout_at(deadline, answer).await.map_err(|_| too_late())
}

fn too_late() -> Error {
    Error::new(ErrorKind::DeadlineExceeded, "the deadline passed before the answer was ready")
}

fn busy(detail: String) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{detail}: call again in a moment"))
}

fn stopping() -> Error {
    Error::new(ErrorKind::Unavailable, "the server is stopping: call again later")
}

/// What a call is told that panicked.
pub(super) fn failed() -> Error {
    Error::new(ErrorKind::Internal, "the server failed to carry out the call")
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the server has stopped")
}
