//! From what meets a filter in a run to a sequence: as a part of a column where the hits stand together in it, or else
//! by collecting what may be on the page.

use std::borrow::Cow;

use super::alive::Alive;
use super::column::{ColumnOrder, ColumnSequence};
use super::rows::Docs;
use super::sequence::{Sequence, pack};
use crate::engine::index::{Order, Run};
use crate::engine::query::page::Position;
use crate::engine::query::sets::{Part, Set, Slice, bits_of, solve};
use crate::engine::storage::keys::RowId;

/// Which hits of a run may be on the page: so many of the first ones, or next to a position.
#[derive(Clone, Copy)]
pub(in crate::engine::query) enum Want<'a> {
    First(u64),
    After(&'a Position, u64),
    Before(&'a Position, u64),
}

/// More hits than this are not picked one by one.
const MOST_PICKED: u64 = 4_096;

/// Makes sequences of the hits of a run.
pub(in crate::engine::query) struct Collector<'r, 'a> {
    pub(in crate::engine::query) run: &'r Run,
    pub(in crate::engine::query) alive: Alive<'r>,
    /// None: the order of creation, or nothing in the run has the value that is sorted by.
    pub(in crate::engine::query) order: Option<ColumnOrder<'r>>,
    pub(in crate::engine::query) descending: bool,
    pub(in crate::engine::query) want: Want<'a>,
}

/// Hits of a run.
pub(in crate::engine::query) struct Collected<'r> {
    /// How many.
    pub(in crate::engine::query) total: u64,
    /// Those that may be on the page, all others either before or behind them.
    pub(in crate::engine::query) sequence: Sequence<'r>,
    /// How they were put in order.
    pub(in crate::engine::query) method: &'static str,
}

fn collected<'r>(total: u64, sequence: Sequence<'r>, method: &'static str) -> Collected<'r> {
    Collected { total, sequence, method }
}

