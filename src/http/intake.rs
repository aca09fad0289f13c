//! Requests whose bodies are larger than the limit of bodies, and are read while they come: imports that are queued.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::endpoint::{Answer, Endpoint, broken, lost, texts};
use super::origin::origin;
use crate::Result;
use crate::engine::Mounted;
use crate::protocol::{self, AuthenticationScheme, Context};
use crate::server::{Body, Call, Caller, Feed, Session, Streamed, streamed};

/// How long a client may send nothing: its stream is one that others cannot have.
const STALL: Duration = Duration::from_secs(60);

/// What taking in a body takes of the memory that bodies share: what came and was not read, a chunk and a user of it.
const HELD: usize = 3 << 20;

impl Endpoint {
    /// Answers a request whose body is read while it comes. It counts as a stream.
    pub(super) async fn take_in(
        &self,
        parts: Parts,
        mounted: Mounted,
        body: &mut Option<Incoming>,
        call: Call,
    ) -> Result<Answer> {
        let mut held = self.gate.body(&call);
        let mut session = self.gate.open(call).await?;
        let result = async {
            held.hold(HELD)?;
            self.fed(&session, parts, mounted, body, held).await
        };
        let result = result.await;
        match &result {
            Ok(answer) => session.answered(answer.status),
            Err(error) => session.end(Some(error)),
        }
        result
    }

    async fn fed(
        &self,
        session: &Session,
        parts: Parts,
        mounted: Mounted,
        body: &mut Option<Incoming>,
        held: Body,
    ) -> Result<Answer> {
        let (feed, incoming) = streamed();
        let (caller, work) = (session.caller().clone(), self.reading(parts, mounted, incoming));
        let work = session.gate().thread(move || {
            let _held = held;
            work(&caller)
        });
        tokio::pin!(work);
        // The answer may be known before the body has come: nobody waits for the rest then.
        tokio::select! {
            answer = &mut work => answer?,
            () = self.send(body, feed) => work.await?,
        }
    }

    /// What a thread does that may block.
    fn reading(
        &self,
        parts: Parts,
        mounted: Mounted,
        mut body: Streamed,
    ) -> impl FnOnce(&Caller) -> Result<Answer> + Send + 'static {
        let options = self.gate.options();
        let base = origin(options, &parts, self.is_encrypted) + &mounted.base;
        let (max_body_bytes, documentation_uri) = (options.max_body_bytes, options.documentation_url.clone());
        move |caller| {
            let context = Context {
                base,
                actor: caller.actor().map(str::to_owned),
                subject: caller.subject().map(str::to_owned),
                authentication_schemes: vec![AuthenticationScheme::bearer_token()],
                max_body_bytes,
                documentation_uri,
            };
            let headers = texts(&parts.headers)?;
            let method = parts.method.as_str();
            let request = protocol::Request { method, target: &mounted.target, headers: &headers, body: b"" };
            let tenant = caller.tenant()?.standing_at(&mounted.path);
            let response = protocol::try_handle_stream(&tenant, &request, &mut body, &context)?;
            Ok(Answer::from(response))
        }
    }

    /// Passes the body on as it comes.
    async fn send(&self, body: &mut Option<Incoming>, feed: Feed) {
        let Some(incoming) = body else { return feed.end().await };
        loop {
            let frame = match tokio::time::timeout(STALL, incoming.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return feed.broken(broken(error)).await,
                Ok(None) => break,
                Err(_) => {
                    let detail = format!("nothing of the body came for {} seconds", STALL.as_secs());
                    return feed.broken(lost(&detail)).await;
                }
            };
            let chunk: Bytes = frame.into_data().unwrap_or_default();
            if !feed.chunk(chunk).await {
                return;
            }
        }
        *body = None;
        feed.end().await;
    }
}
