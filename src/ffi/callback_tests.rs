//! Callbacks, through the functions that C calls: who is called when, and that what they hold is let go of once.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::changes::{scimdb_on_change, scimdb_subscription, scimdb_subscription_free};
use super::code::{
    SCIMDB_CANCELLED, SCIMDB_DONE, SCIMDB_FORBIDDEN, SCIMDB_INVALID_SYNTAX, SCIMDB_INVALID_VALUE, SCIMDB_MISUSE,
    SCIMDB_OK, scimdb_code,
};
use super::hooks::{scimdb_decision, scimdb_decision_refuse, scimdb_decision_set, scimdb_set_hooks};
use super::iter::{scimdb_iter, scimdb_iter_free, scimdb_iter_next, scimdb_iter_next_many, scimdb_iter_open};
use super::life::{scimdb_close, scimdb_open, scimdb_store};
use super::operator::scimdb_interrupt;
use super::resources::scimdb_create;
use crate::ffi::buf::{scimdb_buf, scimdb_buf_free};

const NTS: usize = usize::MAX;

fn open() -> *mut scimdb_store {
    let mut db = null_mut();
    // SAFETY: everything leads to what it says, here and below.
    assert_eq!(unsafe { scimdb_open(c":memory:".as_ptr(), NTS, null(), 0, &mut db, null_mut()) }, SCIMDB_OK);
    db
}

fn empty() -> scimdb_buf {
    scimdb_buf { data: null_mut(), len: 0, cap: 0 }
}

/// The code, and the resource.
fn create(db: *const scimdb_store, name: &str) -> (scimdb_code, String) {
    let json = format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}"}}"#);
    let mut out = empty();
    // SAFETY: as above.
    unsafe {
        let code = scimdb_create(
            db,
            null(),
            0,
            c"User".as_ptr(),
            NTS,
            json.as_ptr().cast(),
            json.len(),
            null(),
            0,
            &mut out,
            null_mut(),
        );
        let text =
            if out.data.is_null() { String::new() } else { CStr::from_ptr(out.data).to_str().unwrap().to_owned() };
        scimdb_buf_free(&mut out);
        (code, text)
    }
}

/// What callbacks are given: counts, and the decision that the last one had.
#[derive(Default)]
struct Host {
    db: AtomicPtr<scimdb_store>,
    decision: AtomicPtr<scimdb_decision>,
    asked: AtomicUsize,
    told: AtomicUsize,
    dropped: AtomicUsize,
}

