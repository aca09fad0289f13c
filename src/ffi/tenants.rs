//! Tenants.

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::{answer, with_store};
use super::life::scimdb_store;
use super::text;
use super::verbs::{Verb, named};

/// Makes a tenant. Options: profile, a name (strict, entra, okta, activid, absorb, activtrak) or a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_tenant_create(
    db: *const scimdb_store,
    name: *const c_char,
    name_n: usize,
    options: *const c_char,
    options_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let name = text::required(name, name_n, "name")?;
            let options = text::optional(options, options_n, "options")?;
            let name = named(name, "name")?;
            store.call(Verb::TenantCreate { name, options }).map(drop)
        })
    }
}

/// Changes the settings of a tenant. Options: as scimdb_tenant_create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_tenant_configure(
    db: *const scimdb_store,
    name: *const c_char,
    name_n: usize,
    options: *const c_char,
    options_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let name = text::required(name, name_n, "name")?;
            let options = text::optional(options, options_n, "options")?;
            let name = named(name, "name")?;
            store.call(Verb::TenantConfigure { name, options }).map(drop)
        })
    }
}

/// Removes a tenant with everything in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_tenant_drop(
    db: *const scimdb_store,
    name: *const c_char,
    name_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let name = text::required(name, name_n, "name")?;
            let name = named(name, "name")?;
            store.call(Verb::TenantDrop { name }).map(drop)
        })
    }
}

/// The tenants: an object with the array tenants, of objects with name and profile. A new store has one, default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_tenant_list(
    db: *const scimdb_store,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe { answer(db, out, err, |store| store.call(Verb::TenantList)) }
}
