//! Writing documents: the one place where text is made of what serializes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// What a path segment need not encode besides letters and digits: `pchar` of RFC 3986 section 3.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The room that most documents need.
const CAPACITY: usize = 1_024;

/// The document as JSON, without white space.
pub(crate) fn to_json(document: &impl Serialize) -> String {
    let mut out = Vec::with_capacity(CAPACITY);
    // Memory takes every byte and every key of ours is text, so there is no error to tell.
    let written = serde_json::to_writer(&mut out, document);
    debug_assert!(written.is_ok(), "{written:?}");
    String::from_utf8(out).unwrap_or_default()
}

/// A text as JSON writes it, in quotes.
pub(crate) fn text_json(text: &str) -> String {
    to_json(&text)
}

/// The relative address of a resource: its endpoint, a slash, its id as one path segment.
///
/// ```
/// assert_eq!(scimdb::message::location("/Users", "2819c223"), "/Users/2819c223");
/// assert_eq!(scimdb::message::location("/Users", "a/b c"), "/Users/a%2Fb%20c");
/// ```
pub fn location(endpoint: &str, id: &str) -> String {
    let mut location = String::with_capacity(endpoint.len() + 1 + id.len());
    location.push_str(endpoint);
    location.push('/');
    // As nearly every id is.
    if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        location.push_str(id);
    } else {
        location.extend(utf8_percent_encode(id, SEGMENT));
    }
    location
}
