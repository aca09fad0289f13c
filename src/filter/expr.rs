//! A filter as it was written, bound to no schema. It prints back canonically: what is printed parses to the same
//! expression, and prints the same again.

use std::fmt;

use super::Literal;
use crate::model::Operators;

/// An attribute path as written, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrPath {
    /// The text, with the URN if there is one: `name.givenName`, `urn:…:User:userName`.
    pub text: String,
    /// The byte offset in the filter or path.
    pub offset: usize,
}

macro_rules! operators {
    ($($(#[$doc:meta])* $variant:ident $word:literal,)*) => {
        /// A comparison operator (RFC 7644 table 3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CompareOp { $($(#[$doc])* $variant,)* }

        impl CompareOp {
            /// Every operator, as the RFC spells them.
            pub const KEYWORDS: &[&str] = &[$($word,)*];

            /// As the RFC spells it.
            pub const fn keyword(self) -> &'static str {
                match self { $(CompareOp::$variant => $word,)* }
            }

            /// Reads the operator; letter case does not matter.
            pub fn from_keyword(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) { return Some(CompareOp::$variant); })*
                None
            }
        }
    };
}

operators! {
    /// `eq`: equal.
    Eq "eq",
    /// `ne`: not equal.
    Ne "ne",
    /// `co`: contains.
    Co "co",
    /// `sw`: starts with.
    Sw "sw",
    /// `ew`: ends with.
    Ew "ew",
    /// `gt`: greater than.
    Gt "gt",
    /// `ge`: greater than or equal to.
    Ge "ge",
    /// `lt`: less than.
    Lt "lt",
    /// `le`: less than or equal to.
    Le "le",
}

impl From<CompareOp> for Operators {
    fn from(op: CompareOp) -> Self {
        match op {
            CompareOp::Eq => Operators::EQ,
            CompareOp::Ne => Operators::NE,
            CompareOp::Co => Operators::CO,
            CompareOp::Sw => Operators::SW,
            CompareOp::Ew => Operators::EW,
            CompareOp::Gt => Operators::GT,
            CompareOp::Ge => Operators::GE,
            CompareOp::Lt => Operators::LT,
            CompareOp::Le => Operators::LE,
        }
    }
}

/// A filter (RFC 7644 section 3.4.2.2).
///
/// ```
/// let filter = scimdb::filter::parse(r#"NOT (title pr) AND (emails[type EQ "work"].value co "@x")"#)?;
/// assert_eq!(filter.to_string(), r#"not (title pr) and emails[type eq "work" and value co "@x"]"#);
/// # Ok::<(), scimdb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum FilterExpr {
    /// All hold; two or more, none of them `And`.
    And(Vec<FilterExpr>),
    /// Any holds; two or more, none of them `Or`.
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

impl FilterExpr {
    /// Both hold. What is an `And` already is taken apart.
    #[must_use]
    pub fn and(self, other: FilterExpr) -> Self {
        let mut items = match self {
            FilterExpr::And(items) => items,
            single => vec![single],
        };
        match other {
            FilterExpr::And(more) => items.extend(more),
            single => items.push(single),
        }
        FilterExpr::And(items)
    }

    /// Either holds. What is an `Or` already is taken apart.
    #[must_use]
    pub fn or(self, other: FilterExpr) -> Self {
        let mut items = match self {
            FilterExpr::Or(items) => items,
            single => vec![single],
        };
        match other {
            FilterExpr::Or(more) => items.extend(more),
            single => items.push(single),
        }
        FilterExpr::Or(items)
    }
}

/// A PATCH path (RFC 7644 section 3.5.2): `attrPath / valuePath [subAttr]`. It prints back canonically.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterExpr::And(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" and ")?;
                    }
                    match item {
                        FilterExpr::Or(_) => write!(f, "({item})")?,
                        _ => write!(f, "{item}")?,
                    }
                }
                Ok(())
            }
            FilterExpr::Or(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" or ")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
            FilterExpr::Not(inner) => write!(f, "not ({inner})"),
            FilterExpr::Present(path) => write!(f, "{} pr", path.text),
            FilterExpr::Compare { path, op, value, value_offset: _ } => {
                write!(f, "{} {} {value}", path.text, op.keyword())
            }
            FilterExpr::ValuePath { path, filter } => write!(f, "{}[{filter}]", path.text),
        }
    }
}

impl fmt::Display for PathExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attr.text)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        if let Some(sub) = &self.sub {
            write!(f, ".{sub}")?;
        }
        Ok(())
    }
}
