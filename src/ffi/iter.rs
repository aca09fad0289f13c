//! Iterators: what a search finds, one resource after the other.

use std::ffi::c_char;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::buf::{self, scimdb_buf};
use super::code::{SCIMDB_DONE, SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::guard::{guard, with, with_store};
use super::handles::{Handles, Kind};
use super::life::{Child, Place, scimdb_store};
use super::sessions::Rows;
use super::text;
use crate::{Error, ErrorKind, Result};

/// What a search found. One thread at a time: a second one waits.
pub struct scimdb_iter {
    _private: [u8; 0],
}

static ITERATORS: Handles<Iter> = Handles::new(Kind::Iterator);

/// What a handle of an iterator stands for.
struct Iter {
    db: usize,
    rows: Mutex<Option<Rows>>,
    /// The row that the caller looks at, with a NUL behind it. It outlives the store: another thread may close that while
    /// the caller reads.
    current: Mutex<Vec<u8>>,
}

impl Child for Iter {
    fn release(&self) {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(rows);
    }
}

/// An iterator, and its store.
fn find(iter: *mut scimdb_iter) -> Result<(usize, Arc<Iter>)> {
    let iter = ITERATORS.get(iter.addr())?;
    Ok((iter.db, iter))
}

fn ended() -> Error {
    Error::new(ErrorKind::Misuse, "the store of the iterator was closed")
}

/// Begins an iterator over everything that a search finds, of one state: what is written later is not seen. Of the request,
/// startIndex and count hold where they are given, without the limit of a page; cursor is ignored. It holds the state: free
/// it when it is not needed. Where another process holds the store, it is SCIMDB_UNAVAILABLE once that ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_iter_open(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    request: *const c_char,
    request_n: usize,
    out: *mut *mut scimdb_iter,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let resource_type = text::optional(resource_type, resource_type_n, "type")?;
            let request = text::bytes(request, request_n, "request")?;
            text::place(out, "out")?;
            let rows = match store.place() {
                Place::Here(store, _) => Rows::open(store, tenant, resource_type, request)?,
                Place::Shared(shared) => Rows::open_shared(shared, tenant, resource_type, request)?,
            };
            let iter = Iter { db: db.addr(), rows: Mutex::new(Some(rows)), current: Mutex::default() };
            let iter = Arc::new(iter);
            let child: Arc<dyn Child> = Arc::clone(&iter) as _;
            let child: Weak<dyn Child> = Arc::downgrade(&child);
            let handle = ITERATORS.open(iter)?;
            store.adopt(child);
            *out = std::ptr::without_provenance_mut(handle);
            Ok(())
        })
    }
}

/// The next resource as JSON, NUL-terminated: it stays until the next call with the iterator, or until that is freed.
/// SCIMDB_DONE when there are no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_iter_next(
    iter: *mut scimdb_iter,
    out_json: *mut *const c_char,
    out_json_n: *mut usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with(
            err,
            || find(iter),
            |_, iter| {
                text::place(out_json, "out_json")?;
                text::place(out_json_n, "out_json_n")?;
                let mut rows = iter.rows.lock().unwrap_or_else(PoisonError::into_inner);
                let rows = rows.as_mut().ok_or_else(ended)?;
                let Some(json) = rows.next()? else { return Ok(SCIMDB_DONE) };
                let mut current = iter.current.lock().unwrap_or_else(PoisonError::into_inner);
                current.clear();
                current.extend_from_slice(json.as_bytes());
                current.push(0);
                (*out_json, *out_json_n) = (current.as_ptr().cast(), json.len());
                Ok(SCIMDB_OK)
            },
        )
    }
}

/// The next resources as newline-delimited JSON: one at least, and then until there are max of them or max_bytes bytes.
/// SCIMDB_DONE when there are no more. For hosts to whom each call costs more than a resource.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_iter_next_many(
    iter: *mut scimdb_iter,
    max: u32,
    max_bytes: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with(
            err,
            || find(iter),
            |_, iter| {
                buf::check(out, "out")?;
                let mut rows = iter.rows.lock().unwrap_or_else(PoisonError::into_inner);
                let rows = rows.as_mut().ok_or_else(ended)?;
                let mut page = String::new();
                for _ in 0..max.max(1) {
                    let Some(json) = rows.next()? else { break };
                    page.push_str(json);
                    page.push('\n');
                    if page.len() >= max_bytes {
                        break;
                    }
                }
                if page.is_empty() {
                    return Ok(SCIMDB_DONE);
                }
                buf::put(out, &page);
                Ok(SCIMDB_OK)
            },
        )
    }
}

/// Frees an iterator, whether it came to its end or not. NULL: nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_iter_free(iter: *mut scimdb_iter) {
    let work = || {
        if let Ok(iter) = ITERATORS.close(iter.addr()) {
            iter.release();
        }
        Ok(SCIMDB_OK)
    };
    // SAFETY: no error is told.
    unsafe { guard(std::ptr::null_mut(), work) };
}
