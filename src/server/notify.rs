//! What systemd is told, where it has started the process: that it is ready, reloads, stops, and lives. Without
//! systemd, and on other systems, nothing happens.

use std::time::Duration;

use crate::engine::Store;

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

/// Tells again and again that the process lives, if systemd asked for it: each time once the threads that serve, and the
/// store, have answered. What ends it is that they do not.
pub(crate) async fn watchdog(store: Store) {
    #[cfg(not(unix))]
    let _ = store;
    #[cfg(unix)]
    if let Some(wait) = sd_notify::watchdog_enabled().filter(|wait| !wait.is_zero()) {
        loop {
            lives(&store).await;
            tell(&[sd_notify::NotifyState::Watchdog]);
            tokio::time::sleep(wait / PER_WAIT).await;
        }
    }
    std::future::pending::<()>().await;
}

/// Waits until a thread of the runtime has run a task, and the store was asked by another that may block. Whoever waits may
/// be on a thread of its own, which would live on without them. A store that answers with an error lives.
#[cfg(unix)]
async fn lives(store: &Store) {
    let store = store.clone();
    let asked = async { tokio::task::spawn_blocking(move || drop(store.sequence())).await };
    // An error is a panic, or the end of the runtime.
    let _ = tokio::spawn(asked).await;
}

#[cfg(unix)]
fn tell(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd cannot be told");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::StoreOptions;

    #[test]
    fn a_server_whose_threads_hang_does_not_live() {
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        runtime.block_on(async {
            lives(&store).await;
            let (hung, hangs) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            tokio::spawn(async move {
                hung.send(()).unwrap();
                let _ = released.recv();
            });
            hangs.recv().unwrap();
            let mut asked = std::pin::pin!(lives(&store));
            for _ in 0..5 {
                tokio::select! {
                    biased;
                    () = &mut asked => panic!("nobody can answer"),
                    () = std::future::ready(()) => {}
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            release.send(()).unwrap();
            asked.await;
        });
    }
}
