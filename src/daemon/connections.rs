//! HTTP on a connection: HTTP/1.1 or HTTP/2, whichever the client speaks, and the face that a request is for.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, Response, Version};
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tonic::service::Routes;
use tower_service::Service;

use super::traffic::Traffic;
use crate::grpc::admit;
use crate::http::{Endpoint, Page, check_name, client};
use crate::server::{Connection, Gate, Peer, ServeOptions};

/// How long a connection may take to answer a probe.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls of one connection at one time; further ones wait in the client.
const MAX_CALLS_PER_CONNECTION: u32 = 256;

/// Bytes of a request's headers at most: stops headers that fill the memory.
const MAX_HEADER_BYTES: u32 = 16 << 10;

/// Headers of a request at most.
const MAX_HEADERS: usize = 100;

/// The answer of one face or the other.
type Face = Either<Page, tonic::body::Body>;

/// The faces that requests are for. Cheap to clone.
#[derive(Clone)]
pub(super) struct Faces {
    pub(super) gate: Gate,
    pub(super) grpc: Routes,
    pub(super) http: Endpoint,
}

impl Faces {
    /// Serves a connection until it ends, or, once the server stops, until what goes on in it ends.
    pub(super) async fn serve(self, connection: Connection, options: &ServeOptions) {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            // Stops a client that sends a byte at a time, and one that keeps a connection that it does not use.
            .header_read_timeout(options.stall_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEADER_BYTES as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(options.keepalive)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .max_concurrent_streams(MAX_CALLS_PER_CONNECTION)
            .max_header_list_size(MAX_HEADER_BYTES);
        let (peer, mut stop, stall) = (connection.peer().clone(), self.gate.stop(), options.stall_timeout);
        let traffic = Traffic::new();
        let seen = Arc::clone(&traffic);
        let service = service_fn(move |request: Request<Incoming>| {
            let request_under_way = seen.begin(request.version() < Version::HTTP_2);
            let answer = self.clone().answer(request, peer.clone());
            async move {
                // gRPC bounds its streams, and a client may take its time with what it watches.
                let answer = answer.await?;
                let is_bounded = matches!(answer.body(), Either::Left(_));
                Ok::<_, Infallible>(answer.map(|body| request_under_way.answering(body, is_bounded)))
            }
        });
        let mut served = pin!(builder.serve_connection(TokioIo::new(connection), service));
        let serving = async {
            tokio::select! {
                ended = served.as_mut() => return ended,
                () = stop.stopped() => {}
                () = traffic.idle(stall) => {}
            }
            served.as_mut().graceful_shutdown();
            // What the client asks for until it hears of that is still answered.
            tokio::select! {
                ended = served.as_mut() => ended,
                () = traffic.idle(stall) => Err("the client does not leave".into()),
            }
        };
        let ended = tokio::select! {
            ended = serving => ended,
            // HTTP/2 has no other way to end a request whose answer it holds.
            () = traffic.stalled(stall) => Err("the client does not take an answer".into()),
        };
        if let Err(error) = ended {
            tracing::debug!(error = &*error, "a connection broke off");
        }
    }

    async fn answer(mut self, mut request: Request<Incoming>, peer: Peer) -> Result<Response<Face>, Infallible> {
        let is_forwarded = self.gate.options().forwarded_headers;
        let peer = if is_forwarded { client(request.headers(), &peer) } else { peer };
        let media_type = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        if media_type.is_some_and(|media_type| media_type.starts_with(b"application/grpc")) {
            if let Err(error) = check_name(self.gate.options(), request.uri(), request.headers()) {
                return Ok(tonic::Status::permission_denied(error.detail()).into_http().map(Either::Right));
            }
            request.extensions_mut().insert(peer);
            return Ok(match admit(&self.gate, request).await {
                Ok(request) => self.grpc.call(request).await?.map(Either::Right),
                Err(refusal) => refusal.map(Either::Right),
            });
        }
        Ok(self.http.answer(request, &peer).await.map(Either::Left))
    }
}
