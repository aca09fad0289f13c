//! Text on its way out: a buffer that the caller places and may use again.

use std::ffi::c_char;

use crate::{Error, ErrorKind, Result};

/// Text that a call gives: placed by the caller, begun with SCIMDB_BUF_INIT, used for any number of calls, and freed with
/// scimdb_buf_free. `data` is NULL until the first call gave something, and NUL-terminated from then on; `len` does not
/// count the NUL. Whatever it held before is overwritten. The library's memory stands behind it: only scimdb_buf_free
/// frees it.
#[repr(C)]
pub struct scimdb_buf {
    /// The bytes.
    pub data: *mut c_char,
    /// How many there are, without the NUL.
    pub len: usize,
    /// How many there is room for.
    pub cap: usize,
}

/// Bytes of a buffer that a later, smaller text still keeps; room beyond it is given back.
const KEPT: usize = 1 << 20;

/// Checks that a buffer is one that can be written to, before anything is done.
///
/// # Safety
/// `buf` is NULL or points to a buffer that nobody else uses meanwhile.
pub(super) unsafe fn check(buf: *const scimdb_buf, name: &str) -> Result<()> {
    // SAFETY: it is NULL or points to a buffer.
    let Some(buf) = (unsafe { buf.as_ref() }) else {
        return Err(Error::new(ErrorKind::Misuse, format!("{name} is NULL")));
    };
    let is_new = buf.data.is_null() && buf.len == 0 && buf.cap == 0;
    if !is_new && (buf.data.is_null() || buf.cap == 0 || buf.len >= buf.cap) {
        let detail = format!("{name} was not begun with SCIMDB_BUF_INIT");
        return Err(Error::new(ErrorKind::Misuse, detail));
    }
    Ok(())
}

/// Writes a text into a buffer that [`check`] has seen.
///
/// # Safety
/// `buf` points to a buffer that nobody else uses meanwhile, and whose memory this module gave.
pub(super) unsafe fn put(buf: *mut scimdb_buf, text: &str) {
    // SAFETY: as above; its parts are those that were taken apart below.
    unsafe {
        let mut bytes = take(buf);
        if bytes.capacity() > KEPT.max(text.len() + 1) {
            bytes = Vec::new();
        }
        bytes.clear();
        bytes.reserve(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        *buf = scimdb_buf { data: bytes.as_mut_ptr().cast(), len: bytes.len() - 1, cap: bytes.capacity() };
    }
}

/// Takes the memory out of a buffer, which is as new then.
///
/// # Safety
/// As [`put`].
unsafe fn take(buf: *mut scimdb_buf) -> Vec<u8> {
    // SAFETY: the buffer is NULL or was taken apart by `put`, with length and capacity of the same allocation.
    unsafe {
        let scimdb_buf { data, len: _, cap } =
            std::ptr::replace(buf, scimdb_buf { data: std::ptr::null_mut(), len: 0, cap: 0 });
        if data.is_null() { Vec::new() } else { Vec::from_raw_parts(data.cast(), 0, cap) }
    }
}

/// Frees what a buffer holds. It is as new afterwards. NULL, or a buffer that is new: nothing happens.
///
/// # Safety
/// `buf` is NULL or points to a buffer that nobody else uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_buf_free(buf: *mut scimdb_buf) {
    if !buf.is_null() {
        // SAFETY: by the contract of this function.
        drop(unsafe { take(buf) });
    }
}
