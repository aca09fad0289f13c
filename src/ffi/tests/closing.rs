//! A store that is closed while a hook runs: the write is waited for, and what the hook asks is answered.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::super::code::{SCIMDB_MISUSE, SCIMDB_OK, scimdb_code};
use super::super::hooks::{scimdb_decision, scimdb_set_hooks};
use super::super::iter::{scimdb_iter_free, scimdb_iter_open};
use super::super::life::{scimdb_close, scimdb_store};
use super::super::query::scimdb_search;
use super::serving::{close, create, open, text, told};

/// A host whose hook says that it runs, waits for a word, and then asks the store.
struct Host {
    db: usize,
    runs: Sender<()>,
    word: Mutex<Receiver<()>>,
    /// The codes of what the hook asked, from itself and from another thread.
    codes: Mutex<Vec<scimdb_code>>,
}

fn ask(db: usize) -> scimdb_code {
    let (request, request_n) = text!("{}");
    let db = std::ptr::without_provenance(db);
    // SAFETY: everything leads to what it says, here and below.
    let found = told(|out, error| unsafe { scimdb_search(db, null(), 0, null(), 0, request, request_n, out, error) });
    let mut iter = null_mut();
    // SAFETY: as above.
    let code = unsafe {
        let code = scimdb_iter_open(db, null(), 0, null(), 0, request, request_n, &mut iter, null_mut());
        scimdb_iter_free(iter);
        code
    };
    found.map_or_else(|refused| refused.0, |_| code)
}

unsafe extern "C" fn before(userdata: *mut c_void, _: *const c_char, _: usize, _: *mut scimdb_decision) -> scimdb_code {
    // SAFETY: it leads to the host.
    let host = unsafe { &*userdata.cast::<Host>() };
    host.runs.send(()).unwrap();
    host.word.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap();
    let db = host.db;
    let codes = [ask(db), std::thread::spawn(move || ask(db)).join().unwrap()];
    host.codes.lock().unwrap_or_else(PoisonError::into_inner).extend(codes);
    SCIMDB_OK
}

/// Lets a write be made by `write` while the store of the handle with hooks is closed.
fn close_under(db: *mut scimdb_store, write: impl FnOnce() + Send) {
    let ((runs, running), (say, word)) = (channel(), channel());
    let host = Host { db: db.addr(), runs, word: Mutex::new(word), codes: Mutex::default() };
    let userdata = std::ptr::from_ref(&host).cast_mut().cast();
    // SAFETY: the host outlives its store.
    assert_eq!(unsafe { scimdb_set_hooks(db, Some(before), None, userdata, None, null_mut()) }, SCIMDB_OK);
    let number = db.addr();
    std::thread::scope(|scope| {
        scope.spawn(write);
        running.recv_timeout(Duration::from_secs(60)).unwrap();
        let (closed, closing) = channel();
        for _ in 0..2 {
            let closed = closed.clone();
            // SAFETY: as above.
            scope.spawn(move || closed.send(unsafe { scimdb_close(std::ptr::without_provenance_mut(number)) }));
        }
        let next = || closing.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(next(), SCIMDB_MISUSE, "one closes, and waits for the write");
        say.send(()).unwrap();
        assert_eq!(next(), SCIMDB_OK);
    });
    assert_eq!(*host.codes.lock().unwrap(), [SCIMDB_OK, SCIMDB_OK]);
    assert_eq!(ask(number), SCIMDB_MISUSE);
}

fn shared(directory: &Path) -> *mut scimdb_store {
    open(directory, r#"{"share": true}"#).unwrap()
}

#[test]
fn a_hook_of_a_write_that_closing_waits_for_reads() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path(), "{}").unwrap();
    let number = db.addr();
    close_under(db, move || {
        create(std::ptr::without_provenance(number), "ann", "{}").unwrap();
    });
    let (holder, guest) = (shared(directory.path()), shared(directory.path()));
    let number = guest.addr();
    close_under(holder, move || {
        create(std::ptr::without_provenance(number), "bob", "{}").unwrap();
    });
    create(guest, "cid", "{}").unwrap();
    close(guest);
}

unsafe extern "C" fn close_another(
    userdata: *mut c_void,
    _: *const c_char,
    _: usize,
    _: *mut scimdb_decision,
) -> scimdb_code {
    // SAFETY: it is a store.
    let code = unsafe { scimdb_close(userdata.cast()) };
    if code == SCIMDB_MISUSE { SCIMDB_OK } else { 1 }
}

#[test]
fn no_store_is_closed_within_before_write() {
    let (db, other) = (super::open(), super::open());
    // SAFETY: as above.
    let set = unsafe { scimdb_set_hooks(db, Some(close_another), None, other.cast(), None, null_mut()) };
    assert_eq!(set, SCIMDB_OK);
    create(db, "ann", "{}").unwrap();
    create(other, "bob", "{}").unwrap();
    close(other);
    close(db);
}
