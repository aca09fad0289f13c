//! The one error type. Its kind is stable and names a row of [`ERROR_TABLE`]; its text is for people and may change.

mod table;

pub use table::{ERROR_TABLE, ErrorKind, ErrorRow, Fault};

use std::fmt;

/// What every fallible function of the crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: a [kind](ErrorKind), a sentence that says how to mend it, and where it is.
///
/// ```
/// use scimdb::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::InvalidFilter, "expected an operator").at_offset(9);
/// assert_eq!(error.scim_type(), Some("invalidFilter"));
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.offset(), Some(9));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    detail: String,
    attribute: Option<String>,
    offset: Option<usize>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Bytes of a detail at most. Details repeat names that callers sent: one of a megabyte would not fit into the trailers
/// of a gRPC answer, and would flood logs and terminals.
const MAX_DETAIL: usize = 1_024;
/// Bytes of an attribute's path at most, for the same reason.
const MAX_ATTRIBUTE: usize = 256;

/// Text as an error may tell it: of bounded length, and without control characters, which terminals and logs would obey.
fn told(text: String, most: usize) -> String {
    if text.len() <= most && !text.contains(char::is_control) {
        return text;
    }
    let end = (0..=most.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
    let (head, tail) = text.split_at(end);
    let mut told: String = head.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if !tail.is_empty() {
        told.push('…');
    }
    told
}

impl Error {
    /// An error of this kind; `detail` is one sentence for the caller, without attribute values.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let detail = told(detail.into(), MAX_DETAIL);
        Error(Box::new(Inner { kind, detail, attribute: None, offset: None, source: None }))
    }

    /// Names the offending attribute, by its path.
    #[must_use]
    pub fn on(mut self, attribute: impl Into<String>) -> Self {
        self.0.attribute = Some(told(attribute.into(), MAX_ATTRIBUTE));
        self
    }

    /// Names the byte offset in the filter, path or body that the caller sent.
    #[must_use]
    pub fn at_offset(mut self, offset: usize) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// Keeps the cause, for logs.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, told with more of its surroundings: the detail becomes `"{context}: {detail}"`.
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.0.detail = told(format!("{context}: {}", self.0.detail), MAX_DETAIL);
        self
    }

    /// The kind: what a program decides by.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The row of the error table.
    pub fn row(&self) -> ErrorRow {
        self.0.kind.row()
    }

    /// The sentence for the caller.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The offending attribute's path, where one is to blame.
    pub fn attribute(&self) -> Option<&str> {
        self.0.attribute.as_deref()
    }

    /// The byte offset in what the caller sent, where one is to blame.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The `scimType` of RFC 7644 table 9, where one exists.
    pub fn scim_type(&self) -> Option<&'static str> {
        self.row().scim_type
    }

    /// The HTTP status of RFC 7644 section 3.12.
    pub fn status(&self) -> u16 {
        self.row().status
    }

    /// Whether the same request may succeed later.
    pub fn is_retriable(&self) -> bool {
        self.row().retriable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, detail, attribute, offset, source } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", kind).field("detail", detail);
        if let Some(attribute) = attribute {
            debug.field("attribute", attribute);
        }
        if let Some(offset) = offset {
            debug.field("offset", offset);
        }
        if let Some(source) = source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_sent_is_told_in_bounds() {
        let error = Error::new(ErrorKind::InvalidFilter, "é".repeat(5_000)).on("x\ny".repeat(200)).within("there");
        assert!(error.detail().len() <= MAX_DETAIL + '…'.len_utf8() && error.detail().ends_with('…'));
        let attribute = error.attribute().unwrap();
        assert!(attribute.len() <= MAX_ATTRIBUTE + '…'.len_utf8() && attribute.starts_with("x yx y"));
    }

    #[test]
    fn codes_and_names_are_unique() {
        for (i, a) in ERROR_TABLE.iter().enumerate() {
            for b in &ERROR_TABLE[i + 1..] {
                assert_ne!(a.code, b.code, "{:?} and {:?}", a.kind, b.kind);
                assert_ne!(a.name, b.name);
            }
            assert_eq!(a.kind.row(), *a);
        }
    }
}
