//! The way to the process that holds the store: connections that are kept, and calls over them.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{receive, send};
use super::note::Note;
use super::prove::as_guest;

/// How long a connection may take to be made, and to be proved.
const CONNECT: Duration = Duration::from_secs(2);
const PROOF: Duration = Duration::from_secs(5);
/// Connections that are kept though nobody uses them.
const MAX_IDLE: usize = 32;

/// The way to a holder, for as long as it holds the store.
pub(super) struct Link {
    pub(super) note: Note,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<TcpStream>,
    /// Calls under way that may be interrupted.
    waiting: HashMap<usize, TcpStream>,
    count: usize,
}

/// Why a call got no answer.
pub(super) enum Failure {
    /// The holder cannot be reached, and has not got the call.
    Gone,
    /// The connection broke off, and the holder may have got the call.
    Lost,
    /// The time is over; the holder may have got the call.
    Late,
}

/// A connection whose every step ends at a deadline.
struct Timed<'a> {
    stream: &'a TcpStream,
    deadline: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Whether a connection that was kept is still open: nothing is sent in one where nothing was asked.
fn is_open(stream: &TcpStream) -> bool {
    let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    let is_silent = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).is_ok() && is_silent
}

impl Link {
    /// Reaches a holder, and sees that it is the one of the note.
    pub(super) fn reach(note: Note, deadline: Instant) -> io::Result<Self> {
        let first = connect(&note, deadline)?;
        Ok(Link { note, state: Mutex::new(State { idle: vec![first], ..State::default() }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one step, so it is sound even if a thread panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a call, and waits for its answer; gives the connection too, which is the caller's then.
    pub(super) fn call(
        &self,
        call: &[u8],
        is_interrupted: Option<&dyn Fn() -> bool>,
        deadline: Instant,
    ) -> Result<(Vec<u8>, TcpStream), Failure> {
        let kept = std::iter::from_fn(|| self.state().idle.pop()).find(is_open);
        let stream = match kept {
            Some(stream) => stream,
            None => connect(&self.note, deadline).map_err(|_| Failure::Gone)?,
        };
        let answer = self.exchange(&stream, call, is_interrupted, deadline)?;
        Ok((answer, stream))
    }

    /// Keeps a connection for other calls.
    pub(super) fn keep(&self, stream: TcpStream) {
        let mut state = self.state();
        if state.idle.len() < MAX_IDLE {
            state.idle.push(stream);
        }
    }

    /// Sends a call over a connection, and waits for its answer; unless it was interrupted, where it may be.
    pub(super) fn exchange(
        &self,
        stream: &TcpStream,
        call: &[u8],
        is_interrupted: Option<&dyn Fn() -> bool>,
        deadline: Instant,
    ) -> Result<Vec<u8>, Failure> {
        let noted = is_interrupted.and_then(|asked| Some((self.note_waiting(stream.try_clone().ok()?), asked)));
        let mut timed = Timed { stream, deadline };
        // An interrupt from here on ends the connection.
        let sent = match &noted {
            Some((_, is_interrupted)) if is_interrupted() => Err(io::ErrorKind::Interrupted.into()),
            _ => send(&mut timed, call),
        };
        let is_sent = sent.is_ok();
        let answer = sent.and_then(|()| receive(&mut timed));
        if let Some((number, _)) = noted {
            self.state().waiting.remove(&number);
        }
        match answer {
            Ok(Some(answer)) => Ok(answer),
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                Err(Failure::Late)
            }
            // Half a call is none.
            Ok(None) | Err(_) => Err(if is_sent { Failure::Lost } else { Failure::Gone }),
        }
    }

    fn note_waiting(&self, stream: TcpStream) -> usize {
        let mut state = self.state();
        state.count += 1;
        let number = state.count;
        state.waiting.insert(number, stream);
        number
    }

    /// Ends the calls under way that may be interrupted. The holder may go on with them.
    pub(super) fn interrupt(&self) {
        for stream in self.state().waiting.values() {
            // One that has ended is what was asked for.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // A child of fork() may have copies of the connections, and keep them.
        for stream in &self.state().idle {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn connect(note: &Note, deadline: Instant) -> io::Result<TcpStream> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let stream = TcpStream::connect_timeout(&note.address, left.min(CONNECT))?;
    stream.set_nodelay(true)?;
    let deadline = deadline.min(Instant::now() + PROOF);
    as_guest(&mut Timed { stream: &stream, deadline }, &note.secret)?;
    Ok(stream)
}
