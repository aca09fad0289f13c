//! Docs in the order of creation, with random access.

use std::borrow::Cow;

use super::alive::Gaps;
use crate::engine::index::bits;

/// Docs, ascending.
pub(in crate::engine::query) enum Docs<'r> {
    /// All below a number.
    Every(u32),
    /// All below a number, but for gaps: so many are left.
    But(u32, Gaps),
    List(Cow<'r, [u32]>),
    Bits(Ranked<'r>),
}

/// Bits, and how many of them are set before each block of words.
pub(in crate::engine::query) struct Ranked<'r> {
    words: Cow<'r, [u64]>,
    before: Vec<u32>,
    count: u32,
}

/// Words of a block.
const BLOCK: usize = 16;

impl<'r> Docs<'r> {
    pub(super) fn of_words(words: Cow<'r, [u64]>) -> Self {
        let mut before = Vec::with_capacity(words.len() / BLOCK + 1);
        let mut count = 0;
        for block in words.chunks(BLOCK) {
            before.push(count);
            count += u32::try_from(bits::count(block)).unwrap_or(u32::MAX);
        }
        Docs::Bits(Ranked { words, before, count })
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Docs::Every(count) | Docs::But(count, _) => u64::from(*count),
            Docs::List(list) => list.len() as u64,
            Docs::Bits(ranked) => u64::from(ranked.count),
        }
    }

    /// The doc at a place.
    pub(super) fn get(&self, index: u64) -> u32 {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        match self {
            Docs::Every(_) => index,
            Docs::But(_, gaps) => gaps.position(0, 0, index),
            Docs::List(list) => list.get(index as usize).copied().unwrap_or(u32::MAX),
            Docs::Bits(ranked) => ranked.get(index).unwrap_or(u32::MAX),
        }
    }
}

impl Ranked<'_> {
    fn get(&self, index: u32) -> Option<u32> {
        let block = self.before.partition_point(|before| *before <= index).checked_sub(1)?;
        let mut left = index - self.before.get(block)?;
        let first = block * BLOCK;
        for (word, at) in self.words.get(first..)?.iter().zip(first..) {
            let ones = word.count_ones();
            if left < ones {
                let mut rest = *word;
                (0..left).for_each(|_| rest &= rest - 1);
                return u32::try_from(at * 64).ok().map(|base| base + rest.trailing_zeros());
            }
            left -= ones;
        }
        None
    }
}
