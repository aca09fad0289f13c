//! Searches: find the hits, in order, and cut the page. They read one snapshot and write nothing.
//!
//! What unique keys tell needs no index. Where there is one, every condition of the filter becomes a part of an ordered
//! column of each run (`sets`), and the hits of all runs and of the recent writes are merged (`order`). What the index
//! cannot answer, and types without one, are left to the evaluator (`exec`).

mod clause;
mod exec;
mod explain;
mod find;
mod indexed;
mod membership;
mod order;
mod page;
mod plan;
mod sets;
mod sort;
#[cfg(test)]
mod tests;

pub(super) use exec::Query;
pub(super) use explain::{Trace, micros};
pub(super) use find::{Hit, Hits, find};
#[allow(unused_imports)] // Until cursors use them.
pub(super) use page::{Page, Position, Start};
pub(super) use sort::SortBy;
