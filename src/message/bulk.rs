//! The BulkRequest and BulkResponse messages (RFC 7644 section 3.7). What paths and bulkIds mean, the engine decides.

use serde::Serialize;

use super::error::ErrorDocument;
use super::part::Part;
use super::text::to_json;
use crate::model::Input;
use crate::{ErrorKind, Result};

const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The method of a bulk operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BulkMethod {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Modify.
    Patch,
    /// Delete.
    Delete,
}

impl BulkMethod {
    /// Reads the method; letter case does not matter.
    pub fn from_keyword(word: &str) -> Option<Self> {
        let all = [BulkMethod::Post, BulkMethod::Put, BulkMethod::Patch, BulkMethod::Delete];
        all.into_iter().find(|method| method.keyword().eq_ignore_ascii_case(word))
    }

    /// As the RFC spells it.
    pub const fn keyword(self) -> &'static str {
        match self {
            BulkMethod::Post => "POST",
            BulkMethod::Put => "PUT",
            BulkMethod::Patch => "PATCH",
            BulkMethod::Delete => "DELETE",
        }
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkOperation {
    /// The method.
    pub method: BulkMethod,
    /// The client's name for a resource to be created.
    pub bulk_id: Option<String>,
    /// The version that must still be there.
    pub version: Option<String>,
    /// `/Users`, `/Users/{id}`, `/Users/bulkId:{bulkId}`.
    pub path: String,
    /// The resource or the PatchOp message, not yet bound.
    pub data: Option<Input>,
}

/// An element of `Operations` that is no operation: it fails alone.
#[derive(Debug)]
pub struct RefusedOperation {
    /// The method; of an unknown one the word that was sent, if an answer can repeat it.
    pub method: Option<String>,
    /// As sent.
    pub bulk_id: Option<String>,
    /// As sent.
    pub path: Option<String>,
    /// Why.
    pub error: crate::Error,
}

/// A bulk request.
#[derive(Debug, Default)]
pub struct BulkRequest {
    /// After how many errors to stop; none: never.
    pub fail_on_errors: Option<u64>,
    /// The operations, with those that fail as they stand.
    pub operations: Vec<Result<BulkOperation, RefusedOperation>>,
}

impl BulkRequest {
    /// Reads a BulkRequest message. An operation that is none is refused alone, in its place: the others are to be
    /// carried out (RFC 7644 section 3.7).
    ///
    /// # Errors
    /// `InvalidSyntax` for what is no such message, `InvalidValue` for a negative `failOnErrors`; both name the place,
    /// as in `Operations[2]`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut part = Part::from_json(json, "a BulkRequest")?;
        part.need_schema(BULK_REQUEST)?;
        let fail_on_errors =
            part.take_integer("failOnErrors")?.map(u64::try_from).transpose().map_err(|_| {
                part.error(ErrorKind::InvalidValue, "failOnErrors", "is a number of errors, not negative")
            })?;
        let operations = part.need_objects("Operations")?.map(|part| Ok(operation(part?))).collect::<Result<_>>()?;
        Ok(BulkRequest { fail_on_errors, operations })
    }
}

/// Letters of a method that is unknown, but can be repeated.
const MAX_METHOD: usize = 16;