impl Host {
    fn pointer(&self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn count(count: &AtomicUsize) -> usize {
        count.load(Ordering::SeqCst)
    }
}

/// # Safety
/// It leads to a host.
unsafe fn host<'a>(userdata: *mut c_void) -> &'a Host {
    // SAFETY: by the contract of this function.
    unsafe { &*userdata.cast::<Host>() }
}

unsafe extern "C" fn before(
    userdata: *mut c_void,
    write: *const c_char,
    write_n: usize,
    decision: *mut scimdb_decision,
) -> scimdb_code {
    // SAFETY: as above.
    let (host, write) = unsafe { (host(userdata), std::slice::from_raw_parts(write.cast::<u8>(), write_n)) };
    host.asked.fetch_add(1, Ordering::SeqCst);
    host.decision.store(decision, Ordering::SeqCst);
    let write: serde_json::Value = serde_json::from_slice(write).unwrap();
    assert_eq!(
        (&write["operation"], &write["resourceType"], &write["before"]),
        (&"create".into(), &"User".into(), &().into())
    );
    let db = host.db.load(Ordering::SeqCst);
    assert_eq!(create(db, "inside").0, SCIMDB_MISUSE);
    // SAFETY: as above.
    unsafe {
        assert_eq!(scimdb_close(db), SCIMDB_MISUSE);
        let set = |json: &CStr| scimdb_decision_set(decision, json.as_ptr(), NTS);
        match write["after"]["userName"].as_str().unwrap() {
            "set" => {
                assert_eq!(set(c"[]"), SCIMDB_INVALID_SYNTAX);
                assert_eq!((set(c"{\"title\":\"Dr\"}"), set(c"{\"userType\":\"Employee\"}")), (SCIMDB_OK, SCIMDB_OK));
                SCIMDB_OK
            }
            "refused" => scimdb_decision_refuse(decision, 403, null(), 0, c"not this one".as_ptr(), NTS),
            "failed" => 7,
            _ => SCIMDB_OK,
        }
    }
}

unsafe extern "C" fn after(userdata: *mut c_void, write: *const c_char, write_n: usize) {
    // SAFETY: as above.
    let (host, write) = unsafe { (host(userdata), std::slice::from_raw_parts(write.cast::<u8>(), write_n)) };
    let write: serde_json::Value = serde_json::from_slice(write).unwrap();
    assert!(write["sequence"].is_u64() && write["version"] == write["after"]["meta"]["version"], "{write}");
    host.told.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn let_go(userdata: *mut c_void) {
    // SAFETY: as above.
    unsafe { host(userdata) }.dropped.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn hooks_refuse_set_and_are_told() {
    let (db, host) = (open(), Host::default());
    host.db.store(db, Ordering::SeqCst);
    // SAFETY: as above.
    unsafe {
        assert_eq!(scimdb_set_hooks(null_mut(), None, None, host.pointer(), Some(let_go), null_mut()), SCIMDB_MISUSE);
        assert_eq!(Host::count(&host.dropped), 1, "also where it fails");
        assert_eq!(
            scimdb_set_hooks(db, Some(before), Some(after), host.pointer(), Some(let_go), null_mut()),
            SCIMDB_OK
        );
        let (code, json) = create(db, "set");
        assert!(code == SCIMDB_OK && json.contains("\"title\":\"Dr\"") && json.contains("Employee"), "{json}");
        assert_eq!(create(db, "refused").0, SCIMDB_FORBIDDEN);
        assert_eq!(create(db, "failed").0, SCIMDB_INVALID_VALUE);
        assert_eq!(create(db, "plain").0, SCIMDB_OK);
        let late = host.decision.load(Ordering::SeqCst);
        assert_eq!(scimdb_decision_set(late, c"{}".as_ptr(), NTS), SCIMDB_MISUSE, "its call is over");
        assert_eq!((Host::count(&host.asked), Host::count(&host.told)), (4, 2));
        assert_eq!(scimdb_set_hooks(db, None, None, null_mut(), None, null_mut()), SCIMDB_OK);
        assert_eq!(Host::count(&host.dropped), 2);
        assert_eq!((create(db, "refused").0, Host::count(&host.asked)), (SCIMDB_OK, 4));
        assert_eq!(scimdb_set_hooks(db, None, Some(after), host.pointer(), Some(let_go), null_mut()), SCIMDB_OK);
        assert_eq!(create(db, "last").0, SCIMDB_OK);
        assert_eq!(scimdb_close(db), SCIMDB_OK);
    }
    assert_eq!((Host::count(&host.told), Host::count(&host.dropped)), (3, 3), "closing lets go");
}

#[test]
fn iterators_give_rows_and_end() {
    let db = open();
    for number in 0..5 {
        assert_eq!(create(db, &format!("u{number}")).0, SCIMDB_OK);
    }
    // SAFETY: as above.
    unsafe {
        let begin = |request: &CStr| {
            let mut iter: *mut scimdb_iter = null_mut();
            let code = scimdb_iter_open(db, null(), 0, null(), 0, request.as_ptr(), NTS, &mut iter, null_mut());
            assert_eq!(code, SCIMDB_OK);
            iter
        };
        let next = |iter| {
            let (mut json, mut n) = (null(), 0);
            match scimdb_iter_next(iter, &mut json, &mut n, null_mut()) {
                SCIMDB_OK => {
                    let text = CStr::from_ptr(json).to_str().unwrap();
                    assert_eq!(text.len(), n);
                    Ok(text.to_owned())
                }
                code => Err(code),
            }
        };
        let iter = begin(c"{\"sortBy\":\"userName\"}");
        assert!(next(iter).unwrap().contains("\"u0\""));
        let mut out = empty();
        assert_eq!(scimdb_iter_next_many(iter, 2, NTS, &mut out, null_mut()), SCIMDB_OK);
        let page = CStr::from_ptr(out.data).to_str().unwrap().to_owned();
        assert!(page.lines().count() == 2 && page.ends_with("}\n") && page.contains("\"u2\""), "{page}");
        assert_eq!(scimdb_iter_next_many(iter, 100, 1, &mut out, null_mut()), SCIMDB_OK);
        assert_eq!(CStr::from_ptr(out.data).to_str().unwrap().lines().count(), 1);
        assert!(next(iter).unwrap().contains("\"u4\""));
        assert_eq!((next(iter), next(iter)), (Err(SCIMDB_DONE), Err(SCIMDB_DONE)));
        assert_eq!(scimdb_iter_next_many(iter, 2, NTS, &mut out, null_mut()), SCIMDB_DONE);
        scimdb_buf_free(&mut out);
        scimdb_iter_free(iter);
        assert_eq!(next(iter), Err(SCIMDB_MISUSE));
        let (ended, left) = (begin(c"{}"), begin(c"{}"));
        assert_eq!(scimdb_interrupt(db), SCIMDB_OK);
        assert_eq!(next(ended), Err(SCIMDB_CANCELLED));
        assert!(next(begin(c"{}")).is_ok());
        assert_eq!(scimdb_close(db), SCIMDB_OK);
        assert_eq!(next(left), Err(SCIMDB_MISUSE));
        scimdb_iter_free(left);
        scimdb_iter_free(null_mut());
    }
}

/// What a woken callback is given: where to tell, and the store, which it must not call.
struct Woken(*mut scimdb_store, mpsc::Sender<(u64, scimdb_code)>);

unsafe extern "C" fn wake(userdata: *mut c_void, sequence: u64) {
    // SAFETY: it leads to what is woken.
    let Woken(db, tell) = unsafe { &*userdata.cast::<Woken>() };
    let _ = tell.send((sequence, create(*db, "inside").0));
}

unsafe extern "C" fn free_woken(userdata: *mut c_void) {
    // SAFETY: it was a box, and is let go of once.
    drop(unsafe { Box::from_raw(userdata.cast::<Woken>()) });
}

#[test]
fn changes_wake_until_nobody_listens() {
    let db = open();
    let begin = || {
        let (tell, told) = mpsc::channel();
        let mut subscription: *mut scimdb_subscription = null_mut();
        let woken = Box::into_raw(Box::new(Woken(db, tell))).cast();
        // SAFETY: as above.
        let code = unsafe { scimdb_on_change(db, Some(wake), woken, Some(free_woken), &mut subscription, null_mut()) };
        assert_eq!(code, SCIMDB_OK);
        (subscription, told)
    };
    let ((first, told), (second, also_told)) = (begin(), begin());
    assert_eq!(create(db, "ann").0, SCIMDB_OK);
    let long = Duration::from_secs(60);
    assert_eq!(told.recv_timeout(long), Ok((1, SCIMDB_MISUSE)));
    assert_eq!(also_told.recv_timeout(long), Ok((1, SCIMDB_MISUSE)));
    // SAFETY: as above.
    unsafe { scimdb_subscription_free(first) };
    assert_eq!(told.recv_timeout(long), Err(mpsc::RecvTimeoutError::Disconnected), "what it held is gone");
    // SAFETY: as above.
    unsafe {
        assert_eq!(scimdb_close(db), SCIMDB_OK);
        assert_eq!(also_told.recv_timeout(long), Err(mpsc::RecvTimeoutError::Disconnected));
        scimdb_subscription_free(second);
        scimdb_subscription_free(null_mut());
    }
}
