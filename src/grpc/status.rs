//! From an error to a gRPC status: the one place where a `Status` is made, by the error table.

use std::collections::HashMap;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::proto::Problem;
use crate::Error;
use crate::error::ErrorRow;

/// The domain of `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "scimdb";

/// The metadata that names a call, of requests and of answers.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// The status of an error, with `google.rpc.ErrorInfo`, and `google.rpc.BadRequest` where an attribute is to blame.
pub(super) fn status(error: &Error, request_id: &str) -> Status {
    let ErrorRow { kind: _, name, scim_type, status, grpc, code: _, fault: _, retriable: _ } = error.row();
    let mut metadata = HashMap::from([("status".to_owned(), status.to_string())]);
    let known = [
        ("scimType", scim_type.map(str::to_owned)),
        ("attribute", error.attribute().map(str::to_owned)),
        ("offset", error.offset().map(|offset| offset.to_string())),
    ];
    metadata.extend(known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    let mut details = ErrorDetails::with_error_info(name, ERROR_DOMAIN, metadata);
    if let Some(attribute) = error.attribute() {
        details.add_bad_request_violation(attribute, error.detail());
    }
    // As `Retry-After` over HTTP: what was busy may be so no longer.
    if matches!(status, 429 | 503) {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    details.set_request_info(request_id, "");
    let mut answer = MetadataMap::new();
    name_call(&mut answer, request_id);
    Status::with_error_details_and_metadata(Code::from(i32::from(grpc)), error.detail(), details, answer)
}

/// The same of an error that is not the call's own, but that of one row of it.
pub(super) fn problem(error: &Error) -> Problem {
    let ErrorRow { kind: _, name, scim_type, status, grpc: _, code: _, fault: _, retriable: _ } = error.row();
    Problem {
        reason: name.to_owned(),
        scim_type: scim_type.map(str::to_owned),
        status: u32::from(status),
        detail: error.detail().to_owned(),
        attribute: error.attribute().map(str::to_owned),
        offset: error.offset().map(|offset| offset as u64),
    }
}

/// Tells the client what its call is named in the log.
pub(super) fn name_call(metadata: &mut MetadataMap, request_id: &str) {
    if let Ok(value) = request_id.parse::<MetadataValue<Ascii>>() {
        metadata.insert(MetadataKey::from_static(REQUEST_ID), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::error::ERROR_TABLE;

    #[test]
    fn every_kind_has_a_status_that_is_an_error() {
        for row in ERROR_TABLE {
            let status = status(&Error::new(row.kind, "so it is"), "1");
            assert_eq!(i32::from(status.code()), i32::from(row.grpc));
            assert!(!matches!(status.code(), Code::Ok | Code::Unknown), "{}", row.name);
            let info = status.get_details_error_info().unwrap();
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (row.name, ERROR_DOMAIN));
            assert_eq!(info.metadata.get("scimType").map(String::as_str), row.scim_type);
            assert_eq!(status.get_details_retry_info().is_some(), matches!(row.status, 429 | 503), "{}", row.name);
        }
    }

    #[test]
    fn the_document_lists_every_kind_under_its_code() {
        let document = include_str!("../../docs/GRPC.md");
        for row in ERROR_TABLE {
            let mut code = String::new();
            for letter in format!("{:?}", Code::from(i32::from(row.grpc))).chars() {
                if letter.is_ascii_uppercase() && !code.is_empty() {
                    code.push('_');
                }
                code.push(letter.to_ascii_uppercase());
            }
            let line = document.lines().find(|line| line.starts_with(&format!("| `{code}` |"))).unwrap_or_default();
            assert!(line.contains(&format!(" `{}`", row.name)), "docs/GRPC.md: {} is not under {code}", row.name);
        }
    }

    #[test]
    fn the_attribute_and_the_offset_are_told() {
        let error = Error::new(ErrorKind::InvalidFilter, "expected an operator").on("userName").at_offset(9);
        let status = status(&error, "1f");
        assert_eq!(status.message(), "expected an operator");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata.get("offset").map(String::as_str), Some("9"));
        assert_eq!(info.metadata.get("status").map(String::as_str), Some("400"));
        let bad = status.get_details_bad_request().unwrap();
        assert_eq!(bad.field_violations[0].field, "userName");
        assert_eq!(status.get_details_request_info().unwrap().request_id, "1f");
        assert_eq!(problem(&error).offset, Some(9));
    }
}
