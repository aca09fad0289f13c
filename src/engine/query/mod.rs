//! Searches: plan which rows to look at, find the hits, sort them, cut the page. It reads one snapshot and writes
//! nothing.

mod exec;
mod page;
mod plan;
mod sort;

pub(super) use exec::{Hits, Query, find};
pub(super) use page::{Page, Position, Start};
pub(super) use sort::SortBy;
