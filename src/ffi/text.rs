//! Text on its way in: a pointer and a length.

use std::ffi::{CStr, c_char};

use crate::{Error, ErrorKind, Result};

/// A length that says: the text ends with a NUL.
const SCIMDB_NTS: usize = usize::MAX;

/// Bytes that a caller gives, for the time of a call.
///
/// # Safety
/// `data` is NULL, or points to `len` bytes that stay as they are for the time of the call; with the length SCIMDB_NTS, to
/// bytes that end with a NUL.
pub(super) unsafe fn bytes<'a>(data: *const c_char, len: usize, name: &str) -> Result<Option<&'a [u8]>> {
    if data.is_null() {
        // Languages whose empty arrays have no address give NULL and 0.
        return match len {
            0 | SCIMDB_NTS => Ok(None),
            _ => Err(Error::new(ErrorKind::Misuse, format!("{name} is NULL, and its length is {len}"))),
        };
    }
    if len == SCIMDB_NTS {
        // SAFETY: by the contract of this function.
        return Ok(Some(unsafe { CStr::from_ptr(data) }.to_bytes()));
    }
    if isize::try_from(len).is_err() {
        return Err(Error::new(ErrorKind::Misuse, format!("no text has the length of {name}")));
    }
    // SAFETY: by the contract of this function; the length fits.
    Ok(Some(unsafe { std::slice::from_raw_parts(data.cast(), len) }))
}

/// Text that a caller may leave out.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn optional<'a>(data: *const c_char, len: usize, name: &str) -> Result<Option<&'a str>> {
    // SAFETY: by the contract of this function.
    let Some(bytes) = (unsafe { bytes(data, len, name) })? else { return Ok(None) };
    std::str::from_utf8(bytes)
        .map(Some)
        .map_err(|error| Error::new(ErrorKind::Misuse, format!("{name} is not UTF-8")).at_offset(error.valid_up_to()))
}

/// Bytes that a caller must give.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn required_bytes<'a>(data: *const c_char, len: usize, name: &str) -> Result<&'a [u8]> {
    // SAFETY: by the contract of this function.
    let bytes = unsafe { bytes(data, len, name) }?;
    bytes.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::Misuse, format!("{name} is NULL"))
}

/// Text that a caller must give.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn required<'a>(data: *const c_char, len: usize, name: &str) -> Result<&'a str> {
    // SAFETY: by the contract of this function.
    let text = unsafe { optional(data, len, name) }?;
    text.ok_or_else(|| missing(name))
}

/// Checks that there is a place to put an answer, before anything is done.
pub(super) fn place<T>(out: *mut T, name: &str) -> Result<()> {
    if out.is_null() { Err(Error::new(ErrorKind::Misuse, format!("{name} is NULL"))) } else { Ok(()) }
}
