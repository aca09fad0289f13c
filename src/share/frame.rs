//! Frames: a length and as many bytes, which hold numbers and texts in order. Both ends are the same release of the library.

use std::io::{self, Read, Write};

use crate::error::ERROR_TABLE;
use crate::{Error, ErrorKind, Result};

/// Bytes of a frame at most: a length beyond it is none.
pub(super) const MAX_FRAME: usize = 512 << 20;

/// Writes the parts of a frame.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

/// Reads the parts of a frame, in the order in which they were written.
pub(super) struct Reader<'a>(&'a [u8]);

const ABSENT: u32 = u32::MAX;

/// What the first number of a call tells: its process has hooks, which must have a say in it; it begins what takes several
/// calls over this connection; it is one of those; its process has repositories, which must be asked.
pub(super) const HOOKED: u64 = 1;
pub(super) const BEGINS: u64 = 2;
pub(super) const GOES_ON: u64 = 4;
pub(super) const SOUGHT: u64 = 8;

impl Writer {
    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: Option<&[u8]>) {
        // What is too long for its length is too long for a frame, too, and refused by `finish`.
        let length = bytes.map_or(ABSENT, |bytes| u32::try_from(bytes.len()).unwrap_or(ABSENT - 1));
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes.unwrap_or_default());
    }

    /// What was written.
    ///
    /// # Errors
    /// `PayloadTooLarge`.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        if self.0.len() > MAX_FRAME {
            let detail = format!("more than {MAX_FRAME} bytes do not go to the process that holds the store");
            return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
        }
        Ok(self.0)
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame has not the parts that it should have")
}

impl<'a> Reader<'a> {
    pub(super) fn new(frame: &'a [u8]) -> Self {
        Reader(frame)
    }

    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> io::Result<u64> {
        let bytes = self.take(8)?.try_into().map_err(|_| malformed())?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn bytes(&mut self) -> io::Result<Option<&'a [u8]>> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| malformed())?);
        if length == ABSENT { Ok(None) } else { self.take(length as usize).map(Some) }
    }

    pub(super) fn text(&mut self) -> io::Result<Option<&'a str>> {
        self.bytes()?.map(std::str::from_utf8).transpose().map_err(|_| malformed())
    }
}

/// The frame of a call.
///
/// # Errors
/// `PayloadTooLarge`.
pub(super) fn call(flags: u64, function: &str, arguments: &[Option<&[u8]>]) -> Result<Vec<u8>> {
    let mut call = Writer::default();
    call.number(flags);
    call.bytes(Some(function.as_bytes()));
    call.number(arguments.len() as u64);
    arguments.iter().for_each(|argument| call.bytes(*argument));
    call.finish()
}

/// Sends a frame.
pub(super) fn send(stream: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| malformed())?;
    // Together, so that a small one is one packet.
    stream.write_all(&[&length.to_le_bytes(), frame].concat())
}

/// Receives a frame; none where the connection ends before one begins.
pub(super) fn receive(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let (first, rest) = length.split_at_mut(1);
    match stream.read_exact(first) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    stream.read_exact(rest)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(malformed());
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame)?;
    Ok(Some(frame))
}

/// Writes an error, without its cause, which is for the log of the process where it happened.
pub(super) fn put_error(frame: &mut Writer, error: &Error) {
    frame.bytes(Some(error.row().name.as_bytes()));
    frame.bytes(Some(error.detail().as_bytes()));
    frame.bytes(error.attribute().map(str::as_bytes));
    frame.number(error.offset().map_or(u64::MAX, |offset| offset as u64));
}

/// Reads an error.
pub(super) fn take_error(frame: &mut Reader<'_>) -> io::Result<Error> {
    let name = frame.text()?.unwrap_or_default();
    let kind = ERROR_TABLE.iter().find(|row| row.name == name).map_or(ErrorKind::Internal, |row| row.kind);
    let mut error = Error::new(kind, frame.text()?.unwrap_or_default());
    if let Some(attribute) = frame.text()? {
        error = error.on(attribute);
    }
    match frame.number()? {
        u64::MAX => Ok(error),
        offset => Ok(error.at_offset(usize::try_from(offset).map_err(|_| malformed())?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        let error = Error::new(ErrorKind::InvalidFilter, "expected é").on("userName").at_offset(7);
        writer.bytes(None);
        writer.bytes(Some(b""));
        put_error(&mut writer, &error);
        put_error(&mut writer, &Error::new(ErrorKind::Locked, "held"));
        let frame = writer.finish().unwrap();
        let mut stream = Vec::new();
        send(&mut stream, &frame).unwrap();
        let mut stream = &stream[..];
        assert_eq!(receive(&mut stream).unwrap().unwrap(), frame);
        assert!(receive(&mut stream).unwrap().is_none());
        let mut reader = Reader::new(&frame);
        assert_eq!((reader.bytes().unwrap(), reader.text().unwrap()), (None, Some("")));
        assert_eq!(format!("{:?}", take_error(&mut reader).unwrap()), format!("{error:?}"));
        assert_eq!(take_error(&mut reader).unwrap().kind(), ErrorKind::Locked);
        assert!(reader.number().is_err(), "there is no more");
    }

    #[test]
    fn lengths_that_are_none_are_refused() {
        assert!(receive(&mut &u32::MAX.to_le_bytes()[..]).is_err());
        assert!(receive(&mut &[1, 0][..]).is_err());
        assert!(receive(&mut &[2, 0, 0, 0, 7][..]).is_err());
        assert!(Reader::new(&[9, 0, 0, 0, 1]).bytes().is_err());
    }
}
