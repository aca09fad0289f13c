//! The C ABI takes any calls in any order, with any bytes, lengths and handles, as long as pointers lead to what the
//! header says: it answers, and never panics.
//!
//! Left out is what reaches beyond the process: stores in directories, backups that are made, servers that serve.
//! Stores are opened in memory, with any options; backups go to where nothing can be, and servers are given settings of
//! which one is unknown.
#![no_main]

use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut, without_provenance_mut};

use libfuzzer_sys::fuzz_target;
// The functions are in it.
use scimdb as _;
use scimdb_fuzz::abi::*;
use scimdb_fuzz::host::{self, Plan, after_commit, before_write, drop_plan, on_change, on_log};

/// What the input says, read from its front.
struct Input<'a>(&'a [u8]);

/// A text as C has it.
type Text = (*const c_char, usize);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A text: none, one of those that lead somewhere, or bytes of the input.
    fn text(&mut self) -> Option<Text> {
        const KNOWN: &[&str] = &[
            "default",
            "User",
            "Group",
            "a",
            "{}",
            "GET",
            "POST",
            "/Users",
            "/Users/.search",
            "[]",
            "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"a\"}",
            "{\"id\":\"a\"}",
            "{\"filter\":\"userName eq \\\"a\\\"\"}",
            "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[{\"op\":\"add\",\"path\":\"title\",\"value\":\"x\"}]}",
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "{\"scope\":\"admin\",\"subject\":\"a\"}",
            "{\"profile\":\"entra\"}",
        ];
        let choice = self.byte()?;
        Some(match choice {
            0 => (null(), 0),
            1 => (null(), usize::MAX),
            2 => (null(), 5),
            3 => (c"User".as_ptr(), usize::MAX),
            4 => (c"".as_ptr(), 0),
            _ if choice < 128 => {
                let text = KNOWN.get(usize::from(choice) % KNOWN.len())?;
                (text.as_ptr().cast(), text.len())
            }
            _ => {
                let text = self.bytes()?;
                (text.as_ptr().cast(), text.len())
            }
        })
    }

    /// Settings as JSON: names of those that there are, with values that may not be for them.
    fn settings(&mut self, names: &[&str]) -> Option<String> {
        const VALUES: &[&str] = &[
            "0",
            "1",
            "2",
            "70000",
            "18446744073709551615",
            "-1",
            "0.5",
            "1e308",
            "true",
            "false",
            "null",
            "\"\"",
            "\"127.0.0.1:0\"",
            "[]",
            "{}",
        ];
        let count = self.byte()? % 4;
        let mut settings = Vec::new();
        for _ in 0..count {
            let name = names.get(usize::from(self.byte()?) % names.len())?;
            let value = VALUES.get(usize::from(self.byte()?) % VALUES.len())?;
            settings.push(format!("\"{name}\":{value}"));
        }
        Some(settings.join(","))
    }

    /// As many bytes as the first of them says, or as there are.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::from(self.byte()?).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        Some(bytes)
    }
}

/// The handles that were ever given, and some that never were.
struct Handles(Vec<Handle>);

impl Handles {
    fn pick(&self, input: &mut Input<'_>) -> Option<Handle> {
        let at = usize::from(input.byte()?);
        Some(self.0.get(at % self.0.len()).copied().unwrap_or(null_mut()))
    }
}

