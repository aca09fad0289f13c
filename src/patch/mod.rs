//! PATCH (RFC 7644 section 3.5.2) on decoded resources, and the dialects of identity providers.

mod apply;
mod dialect;
mod op;

pub use apply::{MemberEdit, Patched, apply};
pub use dialect::Dialect;
pub use op::{Op, Operation, PatchRequest};
