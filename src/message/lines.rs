//! Lines out of chunks that end anywhere, as streams of newline-delimited JSON come.

use crate::{Error, ErrorKind};

/// Bytes of a line at most: stops one that never ends.
pub const MAX_LINE: usize = 1 << 20;

/// Splits chunks into lines. Keeps what is not yet a whole line.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
    skipping: bool,
    number: u64,
}

/// A line that is not blank.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1; blank lines count.
    pub number: u64,
    /// Its bytes, or `PayloadTooLarge`.
    pub bytes: Result<Vec<u8>, Error>,
}

impl Lines {
    /// Takes a chunk, and gives the lines that it completes.
    pub fn feed(&mut self, chunk: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (part, false),
            };
            if self.rest.len() + text.len() > MAX_LINE {
                self.skipping = true;
                self.rest = Vec::new();
            }
            if !self.skipping {
                self.rest.extend_from_slice(text);
            }
            if ends {
                lines.extend(self.end());
            }
        }
        lines
    }

    /// The last line, if it had no end.
    pub fn finish(mut self) -> Option<Line> {
        self.end()
    }

    fn end(&mut self) -> Option<Line> {
        self.number += 1;
        let number = self.number;
        let rest = std::mem::take(&mut self.rest);
        if std::mem::take(&mut self.skipping) {
            let error = Error::new(ErrorKind::PayloadTooLarge, format!("the line is longer than {MAX_LINE} bytes"));
            return Some(Line { number, bytes: Err(error) });
        }
        (!rest.trim_ascii().is_empty()).then_some(Line { number, bytes: Ok(rest) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_may_end_anywhere() {
        let text = b"{\"a\":1}\n\r\n{\"b\":2}\r\n  \n{\"c\":3}";
        let whole = [(1, "{\"a\":1}"), (3, "{\"b\":2}"), (5, "{\"c\":3}")];
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            let mut found: Vec<Line> = text.chunks(size).flat_map(|chunk| lines.feed(chunk)).collect();
            found.extend(lines.finish());
            let found: Vec<(u64, String)> = found
                .into_iter()
                .map(|line| (line.number, String::from_utf8(line.bytes.unwrap()).unwrap().trim_end().to_owned()))
                .collect();
            assert_eq!(found, whole.map(|(number, text)| (number, text.to_owned())), "chunks of {size}");
        }
    }

    #[test]
    fn a_line_that_never_ends_is_not_kept() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; MAX_LINE / 2 + 1];
        for _ in 0..4 {
            assert!(lines.feed(&chunk).is_empty());
        }
        assert!(lines.rest.is_empty());
        let found = lines.feed(b"x\n{}\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes.as_ref().unwrap_err().kind(), ErrorKind::PayloadTooLarge);
        assert_eq!((found[1].number, found[1].bytes.as_deref().unwrap()), (2, &b"{}"[..]));
    }
}