/// Code, and what is behind an error.
fn looked_at(code: i32, error: Handle) {
    assert!(code != 62 && code != 63, "the library has a bug: {code}");
    assert!(host::has_set() || code != 61, "the library has a bug: {code}");
    assert!(error.is_null() || (code != 0 && code != 100), "an error, and no failure");
    // SAFETY: it is an error of the library's, or NULL.
    unsafe {
        if !error.is_null() {
            assert_eq!(scimdb_error_code(error), code);
            assert!((300..600).contains(&scimdb_error_status(error)));
            assert!(scimdb_error_offset(error) >= -1);
            assert!(matches!(scimdb_error_is_retriable(error), 0 | 1));
            let name = CStr::from_ptr(scimdb_error_name(error));
            assert!(name.to_bytes().iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'));
            let json = CStr::from_ptr(scimdb_error_json(error)).to_bytes();
            let json: serde_json::Value = serde_json::from_slice(json).expect("an error is a message of SCIM");
            assert!(json["status"].is_string());
            assert!(!CStr::from_ptr(scimdb_error_detail(error)).is_empty());
            for optional in [scimdb_error_scim_type(error), scimdb_error_attribute(error)] {
                assert!(optional.is_null() || CStr::from_ptr(optional).to_str().is_ok());
            }
        }
        scimdb_error_free(error);
    }
}

/// The accessors of errors, and what ends handles, with a handle that is no error.
///
/// # Safety
/// None: they take any handle.
unsafe fn no_error(handle: Handle) {
    // SAFETY: by the contract of the library.
    unsafe {
        assert_eq!((scimdb_error_code(handle), scimdb_error_status(handle)), (0, 0));
        assert_eq!((scimdb_error_offset(handle), scimdb_error_is_retriable(handle)), (-1, 0));
        assert!(scimdb_error_name(handle).is_null() && scimdb_error_json(handle).is_null());
        assert!(scimdb_error_detail(handle).is_null());
        assert!(scimdb_error_scim_type(handle).is_null() && scimdb_error_attribute(handle).is_null());
        scimdb_error_free(handle);
        assert!(!scimdb_version().is_null() && scimdb_abi_version() == 1);
    }
}

/// What a call gave, as JSON.
fn json_of(buffer: &Buf) -> serde_json::Value {
    // SAFETY: the library has filled it.
    let text = unsafe { std::slice::from_raw_parts(buffer.data.cast::<u8>(), buffer.len) };
    serde_json::from_slice(text).expect("what is given is JSON")
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut handles = Handles(vec![null_mut(), without_provenance_mut(7), without_provenance_mut(usize::MAX)]);
    let mut buffers = [const { Buf { data: null_mut(), len: 0, cap: 0 } }; 2];
    let mut db: Handle = null_mut();
    let options = "{\"index\":{\"enabled\":false}}";
    // SAFETY: pointers lead to what the header says, as those below do.
    unsafe {
        scimdb_open(c":memory:".as_ptr(), usize::MAX, options.as_ptr().cast(), options.len(), &mut db, null_mut());
    }
    handles.0.extend([db; 5]);
    while call(&mut input, &mut handles, &mut buffers).is_some() {}
    // SAFETY: as above.
    unsafe {
        // The first one once more, which is refused.
        for &handle in &handles.0 {
            scimdb_close(handle);
        }
        for &handle in &handles.0 {
            scimdb_iter_free(handle);
            scimdb_import_free(handle);
            scimdb_subscription_free(handle);
        }
        host::end_log();
        assert_eq!(host::held(), 0, "a callback was not let go of");
        host::has_set();
        for buffer in &mut buffers {
            scimdb_buf_free(buffer);
        }
    }
});

