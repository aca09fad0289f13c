//! What comes with a function of the caller's: a pointer that is only the caller's business, and how to let go of it.

use std::ffi::c_void;

/// How a host lets go of what a callback was given.
pub type scimdb_drop_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// The pointer of a callback. Dropped, it is given back: once, when the callback can run no more.
pub(super) struct Userdata {
    pointer: *mut c_void,
    drop: scimdb_drop_fn,
}

// SAFETY: by the contract of callbacks, a host's functions may be called with the pointer from any thread, and drop too.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Userdata {
    pub(super) fn new(pointer: *mut c_void, drop: scimdb_drop_fn) -> Self {
        Userdata { pointer, drop }
    }

    /// The pointer, for a call.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the host gave the function for this pointer, and it is called once.
            unsafe { drop(self.pointer) };
        }
    }
}
