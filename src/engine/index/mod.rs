//! The index: what answers filters, sorts and pages without reading resources. It is derived from the rows of `storage`
//! and may be lost at any time.
//!
//! The resources of one type of a tenant are indexed in *runs*: immutable sets of columns, the older ones large and on
//! disk, the newest small and in memory. A row that is written again, or deleted, is dead in every older run. What no
//! run holds yet, the *recent* writes, is evaluated one by one.

pub(in crate::engine) mod bits;
pub(in crate::engine) mod build;
mod catalog;
mod column;
mod compact;
mod extract;
mod grams;
mod idle;
mod indexer;
mod intern;
mod interrupt;
mod layout;
mod make;
pub(in crate::engine) mod manifest;
mod medium;
mod merge;
#[cfg(any(test, fuzzing))]
pub mod probe;
mod publish;
#[cfg(test)]
mod races;
mod run;
mod seal;
mod shelf;
mod space;
mod sync;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;
mod write;

pub(in crate::engine) use bits::Bits;
pub(in crate::engine) use build::RunBuilder;
pub(in crate::engine) use catalog::{Catalog, Leaf};
pub(in crate::engine) use column::{Column, Suffix};
pub(in crate::engine) use indexer::{Indexer, Schemas};
pub use medium::{Disk, IndexMedium, Memory};
#[cfg(test)]
pub(in crate::engine) use merge::merge;
pub(in crate::engine) use publish::{Publisher, View};
pub(in crate::engine) use run::{Coverage, Run};
pub(in crate::engine) use shelf::Shelf;
pub(in crate::engine) use space::Space;
// What a medium of the host's own is made of.
pub use tantivy;
pub(in crate::engine) use view::{Dead, LiveRun, Order, Recent, RecentCommit, TypeView, hold, stack};
