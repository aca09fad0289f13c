//! TLS: what is spoken, certificates of clients, and certificates that are exchanged.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use scimdb::ErrorKind;
use scimdb::server::TlsFiles;

use crate::harness::{Served, Wire, message, served, socket, user};

/// An authority, and what it has signed.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

pub type Shown = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority");
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn signed(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// Writes a certificate for localhost into a folder.
    pub fn write(&self, folder: &Path) -> TlsFiles {
        let (certificate, key) = self.signed("server");
        let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    /// Writes its own certificate into a folder.
    pub fn write_own(&self, folder: &Path) -> PathBuf {
        let file = folder.join("ca.pem");
        std::fs::write(&file, self.0.pem()).unwrap();
        file
    }

    /// The certificate of a client.
    pub fn client(&self, name: &str) -> Shown {
        let (certificate, key) = self.signed(name);
        (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

pub fn config(authority: &Authority, alpn: &[&[u8]], shown: Option<Shown>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder.with_client_auth_cert(vec![certificate], key).unwrap(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

pub type Encrypted = Wire<StreamOwned<ClientConnection, TcpStream>>;

fn connect(served: &Served, config: Arc<ClientConfig>) -> Encrypted {
    connect_to(served.address, config)
}

/// A connection that is encrypted as the client says.
pub fn connect_to(address: SocketAddr, config: Arc<ClientConfig>) -> Encrypted {
    let session = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
    Wire::new(StreamOwned::new(session, socket(address)))
}

fn encrypted(authority: &Authority, folder: &Path) -> Served {
    let files = authority.write(folder);
    served(|options| options.tls = Some(files))
}

#[test]
fn http_1_is_spoken_whether_it_is_asked_for_or_not() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let served = encrypted(&authority, folder.path());
    for alpn in [&[&b"http/1.1"[..]][..], &[]] {
        let mut wire = connect(&served, config(&authority, alpn, None));
        let name = format!("user{}", alpn.len());
        let answer = wire.request("POST", "/scim/v2/Users", &[], &user(&name));
        assert_eq!(answer.status, 201);
        assert!(answer.header("location").unwrap().starts_with("https://localhost/scim/v2/Users/"), "{answer:?}");
        assert_eq!(wire.request("GET", "/scim/v2/Users", &[], "").status, 200);
        assert_eq!(wire.stream.conn.alpn_protocol(), alpn.first().copied());
    }
    // A refusal arrives though the body is still on its way.
    let mut wire = connect(&served, config(&authority, &[], None));
    wire.write(message("POST", "/scim/v2/Users", &[], &" ".repeat(8 << 20)));
    wire.answer().expect("an answer").is_error(413);
    // A client without TLS is not answered.
    let mut plain = served.connect();
    plain.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(!plain.closes() || plain.answer().is_none());
}

#[test]
fn handshakes_that_do_not_go_on_hold_up_nobody() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let served = encrypted(&authority, folder.path());
    let mut held: Vec<_> = (0..150).map(|_| served.socket()).collect();
    for (number, stream) in held.iter_mut().enumerate() {
        let config = config(&authority, &[], None);
        let mut session = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
        match number % 3 {
            // Nothing, half of its first message, and all of it.
            0 => {}
            1 => std::io::Write::write_all(stream, b"\x16\x03\x01\x02").unwrap(),
            _ => drop(session.write_tls(stream).unwrap()),
        }
    }
    let mut wire = connect(&served, config(&authority, &[], None));
    assert_eq!(wire.request("GET", "/scim/v2/Users", &[], "").status, 200);
}

#[test]
fn http_2_is_spoken() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let served = encrypted(&authority, folder.path());
    let config = config(&authority, &[b"h2"], None);
    served.runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(served.address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(config);
        let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
        let io = TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let mut send = async |method: &str, path: &str, body: &str| {
            let request = hyper::Request::builder().method(method).uri(format!("https://localhost{path}"));
            let request = request.header("content-type", "application/scim+json");
            let answer = sender
                .send_request(request.body(Full::new(hyper::body::Bytes::from(body.to_owned()))).unwrap())
                .await
                .unwrap();
            let (parts, body) = answer.into_parts();
            (parts.status.as_u16(), parts.headers, body.collect().await.unwrap().to_bytes())
        };
        let (status, headers, _) = send("POST", "/scim/v2/Users", &user("ann")).await;
        assert_eq!(status, 201);
        assert!(headers["location"].to_str().unwrap().starts_with("https://localhost/scim/v2/Users/"));
        let (status, headers, body) = send("HEAD", "/scim/v2/Users", "").await;
        assert_eq!((status, body.len()), (200, 0));
        assert!(headers["content-length"] != "0");
        let (status, _, body) = send("HEAD", "/scim/v2/Users/missing", "").await;
        assert_eq!((status, body.len()), (404, 0));
        let (status, _, body) = send("GET", "/scim/v2/Users?filter=x", "").await;
        assert!(status == 400 && body.starts_with(b"{"), "{body:?}");
        // A body that is too large is refused, and the connection goes on.
        let (status, _, _) = send("POST", "/scim/v2/Users", &" ".repeat((1 << 20) + 1)).await;
        assert_eq!(status, 413);
        assert_eq!(send("GET", "/healthz", "").await.0, 200);
    });
}

#[test]
fn clients_show_certificates_where_they_must() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let files = authority.write(folder.path());
    let ca = authority.write_own(folder.path());
    let served = served(|options| {
        options.tls = Some(files);
        options.tls_client_ca = Some(ca);
    });
    let mut known = connect(&served, config(&authority, &[b"http/1.1"], Some(authority.client("entra"))));
    assert_eq!(known.request("GET", "/scim/v2/Users", &[], "").status, 200);
    for shown in [None, Some(stranger.client("entra"))] {
        let mut refused = connect(&served, config(&authority, &[b"http/1.1"], shown));
        // In TLS 1.3 the client has finished before it hears of it: it may still send.
        let _ = std::io::Write::write_all(&mut refused.stream, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assert!(refused.answer().is_none());
    }
    assert_eq!(known.request("GET", "/scim/v2/Users", &[], "").status, 200);
}

#[test]
fn certificates_are_exchanged_while_the_server_runs() {
    let (old, new) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let served = encrypted(&old, folder.path());
    let get = |wire: &mut Encrypted| wire.request("GET", "/scim/v2/Users", &[], "").status;
    let mut before = connect(&served, config(&old, &[], None));
    assert_eq!(get(&mut before), 200);

    let files = new.write(folder.path());
    served.certificates.reload().unwrap();
    // What is open goes on; who comes now sees the new one.
    assert_eq!(get(&mut before), 200);
    assert_eq!(get(&mut connect(&served, config(&new, &[], None))), 200);
    let mut trusting_the_old = connect(&served, config(&old, &[], None));
    assert!(std::io::Write::write_all(&mut trusting_the_old.stream, b"GET").is_err());

    // A file of no use changes nothing, and is named.
    for (file, content) in [(&files.certificate, ""), (&files.key, "-----BEGIN PRIVATE KEY-----\nx")] {
        let sound = std::fs::read(file).unwrap();
        std::fs::write(file, content).unwrap();
        let error = served.certificates.reload().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.detail().contains(file.file_name().unwrap().to_str().unwrap()), "{error}");
        assert_eq!(get(&mut connect(&served, config(&new, &[], None))), 200);
        std::fs::write(file, sound).unwrap();
    }
    // A key that is not the certificate's, neither.
    std::fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    served.certificates.reload().unwrap_err();
    assert_eq!(get(&mut connect(&served, config(&new, &[], None))), 200);
}
