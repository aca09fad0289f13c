//! What identity providers send that the RFC does not allow: each deviation is one flag and one function.

use crate::model::BindOptions;

/// The deviations that a tenant tolerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// `strict`, `entra`, `okta`.
    pub name: &'static str,
    /// How forgiving binding of values is, in every verb.
    pub bind: BindOptions,
}

impl Dialect {
    /// RFC 7644 to the letter: the default.
    pub const STRICT: Dialect = Dialect { name: "strict", bind: BindOptions { coerce_scalars: false, bare_values: false, ignore_unknown: false, lenient_schemas: false, trusted: false } };

    /// The dialect of a name.
    pub fn from_name(_name: &str) -> Option<&'static Dialect> {
        todo!()
    }
}
