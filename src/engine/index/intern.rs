//! The distinct values of a column that is being built: bytes in one place, each value once, found by hash.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::write::Values;

/// An entry of the hash table: part of the hash, and one more than the value's number; 0: no value.
#[derive(Clone, Copy, Default)]
struct Entry {
    hash: u32,
    number: u32,
}

/// Distinct values, numbered as they came.
pub(super) struct Interned {
    values: Values,
    /// As many entries as a power of two, at most half of them in use.
    table: Vec<Entry>,
    /// Unknown to clients, so that they cannot choose values that all have one hash.
    seed: u64,
}

impl Interned {
    pub(super) fn new() -> Self {
        Interned {
            values: Values::new(),
            table: vec![Entry::default(); 16],
            seed: RandomState::new().build_hasher().finish(),
        }
    }

    /// The number of a value; none if there is no room for it.
    pub(super) fn intern(&mut self, value: &[u8]) -> Option<u32> {
        let hash = hash(value, self.seed);
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let entry = self.table.get(at).copied()?;
            if entry.number == 0 {
                break;
            }
            if entry.hash == hash && self.values.get(entry.number - 1) == value {
                return Some(entry.number - 1);
            }
            at = (at + 1) & mask;
        }
        let number = self.values.push(value)?;
        *self.table.get_mut(at)? = Entry { hash, number: number + 1 };
        if (number as usize + 1) * 2 > self.table.len() {
            self.grow();
        }
        Some(number)
    }

    fn grow(&mut self) {
        let len = self.table.len() * 2;
        let old = std::mem::replace(&mut self.table, vec![Entry::default(); len]);
        let mask = len - 1;
        for entry in old.into_iter().filter(|entry| entry.number != 0) {
            let mut at = entry.hash as usize & mask;
            while self.table.get(at).is_some_and(|entry| entry.number != 0) {
                at = (at + 1) & mask;
            }
            if let Some(free) = self.table.get_mut(at) {
                *free = entry;
            }
        }
    }

    /// The values in order, and which of them each number became.
    pub(super) fn sorted(self) -> (Values, Vec<u32>) {
        let values = self.values;
        drop(self.table);
        let mut order: Vec<(u64, u32)> = (0..values.len()).map(|number| (prefix(values.get(number)), number)).collect();
        order.sort_unstable_by(|left, right| {
            left.0.cmp(&right.0).then_with(|| values.get(left.1).cmp(values.get(right.1)))
        });
        let mut ords = vec![0; order.len()];
        let mut sorted = Values::with_capacity(values.len(), values.bytes().len());
        for ((_, number), ord) in order.iter().zip(0..) {
            sorted.push(values.get(*number));
            if let Some(place) = ords.get_mut(*number as usize) {
                *place = ord;
            }
        }
        (sorted, ords)
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.values.memory() + self.table.capacity() * size_of::<Entry>()
    }
}

/// The first bytes of a value, as a number that orders as they do.
pub(super) fn prefix(value: &[u8]) -> u64 {
    match value.first_chunk() {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            chunk.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(chunk)
        }
    }
}

fn hash(value: &[u8], seed: u64) -> u32 {
    let mut state = seed ^ value.len() as u64;
    let (chunks, rest) = value.as_chunks::<8>();
    for chunk in chunks {
        state = fold(state ^ u64::from_le_bytes(*chunk));
    }
    // The rest is shorter than eight bytes: this makes no two of one length the same.
    state = fold(state ^ prefix(rest));
    (state ^ state >> 32) as u32
}

/// Mixes every bit into every other: both halves of a product.
fn fold(number: u64) -> u64 {
    let product = u128::from(number ^ 0x2d35_8dcc_aa6c_78a5) * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ (product >> 64) as u64
}
