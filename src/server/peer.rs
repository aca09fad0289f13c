//! Who is at the other end of a connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who is at the other end of a connection. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    address: Option<IpAddr>,
    certificate: Option<Arc<str>>,
    unread: Arc<AtomicBool>,
}

/// The address, or for IPv6 the network of it that one subscriber has.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

impl Peer {
    /// Whoever has the address, and a certificate (DER) that was found right.
    pub(super) fn new(address: Option<SocketAddr>, certificate: Option<&[u8]>) -> Self {
        let certificate = certificate.map(|der| match x509_parser::parse_x509_certificate(der) {
            Ok((_, certificate)) => certificate.subject().to_string().into(),
            // rustls reads less of a certificate than its subject.
            Err(_) => "a subject that cannot be read".into(),
        });
        Peer { address: address.map(|address| address.ip()), certificate, unread: Arc::default() }
    }

    /// Whoever calls from an address, on the same connection as `self`: a proxy may tell of one.
    #[must_use]
    pub fn calling_from(&self, address: IpAddr) -> Self {
        Peer { address: Some(address), ..self.clone() }
    }

    /// Whoever has an address, without a connection.
    #[cfg(test)]
    pub(super) fn at(address: IpAddr) -> Self {
        Peer::default().calling_from(address)
    }

    /// The address, where there is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.address.is_some_and(|address| address.to_canonical().is_loopback())
    }

    /// The subject of the certificate that it has shown.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Notes that it may go on to send what nobody reads.
    pub fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }
}
