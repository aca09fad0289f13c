//! Errors as objects of the caller's.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::code::{SCIMDB_OK, scimdb_code};
use super::handles::{Handles, Kind};
use crate::Error;
use crate::error::ErrorRow;
use crate::message::error_json;

/// What went wrong in a call: owned by the caller, and freed with scimdb_error_free. What the accessors give is valid until
/// then. Any thread may look at it.
pub struct scimdb_error {
    _private: [u8; 0],
}

static ERRORS: Handles<Told> = Handles::new(Kind::Error);

/// An error, with its texts as C has them.
struct Told {
    row: ErrorRow,
    name: CString,
    scim_type: Option<CString>,
    detail: CString,
    attribute: Option<CString>,
    offset: Option<usize>,
    json: CString,
}

/// Text for C. An error tells no control characters, so that there is no NUL in it.
fn text(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

/// Gives an error to the caller.
pub(super) fn give(error: &Error) -> *mut scimdb_error {
    let row = error.row();
    let told = Told {
        row,
        name: text(row.name),
        scim_type: row.scim_type.map(text),
        detail: text(error.detail()),
        attribute: error.attribute().map(text),
        offset: error.offset(),
        json: text(&error_json(error)),
    };
    // Whoever frees no error runs out of them after a million, and is told codes alone.
    ERRORS.open(Arc::new(told)).map_or(std::ptr::null_mut(), std::ptr::without_provenance_mut)
}

fn get(error: *const scimdb_error) -> Option<Arc<Told>> {
    ERRORS.get(error.addr()).ok()
}

/// The address of a text that an open error holds.
fn pointer(error: *const scimdb_error, of: impl FnOnce(&Told) -> Option<&CString>) -> *const c_char {
    get(error).and_then(|told| of(&told).map(|text| text.as_ptr())).unwrap_or(std::ptr::null())
}

/// The code: what the call returned. SCIMDB_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_code(error: *const scimdb_error) -> scimdb_code {
    get(error).map_or(SCIMDB_OK, |told| told.row.code)
}

/// The HTTP status that the error has in SCIM (RFC 7644 section 3.12). 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_status(error: *const scimdb_error) -> i32 {
    get(error).map_or(0, |told| i32::from(told.row.status))
}

/// The name of the code, in capitals: INVALID_FILTER. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_name(error: *const scimdb_error) -> *const c_char {
    pointer(error, |told| Some(&told.name))
}

/// The scimType (RFC 7644 table 9), or NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_scim_type(error: *const scimdb_error) -> *const c_char {
    pointer(error, |told| told.scim_type.as_ref())
}

/// A sentence for people: what is wrong, and how to mend it. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_detail(error: *const scimdb_error) -> *const c_char {
    pointer(error, |told| Some(&told.detail))
}

/// The path of the attribute that is to blame, or NULL.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_attribute(error: *const scimdb_error) -> *const c_char {
    pointer(error, |told| told.attribute.as_ref())
}

/// The byte in the filter, the path or the JSON that is to blame, counted from 0, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_offset(error: *const scimdb_error) -> i64 {
    get(error).and_then(|told| told.offset).and_then(|offset| i64::try_from(offset).ok()).unwrap_or(-1)
}

/// 1 if the same call may succeed later, otherwise 0.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_is_retriable(error: *const scimdb_error) -> i32 {
    get(error).map_or(0, |told| i32::from(told.row.retriable))
}

/// The error as SCIM's Error message (RFC 7644 section 3.12). NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_json(error: *const scimdb_error) -> *const c_char {
    pointer(error, |told| Some(&told.json))
}

/// Frees an error. NULL, or one that was freed: nothing happens.
#[unsafe(no_mangle)]
pub extern "C" fn scimdb_error_free(error: *mut scimdb_error) {
    drop(ERRORS.close(error.addr()));
}
