//! What takes several calls, in a worker of a shared store: iterators, imports, callbacks that changes wake. Where another
//! process holds the store, what they need is kept there, and every call goes to it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::gate::Gate;
use super::guard::panicked;
use super::import::Feed;
use super::share::{CALL, LONG, Part, missing, text};
use super::verbs;
use crate::engine::{ResourceStream, Subscription};
use crate::share::{Begun, Channel, Nature, Session, Shared, Values};
use crate::{Error, ErrorKind, Result, Store};

/// What can be begun.
const ITERATE: &str = "iterate";
const IMPORT: &str = "import";
const LISTEN: &str = "listen";

/// The calls of it.
const NEXT: &str = "next";
const FEED: &str = "feed";
const FINISH: &str = "finish";
const WAIT: &str = "wait";

/// Rows and bytes that are brought over at one time.
const ROWS: usize = 256;
const ROW_BYTES: usize = 64 << 10;
/// Bytes of an import that go over at one time.
const FEED_BYTES: usize = 1 << 20;

/// Begins, in the process that holds the store, what another one asks for.
pub(super) fn begin(
    gate: &Arc<Gate>,
    store: &Store,
    function: &str,
    arguments: &mut dyn Iterator<Item = Option<&[u8]>>,
) -> Result<Box<dyn Session>> {
    let tenant = |tenant: Option<&str>| verbs::tenant(store, tenant);
    let session: Box<dyn Session> = match function {
        ITERATE => {
            let (in_tenant, resource_type, request) = Part::part(arguments)?;
            let stream = tenant(in_tenant)?.stream(resource_type, &verbs::search(request)?)?;
            Box::new(Iterating { stream, failed: None })
        }
        IMPORT => {
            let (in_tenant, options) = (Part::part(arguments)?, Part::part(arguments)?);
            Box::new(Importing(Some(Feed::open(&tenant(in_tenant)?, options)?)))
        }
        LISTEN => Box::new(Bell::hang(store)?),
        _ => return Err(Error::new(ErrorKind::Internal, "another process begins what there is not")),
    };
    Ok(Box::new(Guarded { gate: Arc::clone(gate), session }))
}

/// A session whose calls are calls with the store.
struct Guarded {
    gate: Arc<Gate>,
    session: Box<dyn Session>,
}

impl Session for Guarded {
    fn answer(&mut self, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values> {
        guarded(&self.gate, || self.session.answer(function, arguments))
    }
}

/// Carries out a call of another process as one of this process is.
pub(super) fn guarded<T>(gate: &Gate, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _entered = gate.admit()?;
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        gate.poison();
        Err(panicked())
    })
}

fn unknown() -> Error {
    Error::new(ErrorKind::Internal, "another process makes a call that there is not")
}

/// An iterator of another process.
struct Iterating {
    stream: ResourceStream,
    /// What came behind the rows that were given last.
    failed: Option<Error>,
}

