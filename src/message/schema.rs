//! Schema and ResourceType documents (RFC 7643 sections 6, 7, 8.6, 8.7).
//!
//! Only their form is checked here; whether a schema makes sense, the registry says.

use serde::Serialize;

use super::input::parse_input;
use super::part::Part;
use super::text::{location, to_json};
use crate::model::{
    Attribute, AttributeType, Input, Mutability, ResourceType, Returned, Schema, SchemaExtension, Uniqueness,
};
use crate::{Error, ErrorKind, Result};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

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
/// Characteristics that are left out have the defaults of RFC 7643 section 2.2; references and binaries are caseExact
/// (sections 2.3.6 and 2.3.7). Whether a sub-attribute may be complex, and a type `any`, whoever registers it says. Names that the RFC does not define are ignored.
///
/// # Errors
/// `InvalidSyntax` for what is no such document, `InvalidValue` for an unknown keyword; both name the place, as in
/// `attributes[3].subAttributes[0].type`.
pub fn parse_schema_document(json: &[u8]) -> Result<Vec<SchemaDocument>> {
    let documents = match parse_input(json)? {
        Input::Array(items) => items.into_iter().enumerate().map(|(i, item)| (item, format!("[{i}]"))).collect(),
        Input::Object(mut list) if list.get("Resources").is_some() => match list.remove("Resources") {
            Some(Input::Array(items)) => {
                items.into_iter().enumerate().map(|(i, item)| (item, format!("Resources[{i}]"))).collect()
            }
            _ => return Err(Error::new(ErrorKind::InvalidSyntax, "Resources is an array").on("Resources")),
        },
        other => vec![(other, String::new())],
    };
    documents.into_iter().map(|(input, at)| document(Part::within(input, at)?)).collect()
}

/// Reads a schema that stands inside another document.
///
/// # Errors
/// As [`parse_schema_document`].
pub(crate) fn schema_part(part: Part) -> Result<Schema> {
    schema(part)
}

/// Reads a resource type that stands inside another document.
///
/// # Errors
/// As [`parse_schema_document`].
pub(crate) fn resource_type_part(part: Part) -> Result<ResourceType> {
    resource_type(part)
}

fn document(mut part: Part) -> Result<SchemaDocument> {
    let schemas = part.take_strings("schemas")?;
    let says = |urn: &str| schemas.iter().any(|schema| schema.eq_ignore_ascii_case(urn));
    // The printed documents of RFC 7643 section 8.7.1 lack `schemas`: what they hold tells.
    if says(RESOURCE_TYPE) || (schemas.is_empty() && part.has("endpoint")) {
        Ok(SchemaDocument::ResourceType(resource_type(part)?))
    } else if says(SCHEMA) || (schemas.is_empty() && part.has("attributes")) {
        Ok(SchemaDocument::Schema(schema(part)?))
    } else {
        let detail = format!("names neither {SCHEMA} nor {RESOURCE_TYPE}");
        Err(part.error(ErrorKind::InvalidSyntax, "schemas", &detail))
    }
}

fn schema(mut part: Part) -> Result<Schema> {
    Ok(Schema {
        id: part.need_string("id")?,
        name: part.take_string("name")?.unwrap_or_default(),
        description: part.take_string("description")?.unwrap_or_default(),
        attributes: part.need_objects("attributes")?.map(|part| attribute(part?)).collect::<Result<_>>()?,
    })
}

fn attribute(mut part: Part) -> Result<Attribute> {
    let attribute_type =
        keyword(&mut part, "type", AttributeType::from_keyword, &attribute_types())?.unwrap_or(AttributeType::String);
    let always_exact = matches!(attribute_type, AttributeType::Reference | AttributeType::Binary | AttributeType::Any);
    Ok(Attribute {
        name: part.need_string("name")?,
        attribute_type,
        multi_valued: part.take_boolean("multiValued")?.unwrap_or(false),
        description: part.take_string("description")?.unwrap_or_default(),
        required: part.take_boolean("required")?.unwrap_or(false),
        canonical_values: part.take_strings("canonicalValues")?,
        case_exact: part.take_boolean("caseExact")?.unwrap_or(always_exact),
        mutability: keyword(&mut part, "mutability", Mutability::from_keyword, Mutability::KEYWORDS)?
            .unwrap_or(Mutability::ReadWrite),
        returned: keyword(&mut part, "returned", Returned::from_keyword, Returned::KEYWORDS)?
            .unwrap_or(Returned::Default),
        uniqueness: keyword(&mut part, "uniqueness", Uniqueness::from_keyword, Uniqueness::KEYWORDS)?
            .unwrap_or(Uniqueness::None),
        reference_types: part.take_strings("referenceTypes")?,
        sub_attributes: part.take_objects("subAttributes")?.map(|part| attribute(part?)).collect::<Result<_>>()?,
    })
}

/// The types that a client may name: those of the RFC.
fn attribute_types() -> Vec<&'static str> {
    let is_any = |word: &&str| *word == AttributeType::Any.keyword();
    AttributeType::KEYWORDS.iter().copied().filter(|word| !is_any(word)).collect()
}

fn keyword<T>(part: &mut Part, name: &str, read: impl Fn(&str) -> Option<T>, keywords: &[&str]) -> Result<Option<T>> {
    let Some(word) = part.take_string(name)? else { return Ok(None) };
    match read(&word) {
        Some(value) => Ok(Some(value)),
        None => Err(part.error(ErrorKind::InvalidValue, name, &format!("is one of {}", keywords.join(", ")))),
    }
}

