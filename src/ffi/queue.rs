//! Imports that are queued: their body comes by calls of the host, and the engine reads it on a thread of its own.

use std::io::{self, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::jobs;
use crate::engine::{ImportJob, ImportJobOptions, check_may_wait};
use crate::protocol::import_job_options;
use crate::{Error, ErrorKind, Result, Tenant};

/// Parts of a body that came, and were not read yet.
const AHEAD: usize = 4;
/// Bytes of a part at most.
const PART_BYTES: usize = 64 << 10;

/// What comes of a body.
enum Part {
    Bytes(Vec<u8>),
    End,
}

/// An import that comes in. Dropped before it is finished, it leaves nothing.
pub(super) struct Queue {
    /// None once nothing more is to come.
    parts: Option<SyncSender<Part>>,
    /// None once its outcome was taken.
    work: Option<JoinHandle<Result<ImportJob>>>,
}

impl Queue {
    pub(super) fn open(tenant: &Tenant, resource_type: Option<&str>, actor: Option<String>) -> Result<Self> {
        let usual = ImportJobOptions::default().resource_type;
        let options = import_job_options(tenant, resource_type.unwrap_or(&usual), actor)?;
        let (sender, parts) = sync_channel(AHEAD);
        let (tenant, mut body) = (tenant.clone(), Body { parts, current: Vec::new(), at: 0, is_whole: false });
        let work = thread::Builder::new()
            .name("scimdb-intake".to_owned())
            .spawn(move || tenant.queue_import(options, &mut body))
            .map_err(|error| Error::new(ErrorKind::Io, "no thread for an import").caused_by(error))?;
        Ok(Queue { parts: Some(sender), work: Some(work) })
    }

    /// Takes a part of the body, once there is room for it.
    ///
    /// # Errors
    /// What ended the import: what came before is wrong, say.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        // The thread may wait for a writer, which waits for this hook.
        check_may_wait()?;
        for part in bytes.chunks(PART_BYTES) {
            let is_taken = self.parts.as_ref().is_some_and(|parts| parts.send(Part::Bytes(part.to_vec())).is_ok());
            if !is_taken {
                // It reads to the end, unless it fails before.
                return self.outcome().and_then(|_| Err(ended()));
            }
        }
        Ok(())
    }

    /// The body is whole: the import is queued.
    pub(super) fn finish(mut self) -> Result<String> {
        check_may_wait()?;
        if let Some(parts) = &self.parts {
            // Who does not read on has failed already.
            let _ = parts.send(Part::End);
        }
        jobs::job(self.outcome()?)
    }

    fn outcome(&mut self) -> Result<ImportJob> {
        self.parts = None;
        let work = self.work.take().ok_or_else(ended)?;
        // Its panic is one of this call.
        work.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.parts = None;
        // Within a hook that a writer waits for, nobody is waited for: the thread ends once it can.
        if let Some(work) = self.work.take()
            && check_may_wait().is_ok()
        {
            // It was given up, and with it how it ended.
            let _ = work.join();
        }
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::Misuse, "the import has ended: it failed, or it was given up")
}

/// A body that comes.
struct Body {
    parts: Receiver<Part>,
    current: Vec<u8>,
    /// How much of it was read.
    at: usize,
    is_whole: bool,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.current.len() && !self.is_whole {
            match self.parts.recv() {
                Ok(Part::Bytes(bytes)) => (self.current, self.at) = (bytes, 0),
                Ok(Part::End) => self.is_whole = true,
                Err(_) => {
                    return Err(io::Error::other(Error::new(ErrorKind::Cancelled, "the import was given up")));
                }
            }
        }
        let mut rest = self.current.get(self.at..).unwrap_or_default();
        let count = rest.read(into)?;
        self.at += count;
        Ok(count)
    }
}
