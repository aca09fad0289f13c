//! Filters (RFC 7644 section 3.4.2.2): text → [`FilterExpr`] → [`BoundFilter`] → [`eval`]. No I/O, no JSON documents.
//!
//! [`eval`] is the oracle: it alone decides what a filter means, and every index answers as it would.

mod bind;
mod eval;
mod expr;
mod hint;
mod lexer;
mod operand;
mod parser;
#[cfg(test)]
mod tests;
mod text;

pub use bind::{BoundFilter, bind, bind_any, bind_element};
pub use eval::{eval, eval_element};
pub use expr::{AttrPath, CompareOp, FilterExpr, Literal, PathExpr};
pub use operand::Operand;
pub use parser::{MAX_FILTER_BYTES, MAX_FILTER_CLAUSES, MAX_FILTER_DEPTH, parse, parse_path};
