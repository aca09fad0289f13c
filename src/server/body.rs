//! The body of a request while it comes in: its bytes count with those of all others, so that many bodies at one time
//! do not fill the memory. No caller has all of the place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::rate::Key;
use super::{Call, Face, ServeOptions};
use crate::{Error, ErrorKind, Result};

/// Callers at least that share the place for bodies.
const SHARES: usize = 8;

/// The place for bodies. Cheap to clone.
#[derive(Clone)]
pub(super) struct Buffers(Arc<Inner>);

struct Inner {
    /// A permit is a byte.
    all: Arc<Semaphore>,
    /// What one caller has of it over HTTP, and over gRPC.
    shares: [usize; 2],
    callers: Mutex<HashMap<Key, usize>>,
}

/// A body that is read. Dropped, it makes place for others.
pub struct Body {
    bytes: Vec<u8>,
    buffers: Buffers,
    /// Who sends it, unless that may be everybody, and what they have.
    caller: Option<(Key, usize)>,
    /// What one caller may have.
    share: usize,
    counted: usize,
    place: Option<OwnedSemaphorePermit>,
}

impl Buffers {
    pub(super) fn new(options: &ServeOptions) -> Self {
        Buffers(Arc::new(Inner {
            all: Arc::new(Semaphore::new(options.max_buffered_bytes)),
            // One whole body has a place, whatever the options say.
            shares: [options.max_body_bytes, options.max_message_bytes]
                .map(|whole| whole.max(options.max_buffered_bytes / SHARES)),
            callers: Mutex::default(),
        }))
    }

    /// An empty body of a call. It counts with the others of its token, or of its address where there is none.
    pub(super) fn body(&self, call: &Call) -> Body {
        // Who comes from this machine without a token may be a proxy, which brings everybody.
        let is_everybody = call.bearer.is_none() && call.peer.is_loopback();
        let [over_http, over_grpc] = self.0.shares;
        let share = match call.face {
            Face::Http => over_http,
            Face::Grpc => over_grpc,
        };
        let caller = (!is_everybody).then(|| (Key::of(call), share));
        Body { bytes: Vec::new(), buffers: self.clone(), caller, share, counted: 0, place: None }
    }

    /// Counts bytes of a caller, unless they are more than its share.
    fn count(&self, caller: Key, share: usize, size: usize) -> Result<()> {
        let mut callers = self.lock();
        let held = callers.get(&caller).copied().unwrap_or_default();
        if held + size > share {
            return Err(busy("the server reads too many large requests of this caller already"));
        }
        callers.insert(caller, held + size);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        // Every change of the table is one step, so it is sound even if a thread panicked.
        self.0.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body {
    /// Adds what came.
    ///
    /// # Errors
    /// `Unavailable` when the bodies that are read at this time are too large together, or those of this caller. To wait
    /// instead would let a few slow clients hold up everybody.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.reserve(chunk.len())?;
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Counts what came, for a body that is kept elsewhere.
    ///
    /// # Errors
    /// As [`Body::push`].
    pub fn reserve(&mut self, size: usize) -> Result<()> {
        let full = || busy("the server reads too many large requests already (max-buffered-bytes)");
        let permits = u32::try_from(size).map_err(|_| full())?;
        let more = Arc::clone(&self.buffers.0.all).try_acquire_many_owned(permits).map_err(|_| full())?;
        if let Some((caller, share)) = self.caller {
            self.buffers.count(caller, share, size)?;
            self.counted += size;
        }
        match &mut self.place {
            Some(place) => place.merge(more),
            None => self.place = Some(more),
        }
        Ok(())
    }

    /// Counts what a body takes that is read while it comes: so much, or all that one caller may have if that is less.
    ///
    /// # Errors
    /// As [`Body::push`].
    pub fn hold(&mut self, size: usize) -> Result<()> {
        self.reserve(size.min(self.share))
    }

    /// What came so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let Some((caller, _)) = self.caller else { return };
        let mut callers = self.buffers.lock();
        if let Some(held) = callers.get_mut(&caller) {
            *held -= self.counted;
            if *held == 0 {
                callers.remove(&caller);
            }
        }
    }
}

fn busy(detail: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{detail}: call again in a moment"))
}

#[cfg(test)]
mod tests {
    use super::super::Peer;
    use super::*;
    use crate::engine::Scope;

    fn call(bearer: Option<&str>, address: &str) -> Call {
        Call {
            face: Face::Http,
            method: "POST",
            id: "1".into(),
            bearer: bearer.map(str::to_owned),
            timeout: None,
            tenant: String::new(),
            scope: Scope::Write,
            peer: Peer::at(address.parse().unwrap()),
        }
    }

    fn buffers(all: usize, one: usize) -> Buffers {
        Buffers::new(&ServeOptions { max_buffered_bytes: all, max_body_bytes: one, ..ServeOptions::default() })
    }

    #[test]
    fn bodies_count_together() {
        let buffers = buffers(10, 10);
        let [mut first, mut second] = ["a", "b"].map(|token| buffers.body(&call(Some(token), "192.0.2.1")));
        first.push(b"12345").unwrap();
        first.push(b"67").unwrap();
        second.push(b"123").unwrap();
        assert_eq!(second.push(b"4").unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!((first.bytes(), second.bytes()), (&b"1234567"[..], &b"123"[..]));
        drop(first);
        second.push(b"4").unwrap();
        assert_eq!(buffers.0.all.available_permits(), 6);
    }

    #[test]
    fn a_caller_has_a_share() {
        let buffers = buffers(80, 4);
        // A token from wherever it comes, and an address that shows none.
        for callers in [
            [call(Some("a"), "192.0.2.1"), call(Some("a"), "192.0.2.2"), call(Some("b"), "192.0.2.1")],
            [call(None, "192.0.2.1"), call(None, "192.0.2.1"), call(None, "192.0.2.2")],
        ] {
            let [mut first, mut same, mut other] = callers.map(|call| buffers.body(&call));
            first.push(b"1234567").unwrap();
            assert_eq!(same.push(b"1234").unwrap_err().kind(), ErrorKind::Unavailable);
            same.push(b"123").unwrap();
            other.push(b"1234567890").unwrap();
            drop(first);
            same.push(b"1234567").unwrap();
        }
        assert!(buffers.lock().is_empty());
        assert_eq!(buffers.0.all.available_permits(), 80);
        // From this machine without one: perhaps everybody.
        let mut everybody = buffers.body(&call(None, "127.0.0.1"));
        everybody.push(&[0; 80]).unwrap();
    }
}
