//! A server in a process that is not its own: on threads of its own, with no say over signals or logs.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::logs::{Log, subscribe};
use super::serve::{Server, THREADS_END};
use crate::engine::Store;
use crate::server::{ServeOptions, runtime};
use crate::{Error, ErrorKind, Result};

/// How long the server may take to end beyond its drain, before it is left behind.
const MARGIN: Duration = Duration::from_secs(1);

/// A server on threads of its own: for hosts that have a store open and let others call it as well. It listens to no
/// signal, and tells systemd nothing: that is the host's. Dropped, it stops at once.
///
/// ```
/// use scimdb::daemon::Background;
/// use scimdb::server::ServeOptions;
/// use scimdb::{Store, StoreOptions};
///
/// let store = Store::open_in_memory(StoreOptions::default())?;
/// let server = Background::start(store.clone(), ServeOptions::from_json(b"{}")?, None)?;
/// println!("SCIM at {}/scim/v2, and gRPC on the same port", server.url());
/// server.stop(std::time::Duration::from_secs(5))?;
/// store.close()?;
/// # Ok::<(), scimdb::Error>(())
/// ```
pub struct Background {
    address: SocketAddr,
    url: String,
    running: Mutex<Option<Running>>,
}

struct Running {
    runtime: Runtime,
    stop: oneshot::Sender<Duration>,
    served: JoinHandle<Result<()>>,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Background {
    /// Serves a store from now on: clients can connect when it returns. Without a log, what the server logs goes nowhere.
    ///
    /// # Errors
    /// As [`Server::bind`]; `Io` when the process lacks threads; `Misuse` within a runtime of tokio: use [`Server`] there.
    pub fn start(store: Store, options: ServeOptions, log: Option<Arc<dyn Log>>) -> Result<Self> {
        options.check()?;
        check_thread()?;
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let runtime = match log {
            Some(log) => runtime(&options, subscribe(log))?,
            None => runtime(&options, || ())?,
        };
        // On a thread of the runtime, whose log it is.
        let bound = runtime.block_on(runtime.spawn(Server::bind(store, options)));
        let server = bound.map_err(|error| failed().caused_by(error))??;
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        // No sender: it was dropped, and nobody waits for anything.
        let served = runtime.spawn(server.serve_until(async { stopped.await.unwrap_or_default() }));
        let running = Mutex::new(Some(Running { runtime, stop, served }));
        Ok(Background { address, url: format!("{scheme}://{address}"), running })
    }

    /// The address, with the port that was free if it was told as 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is reached: `http://127.0.0.1:49152`. SCIM is at `/scim/v2` there.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets nobody in any more, gives the calls under way so long to end, cuts off what is left, and ends the threads. It
    /// waits for all that, and for no longer than the drain and three seconds. A server that has stopped stays so.
    ///
    /// # Errors
    /// `Internal` when it had ended by itself; `Misuse` within a runtime of tokio: in a hook that a client's call runs, say.
    pub fn stop(&self, drain: Duration) -> Result<()> {
        check_thread()?;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Running { runtime, stop, served }) = running.take() else { return Ok(()) };
        // No receiver: it has ended by itself, which `served` tells.
        let _ = stop.send(drain);
        let wait = async { tokio::time::timeout(drain.saturating_add(MARGIN), served).await };
        let served = match runtime.block_on(wait) {
            Ok(served) => served.map_err(|error| failed().caused_by(error)).flatten(),
            // What does not end is left behind.
            Err(_) => Ok(()),
        };
        runtime.shutdown_timeout(THREADS_END);
        served
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.take() {
            // It may be dropped anywhere, where waiting is not possible.
            running.runtime.shutdown_background();
        }
    }
}

/// Whether this thread is one of a server, where nobody must wait for the server's end: a hook may run there.
pub fn is_server_thread() -> bool {
    Handle::try_current().is_ok()
}

/// Refuses to wait for a server on one of its own threads, which would wait for itself.
fn check_thread() -> Result<()> {
    if is_server_thread() {
        let detail = "a server is started and stopped on a thread of the host's, not on one that serves";
        return Err(Error::new(ErrorKind::Misuse, detail));
    }
    Ok(())
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "the server failed")
}
