//! Erasure.

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb_store;
use super::text;
use super::verbs::Verb;

/// Forgets the resources of a type that had an externalId and were deleted: purges every trace of them from the change log, the
/// index and the file, which is written anew; everybody else waits meanwhile, and it for iterators as scimdb_check does. The
/// answer is an object with resources, how many there were. SCIMDB_IN_USE while a resource has the externalId,
/// SCIMDB_NOT_FOUND where none that was deleted had it. Options: actor. What a crash cuts short is finished when the store is
/// opened again, what an error cuts short by the same call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_forget(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    external_id: *const c_char,
    external_id_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let resource_type = text::required(resource_type, resource_type_n, "type")?;
            let external_id = text::required(external_id, external_id_n, "external_id")?;
            let options = text::optional(options, options_n, "options")?;
            store.call(Verb::Forget { tenant, resource_type, external_id, options })
        })
    }
}
