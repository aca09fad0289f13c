//! A connection: bytes in both directions, encrypted or not.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;

use super::Stop;

/// A connection. Dropping it closes it, and makes place for another.
pub struct Connection {
    bytes: Bytes,
    // HTTP reads at all times, so whoever reads learns of the end.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    peer: Option<SocketAddr>,
    _place: OwnedSemaphorePermit,
}

enum Bytes {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Connection {
    pub(super) fn plain(stream: TcpStream, stop: Stop, place: OwnedSemaphorePermit) -> Self {
        let peer = stream.peer_addr().ok();
        Connection { bytes: Bytes::Plain(stream), ended: ended(stop), peer, _place: place }
    }

    pub(super) fn encrypted(stream: TlsStream<TcpStream>, stop: Stop, place: OwnedSemaphorePermit) -> Self {
        let peer = stream.get_ref().0.peer_addr().ok();
        Connection { bytes: Bytes::Encrypted(Box::new(stream)), ended: ended(stop), peer, _place: place }
    }

    /// The other side's address.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }
}

fn ended(mut stop: Stop) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { stop.ended().await })
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            // The reader may ask again, but what was ready may not be polled again.
            self.ended = Box::pin(async {});
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.bytes {
            Bytes::Plain(stream) => stream.is_write_vectored(),
            Bytes::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.bytes {
            Bytes::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Bytes::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
