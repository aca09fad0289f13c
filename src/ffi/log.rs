//! The log callback: one for the process, since a panic or a thread of the library's own may belong to no store.

use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Once, PoisonError, RwLock};
use std::thread;

use super::callback::{Userdata, scimdb_drop_fn};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::fork::PerProcess;
use super::guard::guard;
use crate::error::Fault;
use crate::{Error, ErrorKind, Result};

/// What is told of what happens inside: a line of text without values of attributes, and its level (1 error, 2 warning,
/// 3 info, 4 debug, 5 trace). It is called on a thread of the library's own, one line after the other, and holds up nothing:
/// where it is slow, lines are left out, and a later one says how many.
pub type scimdb_log_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, level: i32, text: *const c_char, text_n: usize)>;

/// Something failed that should not.
pub(super) const ERROR: i32 = 1;
/// Something failed by the surroundings: the disk, a lock.
pub(super) const WARNING: i32 = 2;
/// A call was wrong.
pub(super) const DEBUG: i32 = 4;
const TRACE: i32 = 5;

/// Lines that wait for the callback.
const QUEUE: usize = 1_024;

struct Log {
    level: i32,
    lines: SyncSender<(i32, String)>,
    left_out: AtomicU64,
}

static LOG: PerProcess<RwLock<Option<Log>>> = PerProcess::new();

thread_local! {
    /// What the last panic of this thread said.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether somebody listens to lines of a level.
#[cfg(feature = "server")]
pub(super) fn is_wanted(level: i32) -> bool {
    let Some(log) = LOG.get() else { return false };
    log.value.read().is_ok_and(|log| log.as_ref().is_some_and(|log| level <= log.level))
}

/// Tells a line, if somebody listens.
pub(super) fn tell(level: i32, text: impl FnOnce() -> String) {
    let Some(log) = LOG.get() else { return };
    let log = log.value.read().unwrap_or_else(PoisonError::into_inner);
    let Some(log) = log.as_ref().filter(|log| level <= log.level) else { return };
    let left_out = log.left_out.swap(0, Ordering::Relaxed);
    let mut text = text();
    if left_out > 0 {
        text.push_str(&format!(" ({left_out} lines before this one were left out)"));
    }
    if log.lines.try_send((level, text)).is_err() {
        log.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
    }
}

/// Tells of a call that failed.
pub(super) fn failed(error: &Error) {
    let row = error.row();
    let level = match row.fault {
        Fault::Caller => DEBUG,
        Fault::Environment => WARNING,
        Fault::Store => ERROR,
    };
    tell(level, || format!("{}: {error}", row.name));
}

/// Sends what panics say to the log, rather than to the host's standard error.
pub(super) fn catch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if cfg!(test) {
                // A test that fails says why.
                usual(info);
            }
            let text = info.to_string();
            tell(ERROR, || text.clone());
            // A thread that ends has no place for it any more.
            let _ = PANIC.try_with(|last| *last.borrow_mut() = Some(text));
        }));
    });
}

/// What the panic said that this thread just came out of.
pub(super) fn last_panic() -> String {
    PANIC.try_with(|last| last.borrow_mut().take()).ok().flatten().unwrap_or_else(|| "it said nothing".to_owned())
}

/// Has the library tell what happens inside, from one level up to errors; NULL for the callback: nothing any more. There is
/// one for the process. The one before is let go of when the lines that wait for it are told. A forked child has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_set_log(
    callback: scimdb_log_fn,
    level: i32,
    userdata: *mut c_void,
    drop: scimdb_drop_fn,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let userdata = Userdata::new(userdata, drop);
    let work = || {
        if !(ERROR..=TRACE).contains(&level) && callback.is_some() {
            return Err(Error::new(ErrorKind::InvalidArgument, "level is 1 (errors) to 5 (everything)"));
        }
        catch_panics();
        let log = callback.map(|callback| start(callback, level, userdata)).transpose()?;
        let place = &LOG.get_or_make(|| RwLock::new(None)).value;
        let before = std::mem::replace(&mut *place.write().unwrap_or_else(PoisonError::into_inner), log);
        std::mem::drop(before);
        Ok(SCIMDB_OK)
    };
    // SAFETY: by the conventions of the header.
    unsafe { guard(err, work) }
}

/// Starts the thread that calls the callback. It ends when the log is replaced, after the lines that wait.
fn start(
    callback: unsafe extern "C" fn(*mut c_void, i32, *const c_char, usize),
    level: i32,
    userdata: Userdata,
) -> Result<Log> {
    let (lines, waiting) = mpsc::sync_channel::<(i32, String)>(QUEUE);
    let tell = move || {
        for (level, text) in waiting {
            // SAFETY: the host gave the function for this pointer; the text outlives the call.
            unsafe { callback(userdata.pointer(), level, text.as_ptr().cast(), text.len()) };
        }
    };
    thread::Builder::new()
        .name("scimdb-log".to_owned())
        .spawn(tell)
        .map_err(|error| Error::new(ErrorKind::Io, "the log's thread could not be started").caused_by(error))?;
    Ok(Log { level, lines, left_out: AtomicU64::new(0) })
}
