//! TLS: certificates from PEM files, by rustls with ring. Nothing here is global to the process.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::TlsFiles;
use crate::{Error, ErrorKind, Result};

/// Reads the files, and makes what shakes hands. Clients may speak HTTP/2, as gRPC does, or HTTP/1.1.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let TlsFiles { certificate, key } = files;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable("tls-certificate", certificate, error))?;
    if chain.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("tls-certificate: {} has no CERTIFICATE section", certificate.display()),
        ));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("tls-key", key, error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key_der))
        .map_err(|error| {
            let detail =
                format!("tls: {} and {} cannot be used together: {error}", certificate.display(), key.display());
            Error::new(ErrorKind::InvalidArgument, detail).caused_by(error)
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unreadable(setting: &str, file: &Path, error: rustls_pki_types::pem::Error) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{setting}: cannot read {}: {error}", file.display()))
        .caused_by(error)
}