/// Makes the next call that the input says.
fn call(input: &mut Input<'_>, handles: &mut Handles, buffers: &mut [Buf; 2]) -> Option<()> {
    let mut error: Handle = null_mut();
    let err: Err = &mut error;
    let operation = input.byte()?;
    let db = handles.pick(input)?;
    let mut made: Handle = null_mut();
    let [first, second] = &mut *buffers;
    // SAFETY: texts lead to as many bytes as they say, or to a NUL; buffers are begun or were written by the library.
    let code = unsafe {
        match operation % 40 {
            0 => {
                let ((t, tn), (m, mn), (u, un)) = (input.text()?, input.text()?, input.text()?);
                let ((h, hn), (b, bn), (c, cn)) = (input.text()?, input.text()?, input.text()?);
                let mut status = 0;
                scimdb_handle(db, t, tn, m, mn, u, un, h, hn, b, bn, c, cn, &mut status, first, second, err)
            }
            1 => {
                let ((t, tn), (k, kn), (i, i_n), (o, on)) =
                    (input.text()?, input.text()?, input.text()?, input.text()?);
                scimdb_get(db, t, tn, k, kn, i, i_n, o, on, first, err)
            }
            2 | 3 => {
                let ((t, tn), (k, kn), (j, jn), (o, on)) = (input.text()?, input.text()?, input.text()?, input.text()?);
                scimdb_create(db, t, tn, k, kn, j, jn, o, on, first, err)
            }
            4 => {
                let ((t, tn), (k, kn), (i, i_n)) = (input.text()?, input.text()?, input.text()?);
                let ((j, jn), (o, on)) = (input.text()?, input.text()?);
                scimdb_patch(db, t, tn, k, kn, i, i_n, j, jn, o, on, second, err)
            }
            5 => {
                let ((t, tn), (k, kn), (r, rn)) = (input.text()?, input.text()?, input.text()?);
                scimdb_search(db, t, tn, k, kn, r, rn, first, err)
            }
            6 => {
                let ((t, tn), (r, rn), (o, on)) = (input.text()?, input.text()?, input.text()?);
                scimdb_bulk(db, t, tn, r, rn, o, on, first, err)
            }
            7 => {
                let ((t, tn), (k, kn), (r, rn)) = (input.text()?, input.text()?, input.text()?);
                scimdb_iter_open(db, t, tn, k, kn, r, rn, &mut made, err)
            }
            8 | 9 => {
                let (mut json, mut n) = (null(), 0);
                let code = scimdb_iter_next(db, &mut json, &mut n, err);
                if code == 0 {
                    assert!(std::slice::from_raw_parts(json.cast::<u8>(), n).starts_with(b"{"));
                }
                code
            }
            10 => {
                scimdb_iter_free(db);
                0
            }
            11 => {
                let ((t, tn), (o, on)) = (input.text()?, input.text()?);
                scimdb_import_open(db, t, tn, o, on, &mut made, err)
            }
            12 | 13 => {
                let (b, bn) = input.text()?;
                scimdb_import_feed(db, b, bn, err)
            }
            14 => scimdb_import_finish(db, second, err),
            15 => {
                scimdb_import_free(db);
                0
            }
            16 => {
                let ((t, tn), (d, dn)) = (input.text()?, input.text()?);
                scimdb_schema_put(db, t, tn, d, dn, err)
            }
            17 => {
                let ((n, nn), (o, on)) = (input.text()?, input.text()?);
                scimdb_tenant_create(db, n, nn, o, on, err)
            }
            18 => {
                let (t, tn) = input.text()?;
                scimdb_changes(db, t, tn, u64::from(input.byte()?), u32::from(input.byte()?), 0, first, err)
            }
            19 => match input.byte()? % 8 {
                0 => scimdb_close(db),
                1 => scimdb_interrupt(db),
                2 => {
                    scimdb_buf_free(first);
                    0
                }
                _ => scimdb_stats(db, first, err),
            },
            20 => {
                let ((t, tn), (k, kn), (i, i_n)) = (input.text()?, input.text()?, input.text()?);
                let ((j, jn), (o, on)) = (input.text()?, input.text()?);
                scimdb_replace(db, t, tn, k, kn, i, i_n, j, jn, o, on, second, err)
            }
            21 => {
                let ((t, tn), (k, kn), (i, i_n), (o, on)) =
                    (input.text()?, input.text()?, input.text()?, input.text()?);
                scimdb_delete(db, t, tn, k, kn, i, i_n, o, on, err)
            }
            _ => return more_calls(operation % 40, db, input, handles, buffers),
        }
    };
    ended(code, error, made, handles)
}

