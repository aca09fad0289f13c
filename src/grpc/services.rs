//! The services of the gRPC face, with health and reflection.

use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::admin_service::Administration;
use super::proto::DESCRIPTORS;
use super::proto::admin_service_server::AdminServiceServer;
use super::proto::protocol_service_server::ProtocolServiceServer;
use super::proto::resource_service_server::ResourceServiceServer;
use super::proto::schema_service_server::SchemaServiceServer;
use super::protocol_service::Protocol;
use super::resource_service::Resources;
use super::schema_service::Schemas;
use crate::server::Gate;
use crate::{Error, ErrorKind, Result};

/// Bytes of a message to health or reflection at most: names of services, from callers whom nobody knows.
const SMALL: usize = 16 << 10;

/// What [`Services`] report the health of.
const SERVICES: [&str; 5] = [
    "",
    <ResourceServiceServer<Resources> as NamedService>::NAME,
    <SchemaServiceServer<Schemas> as NamedService>::NAME,
    <AdminServiceServer<Administration> as NamedService>::NAME,
    <ProtocolServiceServer<Protocol> as NamedService>::NAME,
];

/// The services, ready to be served on a connection.
pub(crate) struct Services {
    routes: Routes,
    health: HealthReporter,
}

impl Services {
    /// The services of a gate, healthy from the start.
    ///
    /// # Errors
    /// `Internal` when they cannot be described.
    pub(crate) async fn new(gate: &Gate) -> Result<Self> {
        let health = HealthReporter::new();
        let routes = routes(gate, &health).await?.prepare();
        Ok(Services { routes, health })
    }

    /// What answers requests.
    pub(crate) fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Health tells that nothing is served any more.
    pub(crate) async fn stopping(&self) {
        report(&self.health, ServingStatus::NotServing).await;
    }

    /// Ends the watches of the health, which end with what they watch.
    pub(crate) async fn gone(&mut self) {
        for name in SERVICES {
            self.health.clear_service_status(name).await;
        }
    }
}

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
        .add_service(configured!(ProtocolServiceServer::new(Protocol::new(gate.clone()))))
        .add_service(
            tonic_health::pb::health_server::HealthServer::new(
                tonic_health::server::HealthService::from_health_reporter(health.clone()),
            )
            .max_decoding_message_size(SMALL),
        )
        .add_service(reflection().build_v1().map_err(undescribed)?.max_decoding_message_size(SMALL))
        // Python's reflection client asks for nothing newer.
        .add_service(reflection().build_v1alpha().map_err(undescribed)?.max_decoding_message_size(SMALL)))
}

async fn report(health: &HealthReporter, status: ServingStatus) {
    for name in SERVICES {
        health.set_service_status(name, status).await;
    }
}
