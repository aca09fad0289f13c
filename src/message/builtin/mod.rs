//! The built-in schemas and resource types: documents in the form of RFC 7643 sections 8.6 and 8.7.1, with the
//! characteristics that sections 2.3 and 4 state in words where the printed documents contradict them.
//!
//! They are data like any registered schema; nothing here knows what the attributes mean.

mod load;

pub use load::{registry, resource_types, schemas};
