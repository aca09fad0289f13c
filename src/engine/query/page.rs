//! Pages: by offset (RFC 7644 section 3.4.2.4), or from a position in the order.

use crate::engine::storage::keys::RowId;

/// Which results to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Page {
    /// Where it begins, or ends.
    pub(in crate::engine) start: Start,
    /// How many it shows at most.
    pub(in crate::engine) count: u64,
}

/// Where a page begins, or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Start {
    /// Behind so many results.
    Skip(u64),
    /// Behind a place in the order, where there may be a result no more.
    After(Position),
    /// It ends before a place in the order.
    Before(Position),
}

/// A place in the order of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Position {
    /// What the result is sorted by; none if it has no such value, and in the order of creation.
    pub(in crate::engine) key: Option<Vec<u8>>,
    /// Where it is.
    pub(in crate::engine) at: RowId,
}

impl Position {
    /// The place next to it, behind it: no result is in between.
    pub(in crate::engine) fn just_behind(&self) -> Option<Self> {
        Some(Position { key: self.key.clone(), at: RowId { row: self.at.row.checked_add(1)?, kind: 0 } })
    }

    /// The place next to it, before it. No type has the number 0, so there is one before the first row too.
    pub(in crate::engine) fn just_before(&self) -> Option<Self> {
        let (row, kind) = self.at.row.checked_sub(1).map_or((0, 0), |row| (row, u16::MAX));
        Some(Position { key: self.key.clone(), at: RowId { row, kind } })
    }
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

    /// How many results stand before it, where that is how it begins.
    pub(in crate::engine) fn skip(&self) -> Option<u64> {
        match self.start {
            Start::Skip(skip) => Some(skip),
            Start::After(_) | Start::Before(_) => None,
        }
    }
}

/// The slice of a list behind so many entries.
pub(super) fn slice<T>(list: &[T], skip: u64, count: u64) -> &[T] {
    let start = usize::try_from(skip).unwrap_or(usize::MAX).min(list.len());
    let rest = list.get(start..).unwrap_or_default();
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(rest.len());
    rest.get(..count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_as_the_rfc_says() {
        let list: Vec<u32> = (1..=10).collect();
        let cut = |start, count| {
            let page = Page::new(start, count, 3, 5);
            slice(&list, page.skip().unwrap(), page.count).to_vec()
        };
        assert_eq!(cut(None, None), [1, 2, 3]);
        assert_eq!(cut(Some(-7), Some(2)), [1, 2]);
        assert_eq!(cut(Some(9), Some(100)), [9, 10]);
        assert_eq!(cut(Some(11), None), [0u32; 0]);
        assert_eq!(cut(Some(1), Some(-1)), [0u32; 0]);
        assert_eq!(cut(Some(1), Some(i64::MAX)), [1, 2, 3, 4, 5]);
        assert_eq!(cut(Some(i64::MAX), Some(1)), [0u32; 0]);
    }
}
