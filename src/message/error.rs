//! The Error message.
use crate::Error;

/// The Error message (RFC 7644 section 3.12).
pub fn error_json(_error: &Error) -> String {
    todo!()
}
