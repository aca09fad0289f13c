//! The literals of a filter, which RFC 7644 figure 1 takes from JSON: the one place where filters touch a JSON crate,
//! so that escapes and numbers are read and written by it alone.

use std::fmt;

use serde_json::Number;

/// The right-hand side of a comparison: a JSON literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A whole number that fits in 64 bits.
    Integer(i64),
    /// Any other number; finite.
    Decimal(f64),
    /// A string, its escapes resolved.
    String(String),
}

impl Literal {
    /// Reads a string, quotes and escapes included.
    ///
    /// # Errors
    /// The byte of the text where it stops being JSON, and what the decoder says.
    pub(super) fn string(json: &str) -> Result<Self, (usize, serde_json::Error)> {
        serde_json::from_str(json).map(Literal::String).map_err(|error| {
            // The decoder counts from one, and starts again behind a line break.
            let at = if error.line() == 1 { error.column().saturating_sub(1) } else { 0 };
            (at.min(json.len().saturating_sub(1)), error)
        })
    }

    /// Reads a number. One that is too large for a whole number is a decimal; one that is too large for that, none.
    pub(super) fn number(json: &str) -> Option<Self> {
        let number: Number = serde_json::from_str(json).ok()?;
        number.as_i64().map(Literal::Integer).or_else(|| number.as_f64().map(Literal::Decimal))
    }

    /// The text that was meant by a literal without quotes, where text is expected; none for null.
    pub fn unquoted(&self) -> Option<String> {
        match self {
            Literal::Null => None,
            Literal::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Boolean(flag) => write!(f, "{flag}"),
            Literal::Integer(number) => write!(f, "{number}"),
            Literal::Decimal(number) => f.write_str(&serde_json::to_string(number).map_err(|_| fmt::Error)?),
            Literal::String(text) => f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?),
        }
    }
}
