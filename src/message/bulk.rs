//! The BulkRequest and BulkResponse messages (RFC 7644 section 3.7).
use crate::Result;
use crate::model::Input;

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
    /// `InvalidSyntax`.
    pub fn from_json(_json: &[u8]) -> Result<Self> {
        todo!()
    }
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
    pub fn to_json(&self, _base: &str) -> String {
        todo!()
    }
}
