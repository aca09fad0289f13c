//! Answers: the one place where headers of a response are made.

use super::headers::{SCIM_JSON, answered_as};
use super::{Request, Response};
use crate::Error;
use crate::message::{Representation, error_json};
use crate::model::EntityTag;

/// An answer with a document.
pub(super) fn document(request: &Request<'_>, status: u16, body: String) -> Response {
    Response { status, headers: vec![("content-type", answered_as(request).to_owned())], body }
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Response {
    Response { status, headers: Vec::new(), body: String::new() }
}

/// An answer with a resource. RFC 7644 shows `Location` in answers of every verb; `Content-Location` is what RFC 9110
/// calls it where nothing was created.
pub(super) fn resource(request: &Request<'_>, status: u16, found: Representation, base: &str) -> Response {
    let location = format!("{base}{}", found.location());
    let tag = found.tag;
    let mut response = document(request, status, found.json);
    response.headers.extend([
        ("etag", tag.to_string()),
        ("location", location.clone()),
        ("content-location", location),
    ]);
    response
}

/// What tells that the client has the resource as it is now.
pub(super) fn not_modified(tag: EntityTag) -> Response {
    Response { status: 304, headers: vec![("etag", tag.to_string())], body: String::new() }
}

/// The SCIM error document (RFC 7644 section 3.12).
pub(super) fn error(error: &Error) -> Response {
    Response { status: error.status(), headers: vec![("content-type", SCIM_JSON.to_owned())], body: error_json(error) }
}
