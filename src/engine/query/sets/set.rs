//! A set of docs, or of slots: what a part of a filter comes to in one run.

use std::borrow::Cow;

use crate::engine::index::{Bits, Order, bits};
use crate::model::Target;

/// A set of the numbers below a length that everybody who deals with it knows.
#[derive(Clone, Debug)]
pub(in crate::engine::query) enum Set<'r> {
    /// Nothing.
    None,
    /// Every number.
    All,
    /// Some numbers, ascending.
    List(Cow<'r, [u32]>),
    /// Some numbers, each once, in no order.
    Loose(Cow<'r, [u32]>, Option<Slice>),
    /// A bit for each number.
    Bits(Cow<'r, [u64]>),
}

/// Where in an order of a column some docs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::query) struct Slice {
    pub(in crate::engine::query) target: Target,
    pub(in crate::engine::query) order: Order,
    pub(in crate::engine::query) start: u32,
}

/// Whether so few of so many numbers are better kept in a list than as bits: setting, counting and reading all bits
/// takes longer than to sort the list.
pub(super) fn is_few(count: u64, len: u32) -> bool {
    count <= u64::from(len / 1_024).max(16)
}

impl<'r> Set<'r> {
    /// How many numbers it holds.
    pub(in crate::engine::query) fn count(&self, len: u32) -> u64 {
        match self {
            Set::None => 0,
            Set::All => u64::from(len),
            Set::List(list) | Set::Loose(list, _) => list.len() as u64,
            Set::Bits(words) => bits::count(words),
        }
    }

    /// As bits.
    pub(in crate::engine::query) fn into_words(self, len: u32) -> Cow<'r, [u64]> {
        let bits = match self {
            Set::Bits(words) => return words,
            Set::None => Bits::none(len),
            Set::All => Bits::all(len),
            Set::List(list) | Set::Loose(list, _) => bits_of(list.iter().copied(), len),
        };
        Cow::Owned(bits.into_words())
    }

    /// As bits to be changed.
    pub(super) fn into_bits(self, len: u32) -> Bits {
        match self {
            Set::None => Bits::none(len),
            Set::All => Bits::all(len),
            Set::List(list) | Set::Loose(list, _) => bits_of(list.iter().copied(), len),
            Set::Bits(words) => Bits::of_words(&words),
        }
    }

    /// Puts what it holds into other bits.
    pub(super) fn add_to(&self, bits: &mut Bits, len: u32) {
        match self {
            Set::None => {}
            Set::All => *bits = Bits::all(len),
            Set::List(list) | Set::Loose(list, _) => list.iter().for_each(|number| bits.set(*number)),
            Set::Bits(words) => bits.or(words),
        }
    }

    /// Calls for every number it holds, in no order.
    pub(super) fn each(&self, len: u32, visit: impl FnMut(u32)) {
        match self {
            Set::None => {}
            Set::All => (0..len).for_each(visit),
            Set::List(list) | Set::Loose(list, _) => list.iter().copied().for_each(visit),
            Set::Bits(words) => bits::iter(words).for_each(visit),
        }
    }
}

impl Set<'static> {
    /// Numbers in any order, some perhaps several times.
    pub(super) fn of_any(mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Set::of_sorted(numbers)
    }

    /// Numbers in order.
    pub(super) fn of_sorted(numbers: Vec<u32>) -> Self {
        if numbers.is_empty() { Set::None } else { Set::List(Cow::Owned(numbers)) }
    }

    pub(super) fn of_bits(bits: Bits) -> Self {
        Set::Bits(Cow::Owned(bits.into_words()))
    }
}

/// The bits of some numbers.
pub(in crate::engine::query) fn bits_of(numbers: impl Iterator<Item = u32>, len: u32) -> Bits {
    let mut bits = Bits::none(len);
    numbers.for_each(|number| bits.set(number));
    bits
}