/// Makes a call of those that are rarer.
fn more_calls(
    operation: u8,
    db: Handle,
    input: &mut Input<'_>,
    handles: &mut Handles,
    buffers: &mut [Buf; 2],
) -> Option<()> {
    let (mut error, mut made): (Handle, Handle) = (null_mut(), null_mut());
    let err: Err = &mut error;
    let [first, second] = buffers;
    // SAFETY: as in `call`; callbacks get the userdata that they are made for.
    let code = unsafe {
        match operation {
            22 => {
                let ((t, tn), (k, kn), (r, rn)) = (input.text()?, input.text()?, input.text()?);
                scimdb_explain(db, t, tn, k, kn, r, rn, first, err)
            }
            23 => {
                let ((t, tn), (k, kn), (i, i_n), (p, pn)) =
                    (input.text()?, input.text()?, input.text()?, input.text()?);
                let mut matches = 7;
                let code = scimdb_verify_password(db, t, tn, k, kn, i, i_n, p, pn, &mut matches, err);
                assert_eq!(code == 0, matches != 7, "what is to be written to is untouched when a call fails");
                code
            }
            24 => {
                let (max, bytes) = (u32::from(input.byte()?), usize::from(input.byte()?) * 8);
                let code = scimdb_iter_next_many(db, max, bytes, second, err);
                if code == 0 {
                    let rows = std::slice::from_raw_parts(second.data.cast::<u8>(), second.len);
                    let rows = rows.strip_suffix(b"\n").expect("each row ends with a newline");
                    assert!(rows.split(|byte| *byte == b'\n').all(|row| row.starts_with(b"{")));
                }
                code
            }
            25 => {
                let ((t, tn), (n, nn)) = (input.text()?, input.text()?);
                scimdb_schema_remove(db, t, tn, n, nn, err)
            }
            26 => {
                let (t, tn) = input.text()?;
                scimdb_schema_list(db, t, tn, first, err)
            }
            27 => {
                let ((n, nn), (o, on)) = (input.text()?, input.text()?);
                scimdb_tenant_configure(db, n, nn, o, on, err)
            }
            28 => {
                let (n, nn) = input.text()?;
                scimdb_tenant_drop(db, n, nn, err)
            }
            29 => scimdb_tenant_list(db, first, err),
            30 => {
                let ((t, tn), (n, nn), (o, on)) = (input.text()?, input.text()?, input.text()?);
                let code = scimdb_token_create(db, t, tn, n, nn, o, on, first, err);
                if code == 0 {
                    // It is good from now on.
                    let made = json_of(first);
                    let secret = made["secret"].as_str().expect("a token has a secret");
                    let code = scimdb_authenticate(db, secret.as_ptr().cast(), secret.len(), second, null_mut());
                    assert!(code == 0 || code == 26, "a new token: {code}");
                }
                code
            }
            31 => {
                let ((t, tn), (n, nn)) = (input.text()?, input.text()?);
                scimdb_token_revoke(db, t, tn, n, nn, err)
            }
            32 => {
                let (t, tn) = input.text()?;
                scimdb_token_list(db, t, tn, first, err)
            }
            33 => {
                let (s, sn) = input.text()?;
                scimdb_authenticate(db, s, sn, first, err)
            }
            34 => {
                // It needs the file for itself, and waits for seconds where an iterator holds a state.
                for &handle in &handles.0 {
                    scimdb_iter_free(handle);
                }
                let code = scimdb_check(db, first, err);
                if code == 0 {
                    let found = json_of(first);
                    assert!(found["problems"].as_array().is_some_and(Vec::is_empty), "{found}");
                }
                code
            }
            35 => {
                let (which, plan) = (input.byte()?, input.bytes()?);
                let before: Before = (which & 1 == 0).then_some(before_write);
                let after: After = (which & 2 == 0).then_some(after_commit);
                scimdb_set_hooks(db, before, after, Plan::userdata(db, plan), Some(drop_plan), err)
            }
            36 => {
                let plan = Plan::userdata(db, input.bytes()?);
                scimdb_on_change(db, Some(on_change), plan, Some(drop_plan), &mut made, err)
            }
            37 => {
                scimdb_subscription_free(db);
                0
            }
            38 => {
                let decision = if input.byte()? & 1 == 0 { host::old_decision() } else { db };
                let ((s, sn), (d, dn)) = (input.text()?, input.text()?);
                assert_eq!(scimdb_decision_refuse(decision, 400, s, sn, d, dn), 35, "no decision is open");
                scimdb_decision_set(decision, d, dn)
            }
            _ => return calls_around(db, input, handles, first),
        }
    };
    ended(code, error, made, handles)
}

