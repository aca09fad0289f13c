//! Stores that other processes call as well.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use super::super::buf::{scimdb_buf, scimdb_buf_free};
use super::super::changes::scimdb_changes;
use super::super::code::{
    SCIMDB_CANCELLED, SCIMDB_DONE, SCIMDB_INVALID_VALUE, SCIMDB_NOT_IMPLEMENTED, SCIMDB_OK, scimdb_code,
};
use super::super::endpoint::scimdb_handle;
use super::super::error::{scimdb_error, scimdb_error_code, scimdb_error_free};
use super::super::hooks::{scimdb_before_write_fn, scimdb_decision, scimdb_set_hooks};
use super::super::life::{scimdb_close, scimdb_open, scimdb_store};
use super::super::operator::scimdb_interrupt;
use super::super::query::scimdb_search;
use super::super::resources::{scimdb_create, scimdb_get, scimdb_verify_password};
use super::super::serve::{scimdb_serve_start, scimdb_server};
use super::detail;
use crate::{Store, StoreOptions};

pub(super) type Failed = (scimdb_code, String);

/// The outcome of a call that fills a place.
pub(super) fn outcome<T>(
    place: T,
    call: impl FnOnce(&mut T, *mut *mut scimdb_error) -> scimdb_code,
) -> Result<T, Failed> {
    let (mut place, mut error) = (place, null_mut());
    let code = call(&mut place, &mut error);
    if code == SCIMDB_OK {
        return Ok(place);
    }
    if code == SCIMDB_DONE {
        assert!(error.is_null(), "an end is no error");
        return Err((code, String::new()));
    }
    assert_eq!(scimdb_error_code(error), code);
    let failed = (code, detail(error));
    scimdb_error_free(error);
    Err(failed)
}

/// The text that a call answers with.
pub(super) fn told(
    call: impl FnOnce(*mut scimdb_buf, *mut *mut scimdb_error) -> scimdb_code,
) -> Result<String, Failed> {
    let new = scimdb_buf { data: null_mut(), len: 0, cap: 0 };
    let mut buf = outcome(new, |buf, error| call(buf, error))?;
    // SAFETY: the library gave it.
    let text = unsafe { std::slice::from_raw_parts(buf.data.cast(), buf.len) };
    let text = String::from_utf8(text.to_vec()).unwrap();
    // SAFETY: as above.
    unsafe { scimdb_buf_free(&mut buf) };
    Ok(text)
}

/// A text as C has it.
macro_rules! text {
    ($text:expr) => {
        ($text.as_ptr().cast(), $text.len())
    };
}

pub(super) use text;

pub(super) fn open(path: &Path, options: &str) -> Result<*mut scimdb_store, Failed> {
    let ((path, path_n), (options, options_n)) = (text!(path.to_str().unwrap()), text!(options));
    // SAFETY: everything leads to what it says, here and below.
    outcome(null_mut(), |db, error| unsafe { scimdb_open(path, path_n, options, options_n, db, error) })
}

pub(super) fn close(db: *mut scimdb_store) {
    // SAFETY: as above.
    assert_eq!(unsafe { scimdb_close(db) }, SCIMDB_OK);
}

pub(super) fn create(db: *const scimdb_store, name: &str, options: &str) -> Result<String, Failed> {
    let json = format!(
        r#"{{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "{name}", "password": "t1meMa$heen"}}"#
    );
    let ((kind, kind_n), (json, json_n), (options, options_n)) = (text!("User"), text!(json), text!(options));
    // SAFETY: as above.
    told(|out, error| unsafe {
        scimdb_create(db, null(), 0, kind, kind_n, json, json_n, options, options_n, out, error)
    })
}

pub(super) fn get(db: *const scimdb_store, id: &str) -> Result<String, Failed> {
    let ((kind, kind_n), (id, id_n)) = (text!("User"), text!(id));
    // SAFETY: as above.
    told(|out, error| unsafe { scimdb_get(db, null(), 0, kind, kind_n, id, id_n, null(), 0, out, error) })
}

