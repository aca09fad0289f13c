//! How often callers may call: a bucket that fills with time for every token, and for every address that shows none.
//!
//! A token has a bucket of its own once it was found right. Until then its caller counts by the address, so that
//! whoever tries tokens gains nothing by trying many. It knows nobody's name.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::peer::network;
use super::{Call, ServeOptions};
use crate::{Error, ErrorKind, Result};

/// Buckets at most: stops callers from many addresses that would fill the memory. Beyond them callers share one.
const MAX_BUCKETS: usize = 10_000;

/// How long to leave the table alone after those that are full again were looked for.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// Who has a bucket, or another share of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A token, by its hash.
    Token([u8; 32]),
    /// Callers without one, or with one that nobody knows yet.
    Address(IpAddr),
    /// Everybody else.
    Others,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// What a call has taken whose token is not known yet.
pub(super) struct Guess(Key);

/// The buckets.
pub(super) struct Rates {
    limit: Option<Limit>,
    table: Mutex<Table>,
}

#[derive(Clone, Copy)]
struct Limit {
    each_second: u32,
    burst: f64,
}

#[derive(Default)]
struct Table {
    buckets: HashMap<Key, Bucket>,
    swept: Option<Instant>,
}

impl Rates {
    /// Full buckets, or none where the options limit nothing.
    pub(super) fn new(options: &ServeOptions) -> Self {
        let limit = options
            .rate_limit
            .map(|each_second| Limit { each_second, burst: f64::from(options.rate_burst.unwrap_or(each_second)) });
        Rates { limit, table: Mutex::default() }
    }

    /// Takes a call from its caller's bucket.
    ///
    /// # Errors
    /// `TooManyRequests` when it is empty.
    pub(super) fn take(&self, call: &Call) -> Result<()> {
        self.take_at(call, Instant::now())
    }

    fn take_at(&self, call: &Call, now: Instant) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let mut table = self.lock();
        let key = table.token_of(call).unwrap_or_else(|| address_of(call));
        table.take(key, limit, now)
    }

    /// Takes a call whose token has no bucket of its own from that of its address. None if it has one, or if nothing is
    /// limited.
    ///
    /// # Errors
    /// As [`Rates::take`].
    pub(super) fn guess(&self, call: &Call) -> Result<Option<Guess>> {
        let Some(limit) = self.limit else { return Ok(None) };
        let mut table = self.lock();
        if table.token_of(call).is_some() {
            return Ok(None);
        }
        let key = address_of(call);
        table.take(key, limit, Instant::now())?;
        Ok(Some(Guess(key)))
    }

    /// Gives back what a guess has taken that was right.
    pub(super) fn give_back(&self, guess: Guess) {
        let Some(limit) = self.limit else { return };
        self.lock().bucket(guess.0, limit, Instant::now()).left += 1.0;
    }

    /// Gives a token that was found right a bucket of its own.
    pub(super) fn know(&self, bearer: &str) {
        let Some(limit) = self.limit else { return };
        self.lock().bucket(key_of(bearer), limit, Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Every change of the table is one step, so it is sound even if a thread panicked.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    /// Whoever makes a call, whose token was found right if it has one.
    pub(super) fn of(call: &Call) -> Self {
        call.bearer.as_deref().map_or_else(|| address_of(call), key_of)
    }
}

fn address_of(call: &Call) -> Key {
    call.peer.address().map_or(Key::Others, |address| Key::Address(network(address)))
}

fn key_of(bearer: &str) -> Key {
    Key::Token(*blake3::hash(bearer.as_bytes()).as_bytes())
}

impl Table {
    /// The key of a call's token, if that has a bucket of its own.
    fn token_of(&self, call: &Call) -> Option<Key> {
        call.bearer.as_deref().map(key_of).filter(|key| self.buckets.contains_key(key))
    }

    fn take(&mut self, key: Key, limit: Limit, now: Instant) -> Result<()> {
        if self.bucket(key, limit, now).take(limit, now) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TooManyRequests,
            format!("this caller may send {} requests a second: wait, and send it again", limit.each_second),
        ))
    }

    fn bucket(&mut self, key: Key, limit: Limit, now: Instant) -> &mut Bucket {
        let mut key = key;
        if self.buckets.len() >= MAX_BUCKETS && !self.buckets.contains_key(&key) {
            self.sweep(limit, now);
            if self.buckets.len() >= MAX_BUCKETS {
                key = Key::Others;
            }
        }
        self.buckets.entry(key).or_insert(Bucket { left: limit.burst, at: now })
    }

    /// Forgets the buckets that are full again, which are as good as new ones.
    fn sweep(&mut self, limit: Limit, now: Instant) {
        if self.swept.is_some_and(|swept| now.duration_since(swept) < SWEEP_PAUSE) {
            return;
        }
        self.swept = Some(now);
        self.buckets.retain(|_, bucket| bucket.filled(limit, now) < limit.burst);
    }
}

