//! The SCIM messages (RFC 7644) and documents (RFC 7643): the only module that knows JSON.
//!
//! Bytes become plain objects here and typed values in `model`; nothing here decides what a filter, a path or a bulkId
//! means.

mod brief;
pub mod builtin;
mod bulk;
mod error;
mod explain;
mod import_body;
mod import_status;
mod input;
mod lines;
mod part;
mod patch;
mod projection;
mod render;
mod schema;
mod search;
mod service_provider;
mod text;

pub(crate) use brief::Brief;
pub use bulk::{BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, RefusedOperation};
pub use error::error_json;
pub use explain::{Explanation, Step};
pub use import_body::{ImportLimits, ImportSink, ImportTerms, read_import};
pub use import_status::{ImportStatus, import_accepted_json, import_status_json};
pub use input::{MAX_DEPTH, MAX_NAMES, ResourceInput, input_json, parse_input};
pub use lines::{Line, Lines, MAX_LINE};
pub(crate) use part::Part;
pub use patch::{parse_patch, patch_from_input, patch_without_schemas};
pub use projection::Projection;
pub use render::{Representation, render};
pub use schema::{SchemaDocument, parse_schema_document, resource_type_json, schema_json};
pub(crate) use schema::{resource_type_part, schema_part};
pub use search::{SearchPage, SearchRequest, SortOrder};
pub use service_provider::{Authentication, Pagination, ServiceProviderConfig, documents_json};
pub use text::location;
pub(crate) use text::text_json;
#[cfg(feature = "server")]
pub(crate) use text::to_json;
