//! Searches (RFC 7644 section 3.4.2).

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb_store;
use super::text;
use super::verbs::Verb;

/// Searches a resource type, or all where none is named. The request is a SearchRequest message (RFC 7644 section 3.4.3;
/// schemas may be missing; cursors of RFC 9865), none finds everything. The answer is a ListResponse, one page of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_search(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    request: *const c_char,
    request_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let resource_type = text::optional(resource_type, resource_type_n, "type")?;
            let request = text::bytes(request, request_n, "request")?;
            store.call(Verb::Search { tenant, resource_type, request })
        })
    }
}

/// Tells how a search is carried out: an object with steps, total, micros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_explain(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    request: *const c_char,
    request_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let resource_type = text::optional(resource_type, resource_type_n, "type")?;
            let request = text::bytes(request, request_n, "request")?;
            store.call(Verb::Explain { tenant, resource_type, request })
        })
    }
}
