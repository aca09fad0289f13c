//! Filters as sets: what a bound filter comes to in one run of the index.
//!
//! `resolve` turns conditions into parts of ordered columns, which takes binary searches alone; `solve` turns those
//! into sets of docs.

mod part;
mod resolve;
mod set;
mod solve;

pub(super) use part::Part;
pub(super) use resolve::{Lens, is_answerable, is_of_today};
pub(super) use set::{Set, Slice, bits_of};
pub(super) use solve::solve;
