//! Bulk (RFC 7644 section 3.7).

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb_store;
use super::text;
use super::verbs::Verb;

/// Carries out a BulkRequest message (RFC 7644 section 3.7), and answers with a BulkResponse. Options: actor, base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_bulk(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    request: *const c_char,
    request_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let request = text::required_bytes(request, request_n, "request")?;
            let options = text::optional(options, options_n, "options")?;
            store.call(Verb::Bulk { tenant, request, options })
        })
    }
}
