//! Bearer tokens.

use std::ffi::c_char;

use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::{answer, with_store};
use super::life::scimdb_store;
use super::text;
use super::verbs::{Verb, named};

/// Makes a bearer token: an object with name and secret, which is told this once. Options: scope (read, write, admin; write),
/// lifetimeSeconds (for ever), subject (the id of the resource that its bearer is: what /Me shows), permissions (array: the
/// permissions of the tenant's profile that it is limited to; none).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_token_create(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    name: *const c_char,
    name_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let name = text::required(name, name_n, "name")?;
            let options = text::optional(options, options_n, "options")?;
            store.call(Verb::TokenCreate { tenant, name, options })
        })
    }
}

/// Gives a token a new secret: the same answer as scimdb_token_create. What the token was made with stays, and its old secret
/// is unknown from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_token_regenerate(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    name: *const c_char,
    name_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let name = text::required(name, name_n, "name")?;
            let name = named(name, "name")?;
            store.call(Verb::TokenRegenerate { tenant, name })
        })
    }
}

/// Revokes a token: from now on it is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_token_revoke(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    name: *const c_char,
    name_n: usize,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let name = text::required(name, name_n, "name")?;
            let name = named(name, "name")?;
            store.call(Verb::TokenRevoke { tenant, name }).map(drop)
        })
    }
}

/// The tokens of a tenant, without their secrets: an object with the array tokens, of objects with name, scope, created,
/// expires, subject, permissions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_token_list(
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
            store.call(Verb::TokenList { tenant })
        })
    }
}

/// Finds who a bearer token belongs to: an object with tenant, name, scope, subject, permissions. SCIMDB_UNAUTHENTICATED
/// where it is unknown, revoked or expired.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_authenticate(
    db: *const scimdb_store,
    secret: *const c_char,
    secret_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let secret = text::required(secret, secret_n, "secret")?;
            store.call(Verb::Authenticate { secret })
        })
    }
}
