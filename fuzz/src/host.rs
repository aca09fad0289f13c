//! A host's callbacks, which do what the bytes of a plan say: let writes be made, set attributes, refuse, and call the
//! library from inside.

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::abi::{self, Buf, Handle};

/// Code of a call that is itself wrong.
const MISUSE: i32 = 35;

/// Userdata that the library holds: each is dropped once, which the address sanitizer and this count watch.
static HELD: AtomicUsize = AtomicUsize::new(0);
/// Whether a hook has set attributes since the last look: those that cannot be stored are SCIMDB_INTERNAL, rightly.
static HAS_SET: AtomicBool = AtomicBool::new(false);
/// The newest decision, which is good during its call only.
static DECISION: AtomicUsize = AtomicUsize::new(0);

/// What callbacks do, one byte for each call; when there are none left they do nothing.
pub struct Plan {
    store: Handle,
    bytes: Vec<u8>,
    next: AtomicUsize,
}

impl Plan {
    /// Userdata for a callback that calls this store; `drop_plan` lets go of it.
    pub fn userdata(store: Handle, bytes: &[u8]) -> *mut c_void {
        HELD.fetch_add(1, Ordering::SeqCst);
        let plan = Plan { store, bytes: bytes.to_vec(), next: AtomicUsize::new(0) };
        Box::into_raw(Box::new(plan)).cast()
    }

    fn step(&self) -> Option<u8> {
        self.bytes.get(self.next.fetch_add(1, Ordering::SeqCst)).copied()
    }
}

/// Lets go of a plan.
///
/// # Safety
/// The pointer is one of `Plan::userdata`, and nobody uses it any more.
pub unsafe extern "C" fn drop_plan(userdata: *mut c_void) {
    // SAFETY: by the contract of this function.
    drop(unsafe { Box::from_raw(userdata.cast::<Plan>()) });
    HELD.fetch_sub(1, Ordering::SeqCst);
}

/// How many plans the library has not let go of.
pub fn held() -> usize {
    HELD.load(Ordering::SeqCst)
}

/// Whether a hook has set attributes since this was asked last.
pub fn has_set() -> bool {
    HAS_SET.swap(false, Ordering::SeqCst)
}

/// A decision whose call is over, or NULL.
pub fn old_decision() -> Handle {
    without_provenance_mut(DECISION.load(Ordering::SeqCst))
}

