//! Pages: where one begins, by offset (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865), and how long it is.

use std::cmp::Ordering;
use std::ops::Range;

use crate::engine::storage::keys::RowId;

/// Which results to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Page {
    /// Where it stands among all results.
    pub(in crate::engine) start: Start,
    /// How many it shows at most.
    pub(in crate::engine) count: u64,
}

/// Where a page stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Start {
    /// Behind so many results.
    Skip(u64),
    /// The first results behind a place.
    After(Position),
    /// The last results before a place, in the same order as all.
    Before(Position),
}

/// A place in the order of results: what a result is sorted by, then its row. It is a place also when its resource has
/// moved away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Position {
    /// What it is sorted by; none without a value, and without a sort.
    pub(in crate::engine) key: Option<Vec<u8>>,
    /// The row.
    pub(in crate::engine) row: u64,
    /// The number of the resource type.
    pub(in crate::engine) kind: u16,
}

impl Position {
    pub(in crate::engine) fn of(key: Option<Vec<u8>>, at: RowId) -> Self {
        Position { key, row: at.row, kind: at.kind }
    }

    pub(super) fn at(&self) -> RowId {
        RowId { row: self.row, kind: self.kind }
    }
}

/// The order of results. A missing value is larger than any, in both directions; equal values keep the order of
/// creation.
pub(super) fn order(descending: bool, left: (Option<&[u8]>, RowId), right: (Option<&[u8]>, RowId)) -> Ordering {
    let values = match (left.0, right.0) {
        (Some(left), Some(right)) => left.cmp(right),
        (left, right) => right.is_some().cmp(&left.is_some()),
    };
    let values = if descending { values.reverse() } else { values };
    values.then_with(|| left.1.cmp(&right.1))
}

impl Page {
    /// Everything.
    pub(in crate::engine) const ALL: Page = Page { start: Start::Skip(0), count: u64::MAX };

    /// From the request: a startIndex below 1 is 1, a negative count is 0.
    pub(in crate::engine) fn new(start_index: Option<i64>, count: Option<i64>, default: u64, most: u64) -> Self {
        let skip = u64::try_from(start_index.unwrap_or(1).max(1) - 1).unwrap_or(0);
        let count = count.map_or(default, |count| u64::try_from(count).unwrap_or(0)).min(most);
        Page { start: Start::Skip(skip), count }
    }

    /// Which part of a list in order it is; `compare` tells how an item stands to a place.
    pub(super) fn range<T>(&self, list: &[T], compare: impl Fn(&T, &Position) -> Ordering) -> Range<usize> {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let from = |start: usize| start..start.saturating_add(count).min(list.len());
        match &self.start {
            Start::Skip(skip) => from(usize::try_from(*skip).unwrap_or(usize::MAX).min(list.len())),
            Start::After(place) => from(list.partition_point(|item| compare(item, place).is_le())),
            Start::Before(place) => {
                let end = list.partition_point(|item| compare(item, place).is_lt());
                end.saturating_sub(count)..end
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_as_the_rfc_says() {
        let list: Vec<u32> = (1..=10).collect();
        let cut = |start, count| {
            let page = Page::new(start, count, 3, 5);
            list[page.range(&list, |_, _| unreachable!())].to_vec()
        };
        assert_eq!(cut(None, None), [1, 2, 3]);
        assert_eq!(cut(Some(-7), Some(2)), [1, 2]);
        assert_eq!(cut(Some(9), Some(100)), [9, 10]);
        assert_eq!(cut(Some(11), None), [0u32; 0]);
        assert_eq!(cut(Some(1), Some(-1)), [0u32; 0]);
        assert_eq!(cut(Some(1), Some(i64::MAX)), [1, 2, 3, 4, 5]);
        assert_eq!(cut(Some(i64::MAX), Some(1)), [0u32; 0]);
    }
    #[test]
    fn a_place_need_not_be_taken() {
        // Descending, with two equal values and one without.
        let at = |row| RowId { row, kind: 1 };
        let list: Vec<(Option<&[u8]>, RowId)> =
            vec![(None, at(7)), (Some(b"c"), at(2)), (Some(b"c"), at(5)), (Some(b"a"), at(1))];
        assert!(list.is_sorted_by(|left, right| order(true, *left, *right).is_lt()));
        let cut = |start, count| {
            let page = Page { start, count };
            let compare = |item: &(Option<&[u8]>, RowId), place: &Position| {
                order(true, *item, (place.key.as_deref(), place.at()))
            };
            list[page.range(&list, compare)].iter().map(|(_, at)| at.row).collect::<Vec<_>>()
        };
        let place = |key: Option<&str>, row| Position::of(key.map(|key| key.as_bytes().to_vec()), at(row));
        assert_eq!(cut(Start::After(place(None, 7)), 2), [2, 5]);
        assert_eq!(cut(Start::After(place(Some("c"), 3)), 2), [5, 1]);
        assert_eq!(cut(Start::After(place(Some("a"), 1)), 2), [0u64; 0]);
        assert_eq!(cut(Start::Before(place(Some("b"), 0)), 2), [2, 5]);
        assert_eq!(cut(Start::Before(place(Some("c"), 5)), u64::MAX), [7, 2]);
        assert_eq!(cut(Start::Before(place(None, 7)), 2), [0u64; 0]);
    }
}
