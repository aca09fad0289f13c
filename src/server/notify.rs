//! What systemd is told, where it has started the process: that it is ready, reloads, stops, and lives. Without
//! systemd, and on other systems, nothing happens.

use std::time::Duration;

/// How often a watchdog is calmed in the time that it waits.
#[cfg(unix)]
const PER_WAIT: u32 = 3;

/// The server listens.
pub(crate) fn ready() {
    #[cfg(unix)]
    tell(&[sd_notify::NotifyState::Ready]);
}

/// The server reads its files again; [`ready`] ends it.
pub(crate) fn reloading() {
    #[cfg(unix)]
    match sd_notify::NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[sd_notify::NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the system has no monotonic clock"),
    }
}

/// The server stops, which may take as long as `limit`.
pub(crate) fn stopping(limit: Duration) {
    #[cfg(unix)]
    {
        let micros = u32::try_from(limit.as_micros()).unwrap_or(u32::MAX);
        tell(&[sd_notify::NotifyState::Stopping, sd_notify::NotifyState::ExtendTimeoutUsec(micros)]);
    }
    #[cfg(not(unix))]
    let _ = limit;
}

/// Tells again and again that the process lives, if systemd asked for it. What ends it is that nobody polls it any more.
pub(crate) async fn watchdog() {
    #[cfg(unix)]
    if let Some(wait) = sd_notify::watchdog_enabled().filter(|wait| !wait.is_zero()) {
        loop {
            tell(&[sd_notify::NotifyState::Watchdog]);
            tokio::time::sleep(wait / PER_WAIT).await;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(unix)]
fn tell(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd cannot be told");
    }
}