/// A text as C has it.
fn text(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

/// The plan behind a callback's userdata, after a look at the JSON that came with it.
///
/// # Safety
/// The pointers are those that the library gave to the callback.
unsafe fn look<'a>(userdata: *mut c_void, write: *const c_char, write_n: usize) -> &'a Plan {
    // SAFETY: by the contract of this function.
    let (plan, write) = unsafe { (&*userdata.cast::<Plan>(), std::slice::from_raw_parts(write.cast::<u8>(), write_n)) };
    let write: serde_json::Value = serde_json::from_slice(write).expect("a hook is given JSON");
    assert!(write["operation"].is_string() && write["tenant"].is_string() && write["id"].is_string(), "{write}");
    plan
}

/// Reads the user "a" and says how that went.
///
/// # Safety
/// `store` is any handle.
unsafe fn read(store: Handle) -> i32 {
    let (kind, id) = (text("User"), text("a"));
    let mut out = Buf { data: null_mut(), len: 0, cap: 0 };
    // SAFETY: texts lead to as many bytes as they say.
    unsafe {
        let code = abi::scimdb_get(store, null(), 0, kind.0, kind.1, id.0, id.1, null(), 0, &raw mut out, null_mut());
        abi::scimdb_buf_free(&raw mut out);
        code
    }
}

/// Makes a user with a name of its own and says how that went.
///
/// # Safety
/// `store` is any handle.
unsafe fn write(store: Handle) -> i32 {
    let kind = text("User");
    let json = text("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"host\"}");
    let mut out = Buf { data: null_mut(), len: 0, cap: 0 };
    // SAFETY: texts lead to as many bytes as they say.
    unsafe {
        let code =
            abi::scimdb_create(store, null(), 0, kind.0, kind.1, json.0, json.1, null(), 0, &raw mut out, null_mut());
        abi::scimdb_buf_free(&raw mut out);
        code
    }
}

/// The hook before a write.
///
/// # Safety
/// The library calls it.
pub unsafe extern "C" fn before_write(
    userdata: *mut c_void,
    json: *const c_char,
    json_n: usize,
    decision: Handle,
) -> i32 {
    // SAFETY: by the contract of this function.
    let plan = unsafe { look(userdata, json, json_n) };
    DECISION.store(decision.addr(), Ordering::SeqCst);
    let set = |json: &str| {
        HAS_SET.store(true, Ordering::SeqCst);
        let (json, n) = text(json);
        // SAFETY: the text leads to as many bytes as it says.
        unsafe { abi::scimdb_decision_set(decision, json, n) }
    };
    let refuse = |status: i32, scim_type: &str| {
        let ((kind, kind_n), (detail, detail_n)) = (text(scim_type), text("so the host says"));
        // SAFETY: as above.
        unsafe { abi::scimdb_decision_refuse(decision, status, kind, kind_n, detail, detail_n) }
    };
    let Some(step) = plan.step() else { return 0 };
    match step % 14 {
        0 => return 1,
        1 => return -1,
        2 => assert_eq!(refuse(400, "invalidValue"), 0),
        3 => assert_eq!(refuse(409, "uniqueness"), 0),
        4 => assert_eq!(refuse(i32::from(step) * 7 - 500, "no such type"), 0),
        5 => assert_eq!(set("{\"displayName\":\"of the host\"}"), 0),
        6 => assert_eq!(set("{\"displayName\":null,\"title\":null}"), 0),
        7 => assert_eq!(set("{\"userName\":null,\"id\":7,\"nothing\":[{}],\"emails\":\"x\"}"), 0),
        8 => assert_ne!(set("[1"), 0),
        // SAFETY: the functions take any handle.
        9 => unsafe {
            let code = read(plan.store);
            assert!(code < 60, "a hook reads: {code}");
        },
        // SAFETY: as above.
        10 => assert_eq!(unsafe { write(plan.store) }, MISUSE, "a hook writes inside a write"),
        // SAFETY: as above.
        11 => assert_eq!(unsafe { abi::scimdb_close(plan.store) }, MISUSE, "a hook closes its store"),
        // SAFETY: as above.
        12 => unsafe {
            assert_eq!(abi::scimdb_set_hooks(plan.store, None, None, null_mut(), None, null_mut()), 0);
        },
        _ => {}
    }
    0
}

/// The hook after a write, which may write.
///
/// # Safety
/// The library calls it.
pub unsafe extern "C" fn after_commit(userdata: *mut c_void, json: *const c_char, json_n: usize) {
    // SAFETY: by the contract of this function.
    let plan = unsafe { look(userdata, json, json_n) };
    let code = match plan.step().map(|step| step % 4) {
        // SAFETY: the functions take any handle.
        Some(0) => unsafe { read(plan.store) },
        // SAFETY: as above.
        Some(1) => unsafe { write(plan.store) },
        // SAFETY: as above.
        Some(2) => unsafe { abi::scimdb_close(plan.store) },
        _ => 0,
    };
    assert!(code < 60 || (code == 61 && HAS_SET.load(Ordering::SeqCst)), "a hook after a write: {code}");
}

/// Looks into the repositories of the host, which have what the plan says.
///
/// # Safety
/// The library calls it.
pub unsafe extern "C" fn search(userdata: *mut c_void, json: *const c_char, json_n: usize, found: Handle) -> i32 {
    // SAFETY: the pointers are those that the library gave to the callback.
    let (plan, query) = unsafe { (&*userdata.cast::<Plan>(), std::slice::from_raw_parts(json.cast::<u8>(), json_n)) };
    let query: serde_json::Value = serde_json::from_slice(query).expect("a repository is given JSON");
    assert!(query["tenant"].is_string() && query["count"].is_u64(), "{query}");
    while let Some(step) = plan.step() {
        let (status, resource) = match step % 8 {
            0 => return i32::from(step),
            1 => (0, "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"a\"}"),
            2 => (0, "{\"userName\":[7]}"),
            3 => (0, ""),
            4 => (i32::from(step) * 7 - 500, "so the host says"),
            // SAFETY: the functions take any handle.
            5 => unsafe {
                let code = read(plan.store);
                assert!(code < 60, "a repository reads: {code}");
                continue;
            },
            // SAFETY: as above.
            6 => unsafe {
                assert_eq!(abi::scimdb_close(plan.store), MISUSE, "a repository closes its store");
                continue;
            },
            _ => break,
        };
        let (text, n) = text(resource);
        // What is no resource is SCIMDB_INTERNAL, rightly.
        HAS_SET.store(true, Ordering::SeqCst);
        // SAFETY: the text leads to as many bytes as it says.
        let code = unsafe {
            if status == 0 {
                abi::scimdb_found_add(found, text, n)
            } else {
                abi::scimdb_found_fail(found, status, text, n)
            }
        };
        assert_eq!(code, 0, "{resource}");
    }
    0
}

/// Is woken by changes: it may only wake.
///
/// # Safety
/// The library calls it.
pub unsafe extern "C" fn on_change(userdata: *mut c_void, _sequence: u64) {
    // SAFETY: by the contract of this function.
    let plan = unsafe { &*userdata.cast::<Plan>() };
    if plan.step().is_some() {
        // SAFETY: the function takes any handle.
        assert_eq!(unsafe { read(plan.store) }, MISUSE, "a callback that a change woke reads");
    }
}

/// Is told a line, and may read: which may be told again, for as long as the plan says.
///
/// # Safety
/// The library calls it.
pub unsafe extern "C" fn on_log(userdata: *mut c_void, level: i32, line: *const c_char, line_n: usize) {
    // SAFETY: by the contract of this function.
    let (plan, line) = unsafe { (&*userdata.cast::<Plan>(), std::slice::from_raw_parts(line.cast::<u8>(), line_n)) };
    assert!((1..=5).contains(&level) && std::str::from_utf8(line).is_ok_and(|line| !line.is_empty()));
    if plan.step().is_some() {
        // SAFETY: the function takes any handle.
        let code = unsafe { read(plan.store) };
        assert!(code < 60, "a callback of the log reads: {code}");
    }
}

/// Ends the log, and waits until the library has let go of what its callback was given: that is its own thread's to do.
pub fn end_log() {
    // SAFETY: there is no callback.
    assert_eq!(unsafe { abi::scimdb_set_log(None, 0, null_mut(), None, null_mut()) }, 0);
    let until = Instant::now() + Duration::from_secs(60);
    while held() > 0 && Instant::now() < until {
        std::thread::yield_now();
    }
}
