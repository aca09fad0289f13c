//! What goes on in a connection: the requests under way, and the answers that its client does not take. Over HTTP/1.1
//! hyper knows both, and over HTTP/2 neither.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// Bytes of an answer that are handed to HTTP/2 at one time. The next ones are asked for when the client wants them, so
/// that can be told from a client that wants none.
const PIECE: usize = 16 << 10;

/// What goes on in a connection.
pub(super) struct Traffic(Mutex<State>);

struct State {
    under_way: usize,
    /// When the last request ended.
    since: Instant,
    /// Answers of which a piece was handed out, and the next one not asked for: by their requests.
    held: Vec<(u64, Instant)>,
    requests: u64,
    is_http_1: bool,
}

/// A request under way: until its answer was handed out, or nobody waits for it any more.
pub(super) struct UnderWay {
    traffic: Arc<Traffic>,
    number: u64,
}

/// The body of an answer, whose request is under way as long as it lasts.
pub(super) struct Answering<B> {
    body: B,
    rest: Bytes,
    /// Whether it is to be taken within a time.
    is_bounded: bool,
    request: UnderWay,
}

impl Traffic {
    pub(super) fn new() -> Arc<Self> {
        let state = State { under_way: 0, since: Instant::now(), held: Vec::new(), requests: 0, is_http_1: false };
        Arc::new(Traffic(Mutex::new(state)))
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>, is_http_1: bool) -> UnderWay {
        let mut state = self.lock();
        state.under_way += 1;
        state.requests += 1;
        state.is_http_1 |= is_http_1;
        UnderWay { traffic: Arc::clone(self), number: state.requests }
    }

    /// Waits until there was no request under way for as long as `limit`, from now on. Never over HTTP/1.1.
    pub(super) async fn idle(&self, limit: Duration) {
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            let until = {
                let state = self.lock();
                match state.under_way {
                    _ if state.is_http_1 => None,
                    0 => Some(state.since.max(begun) + limit),
                    _ => Some(now + limit),
                }
            };
            match until {
                None => return std::future::pending().await,
                Some(until) if until <= now => return,
                Some(until) => tokio::time::sleep_until(until).await,
            }
        }
    }

    /// Waits until the client has taken nothing of an answer for as long as `limit`.
    pub(super) async fn stalled(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let until = self.lock().held.iter().map(|(_, since)| *since).min().unwrap_or(now) + limit;
            if until <= now {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one step, so it is sound even if a thread panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// The body of its answer. If `is_bounded`, [`Traffic::stalled`] tells when the client does not take it.
    pub(super) fn answering<B>(self, body: B, is_bounded: bool) -> Answering<B> {
        let is_bounded = is_bounded && !self.traffic.lock().is_http_1;
        Answering { body, rest: Bytes::new(), is_bounded, request: self }
    }

    fn hold(&self) {
        self.traffic.lock().held.push((self.number, Instant::now()));
    }

    fn let_go(&self) {
        self.traffic.lock().held.retain(|(number, _)| *number != self.number);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.traffic.lock();
        state.held.retain(|(number, _)| *number != self.number);
        state.under_way -= 1;
        state.since = Instant::now();
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answering<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if !self.is_bounded {
            return Pin::new(&mut self.body).poll_frame(cx);
        }
        self.request.let_go();
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                None => return Poll::Ready(None),
                Some(Err(other)) => return Poll::Ready(Some(Ok(other))),
                Some(Ok(data)) => self.rest = data,
            }
        }
        let size = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(size);
        self.request.hold();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut all = SizeHint::new();
        all.set_lower(hint.lower() + rest);
        if let Some(upper) = hint.upper() {
            all.set_upper(upper + rest);
        }
        all
    }
}