impl Bucket {
    fn filled(&self, limit: Limit, now: Instant) -> f64 {
        let gained = now.duration_since(self.at).as_secs_f64() * f64::from(limit.each_second);
        (self.left + gained).min(limit.burst)
    }

    fn take(&mut self, limit: Limit, now: Instant) -> bool {
        self.left = self.filled(limit, now);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Face, Peer};
    use super::*;
    use crate::engine::Scope;

    fn rates(rate: u32, burst: u32) -> Rates {
        let mut options = ServeOptions::default();
        (options.rate_limit, options.rate_burst) = (Some(rate), Some(burst));
        Rates::new(&options)
    }

    fn call(bearer: Option<&str>, address: &str) -> Call {
        Call {
            face: Face::Http,
            method: "GET",
            id: String::new(),
            bearer: bearer.map(str::to_owned),
            timeout: None,
            tenant: String::new(),
            scope: Scope::Read,
            peer: Peer::at(address.parse().unwrap()),
        }
    }

    fn passed(rates: &Rates, call: &Call, now: Instant, count: usize) -> usize {
        (0..count).filter(|_| rates.take_at(call, now).is_ok()).count()
    }

    #[test]
    fn buckets_empty_and_fill() {
        let (rates, now) = (rates(2, 5), Instant::now());
        let here = call(None, "10.0.0.1");
        assert_eq!(passed(&rates, &here, now, 20), 5);
        assert_eq!(rates.take_at(&here, now).unwrap_err().kind(), ErrorKind::TooManyRequests);
        let later = now + Duration::from_secs(1);
        assert_eq!(passed(&rates, &here, later, 20), 2);
        assert_eq!(passed(&rates, &here, later + Duration::from_secs(3_600), 20), 5);
        assert_eq!(passed(&rates, &call(None, "10.0.0.2"), later, 20), 5);
    }

    #[test]
    fn unknown_tokens_count_by_address() {
        let (rates, now) = (rates(1, 3), Instant::now());
        let tried: usize =
            (0..20).map(|number| passed(&rates, &call(Some(&number.to_string()), "2001:db8::1"), now, 1)).sum();
        assert_eq!(tried, 3);
        // The same network is the same caller.
        assert_eq!(passed(&rates, &call(None, "2001:db8::2"), now, 1), 0);
        rates.know("right");
        let soon = Instant::now();
        assert_eq!(passed(&rates, &call(Some("right"), "2001:db8::1"), soon, 20), 3);
    }

    #[test]
    fn the_table_has_an_end() {
        let (rates, now) = (rates(1, 1), Instant::now());
        for number in 0..2 * MAX_BUCKETS as u32 {
            let _ = rates.take_at(&call(None, &std::net::Ipv4Addr::from(number).to_string()), now);
        }
        assert!(rates.lock().buckets.len() <= MAX_BUCKETS + 1);
        let later = now + Duration::from_secs(5);
        assert_eq!(passed(&rates, &call(None, "192.0.2.1"), later, 2), 1);
        assert!(rates.lock().buckets.len() < 10);
    }
}
