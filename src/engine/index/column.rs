//! The values of a leaf in a run, in order.

use std::cmp::Ordering;
use std::ops::Range;

use super::bits;
use super::layout::{Bytes, ColumnContents};

/// Which value a slot has.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Ords<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
}

impl Ords<'_> {
    /// The value of a slot: its position among the distinct values; none if it has none.
    #[inline]
    pub(in crate::engine) fn get(self, slot: u32) -> Option<u32> {
        let slot = slot as usize;
        match self {
            Ords::U8(ords) => ords.get(slot).filter(|ord| **ord != u8::MAX).map(|ord| u32::from(*ord)),
            Ords::U16(ords) => ords.get(slot).filter(|ord| **ord != u16::MAX).map(|ord| u32::from(*ord)),
            Ords::U32(ords) => ords.get(slot).filter(|ord| **ord != u32::MAX).copied(),
        }
    }
}

/// The slots or the values that end in a text.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Suffix<'a> {
    /// Slots, each once, in no order.
    Slots(&'a [u32]),
    /// Values, ascending.
    Ords(Vec<u32>),
}

/// The column of a leaf. A slot is a doc, or of a multi-valued attribute an element. An ord is the position of a value
/// among the distinct ones.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Column<'a> {
    /// Distinct values.
    pub(in crate::engine) distinct: u32,
    /// Slots there are.
    pub(in crate::engine) slots: u32,
    /// Which value a slot has.
    pub(in crate::engine) ords: Ords<'a>,
    /// The slots that have a value, by value and then by slot.
    pub(in crate::engine) order: &'a [u32],
    /// For elements: docs by the value of their representative, then by doc. Otherwise as `order`.
    pub(in crate::engine) sorted: &'a [u32],
    /// The first doc of its values in the inverted index of substrings.
    pub(super) grams: Option<u32>,
    value_starts: &'a [u32],
    values: &'a [u8],
    starts: Option<&'a [u32]>,
    reversed: &'a [u32],
    dense: &'a [u32],
    dense_slots: &'a [u64],
    present: Option<&'a [u64]>,
}

impl<'a> Column<'a> {
    pub(super) fn new(contents: &ColumnContents, bytes: &'a Bytes) -> Self {
        let ords = match contents.distinct {
            0..=0xff => Ords::U8(bytes.get(contents.ords)),
            0x100..=0xffff => Ords::U16(bytes.get(contents.ords)),
            _ => Ords::U32(bytes.get(contents.ords)),
        };
        let order = bytes.get(contents.order);
        let starts = bytes.get(contents.starts);
        let present = bytes.get(contents.present);
        Column {
            distinct: contents.distinct,
            slots: contents.slots,
            ords,
            order,
            sorted: if contents.is_element { bytes.get(contents.sorted) } else { order },
            grams: contents.grams,
            value_starts: bytes.get(contents.value_starts),
            values: bytes.get(contents.values),
            starts: (!starts.is_empty()).then_some(starts),
            reversed: bytes.get(contents.reversed),
            dense: bytes.get(contents.dense),
            dense_slots: bytes.get(contents.dense_slots),
            present: (!present.is_empty()).then_some(present),
        }
    }

