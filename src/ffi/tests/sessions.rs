//! Iterators, imports and callbacks of a process that does not hold the store.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::changes::{scimdb_on_change, scimdb_subscription, scimdb_subscription_free};
use super::super::code::{
    SCIMDB_CANCELLED, SCIMDB_DONE, SCIMDB_INVALID_FILTER, SCIMDB_MISUSE, SCIMDB_OK, SCIMDB_UNAVAILABLE,
};
use super::super::import::{
    scimdb_import, scimdb_import_feed, scimdb_import_finish, scimdb_import_free, scimdb_import_open,
};
use super::super::iter::{scimdb_iter, scimdb_iter_free, scimdb_iter_next_many, scimdb_iter_open};
use super::super::life::scimdb_store;
use super::super::operator::{scimdb_check, scimdb_interrupt, scimdb_stats};
use super::serving::{Failed, close, create, get, open, outcome, text, told};

/// One that holds a store, and one that does not.
pub(super) fn both(directory: &Path) -> (*mut scimdb_store, *mut scimdb_store) {
    let share = r#"{"share": true}"#;
    (open(directory, share).unwrap(), open(directory, share).unwrap())
}

pub(super) fn import(db: *const scimdb_store, options: &str) -> Result<*mut scimdb_import, Failed> {
    let (options, options_n) = text!(options);
    // SAFETY: everything leads to what it says, here and below.
    outcome(null_mut(), |import, error| unsafe { scimdb_import_open(db, null(), 0, options, options_n, import, error) })
}

pub(super) fn feed(import: *mut scimdb_import, bytes: &[u8]) -> Result<(), Failed> {
    // SAFETY: as above.
    outcome((), |_, error| unsafe { scimdb_import_feed(import, bytes.as_ptr().cast(), bytes.len(), error) })
}

pub(super) fn finish(import: *mut scimdb_import) -> Result<serde_json::Value, Failed> {
    // SAFETY: as above.
    let report = told(|out, error| unsafe { scimdb_import_finish(import, out, error) })?;
    Ok(serde_json::from_str(&report).unwrap())
}

fn user(name: &str) -> String {
    format!(
        "{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"id\":\"{name}\",\"userName\":\"{name}\"}}\n"
    )
}

pub(super) fn iterate(db: *const scimdb_store, request: &str) -> Result<*mut scimdb_iter, Failed> {
    let ((kind, kind_n), (request, request_n)) = (text!("User"), text!(request));
    // SAFETY: as above.
    outcome(null_mut(), |iter, error| unsafe {
        scimdb_iter_open(db, null(), 0, kind, kind_n, request, request_n, iter, error)
    })
}

pub(super) fn more(iter: *mut scimdb_iter, max: u32) -> Result<String, Failed> {
    // SAFETY: as above.
    told(|out, error| unsafe { scimdb_iter_next_many(iter, max, usize::MAX, out, error) })
}

/// What is left of an iterator, and then frees it.
fn rest(iter: *mut scimdb_iter) -> String {
    let mut rows = String::new();
    let end = loop {
        match more(iter, 100) {
            Ok(some) => rows.push_str(&some),
            Err(end) => break end.0,
        }
    };
    assert_eq!(end, SCIMDB_DONE);
    // SAFETY: as above.
    unsafe { scimdb_iter_free(iter) };
    rows
}

