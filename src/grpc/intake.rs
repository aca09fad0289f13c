//! A request before its message is whole: whether its caller is let in, how long the message may take, and what it may
//! take of the memory meanwhile. tonic knows no such limits.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Status};

use super::call::call;
use super::status::status;
use crate::engine::Scope;
use crate::server::{self, Call, Gate, Peer};
use crate::{Error, ErrorKind, Result};

/// The calls whose messages are without end, with limits of their own.
const IMPORTS: [&str; 2] = ["/scimdb.v1.ResourceService/Import", "/scimdb.v1.ResourceService/QueueImport"];

/// What a message has taken of the memory that bodies share. It is given back when nobody holds it any more: the message
/// while it comes in, the call while it is carried out.
type Held = Arc<Mutex<server::Body>>;

/// The body of a request.
pub(crate) struct Intake<B> {
    body: B,
    gate: Gate,
    call: Call,
    began: Instant,
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    held: Option<Held>,
}

/// Lets a request in, or answers it, before a byte of its message is read: messages may be large, and callers unknown.
/// Health and reflection are for everybody, whose messages are too small to be counted.
///
/// # Errors
/// The answer.
pub(crate) async fn admit<B>(
    gate: &Gate,
    request: http::Request<B>,
) -> std::result::Result<http::Request<Intake<B>>, http::Response<tonic::body::Body>> {
    let began = Instant::now();
    let metadata = MetadataMap::from_headers(request.headers().clone());
    let peer = request.extensions().get::<Peer>().cloned().unwrap_or_default();
    let call = Call { peer, ..call(gate, "refused", Scope::Read, (&metadata, &Extensions::default()), "") };
    let path = request.uri().path();
    let is_ours = path.starts_with("/scimdb.v1.");
    if is_ours && let Err(error) = gate.glance(&call).await {
        return Err(status(&error, &call.id).into_http());
    }
    let is_import = IMPORTS.contains(&path);
    let deadline = if is_import { None } else { gate.deadline(&call) };
    let held = (is_ours && !is_import).then(|| Arc::new(Mutex::new(gate.body(&call))));
    let (mut parts, body) = request.into_parts();
    if let Some(held) = &held {
        parts.extensions.insert(Arc::clone(held));
    }
    let intake = Intake { body, gate: gate.clone(), call, began, deadline, timer: None, held };
    Ok(http::Request::from_parts(parts, intake))
}

impl<B> Intake<B> {
    /// Whether the message has taken too long.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        timer.as_mut().poll(context).is_ready()
    }

    fn count(&self, frame: &Frame<Bytes>) -> Result<()> {
        let (Some(held), Some(data)) = (&self.held, frame.data_ref()) else { return Ok(()) };
        // To count is one step: it is sound even if a thread panicked.
        held.lock().unwrap_or_else(PoisonError::into_inner).reserve(data.len())
    }

    fn refuse(&self, error: &Error) -> Status {
        self.gate.refused_since(&self.call, self.began, error);
        status(error, &self.call.id)
    }
}

impl<B> Body for Intake<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        // Most messages are there when they are asked for, and need no timer.
        let polled = if this.timer.is_some() && this.is_late(context) {
            Poll::Pending
        } else {
            Pin::new(&mut this.body).poll_frame(context)
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let counted = this.count(&frame);
                Poll::Ready(Some(counted.map(|()| frame).map_err(|error| this.refuse(&error))))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Status::from_error(error.into())))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if this.is_late(context) => {
                let late = Error::new(ErrorKind::DeadlineExceeded, "the deadline passed before the message was whole");
                Poll::Ready(Some(Err(this.refuse(&late))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