impl<'r> Collector<'r, '_> {
    /// The hits that meet a part of a filter.
    pub(in crate::engine::query) fn collect(&self, part: &Part<'r>) -> Collected<'r> {
        match (self.order, part) {
            (Some(order), Part::All) => {
                let sequence = ColumnSequence::whole(order, self.alive, self.descending);
                collected(sequence.len(), Sequence::Column(sequence), "ordered column (slice)")
            }
            (Some(order), Part::Range(column, ords, slice))
                if order.is_single() && slice.target == order.target && slice.order == Order::Slots =>
            {
                let range = column.start(ords.start)..column.start(ords.end);
                let sequence = ColumnSequence::range(order, range, self.alive, self.descending);
                collected(sequence.len(), Sequence::Column(sequence), "ordered column (slice)")
            }
            (Some(order), part) => self.by_value(order, solve(part, self.alive.docs)),
            (None, part) => self.by_row(part),
        }
    }

    fn by_row(&self, part: &Part<'r>) -> Collected<'r> {
        let len = self.alive.docs;
        let rows = |docs: Docs<'r>, method| collected(docs.len(), Sequence::Rows(docs), method);
        match solve(part, len) {
            Set::None => rows(Docs::List(Cow::Borrowed(&[])), "row order"),
            Set::All if self.alive.is_all() => rows(Docs::Every(len), "row order"),
            Set::All if !self.alive.is_long() => {
                let count = u32::try_from(self.alive.count()).unwrap_or(u32::MAX);
                rows(Docs::But(count, self.alive.gone()), "row order")
            }
            Set::All => rows(Docs::of_words(self.alive.of(Set::All.into_words(len))), "row order (bitmap)"),
            Set::Bits(words) => rows(Docs::of_words(self.alive.of(words)), "row order (bitmap)"),
            Set::List(list) if self.alive.is_all() => rows(Docs::List(list), "row order (list)"),
            Set::List(list) => {
                let alive = list.iter().copied().filter(|doc| self.alive.has(*doc)).collect();
                rows(Docs::List(Cow::Owned(alive)), "row order (list)")
            }
            Set::Loose(list, slice) => match self.picked_by_row(&list) {
                Some(docs) => {
                    let total = self.count(part, &list, slice);
                    collected(total, Sequence::Rows(Docs::List(Cow::Owned(docs))), "row order (picked)")
                }
                None => {
                    let bits = bits_of(list.iter().copied(), len).into_words();
                    rows(Docs::of_words(self.alive.of(Cow::Owned(bits))), "row order (bitmap)")
                }
            },
        }
    }

    /// The first of some docs in no order; none where they are better turned into bits.
    fn picked_by_row(&self, list: &[u32]) -> Option<Vec<u32>> {
        let (from, limit) = match self.want {
            Want::First(limit) => (0, limit),
            Want::After(position, limit) => (self.doc_behind(position), limit),
            Want::Before(..) => return None,
        };
        let limit = usize::try_from(limit).ok().filter(|limit| (*limit as u64) <= MOST_PICKED)?.max(1);
        let mut picked: Vec<u32> = Vec::with_capacity(2 * limit);
        // Docs from here on are too many already.
        let mut end = u32::MAX;
        for some in list.chunks(64) {
            // Nearly always none is: a test without branches for each.
            if !some.iter().fold(false, |any, doc| any | (*doc < end)) {
                continue;
            }
            for doc in some {
                if (from..end).contains(doc) && self.alive.has(*doc) {
                    picked.push(*doc);
                    if picked.len() == 2 * limit {
                        picked.select_nth_unstable(limit);
                        end = picked.get(limit).copied().unwrap_or(end);
                        picked.truncate(limit);
                    }
                }
            }
        }
        picked.sort_unstable();
        picked.truncate(limit);
        Some(picked)
    }

    fn at(&self, row: u64) -> RowId {
        RowId { row, kind: self.run.kind() }
    }

    /// The first doc that stands behind a position in the order of creation.
    fn doc_behind(&self, position: &Position) -> u32 {
        let rows = self.run.rows();
        let behind = match (&position.key, self.descending) {
            (None, _) => rows.partition_point(|row| self.at(*row) <= position.at),
            // These docs have no value.
            (Some(_), false) => 0,
            (Some(_), true) => rows.len(),
        };
        u32::try_from(behind).unwrap_or(u32::MAX)
    }

    /// How many of some docs count.
    fn count(&self, part: &Part<'r>, list: &[u32], slice: Option<Slice>) -> u64 {
        let Some(slice) = slice.filter(|_| !self.alive.is_all()) else {
            return match self.alive.is_all() {
                true => list.len() as u64,
                false => list.iter().filter(|doc| self.alive.has(**doc)).count() as u64,
            };
        };
        let column = match part {
            Part::Range(column, ..) => column,
            Part::Ending(ending) => ending.column(),
            _ => return list.iter().filter(|doc| self.alive.has(**doc)).count() as u64,
        };
        let docs = if slice.order == Order::Reversed { column.backwards() } else { column.order };
        let end = slice.start + u32::try_from(list.len()).unwrap_or(u32::MAX);
        let dead = self.alive.dead_in(slice.target, slice.order, docs, slice.start..end);
        let masked = self.alive.masked.iter().filter(|doc| part.meets(**doc)).count() as u64;
        list.len() as u64 - dead - masked
    }

    fn by_value(&self, order: ColumnOrder<'r>, set: Set<'r>) -> Collected<'r> {
        let len = self.alive.docs;
        let set = match set {
            Set::Bits(words) => Set::Bits(self.alive.of(words)),
            Set::All => Set::Bits(self.alive.of(Set::All.into_words(len))),
            other => other,
        };
        let count = set.count(len);
        if let Set::Bits(words) = &set
            && let Some(pairs) = self.walk(order, words, count)
        {
            return collected(count, Sequence::Pairs(order, pairs, self.descending), "sorted (walk of the column)");
        }
        let mut pairs: Vec<u64> = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
        let mut total = 0;
        let (from, to) = match self.want {
            Want::First(_) => (0, u64::MAX),
            Want::After(position, _) => (self.boundary(order, position, true), u64::MAX),
            Want::Before(position, _) => (0, self.boundary(order, position, false)),
        };
        let mut add = |doc: u32| {
            total += 1;
            let pair = pack(order.ord(doc), doc, self.descending);
            if pair >= from && pair < to {
                pairs.push(pair);
            }
        };
        match &set {
            Set::None | Set::All => {}
            Set::Bits(words) => crate::engine::index::bits::iter(words).for_each(&mut add),
            Set::List(list) | Set::Loose(list, _) => {
                list.iter().copied().filter(|doc| self.alive.has(*doc)).for_each(&mut add);
            }
        }
        self.keep_wanted(&mut pairs);
        collected(total, Sequence::Pairs(order, pairs, self.descending), "sorted")
    }

    /// Keeps what may be on the page, in order.
    fn keep_wanted(&self, pairs: &mut Vec<u64>) {
        let (limit, last) = match self.want {
            Want::First(limit) | Want::After(_, limit) => (limit, false),
            Want::Before(_, limit) => (limit, true),
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if let Some(surplus) = pairs.len().checked_sub(limit).filter(|surplus| *surplus > 0) {
            if last {
                pairs.select_nth_unstable(surplus);
                pairs.drain(..surplus);
            } else {
                pairs.select_nth_unstable(limit);
                pairs.truncate(limit);
            }
        }
        pairs.sort_unstable();
    }

    /// The smallest packed pair that does not stand before a position; or, with `with`, before it or at it.
    fn boundary(&self, order: ColumnOrder<'r>, position: &Position, with: bool) -> u64 {
        let before = |row: &u64| self.at(*row) < position.at || (with && self.at(*row) == position.at);
        let doc = u32::try_from(self.run.rows().partition_point(before)).unwrap_or(u32::MAX);
        let Some(key) = &position.key else { return pack(None, doc, self.descending) };
        let column = &order.column;
        let ord = column.lower_bound(key);
        if ord < column.distinct && column.value(ord) == key.as_slice() {
            return pack(Some(ord), doc, self.descending);
        }
        match (self.descending, ord.checked_sub(1)) {
            (false, _) if ord < column.distinct => pack(Some(ord), 0, false),
            (false, _) => pack(None, 0, false),
            // Larger values stand before it.
            (true, Some(smaller)) => pack(Some(smaller), 0, true),
            (true, None) => u64::MAX,
        }
    }

    /// The first hits along the column; none where that takes longer than to sort them all.
    fn walk(&self, order: ColumnOrder<'r>, words: &[u64], count: u64) -> Option<Vec<u64>> {
        let Want::First(limit) = self.want else { return None };
        let wanted = limit.min(count);
        // Steps of a walk, if hits are spread evenly; sorting takes several times as long for each hit.
        let steps = u128::from(wanted) * u128::from(order.len()) / u128::from(count.max(1));
        if steps > u128::from(count) * 3 {
            return None;
        }
        let mut pairs: Vec<u64> = Vec::new();
        let wanted = usize::try_from(wanted).ok()?;
        let has = |doc: &&u32| crate::engine::index::bits::has(words, **doc);
        if !self.descending {
            let found = order.docs.iter().filter(has).take(wanted);
            pairs.extend(found.map(|doc| pack(order.ord(*doc), *doc, false)));
        } else if order.len() as usize == self.alive.docs as usize {
            let mut end = order.len();
            while end > 0 && pairs.len() < wanted {
                let group = order.group(order.ord(order.doc(end - 1))?);
                let docs = order.docs.get(group.start as usize..group.end as usize)?;
                let found = docs.iter().filter(has).take(wanted - pairs.len());
                pairs.extend(found.map(|doc| pack(order.ord(*doc), *doc, true)));
                end = group.start;
            }
        }
        // The rest has no value.
        (pairs.len() == wanted).then_some(pairs)
    }
}
