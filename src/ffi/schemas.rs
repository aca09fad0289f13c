//! Schemas and resource types (RFC 7643 sections 6 and 7).

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::{answer, with_store};
use super::life::scimdb_store;
use super::text;
use super::verbs::{Verb, named};

/// Registers schemas and resource types: a Schema or a ResourceType document (RFC 7643 sections 6 and 7), or an array of
/// them, all together or not at all. SCIMDB_IN_USE where stored resources contradict them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_schema_put(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    documents: *const c_char,
    documents_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let documents = text::required_bytes(documents, documents_n, "documents")?;
            store.call(Verb::SchemaPut { tenant, documents }).map(drop)
        })
    }
}

/// Removes a schema by its URN, or a resource type by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_schema_remove(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    urn_or_name: *const c_char,
    urn_or_name_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let urn_or_name = text::required(urn_or_name, urn_or_name_n, "urn_or_name")?;
            let urn_or_name = named(urn_or_name, "urn_or_name")?;
            store.call(Verb::SchemaRemove { tenant, urn_or_name }).map(drop)
        })
    }
}

/// The schemas and resource types of a tenant: an object with the arrays schemas and resourceTypes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_schema_list(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            store.call(Verb::SchemaList { tenant })
        })
    }
}
