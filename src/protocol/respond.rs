//! Answers: the one place where headers of a response are made.

use super::headers::{SCIM_JSON, answered_as};
use super::{Request, Response};
use crate::Error;
use crate::message::{Representation, error_json};

/// An answer with a document.
pub(super) fn document(request: &Request<'_>, status: u16, body: String) -> Response {
    let headers = vec![("content-type", answered_as(request).to_owned()), ("vary", "Accept".to_owned())];
    Response { status, headers, body }
}

/// An answer with a document that stands somewhere: what describes the endpoint is got as resources are (RFC 7644
/// section 4).
pub(super) fn located(request: &Request<'_>, body: String, location: String) -> Response {
    let mut response = document(request, 200, body);
    response.headers.extend([("location", location.clone()), ("content-location", location)]);
    response
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

/// What tells that the client has the resource as it is now, with the headers that the resource would have come with
/// (RFC 9110 section 15.4.5).
pub(super) fn not_modified(found: &Representation, base: &str) -> Response {
    let location = format!("{base}{}", found.location());
    let headers = vec![("etag", found.tag.to_string()), ("location", location.clone()), ("content-location", location)];
    Response { status: 304, headers, body: String::new() }
}

/// The SCIM error document (RFC 7644 section 3.12).
pub(super) fn error(error: &Error) -> Response {
    let mut headers = vec![("content-type", SCIM_JSON.to_owned())];
    // For programs that point at it: the message has a place for sentences only.
    headers.extend(error.offset().map(|offset| ("x-scimdb-error-offset", offset.to_string())));
    Response { status: error.status(), headers, body: error_json(error) }
}
