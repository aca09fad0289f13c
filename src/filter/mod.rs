//! Filters (RFC 7644 section 3.4.2.2): text → [`FilterExpr`] → [`BoundFilter`] → [`eval`]. No I/O, no JSON documents.
//!
//! [`eval`] is the oracle: it alone decides what a filter means, and every index answers as it would.
//!
//! ```
//! use scimdb::filter::{bind, eval, parse};
//! use scimdb::message::builtin;
//! use scimdb::model::{BindOptions, Complex, Instant, Resource};
//!
//! let registry = builtin::registry()?;
//! let user = registry.resource_type("User")?;
//! let filter = bind(&parse(r#"id sw "28" and not (title pr)"#)?, user, BindOptions::default())?;
//!
//! let now = Instant::parse("2026-01-02T03:04:05Z").unwrap();
//! let resource = Resource { id: "2819c223".into(), version: 1, created: now, last_modified: now, attributes: Complex::new() };
//! assert!(eval(&filter, &resource.view(user)));
//!
//! let unknown = bind(&parse(r#"titel pr"#)?, user, BindOptions::default()).unwrap_err();
//! assert_eq!(unknown.detail(), "User has no attribute \"titel\"; did you mean title?");
//! # Ok::<(), scimdb::Error>(())
//! ```

mod bind;
mod deep;
mod eval;
mod expr;
mod hint;
mod joined;
mod lexer;
mod literal;
mod operand;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;
mod text;
mod wildcard;

pub use bind::{BoundFilter, bind, bind_any, bind_element};
pub use deep::Test;
pub use eval::{eval, eval_element};
pub use expr::{AttrPath, CompareOp, FilterExpr, PathExpr};
pub use literal::Literal;
pub use operand::Operand;
pub use parser::{
    MAX_FILTER_BYTES, MAX_FILTER_CLAUSES, MAX_FILTER_DEPTH, parse, parse_path, parse_path_with, parse_with,
};
