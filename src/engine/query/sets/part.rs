//! What a filter comes to in one run, before it is worked out: conditions on ordered columns, and how they are joined.

use std::cell::OnceCell;
use std::ops::Range;

use super::set::Slice;
use crate::engine::index::{Bits, Column, Space};

/// A condition on docs, or on slots.
pub(in crate::engine::query) enum Part<'r> {
    /// Nothing meets it.
    None,
    /// Everything does.
    All,
    /// One of the values of a range.
    Range(Column<'r>, Range<u32>, Slice),
    /// One of some values.
    Values(Values<'r>),
    /// Slots of a column whose values are all different.
    Ending(Ending<'r>),
    /// These, ascending.
    Docs(Vec<u32>),
    /// These.
    Bits(&'r [u64]),
    /// Docs that have the value, and no other.
    Only(Column<'r>, Space<'r>, u32),
    And(Vec<Part<'r>>),
    Or(Vec<Part<'r>>),
    Not(Box<Part<'r>>),
    /// Docs of which a slot meets it.
    Owners(Space<'r>, Box<Part<'r>>),
}

/// Some values of a column.
pub(in crate::engine::query) struct Values<'r> {
    pub(super) column: Column<'r>,
    /// Ascending.
    pub(super) ords: Vec<u32>,
    /// Slots that have one of them.
    pub(super) count: u64,
    /// The values as bits, once somebody asked for many slots.
    pub(super) bits: OnceCell<Bits>,
}

/// The slots whose values end in a text.
pub(in crate::engine::query) struct Ending<'r> {
    pub(super) column: Column<'r>,
    pub(super) slots: &'r [u32],
    pub(super) suffix: Vec<u8>,
    pub(super) slice: Slice,
}

impl<'r> Part<'r> {
    /// The values of a column from one up to another.
    pub(super) fn range(column: Column<'r>, ords: Range<u32>, slice: Slice) -> Self {
        if ords.is_empty() { Part::None } else { Part::Range(column, ords, slice) }
    }

    /// Some values of a column.
    pub(super) fn values(column: Column<'r>, ords: Vec<u32>) -> Self {
        if ords.is_empty() {
            return Part::None;
        }
        let count = match column.is_unique() {
            true => ords.len() as u64,
            false => ords.iter().map(|ord| u64::from(column.start(ord + 1) - column.start(*ord))).sum(),
        };
        Part::Values(Values { column, ords, count, bits: OnceCell::new() })
    }

    /// All of them.
    pub(in crate::engine::query) fn all_of(parts: Vec<Part<'r>>) -> Self {
        let mut kept = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::None => return Part::None,
                Part::All => {}
                Part::And(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Part::All,
            1 => kept.pop().unwrap_or(Part::All),
            _ => Part::And(kept),
        }
    }

    /// Any of them.
    pub(in crate::engine::query) fn any_of(parts: Vec<Part<'r>>) -> Self {
        let mut kept = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::All => return Part::All,
                Part::None => {}
                Part::Or(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Part::None,
            1 => kept.pop().unwrap_or(Part::None),
            _ => Part::Or(kept),
        }
    }

    /// What does not meet it.
    pub(in crate::engine::query) fn not(part: Part<'r>) -> Self {
        match part {
            Part::None => Part::All,
            Part::All => Part::None,
            Part::Not(inner) => *inner,
            other => Part::Not(Box::new(other)),
        }
    }

    /// Docs of which a slot meets it.
    pub(super) fn owners(space: Space<'r>, inner: Part<'r>) -> Self {
        match inner {
            Part::None => Part::None,
            other => Part::Owners(space, Box::new(other)),
        }
    }

    /// Whether a slot without any value may meet it.
    pub(super) fn admits_nothing(&self) -> bool {
        match self {
            Part::All | Part::Not(_) => true,
            Part::And(parts) => parts.iter().all(Part::admits_nothing),
            Part::Or(parts) => parts.iter().any(Part::admits_nothing),
            _ => false,
        }
    }

    /// How many of `len` meet it, at most.
    pub(in crate::engine::query) fn estimate(&self, len: u32) -> u64 {
        let most = u64::from(len);
        match self {
            Part::None => 0,
            Part::All => most,
            Part::Range(column, ords, _) => u64::from(column.start(ords.end) - column.start(ords.start)),
            Part::Values(values) => values.count,
            Part::Ending(ending) => ending.slots.len() as u64,
            Part::Docs(docs) => docs.len() as u64,
            Part::Bits(_) => most,
            Part::Only(column, _, ord) => u64::from(column.start(ord + 1) - column.start(*ord)),
            Part::And(parts) => parts.iter().map(|part| part.estimate(len)).min().unwrap_or(most),
            Part::Or(parts) => parts.iter().map(|part| part.estimate(len)).sum::<u64>().min(most),
            Part::Not(inner) => match &**inner {
                // What these tell is no upper bound only.
                Part::Range(..) | Part::Values(_) | Part::Ending(_) => most.saturating_sub(inner.estimate(len)),
                _ => most,
            },
            Part::Owners(space, inner) => inner.estimate(space.slots).min(most),
        }
    }

    /// What answers it, for `explain`.
    pub(in crate::engine::query) fn method(&self) -> &'static str {
        match self {
            Part::None => "no value matches",
            Part::All => "everything matches",
            Part::Range(column, ords, _) if ords.len() == 1 && column.dense(ords.start).is_some() => "bitmap",
            Part::Range(column, ords, _) if ords.start == 0 && ords.end == column.distinct => "presence bitmap",
            Part::Range(..) => "ordered column (range)",
            Part::Values(values) if values.column.has_grams() => "substring index (tantivy)",
            Part::Values(_) => "scan of distinct values",
            Part::Ending(_) => "reversed column",
            Part::Docs(_) => "membership rows",
            Part::Bits(_) => "bitmap",
            Part::Only(..) => "ordered column (elements)",
            Part::And(_) => "intersection of elements",
            Part::Or(_) => "union of columns",
            Part::Not(inner) => inner.method(),
            Part::Owners(_, inner) => inner.method(),
        }
    }

    /// Whether a doc or slot meets it.
    pub(in crate::engine::query) fn meets(&self, number: u32) -> bool {
        match self {
            Part::None => false,
            Part::All => true,
            Part::Range(column, ords, _) => column.ords.get(number).is_some_and(|ord| ords.contains(&ord)),
            Part::Values(values) => values.column.ords.get(number).is_some_and(|ord| values.has(ord)),
            Part::Ending(Ending { column, suffix, .. }) => {
                column.ords.get(number).is_some_and(|ord| column.value(ord).ends_with(suffix))
            }
            Part::Docs(docs) => docs.binary_search(&number).is_ok(),
            Part::Bits(words) => crate::engine::index::bits::has(words, number),
            Part::Only(column, space, ord) => is_only(column, *space, *ord, number),
            Part::And(parts) => parts.iter().all(|part| part.meets(number)),
            Part::Or(parts) => parts.iter().any(|part| part.meets(number)),
            Part::Not(inner) => !inner.meets(number),
            Part::Owners(space, inner) => space.slots_of(number).any(|slot| inner.meets(slot)),
        }
    }

    /// About how long it takes to find out whether one doc or slot meets it, in nanoseconds.
    pub(super) fn cost_of_one(&self) -> u64 {
        match self {
            Part::None | Part::All => 0,
            Part::Bits(_) => 1,
            Part::Range(..) => 2,
            Part::Values(_) => 4,
            Part::Ending(_) | Part::Docs(_) => 30,
            Part::Only(..) => 8,
            Part::And(parts) | Part::Or(parts) => parts.iter().map(Part::cost_of_one).sum(),
            Part::Not(inner) => inner.cost_of_one(),
            Part::Owners(_, inner) => 4 + 2 * inner.cost_of_one(),
        }
    }
}

impl<'r> Ending<'r> {
    pub(in crate::engine::query) fn column(&self) -> &Column<'r> {
        &self.column
    }
}

impl Values<'_> {
    /// Below so many values, a binary search among them is cheap.
    const SHORT: usize = 8;

    fn has(&self, ord: u32) -> bool {
        if self.ords.len() <= Self::SHORT {
            return self.ords.contains(&ord);
        }
        self.bits.get_or_init(|| super::set::bits_of(self.ords.iter().copied(), self.column.distinct)).has(ord)
    }
}

/// Whether all values of a doc are this one, and it has any.
pub(super) fn is_only(column: &Column<'_>, space: Space<'_>, ord: u32, doc: u32) -> bool {
    let mut any = false;
    for slot in space.slots_of(doc) {
        match column.ords.get(slot) {
            Some(found) if found == ord => any = true,
            Some(_) => return false,
            None => {}
        }
    }
    any
}
