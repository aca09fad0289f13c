//! Offset pages (RFC 7644 section 3.4.2.4).

/// Which results to show: a slice of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Page {
    /// How many results stand before it.
    pub(in crate::engine) skip: u64,
    /// How many it shows at most.
    pub(in crate::engine) count: u64,
}

impl Page {
    /// Everything.
    pub(in crate::engine) const ALL: Page = Page { skip: 0, count: u64::MAX };

    /// From the request: a startIndex below 1 is 1, a negative count is 0.
    pub(in crate::engine) fn new(start_index: Option<i64>, count: Option<i64>, default: u64, most: u64) -> Self {
        let skip = u64::try_from(start_index.unwrap_or(1).max(1) - 1).unwrap_or(0);
        let count = count.map_or(default, |count| u64::try_from(count).unwrap_or(0)).min(most);
        Page { skip, count }
    }

    /// The slice of a list.
    pub(in crate::engine) fn of<T>(self, list: &[T]) -> &[T] {
        let start = usize::try_from(self.skip).unwrap_or(usize::MAX).min(list.len());
        let rest = list.get(start..).unwrap_or_default();
        let count = usize::try_from(self.count).unwrap_or(usize::MAX).min(rest.len());
        rest.get(..count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_as_the_rfc_says() {
        let list: Vec<u32> = (1..=10).collect();
        let cut = |start, count| Page::new(start, count, 3, 5).of(&list).to_vec();
        assert_eq!(cut(None, None), [1, 2, 3]);
        assert_eq!(cut(Some(-7), Some(2)), [1, 2]);
        assert_eq!(cut(Some(9), Some(100)), [9, 10]);
        assert_eq!(cut(Some(11), None), [0u32; 0]);
        assert_eq!(cut(Some(1), Some(-1)), [0u32; 0]);
        assert_eq!(cut(Some(1), Some(i64::MAX)), [1, 2, 3, 4, 5]);
        assert_eq!(cut(Some(i64::MAX), Some(1)), [0u32; 0]);
    }
}