/// Reads an operation. What can be read of one that is refused is kept, for its result.
fn operation(mut part: Part) -> Result<BulkOperation, RefusedOperation> {
    let (method, bulk_id) = (part.need_string("method"), part.take_string("bulkId"));
    let (version, path) = (part.take_string("version"), part.need_string("path"));
    let data = part.take_any("data").filter(|data| *data != Input::Null);
    let is_word = |word: &&String| word.len() <= MAX_METHOD && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let keyword = |word: &String| BulkMethod::from_keyword(word).map_or(word.clone(), |method| method.keyword().into());
    let sent = method.as_ref().ok().filter(is_word).map(keyword);
    let kept = (bulk_id.as_ref().ok().cloned().flatten(), path.as_ref().ok().cloned());
    let checked = || {
        let Some(method) = BulkMethod::from_keyword(&method?) else {
            return Err(part.error(ErrorKind::InvalidSyntax, "method", "is POST, PUT, PATCH or DELETE"));
        };
        let operation = BulkOperation { method, bulk_id: bulk_id?, version: version?, path: path?, data };
        let missing = |name: &str| {
            Err(part.error(ErrorKind::InvalidSyntax, name, &format!("is missing: {} needs one", method.keyword())))
        };
        if method == BulkMethod::Post && operation.bulk_id.is_none() {
            return missing("bulkId");
        }
        if method != BulkMethod::Delete && operation.data.is_none() {
            return missing("data");
        }
        Ok(operation)
    };
    checked().map_err(|error| RefusedOperation { method: sent, bulk_id: kept.0, path: kept.1, error })
}

/// The result of one operation.
#[derive(Debug)]
pub struct BulkResult {
    /// The method; of an unknown one the word that was sent, if an answer can repeat it.
    pub method: Option<String>,
    /// As sent.
    pub bulk_id: Option<String>,
    /// The new version.
    pub version: Option<String>,
    /// Relative, as in [`super::Representation::location`]; none for a POST that failed.
    pub location: Option<String>,
    /// 201, 200, 204, or the error's.
    pub status: u16,
    /// Why it failed.
    pub error: Option<crate::Error>,
}

/// The results, in the order of the operations, up to where the request stopped.
#[derive(Debug, Default)]
pub struct BulkResponse {
    /// The results.
    pub results: Vec<BulkResult>,
}

impl BulkResponse {
    /// The BulkResponse message; `base` is put before every location.
    pub fn to_json(&self, base: &str) -> String {
        to_json(&ResponseJson {
            schemas: [BULK_RESPONSE],
            operations: self.results.iter().map(|result| ResultJson::new(result, base)).collect(),
        })
    }
}

#[derive(Serialize)]
struct ResponseJson<'a> {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<ResultJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ErrorDocument<'a>>,
}

