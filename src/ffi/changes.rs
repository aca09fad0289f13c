//! The change feed.

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb;
use super::text;
use super::verbs::Verb;
use std::time::Duration;

/// The changes after a sequence number, oldest first: an object with the array changes (of objects with sequence, time, actor,
/// operation (create, modify, delete), resourceType, id, attributes) and last, the number to go on from. If there are none yet,
/// waits for the first. SCIMDB_OUT_OF_RANGE where the change log does not reach back that far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_changes(
    db: *const scimdb,
    tenant: *const c_char,
    tenant_n: usize,
    since: u64,
    max: u32,
    wait_ms: u32,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let wait = Duration::from_millis(wait_ms.into());
            store.call(Verb::Changes { tenant, since, max, wait })
        })
    }
}
