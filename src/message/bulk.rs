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

/// A bulk request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BulkRequest {
    /// After how many errors to stop; none: never.
    pub fail_on_errors: Option<u64>,
    /// The operations.
    pub operations: Vec<BulkOperation>,
}

impl BulkRequest {
    /// Reads a BulkRequest message.
    ///
    /// # Errors
    /// `InvalidSyntax` for what is no such message, `InvalidValue` for a negative `failOnErrors`; both name the place,
    /// as in `Operations[2].method`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut part = Part::from_json(json, "a BulkRequest")?;
        part.need_schema(BULK_REQUEST)?;
        let fail_on_errors =
            part.take_integer("failOnErrors")?.map(u64::try_from).transpose().map_err(|_| {
                part.error(ErrorKind::InvalidValue, "failOnErrors", "is a number of errors, not negative")
            })?;
        let operations = part.need_objects("Operations")?.map(|part| operation(part?)).collect::<Result<_>>()?;
        Ok(BulkRequest { fail_on_errors, operations })
    }
}

fn operation(mut part: Part) -> Result<BulkOperation> {
    let word = part.need_string("method")?;
    let Some(method) = BulkMethod::from_keyword(&word) else {
        return Err(part.error(ErrorKind::InvalidSyntax, "method", "is POST, PUT, PATCH or DELETE"));
    };
    let operation = BulkOperation {
        method,
        bulk_id: part.take_string("bulkId")?,
        version: part.take_string("version")?,
        path: part.need_string("path")?,
        data: part.take_any("data").filter(|data| *data != Input::Null),
    };
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
}

/// The result of one operation.
#[derive(Debug)]
pub struct BulkResult {
    /// The method.
    pub method: BulkMethod,
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
    method: &'static str,
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
            method: method.keyword(),
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
        let [post, delete] = &request.operations[..] else { panic!() };
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
    fn errors_name_the_place() {
        let cases = [
            (with("[]"), "Operations"),
            (with(r#"[{"method": "GET", "path": "/Users"}]"#), "Operations[0].method"),
            (with(r#"[{"method": "DELETE"}]"#), "Operations[0].path"),
            (with(r#"[{"method": "POST", "path": "/Users", "data": {}}]"#), "Operations[0].bulkId"),
            (with(r#"[{"method": "PUT", "path": "/Users/1"}]"#), "Operations[0].data"),
            (with("[]").replace(": 1", ": -1"), "failOnErrors"),
            (r#"{"Operations": []}"#.into(), "schemas"),
        ];
        for (json, place) in cases {
            let error = BulkRequest::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error.attribute(), Some(place), "{error}");
        }
    }

    #[test]
    fn responses() {
        let result = |method, status, error| BulkResult {
            method,
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
