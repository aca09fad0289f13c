//! The Error message.

use std::borrow::Cow;

use serde::Serialize;

use super::text::to_json;
use crate::Error;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The Error message (RFC 7644 section 3.12).
///
/// ```
/// use scimdb::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::NotFound, "there is no User 42");
/// let json = scimdb::message::error_json(&error);
/// assert_eq!(
///     json,
///     r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"there is no User 42","status":"404"}"#
/// );
/// ```
pub fn error_json(error: &Error) -> String {
    to_json(&ErrorDocument::from(error))
}

/// The Error message, to be written, alone or in a BulkResponse.
#[derive(Serialize)]
pub(super) struct ErrorDocument<'a> {
    schemas: [&'static str; 1],
    #[serde(rename = "scimType", skip_serializing_if = "Option::is_none")]
    scim_type: Option<&'static str>,
    detail: Cow<'a, str>,
    status: String,
}

impl<'a> From<&'a Error> for ErrorDocument<'a> {
    fn from(error: &'a Error) -> Self {
        ErrorDocument {
            schemas: [SCHEMA],
            scim_type: error.scim_type(),
            // There is no other place for it in the message.
            detail: match error.offset() {
                Some(offset) => Cow::Owned(format!("{} (at byte {offset})", error.detail())),
                None => Cow::Borrowed(error.detail()),
            },
            status: error.status().to_string(),
        }
    }
}