/// Status and body of an answer of the endpoint.
fn ask(
    db: *const scimdb_store,
    method: &str,
    target: &str,
    body: &str,
    context: &str,
) -> Result<(i32, String), Failed> {
    let ((method, method_n), (target, target_n)) = (text!(method), text!(target));
    let ((body, body_n), (context, context_n)) = (text!(body), text!(context));
    let (headers, headers_n) = text!(r#"[["Content-Type", "application/scim+json"]]"#);
    let mut status = 0;
    let body = told(|out, error| {
        let mut told = scimdb_buf { data: null_mut(), len: 0, cap: 0 };
        // SAFETY: as above.
        unsafe {
            let code = scimdb_handle(
                db,
                null(),
                0,
                method,
                method_n,
                target,
                target_n,
                headers,
                headers_n,
                body,
                body_n,
                context,
                context_n,
                &mut status,
                &mut told,
                out,
                error,
            );
            scimdb_buf_free(&mut told);
            code
        }
    })?;
    Ok((status, body))
}

pub(super) fn serve(db: *const scimdb_store, config: &str) -> Result<*mut scimdb_server, Failed> {
    let (config, config_n) = text!(config);
    // SAFETY: as above.
    outcome(null_mut(), |server, error| unsafe { scimdb_serve_start(db, config, config_n, server, error) })
}

#[cfg(not(feature = "server"))]
#[test]
fn a_library_without_the_server_says_so() {
    let db = super::open();
    let refused = serve(db, "{}").unwrap_err();
    assert_eq!(refused.0, SCIMDB_NOT_IMPLEMENTED);
    close(db);
}

#[test]
fn a_handle_that_forwards_is_as_good_as_one_that_holds() {
    let directory = tempfile::tempdir().unwrap();
    let share = r#"{"share": true}"#;
    let (holder, guest) = (open(directory.path(), share).unwrap(), open(directory.path(), share).unwrap());
    let ann = create(guest, "ann", r#"{"id": "a", "base": "https://example.com/", "actor": "x"}"#).unwrap();
    assert!(ann.contains("https://example.com/Users/a"), "{ann}");
    assert_eq!(get(guest, "a").unwrap(), get(holder, "a").unwrap());
    let missing = get(guest, "b").unwrap_err();
    assert_eq!(missing, get(holder, "b").unwrap_err());
    let ((kind, kind_n), (id, id_n), (right, right_n)) = (text!("User"), text!("a"), text!("t1meMa$heen"));
    // SAFETY: as above.
    let matches = outcome(7, |matches, error| unsafe {
        scimdb_verify_password(guest, null(), 0, kind, kind_n, id, id_n, right, right_n, matches, error)
    });
    assert_eq!(matches, Ok(1));
    let filter = r#"{"filter": "userName eq \"ann\" and"}"#;
    let search = |db, filter: &str| {
        let (filter, filter_n) = text!(filter);
        // SAFETY: as above.
        told(|out, error| unsafe { scimdb_search(db, null(), 0, null(), 0, filter, filter_n, out, error) })
    };
    assert_eq!(search(guest, filter).unwrap_err(), search(holder, filter).unwrap_err());
    assert_eq!(search(guest, "{}"), search(holder, "{}"));

    // The endpoint: the context arrives, and what is wrong with a request is an answer.
    let context = r#"{"base": "https://example.com/scim", "subject": "a", "scope": "read"}"#;
    for (method, target, expected) in [("GET", "/Me", 200), ("GET", "/Users/none", 404), ("DELETE", "/Users/a", 403)] {
        let answer = ask(guest, method, target, "", context).unwrap();
        assert_eq!(answer, ask(holder, method, target, "", context).unwrap());
        assert_eq!(answer.0, expected, "{method} {target}: {}", answer.1);
    }
    assert_eq!(ask(guest, "GET", "/", "", "7").unwrap_err(), ask(holder, "GET", "/", "", "7").unwrap_err());

    // What does not travel says where it can be done.
    let process = format!("process {}", std::process::id());
    let refused = serve(guest, "{}").unwrap_err();
    assert!(refused.0 == SCIMDB_NOT_IMPLEMENTED && refused.1.contains(&process), "{refused:?}");
    let locked = open(directory.path(), "{}").unwrap_err();
    assert!(locked.1.contains(&process) && locked.1.contains("shares it at"), "{locked:?}");
    assert!(open(Path::new(":memory:"), share).is_err());

    // Closed where it is held, it is taken by the next call; held by somebody who does not share it, it is out of reach.
    close(holder);
    let next = open(directory.path(), share).unwrap();
    create(guest, "bob", r#"{"id": "b"}"#).unwrap();
    assert!(get(next, "b").is_ok() && get(guest, "b").is_ok());
    close(next);
    let away = open(directory.path(), share).unwrap();
    close(guest);
    drop(get(away, "a").unwrap());
    let late = open(directory.path(), share).unwrap();
    close(away);
    let alone = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let (status, body) = ask(late, "GET", "/Users", "", "{}").unwrap();
    assert!(status == 503 && body.contains(&process), "{status} {body}");
    alone.close().unwrap();
    assert_eq!(ask(late, "GET", "/Users/b", "", "{}").unwrap().0, 200);
    close(late);
}

unsafe extern "C" fn refuse(_: *mut c_void, _: *const c_char, _: usize, _: *mut scimdb_decision) -> scimdb_code {
    1
}

#[test]
fn hooks_hold_wherever_the_store_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let share = r#"{"share": true}"#;
    let (holder, guest) = (open(directory.path(), share).unwrap(), open(directory.path(), share).unwrap());
    let set = |db, hook: scimdb_before_write_fn| {
        // SAFETY: as above.
        assert_eq!(unsafe { scimdb_set_hooks(db, hook, None, null_mut(), None, null_mut()) }, SCIMDB_OK);
    };
    set(holder, Some(refuse));
    set(guest, Some(refuse));
    let is_refused = || {
        let refused = create(guest, "ann", "{}").unwrap_err();
        assert_eq!(refused.0, SCIMDB_INVALID_VALUE, "{refused:?}");
        let user = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}"#;
        let (status, body) = ask(guest, "POST", "/Users", user, "{}").unwrap();
        assert!(status == 400 && body.contains("invalidValue"), "{status} {body}");
    };
    is_refused();
    close(holder);
    is_refused();
    set(guest, None);
    create(guest, "ann", "{}").unwrap();
    close(guest);
}

#[test]
fn who_waits_for_changes_keeps_no_holder_from_closing() {
    let directory = tempfile::tempdir().unwrap();
    let share = r#"{"share": true}"#;
    let (holder, guest) = (open(directory.path(), share).unwrap(), open(directory.path(), share).unwrap());
    let wait = |db: *mut scimdb_store| {
        let db = db.addr();
        std::thread::spawn(move || {
            let db = std::ptr::without_provenance(db);
            // SAFETY: as above.
            told(|out, error| unsafe { scimdb_changes(db, null(), 0, 0, 10, 60_000, out, error) })
        })
    };
    // SAFETY: as above.
    let interrupt = |db| assert_eq!(unsafe { scimdb_interrupt(db) }, SCIMDB_OK);
    let started = Instant::now();
    let waiting = wait(guest);
    std::thread::sleep(Duration::from_millis(300));
    // The holder's own reads end by it, and those of others are asked again.
    interrupt(holder);
    close(holder);
    assert!(started.elapsed() < Duration::from_secs(20), "it waited for the waiting");
    create(guest, "ann", "{}").unwrap();
    let changes = waiting.join().unwrap().unwrap();
    assert!(changes.contains("\"operation\":\"create\""), "{changes}");
    close(guest);

    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = (open(directory.path(), share).unwrap(), open(directory.path(), share).unwrap());
    let waiting = wait(guest);
    while !waiting.is_finished() {
        // It may not have begun to wait yet.
        std::thread::sleep(Duration::from_millis(20));
        interrupt(guest);
    }
    assert_eq!(waiting.join().unwrap().unwrap_err().0, SCIMDB_CANCELLED);
    close(guest);
    close(holder);
}
