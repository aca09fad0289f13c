//! The server: services, health and reflection over the shared listener, until it is told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::admin_service::Administration;
use super::proto::DESCRIPTORS;
use super::proto::admin_service_server::AdminServiceServer;
use super::proto::resource_service_server::ResourceServiceServer;
use super::proto::schema_service_server::SchemaServiceServer;
use super::resource_service::Resources;
use super::schema_service::Schemas;
use crate::engine::Store;
use crate::server::{Connection, Gate, Listener, ServeOptions, Signals, Stopper, runtime};
use crate::{Error, ErrorKind, Result};

/// How long a connection may take to answer a probe.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls of one connection at one time; further ones wait in the client.
const MAX_CALLS_PER_CONNECTION: u32 = 256;

/// Bytes of a request's headers at most: stops headers that fill the memory.
const MAX_HEADER_BYTES: u32 = 16 << 10;

/// How long threads may take to end once the server has.
const THREADS_END: Duration = Duration::from_secs(2);

/// A server that is bound to its address, and lets nobody in yet.
pub struct GrpcServer {
    store: Store,
    options: ServeOptions,
    listener: Listener,
}

impl GrpcServer {
    /// Checks the options, reads the certificate, and binds the address.
    ///
    /// # Errors
    /// `InvalidArgument` for options that are not safe or not possible, `Io` when the address cannot be bound.
    pub async fn bind(store: Store, options: ServeOptions) -> Result<Self> {
        let listener = Listener::bind(&options).await?;
        Ok(GrpcServer { store, options, listener })
    }

    /// The address, with the port that was free if it was told as 0.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves until `shutdown` is ready. Then health tells that nothing is served any more, nobody is let in, watches
    /// end, other calls may end within the drain time, and what is left is cut off.
    ///
    /// # Errors
    /// `Internal` when the service cannot be made.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<()> {
        let GrpcServer { store, options, listener } = self;
        tracing::info!(address = %listener.address(), tls = listener.is_encrypted(), "serving");
        let (stopper, stop) = Stopper::new();
        let gate = Gate::new(store, options.clone(), stop.clone());
        let mut health = HealthReporter::new();
        let routes = routes(&gate, &health).await?;
        let connections = ReceiverStream::new(listener.accept(stop.clone()));
        let mut closing = stop;
        let server = Server::builder()
            .http2_keepalive_interval(Some(options.keepalive))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .max_concurrent_streams(MAX_CALLS_PER_CONNECTION)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .serve_with_incoming_shutdown(routes.prepare(), connections, async move { closing.stopped().await });
        let mut server = std::pin::pin!(server);
        tokio::select! {
            served = &mut server => return served.map_err(broken),
            () = shutdown => {}
        }
        tracing::info!("stopping");
        report(&health, ServingStatus::NotServing).await;
        stopper.drain();
        let deadline = Instant::now() + options.drain;
        let drained = async {
            gate.idle().await;
            // Nothing is under way any more but watches of the health, which end with what they watch.
            for name in SERVICES {
                health.clear_service_status(name).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            served = &mut server => served.map_err(broken)?,
            () = drained => {}
            () = tokio::time::sleep_until(deadline) => tracing::warn!("calls are cut off: they did not end in time"),
        }
        stopper.end();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Binds and serves: [`GrpcServer::bind`], then [`GrpcServer::serve`].
///
/// # Errors
/// As those.
pub async fn serve(store: Store, options: ServeOptions, shutdown: impl Future<Output = ()>) -> Result<()> {
    GrpcServer::bind(store, options).await?.serve(shutdown).await
}

/// Serves until the process is asked to stop by SIGTERM or SIGINT; a second signal ends the drain. `ready` is told the
/// address once clients can connect. The store is closed in the end.
///
/// # Errors
/// As [`serve`], and `Io` when the process lacks threads or the store cannot be closed.
pub fn run(store: Store, options: ServeOptions, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    options.check()?;
    let runtime = runtime(&options)?;
    let served = runtime.block_on(async {
        // A signal that comes between the bind and the first call is not to be missed.
        let mut signals = Signals::listen()?;
        let server = GrpcServer::bind(store.clone(), options).await?;
        ready(server.address());
        let (first, asked) = tokio::sync::oneshot::channel();
        let insist = async {
            signals.next().await;
            // No receiver: the server has ended by itself.
            let _ = first.send(());
            signals.next().await;
        };
        tokio::select! {
            served = server.serve(async { drop(asked.await) }) => served,
            () = insist => Ok(()),
        }
    });
    runtime.shutdown_timeout(THREADS_END);
    served.and(store.close())
}

const SERVICES: [&str; 4] = [
    "",
    <ResourceServiceServer<Resources> as NamedService>::NAME,
    <SchemaServiceServer<Schemas> as NamedService>::NAME,
    <AdminServiceServer<Administration> as NamedService>::NAME,
];

async fn routes(gate: &Gate, health: &HealthReporter) -> Result<Routes> {
    let limit = gate.options().max_message_bytes;
    // Both encodings are understood. Answers are compressed for clients that say zstd, since those want it: gzip is
    // announced by every client, and costs more than it saves on a fast network.
    macro_rules! configured {
        ($server:expr) => {
            $server
                .max_decoding_message_size(limit)
                .max_encoding_message_size(usize::MAX)
                .accept_compressed(Gzip)
                .accept_compressed(Zstd)
                .send_compressed(Zstd)
        };
    }
    report(health, ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let undescribed = |error| Error::new(ErrorKind::Internal, "the services cannot be described").caused_by(error);
    Ok(Routes::new(configured!(ResourceServiceServer::new(Resources::new(gate.clone()))))
        .add_service(configured!(SchemaServiceServer::new(Schemas::new(gate.clone()))))
        .add_service(configured!(AdminServiceServer::new(Administration::new(gate.clone()))))
        .add_service(tonic_health::pb::health_server::HealthServer::new(
            tonic_health::server::HealthService::from_health_reporter(health.clone()),
        ))
        .add_service(reflection().build_v1().map_err(undescribed)?)
        // Python's reflection client asks for nothing newer.
        .add_service(reflection().build_v1alpha().map_err(undescribed)?))
}

async fn report(health: &HealthReporter, status: ServingStatus) {
    for name in SERVICES {
        health.set_service_status(name, status).await;
    }
}

fn broken(error: tonic::transport::Error) -> Error {
    Error::new(ErrorKind::Internal, "the server broke off").caused_by(error)
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        TcpConnectInfo { local_addr: None, remote_addr: self.peer() }
    }
}
