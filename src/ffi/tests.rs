//! What programs in C cannot provoke: panics, and handles of another process; and what is told of options and answers.

mod closing;
mod documented;
#[cfg(unix)]
mod forking;
#[cfg(feature = "server")]
mod hosting;
mod jobs;
mod repositories;
mod serving;
mod sessions;

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use super::code::{SCIMDB_MISUSE, SCIMDB_OK, SCIMDB_PANIC, SCIMDB_POISONED};
use super::error::{scimdb_error, scimdb_error_code, scimdb_error_detail, scimdb_error_free};
use super::guard::with_store;
use super::life::{scimdb_close, scimdb_open, scimdb_store};

fn open() -> *mut scimdb_store {
    let mut db = null_mut();
    // SAFETY: everything leads to what it says, here and below.
    let code = unsafe { scimdb_open(c":memory:".as_ptr(), usize::MAX, null(), 0, &mut db, null_mut()) };
    assert_eq!(code, SCIMDB_OK);
    db
}

fn detail(error: *const scimdb_error) -> String {
    // SAFETY: it is an error that is not freed yet.
    unsafe { CStr::from_ptr(scimdb_error_detail(error)) }.to_str().unwrap().to_owned()
}

#[test]
fn a_panic_poisons_the_store_and_no_other() {
    let (db, other) = (open(), open());
    let mut error = null_mut();
    // SAFETY: as above.
    unsafe {
        assert_eq!(with_store(db, &mut error, |_| panic!("as it should")), SCIMDB_PANIC);
        assert_eq!(scimdb_error_code(error), SCIMDB_PANIC);
        assert!(detail(error).contains("as it should"), "{}", detail(error));
        scimdb_error_free(error);
        assert_eq!(with_store(db, &mut error, |_| Ok(())), SCIMDB_POISONED);
        assert!(detail(error).contains("close the store"), "{}", detail(error));
        scimdb_error_free(error);
        assert_eq!(with_store(other, null_mut(), |_| Ok(())), SCIMDB_OK);
        assert_eq!(scimdb_close(db), SCIMDB_OK);
        assert_eq!(scimdb_close(db), SCIMDB_MISUSE);
        assert_eq!(scimdb_close(other), SCIMDB_OK);
    }
}

#[test]
fn a_store_is_not_closed_from_within() {
    let db = open();
    // SAFETY: as above.
    unsafe {
        let outcome = with_store(db, null_mut(), |_| {
            assert_eq!(scimdb_close(db), SCIMDB_MISUSE);
            Ok(())
        });
        assert_eq!(outcome, SCIMDB_OK);
        assert_eq!(scimdb_close(db), SCIMDB_OK);
    }
}
