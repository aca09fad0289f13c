//! The body of a request while it comes in: its bytes count with those of all others, so that many bodies at one time
//! do not fill the memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, ErrorKind, Result};

/// A body that is read. Dropped, it makes place for others.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    buffers: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
}

impl Body {
    /// An empty one. A permit of `buffers` is a byte.
    pub(super) fn new(buffers: Arc<Semaphore>) -> Self {
        Body { bytes: Vec::new(), buffers, place: None }
    }

    /// Adds what came.
    ///
    /// # Errors
    /// `Unavailable` when the bodies that are read at this time are too large together. To wait instead would let a few
    /// slow clients hold up everybody.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let busy = || {
            let detail =
                "the server reads too many large requests already (max-buffered-bytes): call again in a moment";
            Error::new(ErrorKind::Unavailable, detail)
        };
        let size = u32::try_from(chunk.len()).map_err(|_| busy())?;
        let more = Arc::clone(&self.buffers).try_acquire_many_owned(size).map_err(|_| busy())?;
        match &mut self.place {
            Some(place) => place.merge(more),
            None => self.place = Some(more),
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// What came so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_count_together() {
        let buffers = Arc::new(Semaphore::new(10));
        let [mut first, mut second] = [(); 2].map(|()| Body::new(Arc::clone(&buffers)));
        first.push(b"12345").unwrap();
        first.push(b"67").unwrap();
        second.push(b"123").unwrap();
        assert_eq!(second.push(b"4").unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!((first.bytes(), second.bytes()), (&b"1234567"[..], &b"123"[..]));
        drop(first);
        second.push(b"4").unwrap();
        assert_eq!(buffers.available_permits(), 6);
    }
}
