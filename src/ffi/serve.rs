//! A server in the host's process: SCIM over HTTP, and gRPC, on the store that the host has open.

use std::ffi::c_char;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::buf::{self, scimdb_buf};
use super::code::{SCIMDB_OK, scimdb_code};
use super::error::scimdb_error;
use super::guard::{guard, with, with_store};
use super::handles::{Handles, Kind};
use super::inherited::Opened;
use super::life::{self, Child, scimdb_store};
use super::{log, text};
use crate::{Error, ErrorKind, Result, Store};

/// A server that runs on threads of the library.
pub struct scimdb_server {
    _private: [u8; 0],
}

static SERVERS: Handles<Server> = Handles::new(Kind::Server);

/// What a server's handle stands for.
struct Server {
    db: usize,
    running: Running,
    /// So that a child of fork() closes the sockets.
    inherited: Opened,
}

impl Server {
    /// Its port may be another's as soon as it has stopped.
    fn stop(&self, drain: Option<Duration>) -> Result<()> {
        let stopped = self.running.stop(drain);
        self.inherited.listens(None);
        stopped
    }
}

impl Child for Server {
    fn finish(&self) {
        self.release();
    }

    fn release(&self) {
        if let Err(error) = self.stop(None) {
            log::failed(&error);
        }
    }
}

/// Serves the store: SCIM over HTTP at /scim/v2 of an address (/scim/{tenant}/v2 for another tenant than "default"), and gRPC
/// on the same port. Clients can connect when it returns. Hooks run on the server's threads. Nothing is done about signals.
///
/// The configuration is a JSON object with the settings of the command `scimdb serve` in camelCase: address
/// ("127.0.0.1:0": a free port of this machine), requireTokens (bool; true), tlsCertificate, tlsKey, tlsClientCa (paths of PEM
/// files), publicUrl, documentationUrl, forwardedHeaders (bool), rateLimit, rateBurst, maxBodyBytes, maxBufferedBytes,
/// gzipAbove, metricsByTenant (bool), maxMessageBytes, maxRequests, maxStreams, maxConnections, maxConnectionsPerAddress,
/// workers, requestTimeoutSeconds, keepaliveSeconds, stallTimeoutSeconds, drainSeconds (for scimdb_close), development
/// (bool).
///
/// SCIMDB_NOT_IMPLEMENTED where the library is built without the server, and where another process holds the store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_serve_start(
    db: *const scimdb_store,
    config: *const c_char,
    config_n: usize,
    out: *mut *mut scimdb_server,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with_store(db, err, |store| {
            let config = text::bytes(config, config_n, "config")?.unwrap_or(b"{}");
            text::place(out, "out")?;
            let running = Running::start(store.store()?.clone(), config)?;
            let inherited = Opened::serves(running.address());
            store.serves(running.url(), true);
            let server = Arc::new(Server { db: db.addr(), running, inherited });
            let child: Arc<dyn Child> = Arc::clone(&server) as _;
            let child: Weak<dyn Child> = Arc::downgrade(&child);
            let handle = SERVERS.open(server)?;
            store.adopt(child);
            *out = std::ptr::without_provenance_mut(handle);
            Ok(())
        })
    }
}

/// Where a server is reached: http://127.0.0.1:49152. Its SCIM endpoint is at /scim/v2 there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_serve_url(
    server: *const scimdb_server,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        with(
            err,
            || SERVERS.get(server.addr()).map(|server| (server.db, server)),
            |_, server| {
                buf::check(out, "out")?;
                buf::put(out, server.running.url());
                Ok(SCIMDB_OK)
            },
        )
    }
}

/// Stops a server, and frees it: nobody is let in any more, calls under way may go on for drain_ms milliseconds, and what
/// is left is cut off. Returns when its threads have ended, three seconds later than that at most. The store stays open. A
/// server whose store is closed has stopped, and is freed by this. NULL: nothing happens. Not from within a hook that one
/// of its clients has caused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_serve_stop(
    server: *mut scimdb_server,
    drain_ms: u32,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    let work = || {
        if server.is_null() {
            return Ok(SCIMDB_OK);
        }
        check_thread()?;
        let server = SERVERS.close(server.addr())?;
        // A store that is closed is somebody else's to name.
        if let Ok(store) = life::enter(server.db) {
            store.serves(server.running.url(), false);
        }
        server.stop(Some(Duration::from_millis(drain_ms.into())))?;
        Ok(SCIMDB_OK)
    };
    // SAFETY: by the conventions of the header.
    unsafe { guard(err, work) }
}

/// Refuses to wait for a server on one of its own threads.
///
/// # Errors
/// `Misuse`.
pub(super) fn check_thread() -> Result<()> {
    if is_own_thread() {
        let detail = "this thread answers a client of the server: neither it nor its store is closed here";
        return Err(Error::new(ErrorKind::Misuse, detail));
    }
    Ok(())
}

#[cfg(feature = "server")]
use with_server::{Running, is_own_thread};
#[cfg(not(feature = "server"))]
use without_server::{Running, is_own_thread};

#[cfg(feature = "server")]
mod with_server {
    use super::{Arc, Duration, Result, SocketAddr, Store, log};
    use crate::daemon::{Background, Level, Log};
    use crate::server::ServeOptions;

    pub(super) use crate::daemon::is_server_thread as is_own_thread;

    pub(super) struct Running {
        background: Background,
        drain: Duration,
    }

    /// The log of the host.
    struct Told;

    impl Log for Told {
        fn wants(&self, level: Level) -> bool {
            log::is_wanted(level as i32)
        }

        fn line(&self, level: Level, text: &str) {
            log::tell(level as i32, || text.to_owned());
        }
    }

    impl Running {
        pub(super) fn start(store: Store, config: &[u8]) -> Result<Self> {
            let options = ServeOptions::from_json(config)?;
            let drain = options.drain;
            Ok(Running { background: Background::start(store, options, Some(Arc::new(Told)))?, drain })
        }

        pub(super) fn url(&self) -> &str {
            self.background.url()
        }

        pub(super) fn address(&self) -> SocketAddr {
            self.background.address()
        }

        pub(super) fn stop(&self, drain: Option<Duration>) -> Result<()> {
            self.background.stop(drain.unwrap_or(self.drain))
        }
    }
}

#[cfg(not(feature = "server"))]
mod without_server {
    use super::{Duration, Error, ErrorKind, Result, SocketAddr, Store};

    /// There is none.
    pub(super) enum Running {}

    pub(super) fn is_own_thread() -> bool {
        false
    }

    impl Running {
        pub(super) fn start(_: Store, _: &[u8]) -> Result<Self> {
            Err(Error::new(ErrorKind::NotImplemented, "this library was built without the feature server"))
        }

        pub(super) fn url(&self) -> &str {
            match *self {}
        }

        pub(super) fn address(&self) -> SocketAddr {
            match *self {}
        }

        pub(super) fn stop(&self, _: Option<Duration>) -> Result<()> {
            match *self {}
        }
    }
}
