//! Chance that is the same on every platform and release: a fixed generator, and whole numbers only.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A fixed stream of chance.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(seed.to_le_bytes()) {
            *to = from;
        }
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// A number from 0 up to, but not including, `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        let wide = u128::from(self.0.next_u64()) * u128::from(end);
        u32::try_from(wide >> 64).unwrap_or_default()
    }

    /// True as often as `percent` of 100 times.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX));
        from.get(index as usize).copied().unwrap_or_default()
    }

    /// One of these, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> Option<T> {
        let total = from.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(total);
        from.iter().find_map(|(item, weight)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found.then_some(*item)
        })
    }

    /// A UUID of version 4.
    pub fn uuid(&mut self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