/// Makes a call that opens a store, or that reaches beyond it.
fn calls_around(db: Handle, input: &mut Input<'_>, handles: &mut Handles, out: &mut Buf) -> Option<()> {
    let (mut error, mut made): (Handle, Handle) = (null_mut(), null_mut());
    let err: Err = &mut error;
    // SAFETY: as in `call`.
    let code = unsafe {
        // So that the files of the corpus go on to mean what they did.
        let which = input.byte()?;
        match if which < 192 { which % 8 } else { 8 + which % 7 } {
            0 => {
                const OPEN: &[&str] = &[
                    "cacheBytes",
                    "create",
                    "defaultPage",
                    "maxPage",
                    "cursorTtlSeconds",
                    "maxBulkOperations",
                    "keepChanges",
                    "hashMemoryBytes",
                    "holder",
                    "valueKeys",
                    "share",
                ];
                const INDEX: &[&str] = &[
                    "enabled",
                    "from",
                    "recent",
                    "durableFrom",
                    "maxRecent",
                    "mergeAbove",
                    "maxOpen",
                    "maxMemory",
                    "idleSeconds",
                ];
                let mut options = input.settings(OPEN)?;
                if !options.is_empty() {
                    options.push(',');
                }
                let options = format!("{{{options}\"index\":{{{}}}}}", input.settings(INDEX)?);
                scimdb_open(c":memory:".as_ptr(), usize::MAX, options.as_ptr().cast(), options.len(), &mut made, err)
            }
            1 => {
                let (options, n) = input.text()?;
                scimdb_open(c":memory:".as_ptr(), usize::MAX, options, n, &mut made, err)
            }
            2 => {
                let (level, plan) = (i32::from(input.byte()? % 8) - 1, input.bytes()?);
                let callback: Log = (level != 6).then_some(on_log);
                scimdb_set_log(callback, level, Plan::userdata(db, plan), Some(drop_plan), err)
            }
            3 => {
                const SERVE: &[&str] = &[
                    "address",
                    "requireTokens",
                    "publicUrl",
                    "rateLimit",
                    "rateBurst",
                    "maxBodyBytes",
                    "gzipAbove",
                    "maxRequests",
                    "maxConnections",
                    "workers",
                    "requestTimeoutSeconds",
                    "drainSeconds",
                ];
                let mut config = format!("{{{}", input.settings(SERVE)?).into_bytes();
                config.extend(input.bytes()?);
                // Whatever stands before it, the whole is no configuration.
                config.extend(b",\"noServer\":0}");
                let code = scimdb_serve_start(db, config.as_ptr().cast(), config.len(), &mut made, err);
                assert!(code == 14 || code == 35, "a server that must not serve: {code}");
                code
            }
            4 => scimdb_serve_url(db, out, err),
            5 => scimdb_serve_stop(db, 0, err),
            6 => {
                // Below what is no directory nothing can be made.
                let path = [b"/dev/null/", input.bytes()?].concat();
                let code = scimdb_backup(db, path.as_ptr().cast(), path.len(), err);
                assert_ne!(code, 0, "a backup where nothing can be");
                code
            }
            8 => {
                // The library's own thread imports it.
                let options = "{\"queue\":true}";
                scimdb_import_open(db, null(), 0, options.as_ptr().cast(), options.len(), &mut made, err)
            }
            9 => {
                let ((t, tn), (i, i_n), (o, on)) = (input.text()?, input.text()?, input.text()?);
                scimdb_job_get(db, t, tn, i, i_n, o, on, out, err)
            }
            10 => {
                let (t, tn) = input.text()?;
                let code = scimdb_job_list(db, t, tn, out, err);
                assert!(code != 0 || json_of(out)["jobs"].is_array());
                code
            }
            11 => {
                let ((t, tn), (p, pn)) = (input.text()?, input.text()?);
                scimdb_profile_check(db, t, tn, p, pn, out, err)
            }
            12 => {
                let ((t, tn), (n, nn)) = (input.text()?, input.text()?);
                scimdb_token_regenerate(db, t, tn, n, nn, out, err)
            }
            13 => {
                // It needs the file for itself, as a check does.
                for &handle in &handles.0 {
                    scimdb_iter_free(handle);
                }
                let ((t, tn), (k, kn), (x, xn), (o, on)) = (input.text()?, input.text()?, input.text()?, input.text()?);
                let forgotten = scimdb_forget(db, t, tn, k, kn, x, xn, o, on, out, null_mut());
                assert!(!matches!(forgotten, 61..=63), "an erasure: {forgotten}");
                scimdb_value_keys_rotate(db, out, err)
            }
            14 => {
                let plan = Plan::userdata(db, input.bytes()?);
                scimdb_set_repositories(db, Some(host::search), plan, Some(drop_plan), err)
            }
            _ => {
                no_error(db);
                // It needs the file for itself, as a check does.
                for &handle in &handles.0 {
                    scimdb_iter_free(handle);
                }
                scimdb_compact(db, err)
            }
        }
    };
    ended(code, error, made, handles)
}

/// Looks at what a call gave, and keeps the handle that it made.
fn ended(code: i32, error: Handle, made: Handle, handles: &mut Handles) -> Option<()> {
    looked_at(code, error);
    if !made.is_null() {
        handles.0.push(made);
    }
    Some(())
}
