//! Schema and ResourceType documents (RFC 7643 sections 6, 7, 8.6, 8.7).
use crate::Result;
use crate::model::{ResourceType, Schema};

/// What a schema file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaDocument {
    /// A schema.
    Schema(Schema),
    /// A resource type.
    ResourceType(ResourceType),
}

/// Reads a file of RFC 7643 documents: one Schema or ResourceType, an array of them, or a ListResponse of them.
///
/// # Errors
/// `InvalidSyntax`, `InvalidValue`, naming the attribute.
pub fn parse_schema_document(_json: &[u8]) -> Result<Vec<SchemaDocument>> {
    todo!()
}

/// The schema as a document of RFC 7643 section 7.
pub fn schema_json(_schema: &Schema, _base: &str) -> String {
    todo!()
}

/// The resource type as a document of RFC 7643 section 6.
pub fn resource_type_json(_resource_type: &ResourceType, _base: &str) -> String {
    todo!()
}
