//! What every function of the ABI does around its own work: panics end here, errors get an owner.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::buf::{self, scimdb_buf};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::{self, scimdb_error};
use super::life::{self, StoreHandle, scimdb_store};
use super::log;
use crate::{Error, ErrorKind, Result};

/// Runs the work of a function, and gives its error to the caller.
///
/// # Safety
/// `err` is NULL or points to a place for an error.
pub(super) unsafe fn guard(err: *mut *mut scimdb_error, work: impl FnOnce() -> Result<scimdb_code>) -> scimdb_code {
    let failed = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(code)) => return code,
        Ok(Err(error)) => error,
        Err(_) => panicked(),
    };
    log::failed(&failed);
    if !err.is_null() {
        // SAFETY: by the contract of this function.
        unsafe { *err = error::give(&failed) };
    }
    failed.row().code
}

/// The same for work with a store, or with what was opened from one: `find` tells the store's handle. A panic in the work
/// poisons the store: every later call but closing it is refused.
///
/// # Safety
/// As [`guard`].
pub(super) unsafe fn with<T>(
    err: *mut *mut scimdb_error,
    find: impl FnOnce() -> Result<(usize, T)>,
    work: impl FnOnce(&StoreHandle, T) -> Result<scimdb_code>,
) -> scimdb_code {
    let work = || {
        let (db, found) = find()?;
        let call = life::enter(db)?;
        catch_unwind(AssertUnwindSafe(|| work(&call, found))).unwrap_or_else(|_| {
            call.poison();
            Err(panicked())
        })
    };
    // SAFETY: by the contract of this function.
    unsafe { guard(err, work) }
}

/// The same for work with a store alone, and that gives nothing.
///
/// # Safety
/// As [`guard`].
pub(super) unsafe fn with_store(
    db: *const scimdb_store,
    err: *mut *mut scimdb_error,
    work: impl FnOnce(&StoreHandle) -> Result<()>,
) -> scimdb_code {
    // SAFETY: by the contract of this function.
    unsafe { with(err, || Ok((db.addr(), ())), |store, ()| work(store).map(|()| SCIMDB_OK)) }
}

/// The same for work that answers with a text.
///
/// # Safety
/// As [`guard`]; `out` is NULL or points to a buffer that nobody else uses meanwhile.
pub(super) unsafe fn answer(
    db: *const scimdb_store,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
    work: impl FnOnce(&StoreHandle) -> Result<String>,
) -> scimdb_code {
    // SAFETY: by the contract of this function.
    unsafe {
        with_store(db, err, |store| {
            buf::check(out, "out")?;
            let text = work(store)?;
            buf::put(out, &text);
            Ok(())
        })
    }
}

/// The error of a call that this thread just came out of by a panic.
pub(super) fn panicked() -> Error {
    let detail = format!("a bug of the library: close the store and open it again ({})", log::last_panic());
    Error::new(ErrorKind::Panic, detail)
}
