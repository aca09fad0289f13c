//! From a socket to connections that are ready for HTTP: accepted, without delay, with TLS if it is configured.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::places::Places;
use super::{Certificates, Connection, ServeOptions, Stop};
use crate::{Error, ErrorKind, Result};

/// How long a client may take to shake hands: stops one that opens connections and says nothing.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Handshakes at one time: stops a burst of connections that would spend every processor on signatures.
const MAX_HANDSHAKES: usize = 64;

/// How long a handshake has its turn: its signatures are made at once, and the client's part takes as long as it takes.
/// Otherwise some clients that begin and say no more would keep all others out.
const HANDSHAKE_TURN: Duration = Duration::from_millis(100);

/// How long to wait when a connection cannot be accepted, since file descriptors have run out, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound socket that nobody is let in through yet.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    certificates: Certificates,
    stall_timeout: Duration,
    places: Places,
}

impl Listener {
    /// Checks the options, reads the certificate, and binds the address.
    ///
    /// # Errors
    /// `InvalidArgument` as [`ServeOptions::check`], or when the files of TLS are of no use; `Io` when the address
    /// cannot be bound.
    pub async fn bind(options: &ServeOptions) -> Result<Self> {
        options.check()?;
        let certificates = Certificates::read(options)?;
        let cannot = |error: io::Error| {
            Error::new(ErrorKind::Io, format!("cannot listen on {}: {error}", options.address)).caused_by(error)
        };
        let socket = TcpListener::bind(options.address).await.map_err(cannot)?;
        let address = socket.local_addr().map_err(cannot)?;
        let places = Places::new(options);
        Ok(Listener { socket, address, certificates, stall_timeout: options.stall_timeout, places })
    }

    /// The address, with the port that was free if it was told as 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.certificates.config().is_some()
    }

    /// The certificates that are shown, which can be read again.
    pub fn certificates(&self) -> Certificates {
        self.certificates.clone()
    }

    /// Accepts connections until the server stops.
    pub fn accept(self, mut stop: Stop) -> mpsc::Receiver<Connection> {
        let (sender, receiver) = mpsc::channel(16);
        let later = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.stopped() => {}
                () = self.accept_all(later, sender) => {}
            }
        });
        receiver
    }

    async fn accept_all(self, stop: Stop, sender: mpsc::Sender<Connection>) {
        let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
        // The place is taken before the connection is accepted: what does not fit waits in the kernel.
        while let Some(permit) = self.places.wait().await {
            let (stream, address) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(place) = self.places.give(permit, address.ip()) else {
                tracing::debug!(%address, "closed: one address has many connections (max-connections-per-address)");
                continue;
            };
            // Answers are small and complete: nothing is won by waiting for more to send.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection went away while it was accepted");
                continue;
            }
            let stall = self.stall_timeout;
            match self.certificates.config() {
                None => {
                    if sender.send(Connection::plain(stream, stall, stop.clone(), place)).await.is_err() {
                        return;
                    }
                }
                Some(tls) => {
                    let handshake = shake_hands(tls, stream, Arc::clone(&handshakes));
                    let (sender, stop) = (sender.clone(), stop.clone());
                    tokio::spawn(async move {
                        match handshake.await {
                            // No receiver: the server has stopped, and the connection is closed.
                            Ok(stream) => drop(sender.send(Connection::encrypted(stream, stall, stop, place)).await),
                            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
                        }
                    });
                }
            }
        }
    }
}

async fn shake_hands(
    tls: Arc<ServerConfig>,
    stream: TcpStream,
    handshakes: Arc<Semaphore>,
) -> io::Result<TlsStream<TcpStream>> {
    let handshake = async {
        // Nothing is spent on a client until it has said what it wants.
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let turn = handshakes.acquire().await.map_err(io::Error::other)?;
        let mut accepted = begun.into_stream(tls);
        tokio::select! {
            accepted = &mut accepted => return accepted,
            () = tokio::time::sleep(HANDSHAKE_TURN) => drop(turn),
        }
        accepted.await
    };
    tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await?
}
