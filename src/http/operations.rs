//! What operators and their tools ask: whether the process lives, whether it is ready, and what it counts.

use bytes::Bytes;
use http::Method;
use http::header::ALLOW;
use http::request::Parts;

use super::browsers::is_called_by_its_name;
use super::endpoint::{Answer, Endpoint};
use super::origin::is_forwarded;
use crate::protocol::answer_error;
use crate::server::{Call, METRICS_TYPE};
use crate::{Error, ErrorKind, Result};

const TEXT: &str = "text/plain; charset=utf-8";

/// What can be done with each of them.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// A path that is not SCIM's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `/healthz`: the process answers.
    Live,
    /// `/readyz`: it takes calls, and the store can answer them.
    Ready,
    /// `/metrics`
    Metrics,
}

impl Operation {
    /// What stands at a path, if something does.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "/healthz" => Some(Operation::Live),
            "/readyz" => Some(Operation::Ready),
            "/metrics" => Some(Operation::Metrics),
            _ => None,
        }
    }
}

impl Endpoint {
    /// Answers for it. Whoever asks whether the process lives or is ready needs no token, learns one word, and is not
    /// logged. `call` is what somebody makes who asks for metrics, of scope admin: they are about every tenant.
    ///
    /// # Errors
    /// `TooManyRequests` where nothing is read; for metrics, those of a call.
    pub(super) async fn operate(&self, operation: Operation, parts: &Parts, call: Call) -> Result<Answer> {
        match parts.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => {
                return Ok(Answer { status: 204, headers: vec![(ALLOW, METHODS.to_owned())], body: Bytes::new() });
            }
            _ => {
                self.gate.limit(&call)?;
                let error = Error::new(ErrorKind::MethodNotAllowed, "this path is read: send GET");
                let mut answer = Answer::from(answer_error(&error));
                answer.headers.push((ALLOW, METHODS.to_owned()));
                return Ok(answer);
            }
        }
        match operation {
            Operation::Live => Ok(Answer::text(200, TEXT, "ok\n".to_owned())),
            Operation::Ready => Ok(match self.gate.ready().await {
                Ok(()) => Answer::text(200, TEXT, "ready\n".to_owned()),
                Err(error) => {
                    tracing::debug!(?error, "not ready");
                    Answer::text(503, TEXT, "not ready\n".to_owned())
                }
            }),
            Operation::Metrics => {
                let gate = self.gate.clone();
                // What a proxy on this machine passes on comes from elsewhere, and so may what a browser here does.
                let is_local = call.bearer.is_none()
                    && call.peer.is_loopback()
                    && !is_forwarded(&parts.headers)
                    && is_called_by_its_name(self.gate.options(), &parts.uri, &parts.headers);
                let text = if is_local {
                    self.gate.work(move || gate.metrics()).await??
                } else {
                    self.gate.unary(call, move |_| gate.metrics()).await?
                };
                Ok(Answer::text(200, METRICS_TYPE, text))
            }
        }
    }
}