    /// A value.
    #[inline]
    pub(in crate::engine) fn value(&self, ord: u32) -> &'a [u8] {
        let at = |index: usize| self.value_starts.get(index).map(|start| *start as usize);
        let range = at(ord as usize).zip(at(ord as usize + 1));
        range.and_then(|(from, to)| self.values.get(from..to)).unwrap_or_default()
    }

    /// Where the slots of a value begin in the order; those of one behind the last: where the order ends.
    #[inline]
    pub(in crate::engine) fn start(&self, ord: u32) -> u32 {
        match self.starts {
            Some(starts) => starts.get(ord as usize).copied().unwrap_or(0),
            None => ord,
        }
    }

    /// The slots of some values, by value and then by slot.
    #[inline]
    pub(in crate::engine) fn slots_of(&self, ords: Range<u32>) -> &'a [u32] {
        let range = self.start(ords.start) as usize..self.start(ords.end) as usize;
        self.order.get(range).unwrap_or_default()
    }

    /// Whether the inverted index of substrings has its values.
    pub(in crate::engine) fn has_grams(&self) -> bool {
        self.grams.is_some()
    }

    /// Whether each value has one slot.
    pub(in crate::engine) fn is_unique(&self) -> bool {
        self.starts.is_none()
    }

    /// The first value that is not less than a key.
    pub(in crate::engine) fn lower_bound(&self, key: &[u8]) -> u32 {
        self.partition(|value| value < key)
    }

    /// The first value that is greater than a key.
    pub(in crate::engine) fn upper_bound(&self, key: &[u8]) -> u32 {
        self.partition(|value| value <= key)
    }

    /// The value that is equal to a key.
    pub(in crate::engine) fn find(&self, key: &[u8]) -> Option<u32> {
        let ord = self.lower_bound(key);
        (ord < self.distinct && self.value(ord) == key).then_some(ord)
    }

    /// The values that begin with a prefix.
    pub(in crate::engine) fn prefix(&self, prefix: &[u8]) -> Range<u32> {
        let from = self.lower_bound(prefix);
        from..self.partition(|value| value < prefix || value.starts_with(prefix)).max(from)
    }

    /// How many values stand before the first that does not meet the test, where those that meet it come first.
    fn partition(&self, test: impl Fn(&[u8]) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.distinct);
        while low < high {
            let middle = low + (high - low) / 2;
            if test(self.value(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The slots that have a value; none: all of them.
    pub(in crate::engine) fn present(&self) -> Option<&'a [u64]> {
        self.present
    }

    /// The slots of a value that many have.
    pub(in crate::engine) fn dense(&self, ord: u32) -> Option<&'a [u64]> {
        let index = self.dense.binary_search(&ord).ok()?;
        let words = bits::words(self.slots);
        self.dense_slots.get(index * words..(index + 1) * words)
    }

    /// What ends in a suffix.
    pub(in crate::engine) fn suffix(&self, suffix: &[u8]) -> Suffix<'a> {
        if self.reversed.is_empty() {
            return Suffix::Ords((0..self.distinct).filter(|ord| self.value(*ord).ends_with(suffix)).collect());
        }
        let value = |entry: &u32| match self.starts {
            Some(_) => self.value(*entry),
            None => self.value(self.ords.get(*entry).unwrap_or(u32::MAX)),
        };
        // Compares the end of a value with the suffix, both read backwards.
        let compare = |entry: &u32| {
            let value = value(entry);
            let tail = value.len().saturating_sub(suffix.len());
            let tail = value.get(tail..).unwrap_or_default();
            tail.iter().rev().cmp(suffix.iter().rev())
        };
        let from = self.reversed.partition_point(|entry| compare(entry) == Ordering::Less);
        let rest = self.reversed.get(from..).unwrap_or_default();
        let found = rest.get(..rest.partition_point(|entry| compare(entry) == Ordering::Equal)).unwrap_or_default();
        if self.starts.is_none() {
            return Suffix::Slots(found);
        }
        let mut ords = found.to_vec();
        ords.sort_unstable();
        Suffix::Ords(ords)
    }

    /// All slots in the order of their values read backwards; empty where [`Suffix::Slots`] does not occur.
    pub(in crate::engine) fn backwards(&self) -> &'a [u32] {
        if self.starts.is_none() { self.reversed } else { &[] }
    }

    /// Where slots that [`Column::suffix`] found begin among those.
    pub(in crate::engine) fn suffix_start(&self, slots: &[u32]) -> u32 {
        let bytes = slots.as_ptr().addr().saturating_sub(self.reversed.as_ptr().addr());
        u32::try_from(bytes / size_of::<u32>()).unwrap_or(u32::MAX)
    }

    /// The bytes of all values, and where each begins.
    pub(super) fn packed(&self) -> (&'a [u8], &'a [u32]) {
        (self.values, self.value_starts)
    }
}