impl Session for Iterating {
    fn answer(&mut self, function: &str, _: &[Option<&[u8]>]) -> Result<Values> {
        if function != NEXT {
            return Err(unknown());
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (mut rows, mut bytes) = (Values::new(), 0);
        while rows.len() < ROWS && bytes < ROW_BYTES {
            match self.stream.next() {
                Ok(Some(row)) => {
                    bytes += row.len();
                    rows.push(Some(row.as_bytes().to_vec()));
                }
                Ok(None) => break,
                Err(error) if rows.is_empty() => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        Ok(rows)
    }
}

/// The rows of an iterator, from wherever the store is held.
pub(super) enum Rows {
    Here(Box<ResourceStream>),
    There(Fetched),
}

/// Rows that another process gives.
pub(super) struct Fetched {
    channel: Channel,
    rows: VecDeque<Option<Vec<u8>>>,
    current: String,
}

impl Rows {
    pub(super) fn open(
        store: &Store,
        tenant: Option<&str>,
        kind: Option<&str>,
        request: Option<&[u8]>,
    ) -> Result<Self> {
        let stream = verbs::tenant(store, tenant)?.stream(kind, &verbs::search(request)?)?;
        Ok(Rows::Here(Box::new(stream)))
    }

    /// The same of a shared store.
    pub(super) fn open_shared(
        shared: &Arc<Shared>,
        tenant: Option<&str>,
        kind: Option<&str>,
        request: Option<&[u8]>,
    ) -> Result<Self> {
        let arguments = [tenant.map(str::as_bytes), kind.map(str::as_bytes), request];
        match begin_there(shared, ITERATE, &arguments)? {
            None => Rows::open(shared.store_here(CALL)?, tenant, kind, request),
            Some(channel) => Ok(Rows::There(Fetched { channel, rows: VecDeque::new(), current: String::new() })),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<&str>> {
        let Fetched { channel, rows, current } = match self {
            Rows::Here(stream) => return stream.next(),
            Rows::There(fetched) => fetched,
        };
        if rows.is_empty() {
            rows.extend(channel.call(NEXT, &[], Nature::Read, CALL)?);
        }
        match rows.pop_front() {
            None => Ok(None),
            row => {
                *current = text(row)?;
                Ok(Some(current))
            }
        }
    }
}

/// An import of another process; none once it has failed.
struct Importing(Option<Feed>);

impl Session for Importing {
    fn answer(&mut self, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values> {
        let mut feed = self.0.take().ok_or_else(unknown)?;
        match function {
            FEED => {
                feed.feed(arguments.first().copied().flatten().ok_or_else(missing)?)?;
                self.0 = Some(feed);
                Ok(Values::new())
            }
            FINISH => Ok(vec![Some(feed.finish()?.into_bytes())]),
            _ => Err(unknown()),
        }
    }
}

/// Where the rows of an import go.
pub(super) enum Intake {
    Here(Box<Feed>),
    There(Channel),
}

impl Intake {
    pub(super) fn open(store: &Store, tenant: Option<&str>, options: Option<&str>) -> Result<Self> {
        let feed = Feed::open(&verbs::tenant(store, tenant)?, options)?;
        Ok(Intake::Here(Box::new(feed)))
    }

    /// The same of a shared store.
    pub(super) fn open_shared(shared: &Arc<Shared>, tenant: Option<&str>, options: Option<&str>) -> Result<Self> {
        match begin_there(shared, IMPORT, &[tenant.map(str::as_bytes), options.map(str::as_bytes)])? {
            None => Intake::open(shared.store_here(CALL)?, tenant, options),
            Some(channel) => Ok(Intake::There(channel)),
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Intake::Here(feed) => feed.feed(bytes),
            Intake::There(channel) => bytes
                .chunks(FEED_BYTES)
                .try_for_each(|part| channel.call(FEED, &[Some(part)], Nature::Write, LONG).map(drop)),
        }
    }

    pub(super) fn finish(self) -> Result<String> {
        match self {
            Intake::Here(feed) => feed.finish(),
            Intake::There(mut channel) => {
                let report = channel.call(FINISH, &[], Nature::Write, LONG)?;
                text(report.into_iter().next())
            }
        }
    }
}

/// What changes ring: it knows the newest sequence number.
pub(super) struct Bell {
    heard: Arc<(Mutex<u64>, Condvar)>,
    _subscription: Subscription,
}

impl Bell {
    pub(super) fn hang(store: &Store) -> Result<Self> {
        let heard = Arc::<(Mutex<u64>, Condvar)>::default();
        let ring = Arc::clone(&heard);
        let subscription = store.on_change(Box::new(move |sequence| {
            let mut newest = ring.0.lock().unwrap_or_else(PoisonError::into_inner);
            *newest = sequence.max(*newest);
            ring.1.notify_all();
        }))?;
        let mut newest = heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = subscription.since().max(*newest);
        drop(newest);
        Ok(Bell { heard, _subscription: subscription })
    }

    /// The newest sequence number, once it is larger than one, or after a time.
    pub(super) fn wait(&self, known: u64, limit: Duration) -> u64 {
        let newest = self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.heard.1.wait_timeout_while(newest, limit, |newest| *newest <= known);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Session for Bell {
    fn answer(&mut self, function: &str, arguments: &[Option<&[u8]>]) -> Result<Values> {
        if function != WAIT {
            return Err(unknown());
        }
        let mut arguments = arguments.iter().copied();
        let newest = self.wait(Part::part(&mut arguments)?, Part::part(&mut arguments)?);
        Ok(vec![Some(newest.to_le_bytes().to_vec())])
    }
}

/// A bell, wherever the store is held.
pub(super) enum Heard {
    Here(Bell),
    There(Channel),
}

impl Heard {
    pub(super) fn hang(shared: &Arc<Shared>) -> Result<Self> {
        match begin_there(shared, LISTEN, &[])? {
            None => Bell::hang(shared.store_here(CALL)?).map(Heard::Here),
            Some(channel) => Ok(Heard::There(channel)),
        }
    }

    /// The newest sequence number, once it is larger than one, or after a time.
    pub(super) fn wait(&mut self, known: u64, limit: Duration) -> Result<u64> {
        let channel = match self {
            Heard::Here(bell) => return Ok(bell.wait(known, limit)),
            Heard::There(channel) => channel,
        };
        let mut arguments = Vec::new();
        known.put(&mut arguments);
        limit.put(&mut arguments);
        let arguments: Vec<Option<&[u8]>> = arguments.iter().map(Option::as_deref).collect();
        let values = channel.call(WAIT, &arguments, Nature::Read, CALL.saturating_add(limit))?;
        Part::part(&mut values.iter().map(Option::as_deref))
    }
}

fn begin_there(shared: &Arc<Shared>, function: &str, arguments: &[Option<&[u8]>]) -> Result<Option<Channel>> {
    match shared.begin(function, arguments, CALL)? {
        Begun::Here => Ok(None),
        Begun::There(channel) => Ok(Some(channel)),
    }
}
