//! Erasure: every trace of a deleted resource is purged from the store, as if it had never been.
//!
//! A wish is recorded first (`wish`), with all that it is to remove. Then entries of the change log lose their ids
//! (`traces`), the index is written again, and at last the store's file (`finish`): the wish is what is left out of the new
//! file, so that a crash finds it done, or still to do.

mod finish;
mod traces;
mod wish;

pub use wish::Forgotten;
