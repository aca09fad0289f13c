//! The server: from its bind to its end.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::connections::Faces;
use crate::engine::Store;
use crate::grpc::Services;
use crate::http::Endpoint;
use crate::server::{Asked, Certificates, Gate, Listener, ServeOptions, Signals, Stopper, notify, runtime};
use crate::{Error, ErrorKind, Result};

/// How long threads may take to end once the server has.
pub(super) const THREADS_END: Duration = Duration::from_secs(2);

/// A server that is bound to its address, and lets nobody in yet.
pub struct Server {
    store: Store,
    options: ServeOptions,
    listener: Listener,
}

impl Server {
    /// Checks the options, reads the certificate, and binds the address.
    ///
    /// # Errors
    /// `InvalidArgument` for options that are not safe or not possible, `Io` when the address cannot be bound.
    pub async fn bind(store: Store, options: ServeOptions) -> Result<Self> {
        let listener = Listener::bind(&options).await?;
        Ok(Server { store, options, listener })
    }

    /// The address, with the port that was free if it was told as 0.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The certificates that it shows, which can be read again while it serves.
    pub fn certificates(&self) -> Certificates {
        self.listener.certificates()
    }

    /// Serves until `shutdown` is ready. Then health tells that nothing is served any more, and after the stop delay
    /// nobody is let in, watches end, other calls may end within the drain time, and what is left is cut off.
    ///
    /// # Errors
    /// `Internal` when the service cannot be made.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<()> {
        let drain = self.options.drain;
        self.serve_until(async {
            shutdown.await;
            drain
        })
        .await
    }

    /// The same, where whoever asks for the end says how long calls may take then.
    pub(super) async fn serve_until(self, shutdown: impl Future<Output = Duration>) -> Result<()> {
        let Server { store, options, listener } = self;
        tracing::info!(address = %listener.address(), tls = listener.is_encrypted(), "serving");
        let (stopper, stop) = Stopper::new();
        let gate = Gate::new(store, options.clone(), stop.clone());
        let mut services = Services::new(&gate).await?;
        let endpoint = Endpoint::new(gate.clone(), listener.is_encrypted());
        let faces = Faces { gate: gate.clone(), grpc: services.routes(), http: endpoint };
        // Nothing is sent: who receives learns when every connection has let go of it.
        let (open, mut closed) = mpsc::channel::<()>(1);
        let mut connections = listener.accept(stop);
        let serving = async {
            while let Some(connection) = connections.recv().await {
                let (faces, options, open) = (faces.clone(), options.clone(), open.clone());
                let connected = gate.connected();
                tokio::spawn(async move {
                    faces.serve(connection, &options).await;
                    drop((connected, open));
                });
            }
        };
        let asked = async {
            let drain = shutdown.await;
            tracing::info!("stopping");
            stopper.leave();
            services.stopping().await;
            tokio::time::sleep(options.stop_delay).await;
            drain
        };
        let drain = tokio::select! {
            () = serving => return Err(Error::new(ErrorKind::Internal, "nobody accepts connections any more")),
            drain = asked => drain,
        };
        stopper.drain();
        drop(open);
        let deadline = Instant::now() + drain;
        let drained = async {
            gate.idle().await;
            // Nothing is under way any more but watches of the health.
            services.gone().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = closed.recv() => {}
            () = drained => {}
            () = tokio::time::sleep_until(deadline) => tracing::warn!("calls are cut off: they did not end in time"),
        }
        stopper.end();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Binds and serves: [`Server::bind`], then [`Server::serve`].
///
/// # Errors
/// As those.
pub async fn serve(store: Store, options: ServeOptions, shutdown: impl Future<Output = ()>) -> Result<()> {
    Server::bind(store, options).await?.serve(shutdown).await
}

/// Serves until the process is asked to stop by SIGTERM or SIGINT; a second signal ends the drain. SIGHUP makes it read
/// the certificates again. `ready` is told the address once clients can connect, and so is systemd. The store is closed
/// in the end.
///
/// # Errors
/// As [`serve`], and `Io` when the process lacks threads or the store cannot be closed.
pub fn run(store: Store, options: ServeOptions, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    options.check()?;
    let runtime = runtime(&options, || ())?;
    let served = runtime.block_on(async {
        // A signal that comes between the bind and the first call is not to be missed.
        let mut signals = Signals::listen()?;
        let stops_within = options.stop_delay + options.drain + THREADS_END;
        let server = Server::bind(store.clone(), options).await?;
        let certificates = server.certificates();
        ready(server.address());
        notify::ready();
        let (first, asked) = tokio::sync::oneshot::channel();
        let insist = async {
            while signals.next().await == Asked::Reload {
                reload(&certificates);
            }
            notify::stopping(stops_within);
            // No receiver: the server has ended by itself.
            let _ = first.send(());
            signals.stop().await;
        };
        tokio::select! {
            served = server.serve(async { drop(asked.await) }) => served,
            () = insist => Ok(()),
            () = notify::watchdog(store.clone()) => Ok(()),
        }
    });
    runtime.shutdown_timeout(THREADS_END);
    served.and(store.close())
}

fn reload(certificates: &Certificates) {
    notify::reloading();
    match certificates.reload() {
        Ok(()) => tracing::info!("the certificates were read again"),
        Err(error) => tracing::error!(%error, "the certificates stay as they are"),
    }
    notify::ready();
}