#[test]
fn imports_and_iterators_travel() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = both(directory.path());
    let mut rows: String = (0..1_000).map(|number| user(&format!("u{number:03}é"))).collect();
    rows.push_str("{\"userName\": 7}\n");
    rows.push_str(user("last").trim_end());
    let import_of = |db, rows: &str| {
        let import = import(db, "{\"resourceType\": \"User\", \"onConflict\": \"skip\"}").unwrap();
        rows.as_bytes().chunks(777).for_each(|part| feed(import, part).unwrap());
        feed(import, b"").unwrap();
        let report = finish(import).unwrap();
        assert_eq!(finish(import).unwrap_err().0, SCIMDB_MISUSE);
        report
    };
    let report = import_of(guest, &rows);
    assert_eq!((&report["read"], &report["created"], &report["rejected"]), (&1_002.into(), &1_001.into(), &1.into()));
    assert_eq!(report["rejects"][0]["row"], 1_001);
    // The same rows again: what is told does not depend on where the store is.
    assert_eq!(import_of(guest, &rows), import_of(holder, &rows));
    assert_eq!(
        import(guest, "{\"onConflict\": \"?\"}").unwrap_err(),
        import(holder, "{\"onConflict\": \"?\"}").unwrap_err()
    );

    let request = r#"{"sortBy": "userName", "sortOrder": "descending"}"#;
    let before = rest(iterate(holder, request).unwrap());
    let slow = iterate(guest, request).unwrap();
    let first = more(slow, 1).unwrap();
    create(holder, "zed", "{}").unwrap();
    assert_eq!(first + &rest(slow), before, "it keeps to one state");
    let filter = r#"{"filter": "userName ew \"é\"", "startIndex": 3, "count": 600, "attributes": ["id"]}"#;
    assert_eq!(rest(iterate(guest, filter).unwrap()), rest(iterate(holder, filter).unwrap()));
    assert_eq!(rest(iterate(guest, r#"{"filter": "userName eq \"none\""}"#).unwrap()), "");
    let wrong = r#"{"filter": "userName eq"}"#;
    assert_eq!(iterate(guest, wrong).unwrap_err(), iterate(holder, wrong).unwrap_err());
    assert_eq!(iterate(guest, wrong).unwrap_err().0, SCIMDB_INVALID_FILTER);

    // What is given up is let go of where the store is held: a check needs the file for itself.
    // SAFETY: as above.
    unsafe {
        scimdb_iter_free(iterate(guest, "{}").unwrap());
        let import = import(guest, "{}").unwrap();
        feed(import, user("never").as_bytes()).unwrap();
        scimdb_import_free(import);
        let check = told(|out, error| scimdb_check(holder, out, error)).unwrap();
        assert!(check.contains("\"problems\":[]"), "{check}");
    }
    assert!(get(holder, "never").is_err());
    // It ends by an interrupt, and with the store.
    let interrupted = iterate(guest, "{}").unwrap();
    more(interrupted, 1).unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { scimdb_interrupt(guest) }, SCIMDB_OK);
    let end = std::iter::repeat_with(|| more(interrupted, 1_000)).find_map(Result::err).unwrap();
    assert_eq!(end.0, SCIMDB_CANCELLED, "{end:?}");
    close(guest);
    assert_eq!(more(interrupted, 1).unwrap_err().0, SCIMDB_MISUSE);
    close(holder);
}

#[test]
fn iterators_and_imports_end_with_the_holder() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = both(directory.path());
    for number in 0..3 {
        create(holder, &format!("u{number}"), "{}").unwrap();
    }
    let (iter, import) = (iterate(guest, "{}").unwrap(), import(guest, "{\"resourceType\": \"User\"}").unwrap());
    close(holder);
    let ends = [more(iter, 1).unwrap_err(), feed(import, user("a").as_bytes()).unwrap_err()];
    for end in ends {
        assert!(end.0 == SCIMDB_UNAVAILABLE && end.1.contains("begin anew"), "{end:?}");
    }
    // SAFETY: as above.
    unsafe { (scimdb_iter_free(iter), scimdb_import_free(import)) };
    // Begun anew, they are here.
    assert_eq!(rest(iterate(guest, "{}").unwrap()).lines().count(), 3);
    close(guest);
}

/// Counts its calls, and keeps the last sequence.
#[derive(Default)]
struct Heard {
    calls: AtomicUsize,
    last: AtomicU64,
    dropped: AtomicUsize,
}

unsafe extern "C" fn hear(userdata: *mut c_void, sequence: u64) {
    // SAFETY: it leads to what hears.
    let heard = unsafe { &*userdata.cast::<Heard>() };
    heard.last.fetch_max(sequence, Ordering::SeqCst);
    heard.calls.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn let_go(userdata: *mut c_void) {
    // SAFETY: as above.
    unsafe { &*userdata.cast::<Heard>() }.dropped.fetch_add(1, Ordering::SeqCst);
}

fn listen(db: *const scimdb_store, heard: &Heard) -> *mut scimdb_subscription {
    let userdata = std::ptr::from_ref(heard).cast_mut().cast();
    // SAFETY: as above.
    outcome(null_mut(), |out, error| unsafe { scimdb_on_change(db, Some(hear), userdata, Some(let_go), out, error) })
        .unwrap()
}

/// Waits until everybody has heard of the newest change.
fn await_newest(db: *const scimdb_store, all: &[&Heard]) {
    // SAFETY: as above.
    let stats = told(|out, error| unsafe { scimdb_stats(db, out, error) }).unwrap();
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    let newest = stats["sequence"].as_u64().unwrap();
    let started = Instant::now();
    while all.iter().any(|heard| heard.last.load(Ordering::SeqCst) < newest) {
        assert!(started.elapsed() < Duration::from_secs(30), "nobody told of {newest}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn callbacks_are_called_whoever_holds_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = both(directory.path());
    let third = open(directory.path(), r#"{"share": true}"#).unwrap();
    let (one, other) = &(Heard::default(), Heard::default());
    create(holder, "before", "{}").unwrap();
    let (first, second) = (listen(guest, one), listen(third, other));
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(one.calls.load(Ordering::SeqCst), 0, "nothing has changed yet");
    create(guest, "ann", "{}").unwrap();
    await_newest(holder, &[one, other]);
    create(holder, "bob", "{}").unwrap();
    close(holder);
    create(third, "cid", "{}").unwrap();
    await_newest(third, &[one, other]);
    // SAFETY: as above.
    unsafe { scimdb_subscription_free(first) };
    assert_eq!(one.dropped.load(Ordering::SeqCst), 1);
    let calls = one.calls.load(Ordering::SeqCst);
    create(guest, "dan", "{}").unwrap();
    await_newest(guest, &[other]);
    assert_eq!(one.calls.load(Ordering::SeqCst), calls, "it is called no more");
    close(third);
    assert_eq!(other.dropped.load(Ordering::SeqCst), 1, "closing ends it");
    // SAFETY: as above.
    unsafe { scimdb_subscription_free(second) };
    assert_eq!(other.dropped.load(Ordering::SeqCst), 1);
    close(guest);
}
