//! PATCH (RFC 7644 section 3.5.2) on decoded resources, and the dialects of identity providers.
//!
//! Pure: it reads and makes [`Complex`](crate::model::Complex) values, and knows no JSON, no store and no rows. What it
//! decides about the members of a group it hands back as [`MemberEdit`]s, since those are rows elsewhere.

mod apply;
mod budget;
mod deviations;
mod dialect;
mod elements;
mod members;
mod nested;
mod op;
mod put;
mod remove;
mod resource;
mod schemas;
mod target;
#[cfg(test)]
mod tests;
mod values;

pub use apply::{MemberEdit, Patched, apply, apply_within};
pub use budget::{Budget, MAX_WORK};
pub use dialect::Dialect;
pub use op::{MAX_OPERATIONS, Op, Operation, PatchRequest};
pub(crate) use values::same;