fn resource_type(mut part: Part) -> Result<ResourceType> {
    let name = part.need_string("name")?;
    Ok(ResourceType {
        id: part.take_string("id")?.unwrap_or_else(|| name.clone()),
        description: part.take_string("description")?.unwrap_or_default(),
        endpoint: part.need_string("endpoint")?,
        schema: part.need_string("schema")?,
        schema_extensions: part
            .take_objects("schemaExtensions")?
            .map(|part| {
                let mut part = part?;
                let required = part.take_boolean("required")?.unwrap_or(false);
                Ok(SchemaExtension { schema: part.need_string("schema")?, required })
            })
            .collect::<Result<_>>()?,
        name,
    })
}

/// The schema as a document of RFC 7643 section 7. `base` is put before `meta.location`: empty, or a URL without a
/// trailing slash.
pub fn schema_json(schema: &Schema, base: &str) -> String {
    let Schema { id, name, description, attributes } = schema;
    to_json(&SchemaJson {
        schemas: [SCHEMA],
        id,
        name,
        description,
        attributes: attributes.iter().map(AttributeJson::from).collect(),
        meta: Meta::new("Schema", base, "/Schemas", id),
    })
}

/// The resource type as a document of RFC 7643 section 6. `base` is put before `meta.location`.
pub fn resource_type_json(resource_type: &ResourceType, base: &str) -> String {
    let ResourceType { id, name, description, endpoint, schema, schema_extensions } = resource_type;
    to_json(&ResourceTypeJson {
        schemas: [RESOURCE_TYPE],
        id,
        name,
        description,
        endpoint,
        schema,
        schema_extensions: schema_extensions
            .iter()
            .map(|SchemaExtension { schema, required }| ExtensionJson { schema, required: *required })
            .collect(),
        meta: Meta::new("ResourceType", base, "/ResourceTypes", id),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: &'static str,
    location: String,
}

impl Meta {
    fn new(resource_type: &'static str, base: &str, endpoint: &str, id: &str) -> Self {
        Meta { resource_type, location: format!("{base}{}", location(endpoint, id)) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SchemaJson<'a> {
    schemas: [&'static str; 1],
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    attributes: Vec<AttributeJson<'a>>,
    meta: Meta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttributeJson<'a> {
    name: &'a str,
    r#type: &'static str,
    multi_valued: bool,
    description: &'a str,
    required: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    canonical_values: &'a [String],
    case_exact: bool,
    mutability: &'static str,
    returned: &'static str,
    uniqueness: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    reference_types: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_attributes: Vec<AttributeJson<'a>>,
}

impl<'a> From<&'a Attribute> for AttributeJson<'a> {
    fn from(attribute: &'a Attribute) -> Self {
        let Attribute {
            name,
            attribute_type,
            multi_valued,
            description,
            required,
            canonical_values,
            case_exact,
            mutability,
            returned,
            uniqueness,
            reference_types,
            sub_attributes,
        } = attribute;
        AttributeJson {
            name,
            r#type: attribute_type.keyword(),
            multi_valued: *multi_valued,
            description,
            required: *required,
            canonical_values,
            case_exact: *case_exact,
            mutability: mutability.keyword(),
            returned: returned.keyword(),
            uniqueness: uniqueness.keyword(),
            reference_types,
            sub_attributes: sub_attributes.iter().map(AttributeJson::from).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceTypeJson<'a> {
    schemas: [&'static str; 1],
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    endpoint: &'a str,
    schema: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schema_extensions: Vec<ExtensionJson<'a>>,
    meta: Meta,
}

#[derive(Serialize)]
struct ExtensionJson<'a> {
    schema: &'a str,
    required: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::builtin;

    #[test]
    fn documents_round_trip() {
        for schema in builtin::schemas().unwrap() {
            let json = schema_json(&schema, "https://example.com/v2");
            assert_eq!(parse_schema_document(json.as_bytes()).unwrap(), [SchemaDocument::Schema(schema)]);
        }
        let types = builtin::resource_types().unwrap();
        let documents: Vec<String> = types.iter().map(|t| resource_type_json(t, "")).collect();
        let expected: Vec<_> = types.into_iter().map(SchemaDocument::ResourceType).collect();
        for list in [format!("[{}]", documents.join(",")), format!("{{\"Resources\":[{}]}}", documents.join(","))] {
            assert_eq!(parse_schema_document(list.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn left_out_characteristics_have_their_defaults() {
        let json = br#"{"id": "urn:example:X", "attributes": [{"name": "a", "vendorThing": 1},
            {"name": "r", "type": "Reference"}, {"name": "e", "caseExact": null}]}"#;
        let [SchemaDocument::Schema(schema)] = &parse_schema_document(json).unwrap()[..] else { panic!() };
        let reference = Attribute { case_exact: true, ..Attribute::new("r", AttributeType::Reference) };
        let string = |name: &str| Attribute::new(name, AttributeType::String);
        assert_eq!(schema.attributes, [string("a"), reference, string("e")]);
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            (
                r#"{"id": "x", "attributes": [{"name": "a", "subAttributes": [{"name": "b", "type": "text"}]}]}"#,
                "attributes[0].subAttributes[0].type",
            ),
            (r#"{"id": "x", "attributes": [{"type": "string"}]}"#, "attributes[0].name"),
            (r#"{"id": "x", "attributes": [{"name": "a", "multiValued": "true"}]}"#, "attributes[0].multiValued"),
            (r#"[{"id": "x", "attributes": []}]"#, "[0].attributes"),
            (r#"{"id": "x", "attributes": [1]}"#, "attributes[0]"),
            (r#"{"name": "Device", "endpoint": "/Devices"}"#, "schema"),
            (r#"{"id": "x"}"#, "schemas"),
        ];
        for (json, place) in cases {
            let error = parse_schema_document(json.as_bytes()).unwrap_err();
            assert_eq!(error.attribute(), Some(place), "{error}");
        }
    }
}
