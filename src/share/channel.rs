//! What takes several calls, as the process sees it that makes them: a connection of its own, at whose other end the holder
//! keeps what they need.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::Values;
use super::frame::{self, GOES_ON};
use super::link::{Failure, Link};
use super::shared::{Answer, HOOKS, Nature, PAUSE, Shared, cancelled, in_doubt, late, read_answer, unhooked};
use crate::{Error, ErrorKind, Result};

/// The calls that belong to one beginning. It ends with the process that held the store then: the next holder knows
/// nothing of it. Dropped, the holder lets go of its part.
pub struct Channel {
    shared: Arc<Shared>,
    /// How often the process had interrupted its reads when this began.
    interrupts: u64,
    link: Arc<Link>,
    stream: TcpStream,
    is_broken: bool,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("process", &self.link.note.process).finish_non_exhaustive()
    }
}

impl Channel {
    pub(super) fn new(shared: Arc<Shared>, interrupts: u64, link: Arc<Link>, stream: TcpStream) -> Self {
        Channel { shared, interrupts, link, stream, is_broken: false }
    }

    /// Makes one of the calls, within a time. It is sent once.
    ///
    /// # Errors
    /// Those of the function; `Unavailable` where the process that held the store is gone: this is begun anew then;
    /// `DeadlineExceeded` where it does not answer in time; for a call that reads, `Cancelled` once [`Shared::interrupt`] was
    /// called after the beginning.
    pub fn call(
        &mut self,
        function: &str,
        arguments: &[Option<&[u8]>],
        nature: Nature,
        limit: Duration,
    ) -> Result<Values> {
        let interrupts = nature.reads().then_some(self.interrupts);
        let process = self.link.note.process;
        let start = Instant::now();
        loop {
            self.shared.check_open()?;
            if self.shared.is_interrupted(interrupts) {
                return Err(cancelled());
            }
            if self.is_broken {
                return Err(broken(process, nature));
            }
            let call = frame::call(GOES_ON | self.shared.flags(nature), function, arguments)?;
            let is_interrupted = || self.shared.is_interrupted(interrupts);
            let asked: Option<&dyn Fn() -> bool> = interrupts.map(|_| &is_interrupted as _);
            let answer = self.link.exchange(&self.stream, &call, asked, start + limit);
            let failure = match answer.map(|answer| read_answer(&answer)) {
                Ok(Ok(Answer::Values(values))) => return Ok(values),
                Ok(Ok(Answer::Failed(error))) if interrupts.is_some() && error.kind() == ErrorKind::Cancelled => {
                    return Err(interrupted(process));
                }
                Ok(Ok(Answer::Failed(error))) => return Err(error),
                Ok(Ok(Answer::Unhooked)) if start.elapsed() < HOOKS.min(limit / 2) => {
                    std::thread::sleep(PAUSE);
                    continue;
                }
                Ok(Ok(Answer::Unhooked)) => return Err(unhooked(process, nature)),
                Ok(Ok(Answer::Closed)) => broken(process, Nature::Read),
                Ok(Err(malformed)) => malformed,
                Err(_) if self.shared.is_interrupted(interrupts) => cancelled(),
                Err(Failure::Late) => late(process, nature),
                Err(Failure::Gone) => broken(process, Nature::Read),
                Err(Failure::Lost) => broken(process, nature),
            };
            // What might still come over the connection answers no later call.
            self.is_broken = true;
            return Err(failure);
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // A child of fork() may have a copy of the connection, and keep it.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn broken(process: u32, nature: Nature) -> Error {
    let detail = format!("the process {process}, which held the store, went away: begin anew{}", in_doubt(nature));
    Error::new(ErrorKind::Unavailable, detail)
}

fn interrupted(process: u32) -> Error {
    let detail = format!("the process {process}, which holds the store, interrupted its reads: begin anew");
    Error::new(ErrorKind::Unavailable, detail)
}
