//! A connection: bytes in both directions, encrypted or not, from a client that may not stand still for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use super::places::Place;
use super::{Peer, Stop};

/// What tells HTTP/2 from HTTP/1.1 is this long (RFC 9113 section 3.4). Whoever has sent as much has said something.
const PREFACE: usize = 24;

/// How long, and how much, is read after the last answer from a client that still sends what was refused. Closed at
/// once, the connection would be reset, and the answer lost on its way.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 256 << 20);

/// A connection. Dropping it closes it, and makes place for another.
pub struct Connection {
    bytes: Bytes,
    peer: Peer,
    // HTTP reads at all times, so whoever reads learns of the end.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    stall: Duration,
    opening: Option<Opening>,
    writing: Option<Pin<Box<Sleep>>>,
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
    _place: Place,
}

enum Bytes {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// The time before a client has said what it speaks.
struct Opening {
    until: Pin<Box<Sleep>>,
    read: usize,
}

macro_rules! inner {
    ($connection:expr, $stream:ident => $call:expr) => {
        match &mut $connection.bytes {
            Bytes::Plain($stream) => $call,
            Bytes::Encrypted($stream) => $call,
        }
    };
}

impl Connection {
    pub(super) fn plain(stream: TcpStream, stall: Duration, stop: Stop, place: Place) -> Self {
        let peer = Peer::new(stream.peer_addr().ok(), None);
        Connection::new(Bytes::Plain(stream), peer, stall, stop, place)
    }

    pub(super) fn encrypted(stream: TlsStream<TcpStream>, stall: Duration, stop: Stop, place: Place) -> Self {
        let (socket, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let peer = Peer::new(socket.peer_addr().ok(), certificate.map(AsRef::as_ref));
        Connection::new(Bytes::Encrypted(Box::new(stream)), peer, stall, stop, place)
    }

    fn new(bytes: Bytes, peer: Peer, stall: Duration, stop: Stop, place: Place) -> Self {
        Connection {
            bytes,
            peer,
            ended: ended(stop),
            stall,
            opening: Some(Opening { until: Box::pin(tokio::time::sleep(stall)), read: 0 }),
            writing: None,
            lingering: None,
            _place: place,
        }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Passes on what came of writing, unless nothing could be written for too long.
    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let stall = self.stall;
        let until = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(until.as_mut().poll(cx));
        self.writing = None;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")))
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
        let before = buf.filled().len();
        let read = inner!(self, stream => Pin::new(stream).poll_read(cx, buf));
        let Some(opening) = &mut self.opening else { return read };
        opening.read += buf.filled().len() - before;
        if opening.read >= PREFACE {
            self.opening = None;
        } else if read.is_pending() {
            ready!(opening.until.as_mut().poll(cx));
            self.opening = None;
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client says nothing")));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // Who is answered has said something.
        self.opening = None;
        let written = inner!(self, stream => Pin::new(stream).poll_write(cx, buf));
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.opening = None;
        let written = inner!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs));
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.bytes {
            Bytes::Plain(stream) => stream.is_write_vectored(),
            Bytes::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = inner!(self, stream => Pin::new(stream).poll_flush(cx));
        self.written(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let shut = inner!(self, stream => Pin::new(stream).poll_shutdown(cx));
            ready!(self.written(cx, shut))?;
            if !self.peer.has_unread() {
                return Poll::Ready(Ok(()));
            }
            self.lingering = Some((Box::pin(tokio::time::sleep(LINGER.0)), LINGER.1));
        }
        let mut space = [0; 16 << 10];
        loop {
            let mut buf = ReadBuf::new(&mut space);
            // The end of what the client sends, an error, or the end of the server.
            match self.as_mut().poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
            let Some((until, left)) = &mut self.lingering else { return Poll::Ready(Ok(())) };
            *left = left.saturating_sub(buf.filled().len());
            if *left == 0 || until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
        }
        let Some((until, _)) = &mut self.lingering else { return Poll::Ready(Ok(())) };
        until.as_mut().poll(cx).map(Ok)
    }
}
