//! Which docs of a run still count: not those that are dead, nor those that recent writes replace.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::column::ColumnOrder;
use crate::engine::index::{Bits, Dead, Order};
use crate::model::Target;

/// The docs of a run that still count.
#[derive(Clone, Copy)]
pub(in crate::engine::query) struct Alive<'r> {
    pub(in crate::engine::query) docs: u32,
    pub(in crate::engine::query) dead: &'r Dead,
    /// Ascending; none of them is dead.
    pub(in crate::engine::query) masked: &'r [u32],
}

impl<'r> Alive<'r> {
    /// How many.
    pub(in crate::engine::query) fn count(&self) -> u64 {
        u64::from(self.docs) - u64::from(self.dead.count) - self.masked.len() as u64
    }

    /// Whether all do.
    pub(super) fn is_all(&self) -> bool {
        self.dead.count == 0 && self.masked.is_empty()
    }

    /// Whether a doc does.
    #[inline]
    pub(in crate::engine::query) fn has(&self, doc: u32) -> bool {
        (self.dead.count == 0 || !self.dead.bits.has(doc))
            && (self.masked.is_empty() || self.masked.binary_search(&doc).is_err())
    }

    /// Those of a set of docs.
    pub(in crate::engine::query) fn of<'a>(&self, words: Cow<'a, [u64]>) -> Cow<'a, [u64]> {
        if self.is_all() {
            return words;
        }
        let mut bits = Bits::of_vec(words.into_owned());
        if self.dead.count > 0 {
            bits.and_not(self.dead.bits.words());
        }
        self.masked.iter().for_each(|doc| bits.clear(*doc));
        Cow::Owned(bits.into_words())
    }

    /// The positions in an order of those that do not count.
    pub(super) fn gaps(&self, order: &ColumnOrder<'r>) -> Gaps {
        let dead = self.dead.positions(order.target, order.order, order.docs);
        Gaps::new(dead, self.masked.iter().filter_map(|doc| order.position(*doc)).collect())
    }

    /// Whether a list of those that do not count takes longer to make than bits of the others: where nothing is masked,
    /// it is there already.
    pub(super) fn is_long(&self) -> bool {
        !self.masked.is_empty() && self.dead.count > self.docs / 8
    }

    /// The docs that do not count: their positions in the order of creation.
    pub(super) fn gone(&self) -> Gaps {
        Gaps::new(self.dead.docs(), self.masked.to_vec())
    }

    /// How many dead docs stand in a part of an order, which is a list of docs.
    pub(super) fn dead_in(&self, target: Target, order: Order, docs: &[u32], range: Range<u32>) -> u64 {
        let dead = self.dead.positions(target, order, docs);
        let before = |position: u32| dead.partition_point(|at| *at < position);
        (before(range.end) - before(range.start)) as u64
    }
}

/// Positions of an order that do not count, ascending.
pub(in crate::engine::query) struct Gaps(Arc<Vec<u32>>);

impl Gaps {
    /// Those of an ascending list, and more that are not in it.
    fn new(dead: Arc<Vec<u32>>, mut more: Vec<u32>) -> Self {
        if more.is_empty() {
            return Gaps(dead);
        }
        more.extend_from_slice(&dead);
        // Ascending parts, which this sort finds and merges.
        more.sort();
        Gaps(Arc::new(more))
    }

    /// How many stand before a position.
    pub(super) fn before(&self, position: u32) -> u32 {
        u32::try_from(self.0.partition_point(|gap| *gap < position)).unwrap_or(u32::MAX)
    }

    /// The position of the `index`-th place that counts, from a position on that so many gaps stand before.
    pub(super) fn position(&self, start: u32, gaps_before: u32, index: u32) -> u32 {
        // The number of gaps that stand before it: those with no more than `index` places that count before them.
        let gaps = self.0.get(gaps_before as usize..).unwrap_or_default();
        let (mut low, mut high) = (0usize, gaps.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let counting = gaps.get(middle).map_or(u32::MAX, |gap| gap - start) as usize - middle;
            if counting <= index as usize { low = middle + 1 } else { high = middle }
        }
        start + index + u32::try_from(low).unwrap_or(u32::MAX)
    }
}
