//! The C ABI as a caller of it has it: what include/scimdb.h declares.

use std::ffi::{c_char, c_void};

/// A handle of any kind.
pub type Handle = *mut c_void;
/// Where an error goes.
pub type Err = *mut Handle;
/// A hook before a write.
pub type Before = Option<unsafe extern "C" fn(*mut c_void, *const c_char, usize, Handle) -> i32>;
/// A hook after one.
pub type After = Option<unsafe extern "C" fn(*mut c_void, *const c_char, usize)>;
/// Looks into repositories of the host.
pub type Repository = Option<unsafe extern "C" fn(*mut c_void, *const c_char, usize, Handle) -> i32>;
/// Is woken by changes.
pub type OnChange = Option<unsafe extern "C" fn(*mut c_void, u64)>;
/// Is told of what happens inside.
pub type Log = Option<unsafe extern "C" fn(*mut c_void, i32, *const c_char, usize)>;
/// Lets go of what a callback was given.
pub type DropFn = Option<unsafe extern "C" fn(*mut c_void)>;

/// Text that a call gives.
#[repr(C)]
pub struct Buf {
    pub data: *mut c_char,
    pub len: usize,
    pub cap: usize,
}

unsafe extern "C" {
    pub fn scimdb_buf_free(buf: *mut Buf);
    pub fn scimdb_error_code(error: Handle) -> i32;
    pub fn scimdb_error_status(error: Handle) -> i32;
    pub fn scimdb_error_name(error: Handle) -> *const c_char;
    pub fn scimdb_error_scim_type(error: Handle) -> *const c_char;
    pub fn scimdb_error_detail(error: Handle) -> *const c_char;
    pub fn scimdb_error_attribute(error: Handle) -> *const c_char;
    pub fn scimdb_error_offset(error: Handle) -> i64;
    pub fn scimdb_error_is_retriable(error: Handle) -> i32;
    pub fn scimdb_error_json(error: Handle) -> *const c_char;
    pub fn scimdb_error_free(error: Handle);
    pub fn scimdb_version() -> *const c_char;
    pub fn scimdb_abi_version() -> u32;
    pub fn scimdb_open(
        path: *const c_char,
        path_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Handle,
        err: Err,
    ) -> i32;
    pub fn scimdb_close(db: Handle) -> i32;
    pub fn scimdb_handle(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        method: *const c_char,
        method_n: usize,
        target: *const c_char,
        target_n: usize,
        headers: *const c_char,
        headers_n: usize,
        body: *const c_char,
        body_n: usize,
        context: *const c_char,
        context_n: usize,
        out_status: *mut i32,
        out_headers: *mut Buf,
        out_body: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_get(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        id: *const c_char,
        id_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_create(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        json: *const c_char,
        json_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_replace(
        db: Handle,
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
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_patch(
        db: Handle,
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
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_delete(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        id: *const c_char,
        id_n: usize,
        options: *const c_char,
        options_n: usize,
        err: Err,
    ) -> i32;
    pub fn scimdb_verify_password(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        id: *const c_char,
        id_n: usize,
        password: *const c_char,
        password_n: usize,
        out_matches: *mut i32,
        err: Err,
    ) -> i32;
    pub fn scimdb_search(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        request: *const c_char,
        request_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_explain(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        request: *const c_char,
        request_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_bulk(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        request: *const c_char,
        request_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_import_open(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Handle,
        err: Err,
    ) -> i32;
    pub fn scimdb_import_feed(import: Handle, bytes: *const c_char, bytes_n: usize, err: Err) -> i32;
    pub fn scimdb_import_finish(import: Handle, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_import_free(import: Handle);
    pub fn scimdb_iter_open(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        request: *const c_char,
        request_n: usize,
        out: *mut Handle,
        err: Err,
    ) -> i32;
    pub fn scimdb_iter_next(iter: Handle, out_json: *mut *const c_char, out_json_n: *mut usize, err: Err) -> i32;
    pub fn scimdb_iter_next_many(iter: Handle, max: u32, max_bytes: usize, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_iter_free(iter: Handle);
    pub fn scimdb_changes(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        since: u64,
        max: u32,
        wait_ms: u32,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_on_change(
        db: Handle,
        callback: OnChange,
        userdata: *mut c_void,
        drop: DropFn,
        out: *mut Handle,
        err: Err,
    ) -> i32;
    pub fn scimdb_subscription_free(subscription: Handle);
    pub fn scimdb_set_hooks(
        db: Handle,
        before: Before,
        after: After,
        userdata: *mut c_void,
        drop: DropFn,
        err: Err,
    ) -> i32;
    pub fn scimdb_decision_refuse(
        decision: Handle,
        status: i32,
        scim_type: *const c_char,
        scim_type_n: usize,
        detail: *const c_char,
        detail_n: usize,
    ) -> i32;
    pub fn scimdb_decision_set(decision: Handle, attributes: *const c_char, attributes_n: usize) -> i32;
    pub fn scimdb_set_repositories(
        db: Handle,
        search: Repository,
        userdata: *mut c_void,
        drop: DropFn,
        err: Err,
    ) -> i32;
    pub fn scimdb_found_add(found: Handle, resource: *const c_char, resource_n: usize) -> i32;
    pub fn scimdb_found_fail(found: Handle, status: i32, detail: *const c_char, detail_n: usize) -> i32;
    pub fn scimdb_job_get(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        correlation_id: *const c_char,
        correlation_id_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_job_list(db: Handle, tenant: *const c_char, tenant_n: usize, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_profile_check(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        profile: *const c_char,
        profile_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_forget(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        resource_type: *const c_char,
        resource_type_n: usize,
        external_id: *const c_char,
        external_id_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_value_keys_rotate(db: Handle, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_schema_put(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        documents: *const c_char,
        documents_n: usize,
        err: Err,
    ) -> i32;
    pub fn scimdb_schema_remove(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        urn_or_name: *const c_char,
        urn_or_name_n: usize,
        err: Err,
    ) -> i32;
    pub fn scimdb_schema_list(db: Handle, tenant: *const c_char, tenant_n: usize, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_tenant_create(
        db: Handle,
        name: *const c_char,
        name_n: usize,
        options: *const c_char,
        options_n: usize,
        err: Err,
    ) -> i32;
    pub fn scimdb_tenant_configure(
        db: Handle,
        name: *const c_char,
        name_n: usize,
        options: *const c_char,
        options_n: usize,
        err: Err,
    ) -> i32;
    pub fn scimdb_tenant_drop(db: Handle, name: *const c_char, name_n: usize, err: Err) -> i32;
    pub fn scimdb_tenant_list(db: Handle, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_token_create(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        name: *const c_char,
        name_n: usize,
        options: *const c_char,
        options_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_token_regenerate(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        name: *const c_char,
        name_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    pub fn scimdb_token_revoke(
        db: Handle,
        tenant: *const c_char,
        tenant_n: usize,
        name: *const c_char,
        name_n: usize,
        err: Err,
    ) -> i32;
    pub fn scimdb_token_list(db: Handle, tenant: *const c_char, tenant_n: usize, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_authenticate(db: Handle, secret: *const c_char, secret_n: usize, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_stats(db: Handle, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_check(db: Handle, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_interrupt(db: Handle) -> i32;
    pub fn scimdb_backup(db: Handle, path: *const c_char, path_n: usize, err: Err) -> i32;
    pub fn scimdb_compact(db: Handle, err: Err) -> i32;
    pub fn scimdb_set_log(callback: Log, level: i32, userdata: *mut c_void, drop: DropFn, err: Err) -> i32;
    pub fn scimdb_serve_start(db: Handle, config: *const c_char, config_n: usize, out: *mut Handle, err: Err) -> i32;
    pub fn scimdb_serve_url(server: Handle, out: *mut Buf, err: Err) -> i32;
    pub fn scimdb_serve_stop(server: Handle, drain_ms: u32, err: Err) -> i32;
}
