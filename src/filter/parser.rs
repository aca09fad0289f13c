//! The grammar.
use super::{FilterExpr, PathExpr};
use crate::Result;

/// Bytes of a filter.
pub const MAX_FILTER_BYTES: usize = 16 * 1024;
/// Nesting.
pub const MAX_FILTER_DEPTH: usize = 64;
/// Comparisons.
pub const MAX_FILTER_CLAUSES: usize = 512;

/// Parses a filter.
///
/// # Errors
/// `InvalidFilter`
pub fn parse(_text: &str) -> Result<FilterExpr> {
    todo!()
}

/// Parses a PATCH path.
///
/// # Errors
/// `InvalidPath`
pub fn parse_path(_text: &str) -> Result<PathExpr> {
    todo!()
}
