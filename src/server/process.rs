//! What a process that serves has once: logs, a runtime, and the signals that stop it.

use std::io::IsTerminal;

use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use super::ServeOptions;
use crate::{Error, ErrorKind, Result};

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// Writes the logs of this process to its standard error. What is written is decided by `SCIMDB_LOG`
/// (`info` without it; `scimdb=debug`, say). Logs that the process has started before are left as they are.
pub fn start_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SCIMDB_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error is a subscriber that is there already.
    let _ = match format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

/// A runtime with as many threads as the options let calls block. Each of them runs `on_start` first.
pub(crate) fn runtime(options: &ServeOptions, on_start: impl Fn() + Send + Sync + 'static) -> Result<Runtime> {
    // A stream may have a thread of its own, and one that follows its tenant.
    let blocking = options.workers.saturating_add(options.max_streams.saturating_mul(2));
    // One of them may do a short read while the others attend to connections: see `Gate::brief`.
    let attending = std::thread::available_parallelism().map_or(2, |processors| processors.get().max(2));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(attending)
        .enable_all()
        .max_blocking_threads(blocking)
        .thread_name("scimdb-serve")
        .on_thread_start(on_start)
        .build()
        .map_err(|error| Error::new(ErrorKind::Io, format!("cannot start threads: {error}")).caused_by(error))
}

/// The signals that ask this process for something.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To stop.
    Stop,
    /// To read files again.
    Reload,
}

impl Signals {
    /// From now on, signals are told instead of ending the process.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let cannot = |error: std::io::Error| {
            Error::new(ErrorKind::Io, format!("cannot listen for signals: {error}")).caused_by(error)
        };
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).map_err(cannot)?,
            interrupt: signal(SignalKind::interrupt()).map_err(cannot)?,
            hangup: signal(SignalKind::hangup()).map_err(cannot)?,
        })
    }

    /// From now on, signals are told instead of ending the process.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self> {
        Ok(Signals {})
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Asked {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
        #[cfg(not(unix))]
        {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Asked::Stop
        }
    }

    /// Waits for one that asks to stop.
    pub(crate) async fn stop(&mut self) {
        while self.next().await != Asked::Stop {}
    }
}
