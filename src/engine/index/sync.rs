//! The locks of publication: those of the standard library, or in tests of races those of a scheduler that tries many
//! orders of the threads.

#[cfg(all(test, shuttle))]
pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard, RwLock, atomic};
#[cfg(not(all(test, shuttle)))]
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, RwLock, atomic};
