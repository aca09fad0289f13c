//! Places for connections: so many at one time, and so many of one address, so that one client does not take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ServeOptions;
use super::peer::network;

/// Connections by the network that they come from.
type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// The places.
pub(super) struct Places {
    all: Arc<Semaphore>,
    each: Option<usize>,
    of_others: usize,
    counts: Counts,
}

/// A place that a connection has. Dropped, it makes place for another.
#[derive(Debug)]
pub(super) struct Place {
    counted: Option<(IpAddr, Counts)>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(options: &ServeOptions) -> Self {
        let all = options.max_connections;
        Places {
            all: Arc::new(Semaphore::new(all)),
            each: options.max_connections_per_address,
            of_others: (all / 2).max(1),
            counts: Counts::default(),
        }
    }

    /// Waits for a place. None if there will never be one again.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives a place to who came from an address, unless it has as many as one may have.
    pub(super) fn give(&self, permit: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let each = match self.each {
            Some(each) => each,
            // Who comes from this machine may be a proxy, which brings everybody.
            None if address.to_canonical().is_loopback() => return Some(Place { counted: None, _permit: permit }),
            None => self.of_others,
        };
        let address = network(address);
        // Every change of the table is one step, so it is sound even if a thread panicked.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= each {
            return None;
        }
        *count += 1;
        Some(Place { counted: Some((address, Arc::clone(&self.counts))), _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((address, counts)) = &self.counted else { return };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_does_not_take_all() {
        let options = ServeOptions { max_connections: 6, ..ServeOptions::default() };
        let places = Places::new(&options);
        let mut held = Vec::new();
        let mut count = async |address: &str| {
            let address = address.parse().unwrap();
            let mut given = 0;
            while let Ok(permit) = Arc::clone(&places.all).try_acquire_owned() {
                let Some(place) = places.give(permit, address) else { break };
                held.push(place);
                given += 1;
            }
            given
        };
        // An address of IPv6 is one of many that its owner has.
        assert_eq!(count("2001:db8::1").await, 3);
        assert_eq!(count("2001:db8::2").await, 0);
        assert_eq!(count("192.0.2.1").await, 3);
        held.clear();
        assert!(places.counts.lock().unwrap().is_empty());
        let mut all = Vec::new();
        while let Ok(permit) = Arc::clone(&places.all).try_acquire_owned() {
            all.push(places.give(permit, "127.0.0.1".parse().unwrap()).unwrap());
        }
        assert_eq!(all.len(), 6);
    }
}
