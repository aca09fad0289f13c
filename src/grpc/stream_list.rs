//! The RPC `StreamList`: everything that a search finds, as fast as the client reads, and no faster.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::call::{answered, call};
use super::convert::{fits, given, resource, sort_order};
use super::proto;
use super::resource_service::ENVELOPE;
use super::status::status;
use crate::engine::Scope;
use crate::message::SearchRequest;
use crate::server::{Caller, Gate, Session};
use crate::{Error, ErrorKind, Result};

/// Resources of a message at most.
const BATCH: usize = 64;

/// Bytes after which a message is sent, full or not.
const BATCH_BYTES: usize = 256 << 10;

/// Messages that wait for the client.
const QUEUE: usize = 4;

/// How long a client may read nothing: stops one that would keep a snapshot, and the pages that it holds, forever.
const STALL: Duration = Duration::from_secs(60);

type Item = std::result::Result<proto::StreamListResponse, Status>;

pub(super) async fn stream_list(
    gate: &Gate,
    request: Request<proto::StreamListRequest>,
) -> std::result::Result<Response<ReceiverStream<Item>>, Status> {
    let (metadata, extensions, message) = request.into_parts();
    let call = call(gate, "ResourceService/StreamList", Scope::Read, (&metadata, &extensions), &message.tenant);
    let id = call.id.clone();
    let session = gate.open(call).await.map_err(|error| status(&error, &id))?;
    // The place beyond the queue is for how the stream ends, which is told to who reads nothing too.
    let (sender, receiver) = mpsc::channel(QUEUE + 1);
    tokio::spawn(produce(session, message, sender));
    Ok(answered(ReceiverStream::new(receiver), &id))
}

async fn produce(mut session: Session, message: proto::StreamListRequest, sender: mpsc::Sender<Item>) {
    // It is free: nobody else has sent anything yet.
    let last = sender.clone().try_reserve_owned();
    let gate = session.gate().clone();
    let caller = session.caller().clone();
    let mut outlet = Outlet {
        sender,
        runtime: Handle::current(),
        deadline: session.deadline(),
        limit: gate.options().max_message_bytes,
        batch: Vec::new(),
        bytes: 0,
    };
    let found = gate.thread(move || search(&caller, message, &mut outlet)).await;
    match found.and_then(|found| found) {
        Ok(()) => session.end(None),
        Err(error) => {
            session.end(Some(&error));
            if let Ok(last) = last {
                last.send(Err(status(&error, session.id())));
            }
        }
    }
}

fn search(caller: &Caller, message: proto::StreamListRequest, outlet: &mut Outlet) -> Result<()> {
    let proto::StreamListRequest {
        tenant: _,
        resource_type,
        filter,
        sort_by,
        sort_order: order,
        attributes,
        excluded_attributes,
    } = message;
    let search = SearchRequest {
        filter: given(filter),
        sort_by: given(sort_by),
        sort_order: sort_order(order)?,
        start_index: None,
        count: None,
        attributes,
        excluded_attributes,
        cursor: None,
        base: String::new(),
        ..SearchRequest::default()
    };
    let mut stopped = Ok(());
    caller.tenant()?.search_all(given(resource_type).as_deref(), &search, &mut |found| {
        stopped = outlet.push(resource(found));
        stopped.is_ok()
    })?;
    stopped?;
    outlet.flush()
}

/// Where a search on a thread of its own puts what it finds.
struct Outlet {
    sender: mpsc::Sender<Item>,
    runtime: Handle,
    deadline: Option<Instant>,
    limit: usize,
    batch: Vec<proto::Resource>,
    bytes: usize,
}

impl Outlet {
    fn push(&mut self, found: proto::Resource) -> Result<()> {
        let size = found.json.len() + ENVELOPE;
        fits(size, self.limit)?;
        if self.bytes + size > self.limit {
            self.flush()?;
        }
        self.bytes += size;
        self.batch.push(found);
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Sends what there is. Waits while the client has enough to read.
    fn flush(&mut self) -> Result<()> {
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(Error::new(ErrorKind::DeadlineExceeded, "the deadline passed before everything was sent"));
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let message = proto::StreamListResponse { resources: std::mem::take(&mut self.batch) };
        match self.sender.try_send(Ok(message)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(gone()),
            Err(TrySendError::Full(message)) => {
                let stalled = Instant::now() + STALL;
                let until = self.deadline.map_or(stalled, |deadline| deadline.min(stalled));
                match self.runtime.block_on(tokio::time::timeout_at(until, self.sender.send(message))) {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_)) => Err(gone()),
                    Err(_) if until < stalled => {
                        Err(Error::new(ErrorKind::DeadlineExceeded, "the deadline passed before everything was sent"))
                    }
                    Err(_) => Err(Error::new(
                        ErrorKind::Cancelled,
                        format!("nothing was read for {} seconds: search again, or read pages", STALL.as_secs()),
                    )),
                }
            }
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Cancelled, "the client went away")
}
