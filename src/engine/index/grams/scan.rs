//! The search through all values of a column.

use memchr::memmem::Finder;

use super::Column;

/// The values that contain a text, ascending. The values stand one behind the other without anything between them: one
/// search goes through them all, and what it finds across the border of two values is none.
pub(in crate::engine::index) fn scan(column: &Column<'_>, needle: &[u8]) -> Vec<u32> {
    if needle.is_empty() {
        return (0..column.distinct).collect();
    }
    let (values, starts) = column.packed();
    let finder = Finder::new(needle);
    let mut found = Vec::new();
    let (mut at, mut ord) = (0, 0);
    while let Some(hit) = values.get(at..).and_then(|rest| finder.find(rest)).map(|hit| at + hit) {
        // The last value that begins here or before: those before it that begin at the same place are empty. Where there
        // are many, it is near.
        let rest = starts.get(ord..).unwrap_or_default();
        let mut near = 1;
        while rest.get(near).is_some_and(|start| *start as usize <= hit) {
            near *= 2;
        }
        let near = rest.get(..near).unwrap_or(rest);
        ord += near.partition_point(|start| *start as usize <= hit).saturating_sub(1);
        let Some(end) = starts.get(ord + 1).map(|end| *end as usize) else { break };
        if hit + needle.len() <= end {
            found.extend(u32::try_from(ord));
            at = end;
        } else {
            at = hit + 1;
        }
    }
    found
}
