//! TLS, compression, health and reflection.

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use scimdb::daemon::Server;
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use scimdb::server::{ServeOptions, TlsFiles};
use scimdb::{ErrorKind, Store, StoreOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::codec::CompressionEncoding;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::{v1, v1alpha};

use crate::harness::{Served, create_user, list, served};

/// A certificate for localhost, and where it is kept.
struct Certificate {
    _folder: tempfile::TempDir,
    files: TlsFiles,
    der: CertificateDer<'static>,
}

fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    Certificate { _folder: folder, files, der: made.cert.der().clone() }
}

async fn encrypted(
    served: &Served,
    certificate: &Certificate,
    alpn: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der.clone()).unwrap();
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(served.address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_encrypted() {
    let certificate = Arc::new(certificate());
    let files = certificate.files.clone();
    let served = Arc::new(served(|options| options.tls = Some(files)).await);
    let (shared, cert) = (Arc::clone(&served), Arc::clone(&certificate));
    let connector = tower::service_fn(move |_| {
        let (served, certificate) = (Arc::clone(&shared), Arc::clone(&cert));
        async move { encrypted(&served, &certificate, &[b"h2"]).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://localhost").connect_with_connector(connector).await.unwrap();
    let mut client = ResourceServiceClient::new(channel);
    client.create(create_user("ann")).await.unwrap();
    assert_eq!(client.list(list("")).await.unwrap().into_inner().total_results, 1);

    // HTTP/1.1 is negotiated too, for what will share the port; gRPC itself is HTTP/2.
    let mut stream = encrypted(&served, &certificate, &[b"http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    // No client without TLS is answered.
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.windows(4).any(|window| window == b"HTTP"));
    // Nor does a client that says nothing keep others out.
    let _silent = TcpStream::connect(served.address).await.unwrap();
    client.list(list("")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_no_use_are_named() {
    let certificate = certificate();
    let TlsFiles { certificate: cert, key } = certificate.files.clone();
    let missing = cert.with_file_name("missing.pem");
    let cases = [
        (TlsFiles { certificate: missing.clone(), key: key.clone() }, "missing.pem"),
        (TlsFiles { certificate: cert.clone(), key: missing }, "missing.pem"),
        (TlsFiles { certificate: key.clone(), key: key.clone() }, "key.pem"),
        (TlsFiles { certificate: cert.clone(), key: cert }, "cert.pem"),
    ];
    for (files, named) in cases {
        let mut options = ServeOptions::default();
        options.address.set_port(0);
        options.tls = Some(files.clone());
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let Err(error) = Server::bind(store, options).await else { panic!("{files:?} are of use") };
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.detail().contains(named), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_compressions_are_understood() {
    let served = served(|_| {}).await;
    for (encoding, name) in [(CompressionEncoding::Gzip, "gzip"), (CompressionEncoding::Zstd, "zstd")] {
        let mut client = served.resources().await.send_compressed(encoding).accept_compressed(encoding);
        client.create(create_user(name)).await.unwrap();
        let answer = client.list(list("")).await.unwrap();
        let sent = answer.metadata().get("grpc-encoding").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(sent.as_deref(), (name == "zstd").then_some("zstd"));
    }
    assert_eq!(served.resources().await.list(list("")).await.unwrap().into_inner().total_results, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_knows_every_service() {
    let served = served(|_| {}).await;
    let mut client = HealthClient::new(served.channel().await);
    for service in DESCRIBED.into_iter().skip(1).chain([""]) {
        let answer = client.check(HealthCheckRequest { service: service.into() }).await.unwrap();
        assert_eq!(answer.into_inner().status, 1, "{service}");
    }
}

const DESCRIBED: [&str; 5] = [
    "grpc.health.v1.Health",
    "scimdb.v1.AdminService",
    "scimdb.v1.ProtocolService",
    "scimdb.v1.ResourceService",
    "scimdb.v1.SchemaService",
];

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_the_services() {
    let served = served(|_| {}).await;
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(served.channel().await);
    let mut answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(services)) = answer else { panic!("{answer:?}") };
    let mut names: Vec<String> = services.service.into_iter().map(|service| service.name).collect();
    names.retain(|name| !name.starts_with("grpc.reflection."));
    names.sort();
    assert_eq!(names, DESCRIBED);

    // The older version, which Python asks for.
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
            "scimdb.v1.ResourceService".into(),
        )),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(served.channel().await);
    let mut answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let answer = format!("{:?}", answers.message().await.unwrap().unwrap().message_response);
    assert!(answer.contains("FileDescriptorResponse"), "{answer}");
}
