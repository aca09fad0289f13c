//! The body of a request that is read while it comes, by a thread that may block: what came and was not read yet is a few
//! chunks, and the client waits until there is room for more.

use std::io::{self, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{Error, ErrorKind};

/// Chunks that came, and were not read yet.
const AHEAD: usize = 4;

/// What comes of a body.
enum Part {
    Chunk(Bytes),
    End,
    Broken(Error),
}

/// Where a body is put into as it comes. Dropped before its end, the body broke off.
pub struct Feed(mpsc::Sender<Part>);

/// A body that comes. It blocks: not for threads of the runtime.
pub struct Streamed {
    parts: mpsc::Receiver<Part>,
    current: Bytes,
    is_whole: bool,
}

/// A body that is to come.
pub fn streamed() -> (Feed, Streamed) {
    let (sender, parts) = mpsc::channel(AHEAD);
    (Feed(sender), Streamed { parts, current: Bytes::new(), is_whole: false })
}

impl Feed {
    /// Adds what came, when there is room for it. False: nobody reads on.
    pub async fn chunk(&self, chunk: Bytes) -> bool {
        self.0.send(Part::Chunk(chunk)).await.is_ok()
    }

    /// The body is whole.
    pub async fn end(self) {
        // Who does not read on has an answer already.
        let _ = self.0.send(Part::End).await;
    }

    /// The body broke off, or cannot be read.
    pub async fn broken(self, error: Error) {
        let _ = self.0.send(Part::Broken(error)).await;
    }
}

impl Read for Streamed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_whole {
            match self.parts.blocking_recv() {
                Some(Part::Chunk(chunk)) => self.current = chunk,
                Some(Part::End) => self.is_whole = true,
                Some(Part::Broken(error)) => return Err(io::Error::other(error)),
                None => return Err(io::Error::other(Error::new(ErrorKind::Cancelled, "the body broke off"))),
            }
        }
        let part = self.current.split_to(self.current.len().min(into.len()));
        let (head, _) = into.split_at_mut(part.len());
        head.copy_from_slice(&part);
        Ok(part.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_whole_or_it_broke_off() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = |end: Option<Option<Error>>| {
            let (feed, mut body) = streamed();
            runtime.block_on(async {
                assert!(feed.chunk("ab".into()).await && feed.chunk("".into()).await && feed.chunk("c".into()).await);
                match end {
                    Some(None) => feed.end().await,
                    Some(Some(error)) => feed.broken(error).await,
                    None => drop(feed),
                }
            });
            let mut text = String::new();
            let outcome = body.read_to_string(&mut text).map_err(|error| error.downcast::<Error>().unwrap().kind());
            (text, outcome)
        };
        assert_eq!(read(Some(None)), ("abc".to_owned(), Ok(3)));
        assert_eq!(read(None).1, Err(ErrorKind::Cancelled));
        assert_eq!(read(Some(Some(Error::new(ErrorKind::PayloadTooLarge, "")))).1, Err(ErrorKind::PayloadTooLarge));
    }
}
