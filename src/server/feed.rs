//! Wakes who waits for changes: one thread for each watched tenant asks the store, however many clients watch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::engine::Tenant;

/// How long the thread waits in the store before it looks whether anybody still watches.
const PATIENCE: Duration = Duration::from_millis(500);

/// Changes that are passed over at a time.
const STRIDE: usize = 1_000;

type Tenants = HashMap<String, watch::Receiver<u64>>;

/// The tenants that are watched. A receiver's value is the sequence of a change that there is.
#[derive(Clone, Default)]
pub(super) struct Feeds(Arc<Mutex<Tenants>>);

impl Feeds {
    /// What changes its value once there are changes after `since`; it may hold a later one already. Closed when the
    /// store is, or when the tenant is dropped.
    pub(super) fn subscribe(&self, name: &str, tenant: Tenant, since: u64) -> watch::Receiver<u64> {
        let mut tenants = self.lock();
        if let Some(receiver) = tenants.get(name)
            && receiver.has_changed().is_ok()
        {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(since);
        tenants.insert(name.to_owned(), receiver.clone());
        let (feeds, name) = (self.clone(), name.to_owned());
        // It ends by itself: soon after the last watcher, or with the store.
        drop(tokio::task::spawn_blocking(move || feeds.follow(&name, &tenant, sender)));
        receiver
    }

    fn follow(&self, name: &str, tenant: &Tenant, sender: watch::Sender<u64>) {
        loop {
            let position = *sender.borrow();
            match tenant.changes(position, STRIDE, PATIENCE) {
                Ok(changes) => {
                    if let Some(last) = changes.last() {
                        sender.send_replace(last.sequence);
                    }
                }
                Err(error) => {
                    // Watchers see the channel close, ask for themselves, and are told.
                    tracing::debug!(tenant = name, ?error, "changes are not followed any more");
                    return;
                }
            }
            let mut tenants = self.lock();
            // One receiver is the table's own.
            if sender.receiver_count() <= 1 {
                tenants.remove(name);
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tenants> {
        // Every change of the table is one step, so it is sound even if a thread panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
