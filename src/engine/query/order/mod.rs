//! The order of hits: what each run found as a sequence with random access, and a page across all of them.

mod alive;
mod collect;
mod column;
mod merge;
mod rows;
mod sequence;

pub(super) use alive::Alive;
pub(super) use collect::{Collector, Want};
pub(super) use column::ColumnOrder;
pub(super) use merge::{Cut, cut};
pub(super) use sequence::{Item, Sequence, Stream, compare};