impl<'a> ResultJson<'a> {
    fn new(result: &'a BulkResult, base: &str) -> Self {
        let BulkResult { method, bulk_id, version, location, status, error } = result;
        ResultJson {
            location: location.as_ref().map(|location| format!("{base}{location}")),
            method: method.as_deref(),
            bulk_id: bulk_id.as_deref(),
            version: version.as_deref(),
            status: status.to_string(),
            response: error.as_ref().map(ErrorDocument::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::Error;

    fn with(operations: &str) -> String {
        format!(r#"{{"schemas": ["{BULK_REQUEST}"], "failOnErrors": 1, "Operations": {operations}}}"#)
    }

    #[test]
    fn requests() {
        let json = with(
            r#"[{"method": "post", "path": "/Users", "bulkId": "qwerty", "data": {"userName": "Alice"}},
                {"method": "DELETE", "path": "/Users/42", "version": "W/\"1\"", "data": null}]"#,
        );
        let request = BulkRequest::from_json(json.as_bytes()).unwrap();
        let [Ok(post), Ok(delete)] = &request.operations[..] else { panic!() };
        assert_eq!(
            (request.fail_on_errors, post.method, post.bulk_id.as_deref()),
            (Some(1), BulkMethod::Post, Some("qwerty"))
        );
        assert_eq!(
            (delete.method, delete.version.as_deref(), &delete.data),
            (BulkMethod::Delete, Some("W/\"1\""), &None)
        );
    }

    #[test]
    fn what_is_no_request_is_refused_whole() {
        let cases = [
            (with("[]"), "Operations"),
            (with("7"), "Operations"),
            (with(r#"[{"method": "DELETE", "path": "/Users/1"}, 7]"#), "Operations[1]"),
            (with("[]").replace(": 1", ": -1"), "failOnErrors"),
            (with("[]").replace(": 1", ": \"1\""), "failOnErrors"),
            (r#"{"Operations": []}"#.into(), "schemas"),
        ];
        for (json, place) in cases {
            let error = BulkRequest::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error.attribute(), Some(place), "{error}");
        }
    }

    #[test]
    fn what_is_no_operation_is_refused_alone() {
        let cases = [
            (r#"{"method": "GET", "path": "/Users"}"#, "method", [Some("GET"), None, Some("/Users")]),
            (r#"{"method": "<GET>", "path": "/Users"}"#, "method", [None, None, Some("/Users")]),
            (r#"{"method": "ABCDEFGHIJKLMNOPQ", "bulkId": "a"}"#, "method", [None, Some("a"), None]),
            (r#"{"method": 7, "bulkId": "a"}"#, "method", [None, Some("a"), None]),
            (r#"{"path": "/Users"}"#, "method", [None, None, Some("/Users")]),
            (r#"{"method": "delete"}"#, "path", [Some("DELETE"), None, None]),
            (r#"{"method": "DELETE", "path": []}"#, "path", [Some("DELETE"), None, None]),
            (
                r#"{"method": "DELETE", "path": "/Users/1", "version": 1}"#,
                "version",
                [Some("DELETE"), None, Some("/Users/1")],
            ),
            (r#"{"method": "POST", "path": "/Users", "data": {}}"#, "bulkId", [Some("POST"), None, Some("/Users")]),
            (
                r#"{"method": "POST", "path": "/Users", "bulkId": 7, "data": {}}"#,
                "bulkId",
                [Some("POST"), None, Some("/Users")],
            ),
            (r#"{"method": "PUT", "path": "/Users/1"}"#, "data", [Some("PUT"), None, Some("/Users/1")]),
            (
                r#"{"method": "PATCH", "path": "/Users/1", "data": null}"#,
                "data",
                [Some("PATCH"), None, Some("/Users/1")],
            ),
        ];
        for (json, name, kept) in cases {
            let request = with(&format!(r#"[{{"method": "DELETE", "path": "/Users/1"}}, {json}]"#));
            let request = BulkRequest::from_json(request.as_bytes()).unwrap();
            let [Ok(_), Err(refused)] = &request.operations[..] else { panic!("{json}") };
            let RefusedOperation { method, bulk_id, path, error } = refused;
            assert_eq!(error.attribute(), Some(&*format!("Operations[1].{name}")), "{error}");
            assert_eq!(error.kind(), ErrorKind::InvalidSyntax);
            assert_eq!([method.as_deref(), bulk_id.as_deref(), path.as_deref()], kept, "{json}");
        }
    }

    #[test]
    fn responses() {
        let result = |method: BulkMethod, status, error| BulkResult {
            method: Some(method.keyword().to_owned()),
            bulk_id: None,
            version: None,
            location: Some("/Users/42".into()),
            status,
            error,
        };
        let created = BulkResult {
            bulk_id: Some("qwerty".into()),
            version: Some("W/\"7\"".into()),
            ..result(BulkMethod::Post, 201, None)
        };
        let failed = result(BulkMethod::Put, 412, Some(Error::new(ErrorKind::VersionMismatch, "it has changed")));
        let json = BulkResponse { results: vec![created, failed] }.to_json("https://example.com/v2");
        let expected = json!({
            "schemas": [BULK_RESPONSE],
            "Operations": [
                {"location": "https://example.com/v2/Users/42", "method": "POST", "bulkId": "qwerty",
                 "version": "W/\"7\"", "status": "201"},
                {"location": "https://example.com/v2/Users/42", "method": "PUT", "status": "412",
                 "response": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                              "detail": "it has changed", "status": "412"}},
            ],
        });
        assert_eq!(serde_json::from_str::<Json>(&json).unwrap(), expected);
    }
}
