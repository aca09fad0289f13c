//! Docs in the order of a column, as far as they have a value in it.

use std::cell::OnceCell;
use std::ops::Range;

use super::alive::{Alive, Gaps};
use super::rows::Docs;
use crate::engine::index::{Bits, Column, Order, Space};
use crate::model::Target;

/// The docs of a column by value and then by doc; of a multi-valued attribute, by the value that represents it.
#[derive(Clone, Copy)]
pub(in crate::engine::query) struct ColumnOrder<'r> {
    pub(in crate::engine::query) target: Target,
    pub(super) order: Order,
    pub(super) column: Column<'r>,
    /// Of a multi-valued attribute.
    space: Option<Space<'r>>,
    pub(super) docs: &'r [u32],
}

impl<'r> ColumnOrder<'r> {
    pub(in crate::engine::query) fn new(target: Target, column: Column<'r>, space: Option<Space<'r>>) -> Self {
        let order = if space.is_some() { Order::Sorted } else { Order::Slots };
        let docs = if space.is_some() { column.sorted } else { column.order };
        ColumnOrder { target, order, column, space, docs }
    }

    /// Whether docs have one value at most.
    pub(super) fn is_single(&self) -> bool {
        self.space.is_none()
    }

    /// Whether each value has one doc.
    fn is_unique(&self) -> bool {
        self.space.is_none() && self.column.is_unique()
    }

    /// How many docs have a value.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.docs.len()).unwrap_or(u32::MAX)
    }

    /// The value of a doc.
    #[inline]
    pub(super) fn ord(&self, doc: u32) -> Option<u32> {
        match self.space {
            None => self.column.ords.get(doc),
            Some(space) => {
                let slots = space.slots_of(doc);
                if slots.is_empty() { None } else { self.column.ords.get(slots.start) }
            }
        }
    }

    pub(super) fn doc(&self, position: u32) -> u32 {
        self.docs.get(position as usize).copied().unwrap_or(u32::MAX)
    }

    fn ord_at(&self, position: u32) -> u32 {
        if self.is_unique() { position } else { self.ord(self.doc(position)).unwrap_or(u32::MAX) }
    }

    /// Where the docs of a value stand.
    pub(super) fn group(&self, ord: u32) -> Range<u32> {
        if self.space.is_none() {
            return self.column.start(ord)..self.column.start(ord + 1);
        }
        let before = |ord: u32| {
            let count = self.docs.partition_point(|doc| self.ord(*doc).unwrap_or(u32::MAX) < ord);
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        before(ord)..before(ord + 1)
    }

    /// Where a doc stands; none if it has no value.
    pub(super) fn position(&self, doc: u32) -> Option<u32> {
        let group = self.group(self.ord(doc)?);
        let docs = self.docs.get(group.start as usize..group.end as usize)?;
        docs.binary_search(&doc).ok().and_then(|at| u32::try_from(at).ok()).map(|at| group.start + at)
    }
}

/// The hits of a run that stand together in the order of a column.
pub(in crate::engine::query) struct ColumnSequence<'r> {
    pub(super) order: ColumnOrder<'r>,
    range: Range<u32>,
    gaps: Gaps,
    gaps_before: u32,
    /// How many of the range count.
    with_value: u64,
    /// How many hits have no value.
    without: u64,
    missing: OnceCell<Docs<'r>>,
    alive: Alive<'r>,
    descending: bool,
}

impl<'r> ColumnSequence<'r> {
    /// All docs of a run.
    pub(super) fn whole(order: ColumnOrder<'r>, alive: Alive<'r>, descending: bool) -> Self {
        let mut all = Self::range(order, 0..order.len(), alive, descending);
        all.without = alive.count().saturating_sub(all.with_value);
        all
    }

    /// The docs at some positions, which hold all docs of their values.
    pub(super) fn range(order: ColumnOrder<'r>, range: Range<u32>, alive: Alive<'r>, descending: bool) -> Self {
        let gaps = alive.gaps(&order);
        let gaps_before = gaps.before(range.start);
        let with_value = u64::from(range.end - range.start - (gaps.before(range.end) - gaps_before));
        let missing = OnceCell::new();
        ColumnSequence { order, range, gaps, gaps_before, with_value, without: 0, missing, alive, descending }
    }

    pub(super) fn len(&self) -> u64 {
        self.with_value + self.without
    }

    /// The value and the doc of a hit.
    pub(super) fn get(&self, index: u64) -> (Option<u32>, u32) {
        let (values, missing) = match self.descending {
            false => (Some(index).filter(|index| *index < self.with_value), index.wrapping_sub(self.with_value)),
            true => (index.checked_sub(self.without), index),
        };
        let Some(index) = values else { return (None, self.missing().get(missing)) };
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let position = if self.descending { self.backwards(index) } else { self.at(index) };
        (Some(self.order.ord_at(position)), self.order.doc(position))
    }

    fn at(&self, index: u32) -> u32 {
        self.gaps.position(self.range.start, self.gaps_before, index)
    }

    /// How many count before a position.
    fn rank(&self, position: u32) -> u32 {
        position - self.range.start - (self.gaps.before(position) - self.gaps_before)
    }

    /// The position of a hit counted from the largest value: docs of the same value keep their order.
    fn backwards(&self, index: u32) -> u32 {
        let with_value = u32::try_from(self.with_value).unwrap_or(u32::MAX);
        let mirrored = self.at((with_value - 1).saturating_sub(index));
        if self.order.is_unique() {
            return mirrored;
        }
        let group = self.order.group(self.order.ord_at(mirrored));
        let (first, end) = (self.rank(group.start), self.rank(group.end));
        self.at(first + (index - (with_value - end)))
    }

    fn missing(&self) -> &Docs<'r> {
        self.missing.get_or_init(|| {
            let mut bits = Bits::all(self.alive.docs);
            match self.order.column.present() {
                Some(present) if self.order.is_single() => bits.and_not(present),
                _ => self.order.docs.iter().for_each(|doc| bits.clear(*doc)),
            }
            Docs::of_words(self.alive.of(bits.into_words().into()))
        })
    }
}
