//! What headers ask for: media types (RFC 7644 section 3.8), and conditions (section 3.14).

use super::Request;
use crate::model::VersionMatch;
use crate::{Error, ErrorKind, Result};

/// SCIM's own media type.
pub(super) const SCIM_JSON: &str = "application/scim+json";
/// The other one that is understood.
pub(super) const JSON: &str = "application/json";

/// The media type of the answer: SCIM's own, unless the client prefers plain JSON. Whatever else it asks for, SCIM's own
/// is what there is.
pub(super) fn answered_as(request: &Request<'_>) -> &'static str {
    let accepted = request.list("accept").unwrap_or_default();
    let quality = |wanted: &str| {
        let ranges = accepted.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next()?;
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            // What cannot be read is no reason to prefer less.
            name.eq_ignore_ascii_case(wanted).then(|| quality.and_then(|text| text.parse().ok()).unwrap_or(1.0))
        });
        ranges.fold(0.0_f32, f32::max)
    };
    if quality(JSON) > quality(SCIM_JSON) { JSON } else { SCIM_JSON }
}

/// Headers that have a say in what happens.
const DECISIVE: [&str; 4] = ["if-match", "if-none-match", "content-type", "content-encoding"];

/// Refuses a header that has a say in what happens, and is no ASCII: as good as not sent, it would allow what it is there
/// to stop.
///
/// # Errors
/// `InvalidArgument`.
pub(super) fn check_text(request: &Request<'_>) -> Result<()> {
    let is_decisive = |name: &str| DECISIVE.iter().any(|known| known.eq_ignore_ascii_case(name));
    match request.headers.iter().find(|(name, value)| !value.is_ascii() && is_decisive(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let detail = format!("the header {name} is no text: it has characters that are not ASCII");
            Err(Error::new(ErrorKind::InvalidArgument, detail))
        }
    }
}

/// Refuses a body of another media type than SCIM's or JSON. A body without one is taken for JSON.
///
/// # Errors
/// `UnsupportedMediaType`.
pub(super) fn check_body(request: &Request<'_>) -> Result<()> {
    let refused = |detail: String| Err(Error::new(ErrorKind::UnsupportedMediaType, detail));
    if let Some(encoding) = request.header("content-encoding").filter(|it| !it.eq_ignore_ascii_case("identity")) {
        return refused(format!("a body in the encoding \"{encoding}\" is not read: send it as it is"));
    }
    let Some(sent) = request.header("content-type") else { return Ok(()) };
    let mut parts = sent.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    if !name.is_empty() && !name.eq_ignore_ascii_case(SCIM_JSON) && !name.eq_ignore_ascii_case(JSON) {
        return refused(format!("a body of type \"{name}\" is not read: send {SCIM_JSON} or {JSON}"));
    }
    let charset = parts.find_map(|part| part.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case("charset")));
    match charset.map(|(_, charset)| charset.trim_matches('"')) {
        Some(charset) if !charset.eq_ignore_ascii_case("utf-8") && !charset.eq_ignore_ascii_case("utf8") => {
            refused(format!("a body in the character set \"{charset}\" is not read: JSON is UTF-8"))
        }
        _ => Ok(()),
    }
}

/// The versions that a condition names.
pub(super) fn versions(request: &Request<'_>, name: &str) -> Option<VersionMatch> {
    request.list(name).filter(|list| !list.trim().is_empty()).map(|list| VersionMatch::parse(&list))
}

/// The bearer token of an `authorization` value (RFC 6750 section 2.1). Anything else is taken whole: a token that no store
/// knows.
///
/// ```
/// use scimdb::protocol::bearer;
/// assert_eq!([bearer("Bearer abc"), bearer("bearer  abc "), bearer("Basic abc")], ["abc", "abc", "Basic abc"]);
/// ```
pub fn bearer(authorization: &str) -> &str {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => authorization,
    }
}

/// What the answer to a caller who may not do something says by `www-authenticate` (RFC 6750 section 3), if the error is of
/// that kind; `has_token` is whether the request had a token at all.
pub fn challenge(error: &Error, has_token: bool) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::Unauthenticated if has_token => Some("Bearer realm=\"scimdb\", error=\"invalid_token\""),
        ErrorKind::Unauthenticated => Some("Bearer realm=\"scimdb\""),
        // A filter that nobody may send is not mended by another token.
        ErrorKind::Forbidden if error.attribute().is_none() => {
            Some("Bearer realm=\"scimdb\", error=\"insufficient_scope\"")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(headers: &'a [(&'a str, &'a str)]) -> Request<'a> {
        Request { method: "GET", target: "/Users", headers, body: b"" }
    }

    #[test]
    fn answers_are_of_the_type_that_is_preferred() {
        let cases = [
            (None, SCIM_JSON),
            (Some("*/*"), SCIM_JSON),
            (Some("text/html"), SCIM_JSON),
            (Some("application/json"), JSON),
            (Some("application/json, application/scim+json"), SCIM_JSON),
            (Some("application/scim+json; q=0.5, Application/JSON"), JSON),
            (Some("application/json;q=0, */*"), SCIM_JSON),
        ];
        for (accept, expected) in cases {
            let headers: Vec<_> = accept.map(|accept| ("Accept", accept)).into_iter().collect();
            assert_eq!(answered_as(&with(&headers)), expected, "{accept:?}");
        }
    }

    #[test]
    fn bodies_are_json_in_utf_8() {
        for good in
            ["application/scim+json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\"", ""]
        {
            assert!(check_body(&with(&[("Content-Type", good)])).is_ok(), "{good}");
        }
        for bad in ["text/xml", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
            let error = check_body(&with(&[("content-type", bad)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnsupportedMediaType, "{bad}");
        }
        assert!(check_body(&with(&[("content-encoding", "gzip")])).is_err());
        assert!(check_body(&with(&[])).is_ok());
    }
}
