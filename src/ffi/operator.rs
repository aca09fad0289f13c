//! What an operator asks of a store.

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::{answer, with_store};
use super::life::scimdb_store;
use super::text;
use super::verbs::{self, Verb};
use crate::{Error, ErrorKind};

/// Counts: an object with fileBytes, sequence, and the array tenants.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_stats(
    db: *const scimdb_store,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe { answer(db, out, err, |store| store.call(Verb::Stats)) }
}

/// Reads everything and compares it: an object with resources, entries, and the array problems, which is empty if the store
/// is sound. Everybody else waits while checksums are verified, and until iterators are freed: ten seconds at most, then it
/// answers SCIMDB_UNAVAILABLE. So free them first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_check(
    db: *const scimdb_store,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe { answer(db, out, err, |store| store.call(Verb::Check)) }
}

/// Lets searches, iterators, explanations, exports, waits for changes and imports, checks and backups that are under way, on any
/// thread, end with SCIMDB_CANCELLED. Calls that begin later are not touched, and neither are writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_interrupt(db: *const scimdb_store) -> scimdb_code {
    // SAFETY: no error is told.
    unsafe {
        with_store(db, std::ptr::null_mut(), |store| {
            store.interrupt();
            Ok(())
        })
    }
}

/// Copies the whole store, of one moment, into a directory that must not exist yet, in one that must: SCIMDB_ALREADY_EXISTS,
/// SCIMDB_INVALID_ARGUMENT. Others read and write meanwhile. When it returns the copy is durable; when it fails there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_backup(
    db: *const scimdb_store,
    path: *const c_char,
    path_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let path = verbs::named(text::required(path, path_n, "path")?, "path")?;
            // Another process may be the one that copies.
            let path = std::path::absolute(path)
                .ok()
                .and_then(|path| path.into_os_string().into_string().ok())
                .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "path: the working directory is not known"))?;
            store.call(Verb::Backup { path: &path }).map(drop)
        })
    }
}

/// Writes the file anew, without the room of what is no longer there. Everybody else waits meanwhile, and for iterators as
/// scimdb_check does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_compact(db: *const scimdb_store, err: *mut *mut scimdb_error) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe { with_store(db, err, |store| store.call(Verb::Compact).map(drop)) }
}
