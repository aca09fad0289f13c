//! The C ABI takes any calls in any order, with any bytes, lengths and handles, as long as pointers lead to what the
//! header says: it answers, and never panics.
#![no_main]

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut, without_provenance_mut};

use libfuzzer_sys::fuzz_target;
// The functions are in it.
use scimdb as _;

type Db = *mut c_void;
type Err = *mut *mut c_void;

#[repr(C)]
struct Buf {
    data: *mut c_char,
    len: usize,
    cap: usize,
}

unsafe extern "C" {
    fn scimdb_open(path: *const c_char, n: usize, options: *const c_char, m: usize, out: *mut Db, err: Err) -> i32;
    fn scimdb_close(db: Db) -> i32;
    fn scimdb_interrupt(db: Db) -> i32;
    fn scimdb_buf_free(buf: *mut Buf);
    fn scimdb_error_json(error: *mut c_void) -> *const c_char;
    fn scimdb_error_offset(error: *mut c_void) -> i64;
    fn scimdb_error_free(error: *mut c_void);
    #[rustfmt::skip]
    fn scimdb_handle(
        db: Db,
        t: *const c_char,
        t_n: usize,
        m: *const c_char,
        m_n: usize,
        u: *const c_char,
        u_n: usize,
        h: *const c_char,
        h_n: usize,
        b: *const c_char,
        b_n: usize,
        c: *const c_char,
        c_n: usize,
        status: *mut i32,
        headers: *mut Buf,
        body: *mut Buf,
        err: Err,
    ) -> i32;
    #[rustfmt::skip]
    fn scimdb_get(
        db: Db,
        t: *const c_char,
        t_n: usize,
        k: *const c_char,
        k_n: usize,
        i: *const c_char,
        i_n: usize,
        o: *const c_char,
        o_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    #[rustfmt::skip]
    fn scimdb_create(
        db: Db,
        t: *const c_char,
        t_n: usize,
        k: *const c_char,
        k_n: usize,
        j: *const c_char,
        j_n: usize,
        o: *const c_char,
        o_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    #[rustfmt::skip]
    fn scimdb_patch(
        db: Db,
        t: *const c_char,
        t_n: usize,
        k: *const c_char,
        k_n: usize,
        i: *const c_char,
        i_n: usize,
        j: *const c_char,
        j_n: usize,
        o: *const c_char,
        o_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    #[rustfmt::skip]
    fn scimdb_search(
        db: Db,
        t: *const c_char,
        t_n: usize,
        k: *const c_char,
        k_n: usize,
        r: *const c_char,
        r_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    fn scimdb_bulk(
        db: Db,
        t: *const c_char,
        t_n: usize,
        r: *const c_char,
        r_n: usize,
        o: *const c_char,
        o_n: usize,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    #[rustfmt::skip]
    fn scimdb_iter_open(
        db: Db,
        t: *const c_char,
        t_n: usize,
        k: *const c_char,
        k_n: usize,
        r: *const c_char,
        r_n: usize,
        out: *mut Db,
        err: Err,
    ) -> i32;
    fn scimdb_iter_next(iter: Db, json: *mut *const c_char, n: *mut usize, err: Err) -> i32;
    fn scimdb_iter_free(iter: Db);
    #[rustfmt::skip]
    fn scimdb_import_open(
        db: Db,
        t: *const c_char,
        t_n: usize,
        o: *const c_char,
        o_n: usize,
        out: *mut Db,
        err: Err,
    ) -> i32;
    fn scimdb_import_feed(import: Db, bytes: *const c_char, n: usize, err: Err) -> i32;
    fn scimdb_import_finish(import: Db, out: *mut Buf, err: Err) -> i32;
    fn scimdb_import_free(import: Db);
    #[rustfmt::skip]
    fn scimdb_schema_put(db: Db, t: *const c_char, t_n: usize, d: *const c_char, d_n: usize, err: Err) -> i32;
    #[rustfmt::skip]
    fn scimdb_tenant_create(db: Db, name: *const c_char, n: usize, o: *const c_char, o_n: usize, err: Err) -> i32;
    #[rustfmt::skip]
    fn scimdb_changes(
        db: Db,
        t: *const c_char,
        t_n: usize,
        since: u64,
        max: u32,
        wait: u32,
        out: *mut Buf,
        err: Err,
    ) -> i32;
    fn scimdb_stats(db: Db, out: *mut Buf, err: Err) -> i32;
}

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
                let len = usize::from(self.byte()?).min(self.0.len());
                let (text, rest) = self.0.split_at(len);
                self.0 = rest;
                (text.as_ptr().cast(), len)
            }
        })
    }
}

/// The handles that were ever given, and some that never were.
struct Handles(Vec<Db>);

impl Handles {
    fn pick(&self, input: &mut Input<'_>) -> Option<Db> {
        let at = usize::from(input.byte()?);
        Some(self.0.get(at % self.0.len()).copied().unwrap_or(null_mut()))
    }
}

/// Code, and what is behind an error.
fn looked_at(code: i32, error: *mut c_void) {
    assert!(code != 62 && code != 63 && code != 61, "the library has a bug: {code}");
    assert!(error.is_null() || (code != 0 && code != 100), "an error, and no failure");
    // SAFETY: it is an error of the library's, or NULL.
    unsafe {
        scimdb_error_json(error);
        scimdb_error_offset(error);
        scimdb_error_free(error);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut handles = Handles(vec![null_mut(), without_provenance_mut(7), without_provenance_mut(usize::MAX)]);
    let mut buffers = [const { Buf { data: null_mut(), len: 0, cap: 0 } }; 2];
    let mut db: Db = null_mut();
    let options = "{\"index\":{\"enabled\":false}}";
    // SAFETY: pointers lead to what the header says, as those below do.
    unsafe {
        scimdb_open(c":memory:".as_ptr(), usize::MAX, options.as_ptr().cast(), options.len(), &mut db, null_mut());
    }
    handles.0.extend([db; 5]);
    while call(&mut input, &mut handles, &mut buffers).is_some() {}
    // SAFETY: as above.
    unsafe {
        scimdb_close(db);
        for buffer in &mut buffers {
            scimdb_buf_free(buffer);
        }
    }
});

/// Makes the next call that the input says.
fn call(input: &mut Input<'_>, handles: &mut Handles, buffers: &mut [Buf; 2]) -> Option<()> {
    let mut error: *mut c_void = null_mut();
    let err: Err = &mut error;
    let [first, second] = buffers;
    let operation = input.byte()?;
    let db = handles.pick(input)?;
    let mut made: Db = null_mut();
    // SAFETY: texts lead to as many bytes as they say, or to a NUL; buffers are begun or were written by the library.
    let code = unsafe {
        match operation % 20 {
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
            _ => match input.byte()? % 8 {
                0 => scimdb_close(db),
                1 => scimdb_interrupt(db),
                2 => {
                    scimdb_buf_free(first);
                    0
                }
                _ => scimdb_stats(db, first, err),
            },
        }
    };
    looked_at(code, error);
    if !made.is_null() {
        handles.0.push(made);
    }
    Some(())
}
