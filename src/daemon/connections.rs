//! HTTP on a connection: HTTP/1.1 or HTTP/2, whichever the client speaks, and the face that a request is for.

use std::convert::Infallible;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, Response};
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tonic::service::Routes;
use tower_service::Service;

use crate::grpc::refusal;
use crate::http::{Endpoint, Page, check_name};
use crate::server::{Connection, Gate, Peer, ServeOptions};

/// How long a connection may take to answer a probe.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls of one connection at one time; further ones wait in the client.
const MAX_CALLS_PER_CONNECTION: u32 = 256;

/// Bytes of a request's headers at most: stops headers that fill the memory.
const MAX_HEADER_BYTES: u32 = 16 << 10;

/// Headers of a request at most.
const MAX_HEADERS: usize = 100;

type Body = Either<Page, tonic::body::Body>;

/// The faces that requests are for. Cheap to clone.
#[derive(Clone)]
pub(super) struct Faces {
    pub(super) gate: Gate,
    pub(super) grpc: Routes,
    pub(super) http: Endpoint,
}

impl Faces {
    /// Serves a connection until it ends, or, once the server stops, until what goes on in it ends.
    pub(super) async fn serve(self, connection: Connection, options: &ServeOptions, watcher: Watcher) {
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
        let peer = connection.peer().clone();
        let service = service_fn(move |request| self.clone().answer(request, peer.clone()));
        let served = builder.serve_connection(TokioIo::new(connection), service).into_owned();
        if let Err(error) = watcher.watch(served).await {
            tracing::debug!(error = &*error, "a connection broke off");
        }
    }

    async fn answer(mut self, mut request: Request<Incoming>, peer: Peer) -> Result<Response<Body>, Infallible> {
        let media_type = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        if media_type.is_some_and(|media_type| media_type.starts_with(b"application/grpc")) {
            if let Err(error) = check_name(self.gate.options(), request.uri(), request.headers()) {
                return Ok(tonic::Status::permission_denied(error.detail()).into_http().map(Either::Right));
            }
            request.extensions_mut().insert(peer);
            if let Some(refusal) = refusal(&self.gate, &request).await {
                return Ok(refusal.map(Either::Right));
            }
            return Ok(self.grpc.call(request).await?.map(Either::Right));
        }
        Ok(self.http.answer(request, &peer).await.map(Either::Left))
    }
}
