//! The verbs of one resource (RFC 7644 sections 3.3 to 3.6).

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::{answer, with_store};
use super::life::scimdb_store;
use super::text;
use super::verbs::{Place, Verb};

/// Gets a resource (RFC 7644 section 3.4.1): its JSON. Options: attributes, excludedAttributes (arrays of names),
/// ifNoneMatch (a version; SCIMDB_NOT_MODIFIED if the resource still has it), base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_get(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    id: *const c_char,
    id_n: usize,
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
            let id = text::required(id, id_n, "id")?;
            let options = text::optional(options, options_n, "options")?;
            let at = Place { tenant, resource_type, id };
            store.call(Verb::Get { at, options })
        })
    }
}

/// Creates a resource (RFC 7644 section 3.3), and answers with it. Options: attributes, excludedAttributes, actor (for the
/// change log), base, id (otherwise the store makes one).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_create(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    json: *const c_char,
    json_n: usize,
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
            let json = text::required_bytes(json, json_n, "json")?;
            let options = text::optional(options, options_n, "options")?;
            store.call(Verb::Create { tenant, resource_type, json, options })
        })
    }
}

/// Replaces a resource (RFC 7644 section 3.5.1), and answers with it. Options: attributes, excludedAttributes, ifMatch,
/// ifNoneMatch (versions; SCIMDB_VERSION_MISMATCH), actor, base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_replace(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    id: *const c_char,
    id_n: usize,
    json: *const c_char,
    json_n: usize,
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
            let id = text::required(id, id_n, "id")?;
            let json = text::required_bytes(json, json_n, "json")?;
            let options = text::optional(options, options_n, "options")?;
            let at = Place { tenant, resource_type, id };
            store.call(Verb::Replace { at, json, options })
        })
    }
}

/// Changes a resource by a PatchOp message (RFC 7644 section 3.5.2), and answers with the whole of it. Options: as
/// scimdb_replace.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_patch(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    id: *const c_char,
    id_n: usize,
    json: *const c_char,
    json_n: usize,
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
            let id = text::required(id, id_n, "id")?;
            let json = text::required_bytes(json, json_n, "json")?;
            let options = text::optional(options, options_n, "options")?;
            let at = Place { tenant, resource_type, id };
            store.call(Verb::Patch { at, json, options })
        })
    }
}

/// Deletes a resource (RFC 7644 section 3.6). Options: ifMatch, ifNoneMatch, actor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_delete(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    id: *const c_char,
    id_n: usize,
    options: *const c_char,
    options_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let resource_type = text::required(resource_type, resource_type_n, "type")?;
            let id = text::required(id, id_n, "id")?;
            let options = text::optional(options, options_n, "options")?;
            let at = Place { tenant, resource_type, id };
            store.call(Verb::Delete { at, options }).map(drop)
        })
    }
}

/// Whether a password is that of a user: 1 or 0. Takes as long for a user without one, or who does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_verify_password(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    resource_type: *const c_char,
    resource_type_n: usize,
    id: *const c_char,
    id_n: usize,
    password: *const c_char,
    password_n: usize,
    out_matches: *mut i32,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let resource_type = text::required(resource_type, resource_type_n, "type")?;
            let id = text::required(id, id_n, "id")?;
            let password = text::required(password, password_n, "password")?;
            text::place(out_matches, "out_matches")?;
            let at = Place { tenant, resource_type, id };
            let matches = store.call(Verb::VerifyPassword { at, password })?;
            *out_matches = i32::from(matches == "true");
            Ok(())
        })
    }
}
