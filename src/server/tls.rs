//! TLS: certificates from PEM files, by rustls with ring. Nothing here is global to the process.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{ServeOptions, TlsFiles};
use crate::{Error, ErrorKind, Result};

/// The certificates that a server shows and asks for, as they were when they were read last. Cheap to clone.
#[derive(Clone)]
pub struct Certificates(Arc<Inner>);

struct Inner {
    options: ServeOptions,
    // None: connections are not encrypted.
    config: RwLock<Option<Arc<ServerConfig>>>,
}

impl Certificates {
    /// Reads the files that the options name, if there are some.
    ///
    /// # Errors
    /// `InvalidArgument` when they are of no use.
    pub(super) fn read(options: &ServeOptions) -> Result<Self> {
        let config = RwLock::new(config(options)?);
        Ok(Certificates(Arc::new(Inner { options: options.clone(), config })))
    }

    /// Reads the files again: connections that begin from now on see the new ones. When they are of no use, the old ones
    /// stay.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the file.
    pub fn reload(&self) -> Result<()> {
        let read = config(&self.0.options)?;
        *self.0.config.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// How hands are shaken, as of now. None: connections are not encrypted.
    pub(super) fn config(&self) -> Option<Arc<ServerConfig>> {
        self.0.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads how hands are shaken. Clients may speak HTTP/2, as gRPC does, or HTTP/1.1.
fn config(options: &ServeOptions) -> Result<Option<Arc<ServerConfig>>> {
    let Some(TlsFiles { certificate, key }) = &options.tls else { return Ok(None) };
    let chain = certificates("tls-certificate", certificate)?;
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("tls-key", key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("tls: {error}")).caused_by(error))?;
    let builder = match &options.tls_client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let unfit = |detail: String| {
                Error::new(ErrorKind::InvalidArgument, format!("tls-client-ca: {}: {detail}", file.display()))
            };
            let mut authorities = RootCertStore::empty();
            for authority in certificates("tls-client-ca", file)? {
                authorities.add(authority).map_err(|error| unfit(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider)
                .build()
                .map_err(|error| unfit(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key_der).map_err(|error| {
        let detail = format!("tls: {} and {} cannot be used together: {error}", certificate.display(), key.display());
        Error::new(ErrorKind::InvalidArgument, detail).caused_by(error)
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

fn certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(setting, file, error))?;
    if found.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{setting}: {} has no CERTIFICATE section", file.display()),
        ));
    }
    Ok(found)
}

fn unreadable(setting: &str, file: &Path, error: rustls_pki_types::pem::Error) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{setting}: cannot read {}: {error}", file.display()))
        .caused_by(error)
}
