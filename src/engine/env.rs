//! Time and ids: the only place that asks the machine for them. Tests and replays inject their own.

use std::fmt;
use std::sync::Arc;

use crate::model::Instant;

/// Where a store takes the time and new ids from.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Fn() -> Instant + Send + Sync>,
    ids: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Env {
    /// The machine's clock, to the millisecond, and UUIDv7.
    #[expect(clippy::disallowed_methods, reason = "this is the place that injects them everywhere else")]
    pub fn machine() -> Self {
        Env {
            clock: Arc::new(|| Instant::from_timestamp(jiff::Timestamp::now()).to_millisecond()),
            ids: Arc::new(|| uuid::Uuid::now_v7().to_string()),
        }
    }

    /// A clock and a source of ids of the caller's own.
    pub fn new(
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        ids: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        Env { clock: Arc::new(clock), ids: Arc::new(ids) }
    }

    /// The time.
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// A new id.
    pub fn new_id(&self) -> String {
        (self.ids)()
    }
}

/// Panics at a place where the bytes at hand say so: for the tests of the C ABI, which have no other way to do that.
#[cfg(scimdb_test_panic)]
#[allow(clippy::panic, reason = "that is what it is for")]
pub(in crate::engine) fn panic_if_asked(place: &str, bytes: &[u8]) {
    let asked = format!("scimdb_test_panic {place}");
    if bytes.windows(asked.len()).any(|window| window == asked.as_bytes()) {
        panic!("as asked");
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}
