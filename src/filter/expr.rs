//! A filter as it was written, bound to no schema. It prints back canonically.

use std::fmt;

/// An attribute path as written, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrPath {
    /// The text, with the URN if there is one: `name.givenName`, `urn:…:User:userName`.
    pub text: String,
    /// The byte offset in the filter or path.
    pub offset: usize,
}

/// A comparison operator (RFC 7644 table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `co`
    Co,
    /// `sw`
    Sw,
    /// `ew`
    Ew,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
}

/// The right-hand side of a comparison: a JSON literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A whole number that fits in 64 bits.
    Integer(i64),
    /// Any other number.
    Decimal(f64),
    /// A string, its escapes resolved.
    String(String),
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterExpr {
    /// All hold; two or more.
    And(Vec<FilterExpr>),
    /// Any holds; two or more.
    Or(Vec<FilterExpr>),
    /// It does not hold.
    Not(Box<FilterExpr>),
    /// `attrPath pr`
    Present(AttrPath),
    /// `attrPath op literal`
    Compare {
        /// The attribute.
        path: AttrPath,
        /// The operator.
        op: CompareOp,
        /// The literal.
        value: Literal,
        /// The byte offset of the literal.
        value_offset: usize,
    },
    /// `attrPath[filter]`
    ValuePath {
        /// The multi-valued or complex attribute.
        path: AttrPath,
        /// What one of its values must meet.
        filter: Box<FilterExpr>,
    },
}

/// A PATCH path (RFC 7644 section 3.5.2): `attrPath / valuePath [subAttr]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PathExpr {
    /// The attribute.
    pub attr: AttrPath,
    /// The filter in brackets.
    pub filter: Option<FilterExpr>,
    /// The sub-attribute behind the brackets; a sub-attribute without brackets is part of `attr`.
    pub sub: Option<String>,
}

impl fmt::Display for FilterExpr {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
