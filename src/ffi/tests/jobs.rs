//! Imports that are queued: fed by calls, by the process that holds the store or by another.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::ptr::{null, without_provenance_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::code::{
    SCIMDB_INVALID_ARGUMENT, SCIMDB_INVALID_SYNTAX, SCIMDB_INVALID_VALUE, SCIMDB_MISUSE, SCIMDB_NOT_FOUND, SCIMDB_OK,
    SCIMDB_UNAVAILABLE, SCIMDB_UNKNOWN_TYPE, scimdb_code,
};
use super::super::hooks::{scimdb_decision, scimdb_set_hooks};
use super::super::import::scimdb_import_free;
use super::super::jobs::{scimdb_job_get, scimdb_job_list};
use super::super::life::{scimdb_close, scimdb_store};
use super::super::operator::scimdb_stats;
use super::super::resources::scimdb_create;
use super::serving::{Failed, close, create, open, outcome, text, told};
use super::sessions::{both, feed, finish, import};

const GROUP: &str =
    r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "all", "displayName": "All"}"#;
const QUEUE: &str = r#"{"queue": true, "actor": "host"}"#;

fn make_group(db: *const scimdb_store) {
    let ((kind, kind_n), (json, json_n), (options, options_n)) =
        (text!("Group"), text!(GROUP), text!(r#"{"id": "all"}"#));
    // SAFETY: everything leads to what it says, here and below.
    told(|out, error| unsafe {
        scimdb_create(db, null(), 0, kind, kind_n, json, json_n, options, options_n, out, error)
    })
    .unwrap();
}

fn job(db: *const scimdb_store, id: &str, options: &str) -> Result<Value, Failed> {
    let ((id, id_n), (options, options_n)) = (text!(id), text!(options));
    // SAFETY: as above.
    let told = told(|out, error| unsafe { scimdb_job_get(db, null(), 0, id, id_n, options, options_n, out, error) });
    told.map(|json| serde_json::from_str(&json).unwrap())
}

fn jobs(db: *const scimdb_store) -> Vec<Value> {
    // SAFETY: as above.
    let json = told(|out, error| unsafe { scimdb_job_list(db, null(), 0, out, error) }).unwrap();
    serde_json::from_str::<Value>(&json).unwrap()["jobs"].as_array().unwrap().clone()
}

fn body(names: impl IntoIterator<Item = String>) -> String {
    let users: Vec<Value> = names.into_iter().map(|name| json!({"userName": name})).collect();
    json!({"group": {"value": "all"}, "users": users}).to_string()
}

/// Queues an import, in parts of so many bytes.
fn queue(db: *const scimdb_store, body: &str, step: usize) -> Result<Value, Failed> {
    let import = import(db, QUEUE)?;
    for part in body.as_bytes().chunks(step) {
        feed(import, part)?;
    }
    finish(import)
}

#[test]
fn an_import_is_queued_by_whoever_has_the_store_open() {
    let directory = tempfile::tempdir().unwrap();
    let (holder, guest) = both(directory.path());
    make_group(holder);
    for (number, db) in [holder, guest].into_iter().enumerate() {
        let queued = queue(db, &body((0..300).map(|user| format!("é{number}-{user}"))), 777).unwrap();
        let id = queued["correlationId"].as_str().unwrap();
        assert_eq!(
            (&queued["importSize"], &queued["group"], &queued["actor"]),
            (&300.into(), &"all".into(), &"host".into())
        );
        let done = job(db, id, r#"{"waitSeconds": 30}"#).unwrap();
        assert_eq!((&done["status"], &done["imported"]), (&"done".into(), &300.into()), "{done}");
        assert_eq!(job(guest, id, "{}").unwrap(), job(holder, id, "{}").unwrap());
    }
    assert_eq!(jobs(guest), jobs(holder));
    assert_eq!(jobs(guest).len(), 2);
    for db in [holder, guest] {
        // What is given up, or is wrong, leaves nothing. More comes than waits to be read.
        let half = body((0..20_000).map(|user| format!("never{user}")));
        let given_up = import(db, QUEUE).unwrap();
        feed(given_up, &half.as_bytes()[..half.len() - 1]).unwrap();
        // SAFETY: as above.
        unsafe { scimdb_import_free(given_up) };
        let cut = queue(db, &half[..half.len() - 1], 100_000).unwrap_err();
        assert_eq!(cut.0, SCIMDB_INVALID_SYNTAX, "{cut:?}");
        let nowhere = queue(db, &body(["a".to_owned()]).replace("\"all\"", "\"none\""), 10).unwrap_err();
        assert_eq!(nowhere.0, SCIMDB_INVALID_VALUE, "{nowhere:?}");
        let refused = |options: &str| import(db, options).unwrap_err().0;
        assert_eq!(refused(r#"{"queue": true, "onConflict": "skip"}"#), SCIMDB_INVALID_ARGUMENT);
        assert_eq!(refused(r#"{"queue": true, "resourceType": "Nothing"}"#), SCIMDB_UNKNOWN_TYPE);
        assert_eq!(job(db, "00000000000000000000", "{}").unwrap_err().0, SCIMDB_NOT_FOUND);
        assert_eq!(job(db, "0", r#"{"waitSeconds": -1}"#).unwrap_err().0, SCIMDB_INVALID_ARGUMENT);
    }
    assert_eq!(jobs(holder).len(), 2);
    // What was queued is there for the next holder.
    let queued = queue(guest, &body((0..5_000).map(|user| format!("late{user}"))), 50_000).unwrap();
    close(holder);
    let done = job(guest, queued["correlationId"].as_str().unwrap(), r#"{"waitSeconds": 60}"#).unwrap();
    assert_eq!((&done["status"], &done["imported"]), (&"done".into(), &5_000.into()), "{done}");
    close(guest);
}

/// A hook that waits until it may go on.
struct Slow {
    entered: Mutex<Sender<()>>,
    go_on: Mutex<Receiver<()>>,
}

unsafe extern "C" fn wait(userdata: *mut c_void, _: *const c_char, _: usize, _: *mut scimdb_decision) -> scimdb_code {
    // SAFETY: it leads to what waits.
    let slow = unsafe { &*userdata.cast::<Slow>() };
    slow.entered.lock().unwrap().send(()).unwrap();
    let _ = slow.go_on.lock().unwrap().recv();
    SCIMDB_OK
}

#[test]
fn a_wait_for_an_import_ends_when_the_store_is_closed() {
    let db = open(Path::new(":memory:"), "{}").unwrap();
    make_group(db);
    let ((entered, has_entered), (go_on, goes_on)) = (channel(), channel());
    let slow = Slow { entered: Mutex::new(entered), go_on: Mutex::new(goes_on) };
    let userdata = std::ptr::from_ref(&slow).cast_mut().cast();
    // SAFETY: as above.
    outcome((), |_, error| unsafe { scimdb_set_hooks(db, Some(wait), None, userdata, None, error) }).unwrap();
    let queued = queue(db, &body(["ann".to_owned()]), 10).unwrap();
    let id = queued["correlationId"].as_str().unwrap();
    has_entered.recv_timeout(Duration::from_secs(30)).unwrap();
    let at = db.addr();
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(move || job(without_provenance_mut(at), id, r#"{"waitSeconds": 600}"#).unwrap_err().0);
        std::thread::sleep(Duration::from_millis(300));
        let closing = scope.spawn(move || close(without_provenance_mut(at)));
        assert_eq!(waiting.join().unwrap(), SCIMDB_UNAVAILABLE);
        drop(go_on);
        closing.join().unwrap();
    });
}

/// What a hook does with an import that is to be queued.
#[derive(Default)]
struct Within {
    import: AtomicUsize,
    fed: AtomicI32,
}

unsafe extern "C" fn meddle(userdata: *mut c_void, _: *const c_char, _: usize, _: *mut scimdb_decision) -> scimdb_code {
    // SAFETY: it leads to what a hook does.
    let within = unsafe { &*userdata.cast::<Within>() };
    let import = without_provenance_mut(within.import.load(Ordering::SeqCst));
    within.fed.store(feed(import, b"{").unwrap_err().0, Ordering::SeqCst);
    // SAFETY: the function takes any handle.
    unsafe { scimdb_import_free(import) };
    SCIMDB_OK
}

#[test]
fn a_hook_does_not_wait_for_an_import_that_waits_for_it() {
    let db = open(Path::new(":memory:"), "{}").unwrap();
    make_group(db);
    let within = Within::default();
    let userdata = std::ptr::from_ref(&within).cast_mut().cast();
    let import = import(db, QUEUE).unwrap();
    // A chunk of it waits to be written.
    let half = body((0..20_000).map(|user| format!("u{user}")));
    feed(import, &half.as_bytes()[..half.len() / 2]).unwrap();
    within.import.store(import.addr(), Ordering::SeqCst);
    // SAFETY: as above.
    outcome((), |_, error| unsafe { scimdb_set_hooks(db, Some(meddle), None, userdata, None, error) }).unwrap();
    create(db, "ann", "{}").unwrap();
    assert_eq!(within.fed.load(Ordering::SeqCst), SCIMDB_MISUSE);
    assert_eq!(feed(import, b"{").unwrap_err().0, SCIMDB_MISUSE);
    close(db);
}

/// Hooks that wait until they may go on, and what the store says to them then.
struct Asking {
    slow: Slow,
    store: AtomicUsize,
    read: AtomicI32,
    closed: [AtomicI32; 2],
}

impl Asking {
    fn close(&self, nth: usize) {
        let store = without_provenance_mut(self.store.load(Ordering::SeqCst));
        // SAFETY: the function takes any handle.
        self.closed[nth].store(unsafe { scimdb_close(store) }, Ordering::SeqCst);
    }
}

unsafe extern "C" fn ask(userdata: *mut c_void, _: *const c_char, _: usize, _: *mut scimdb_decision) -> scimdb_code {
    // SAFETY: it leads to what asks.
    let asking = unsafe { &*userdata.cast::<Asking>() };
    asking.slow.entered.lock().unwrap().send(()).unwrap();
    let _ = asking.slow.go_on.lock().unwrap().recv();
    asking.close(0);
    let store = without_provenance_mut(asking.store.load(Ordering::SeqCst));
    // SAFETY: as above.
    let read =
        told(|out, error| unsafe { scimdb_stats(store, out, error) }).map_or_else(|failed| failed.0, |_| SCIMDB_OK);
    asking.read.store(read, Ordering::SeqCst);
    read
}

unsafe extern "C" fn hear(userdata: *mut c_void, _: *const c_char, _: usize) {
    // SAFETY: as above.
    unsafe { &*userdata.cast::<Asking>() }.close(1);
}

#[test]
fn hooks_of_an_import_may_ask_a_store_that_is_closed_meanwhile_and_not_close_it() {
    let directory = tempfile::tempdir().unwrap();
    for (options, name) in [("{}", "ann"), (r#"{"share": true}"#, "bob")] {
        let db = open(directory.path(), options).unwrap();
        if name == "ann" {
            make_group(db);
        }
        let ((entered, has_entered), (go_on, goes_on)) = (channel(), channel());
        let slow = Slow { entered: Mutex::new(entered), go_on: Mutex::new(goes_on) };
        let store = AtomicUsize::new(db.addr());
        let asking = Asking { slow, store, read: AtomicI32::new(-1), closed: [-1, -1].map(AtomicI32::new) };
        let userdata = std::ptr::from_ref(&asking).cast_mut().cast();
        // SAFETY: as above.
        outcome((), |_, error| unsafe { scimdb_set_hooks(db, Some(ask), Some(hear), userdata, None, error) }).unwrap();
        let queued = queue(db, &body([name.to_owned()]), 10).unwrap();
        has_entered.recv_timeout(Duration::from_secs(30)).unwrap();
        let at = db.addr();
        std::thread::scope(|scope| {
            let closing = scope.spawn(move || close(without_provenance_mut(at)));
            std::thread::sleep(Duration::from_millis(300));
            drop(go_on);
            closing.join().unwrap();
        });
        assert_eq!(asking.read.load(Ordering::SeqCst), SCIMDB_OK);
        assert_eq!(asking.closed.map(AtomicI32::into_inner), [SCIMDB_MISUSE; 2]);
        let db = open(directory.path(), options).unwrap();
        let done = job(db, queued["correlationId"].as_str().unwrap(), r#"{"waitSeconds": 30}"#).unwrap();
        assert_eq!((&done["imported"], &done["failed"]), (&1.into(), &0.into()), "{done}");
        close(db);
    }
}

/// A hook that is told of users, and looks how far their import is.
struct Looking {
    store: AtomicUsize,
    told: Mutex<Vec<Value>>,
}

unsafe extern "C" fn look(userdata: *mut c_void, _: *const c_char, _: usize) {
    // SAFETY: it leads to what looks.
    let looking = unsafe { &*userdata.cast::<Looking>() };
    std::thread::sleep(Duration::from_millis(50));
    looking.told.lock().unwrap().extend(jobs(without_provenance_mut(looking.store.load(Ordering::SeqCst))));
}

#[test]
fn an_import_has_ended_when_hooks_were_told_of_it() {
    let db = open(Path::new(":memory:"), "{}").unwrap();
    make_group(db);
    let looking = Looking { store: AtomicUsize::new(db.addr()), told: Mutex::default() };
    let userdata = std::ptr::from_ref(&looking).cast_mut().cast();
    // SAFETY: as above.
    outcome((), |_, error| unsafe { scimdb_set_hooks(db, None, Some(look), userdata, None, error) }).unwrap();
    let queued = queue(db, &body(["ann".to_owned(), "bob".to_owned()]), 10).unwrap();
    let done = job(db, queued["correlationId"].as_str().unwrap(), r#"{"waitSeconds": 30}"#).unwrap();
    let told = std::mem::take(&mut *looking.told.lock().unwrap());
    assert_eq!(told.len(), 3, "of both, and of their group");
    for job in told {
        assert_eq!((&job["status"], &job["finished"]), (&"importing".into(), &Value::Null), "{job}");
        assert_eq!((&job["imported"], &done["imported"]), (&2.into(), &2.into()));
    }
    assert_eq!(done["status"], "done");
    close(db);
}
