//! What a schema or resource type must be before it is registered (RFC 7643 sections 2.1, 6 and 7).

use super::{Attribute, AttributeType, ResourceType, Schema, Uniqueness};
use crate::{Error, ErrorKind, Result};

/// Attributes that one schema may have, sub-attributes included: stops a document that would fill the memory of every
/// process that opens the store.
pub const MAX_ATTRIBUTES: usize = 2_000;

/// Attributes that may stand in each other in a schema that goes beyond the RFC: stops a document that takes the stack of
/// whatever walks its values.
pub const MAX_LEVELS: usize = 8;

fn invalid(attribute: &str, detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidValue, detail).on(attribute)
}

/// A schema; one that may go `beyond` the RFC has sub-attributes of sub-attributes, and attributes of any value.
///
/// # Errors
/// `InvalidValue`, naming the attribute.
pub(super) fn schema(schema: &Schema, beyond: bool) -> Result<()> {
    let is_urn = schema.id.len() > 4 && schema.id.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
    if !is_urn || schema.id.bytes().any(|b| b.is_ascii_whitespace() || b"()[]\"|".contains(&b)) {
        return Err(invalid(
            "id",
            format!("a schema's id is a URN such as urn:example:2.0:Device; \"{}\" is none", schema.id),
        ));
    }
    let count = count(&schema.attributes);
    if count > MAX_ATTRIBUTES {
        return Err(invalid("attributes", format!("{count} attributes; a schema has at most {MAX_ATTRIBUTES}")));
    }
    for (index, attribute) in schema.attributes.iter().enumerate() {
        if ["schemas", "id", "externalId", "meta"].iter().any(|common| attribute.name.eq_ignore_ascii_case(common)) {
            let detail = format!(
                "\"{}\" is a common attribute (RFC 7643 section 3.1): leave it out of the schema",
                attribute.name
            );
            return Err(invalid(&attribute.name, detail));
        }
        self::attribute(attribute, &attribute.name, beyond)?;
        unique_name(&schema.attributes, index, &attribute.name)?;
        sub_attributes(attribute, &attribute.name, 2, beyond)?;
    }
    Ok(())
}

fn count(attributes: &[Attribute]) -> usize {
    attributes.iter().map(|attribute| 1 + count(&attribute.sub_attributes)).sum()
}

/// The sub-attributes of an attribute, which are on a level: 2, if the attribute is no sub-attribute itself.
fn sub_attributes(parent: &Attribute, path: &str, level: usize, beyond: bool) -> Result<()> {
    for (index, sub) in parent.sub_attributes.iter().enumerate() {
        let path = format!("{path}.{}", sub.name);
        let is_complex = sub.attribute_type == AttributeType::Complex;
        if is_complex && !beyond {
            return Err(invalid(&path, format!("{path}: a sub-attribute cannot be complex (RFC 7643 section 2.3.8)")));
        }
        if is_complex && level >= MAX_LEVELS {
            let detail =
                format!("{path}: at most {MAX_LEVELS} attributes stand in each other, so it cannot be complex");
            return Err(invalid(&path, detail));
        }
        if level > 2 && sub.uniqueness != Uniqueness::None {
            let detail = format!("{path}: a sub-attribute of a sub-attribute cannot be unique");
            return Err(invalid(&path, detail));
        }
        attribute(sub, &path, beyond)?;
        unique_name(&parent.sub_attributes, index, &path)?;
        sub_attributes(sub, &path, level + 1, beyond)?;
    }
    Ok(())
}

fn unique_name(among: &[Attribute], index: usize, path: &str) -> Result<()> {
    let before = among.iter().take(index);
    let Some(this) = among.get(index) else { return Ok(()) };
    if before.into_iter().any(|other| other.name.eq_ignore_ascii_case(&this.name)) {
        return Err(invalid(path, format!("{path} stands twice in the schema; names differ in more than letter case")));
    }
    Ok(())
}

fn attribute(attribute: &Attribute, path: &str, beyond: bool) -> Result<()> {
    let name = attribute.name.strip_prefix('$').unwrap_or(&attribute.name);
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !valid {
        let detail = format!("\"{}\" is no attribute name: a letter, then letters, digits, - and _", attribute.name);
        return Err(invalid(path, detail));
    }
    if attribute.attribute_type == AttributeType::Any && !beyond {
        return Err(invalid(path, format!("{path}: RFC 7643 section 2.3 has no type any; only profiles do")));
    }
    let complex = attribute.attribute_type == AttributeType::Complex;
    if complex == attribute.sub_attributes.is_empty() {
        let detail = if complex {
            format!("{path} is complex and needs subAttributes")
        } else {
            format!("{path} has subAttributes and so must be of type complex")
        };
        return Err(invalid(path, detail));
    }
    let comparable = match attribute.attribute_type {
        AttributeType::Any => Err("value of any type"),
        kind @ (AttributeType::Complex | AttributeType::Boolean) => Err(kind.keyword()),
        _ => Ok(()),
    };
    if attribute.uniqueness != Uniqueness::None
        && let Err(kind) = comparable
    {
        return Err(invalid(path, format!("{path}: a {kind} cannot be unique")));
    }
    Ok(())
}

/// Endpoints that are the protocol's own (RFC 7644 section 3.2), or were in a draft of it.
const RESERVED: &[&str] =
    &["/Me", "/Bulk", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/ServiceProviderConfigs"];

/// Segments of an endpoint at most: routes look at no more to find it.
const MAX_SEGMENTS: usize = 2;

/// Whether an endpoint stands where a resource of another one would.
fn is_below(inner: &str, outer: &str) -> bool {
    inner.rsplit_once('/').is_some_and(|(parent, _)| parent.eq_ignore_ascii_case(outer))
}

/// # Errors
/// `InvalidValue` or `AlreadyExists`.
pub(super) fn resource_type<'a>(new: &ResourceType, others: impl Iterator<Item = &'a ResourceType>) -> Result<()> {
    let name_ok =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !name_ok(&new.name) {
        return Err(invalid("name", format!("\"{}\" is no resource type name: letters, digits, - and _", new.name)));
    }
    let segments: Vec<&str> = new.endpoint.strip_prefix('/').unwrap_or_default().split('/').collect();
    if segments.len() > MAX_SEGMENTS || !segments.iter().all(|segment| name_ok(segment)) {
        let detail = format!(
            "the endpoint \"{}\" is not a slash and one path segment, such as /Devices, or two, such as /User/Devices",
            new.endpoint
        );
        return Err(invalid("endpoint", detail));
    }
    let is_first = |reserved: &&str| {
        segments.first().is_some_and(|first| reserved.trim_start_matches('/').eq_ignore_ascii_case(first))
    };
    if RESERVED.iter().any(is_first) {
        let detail = format!("{} is an endpoint of SCIM itself (RFC 7644 section 3.2): take another one", new.endpoint);
        return Err(invalid("endpoint", detail));
    }
    for other in others {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        if same(&new.name, &other.name) || same(&new.id, &other.id) || same(&new.endpoint, &other.endpoint) {
            let detail = format!("the resource type {} has the same name, id or endpoint as {}", new.name, other.name);
            return Err(Error::new(ErrorKind::AlreadyExists, detail));
        }
        if is_below(&new.endpoint, &other.endpoint) || is_below(&other.endpoint, &new.endpoint) {
            let detail = format!(
                "the endpoint {} and that of {}, {}, are in each other's way: one would be the id of a resource of the other",
                new.endpoint, other.name, other.endpoint
            );
            return Err(invalid("endpoint", detail));
        }
    }
    for (index, extension) in new.schema_extensions.iter().enumerate() {
        let earlier =
            new.schema_extensions.iter().take(index).any(|e| e.schema.eq_ignore_ascii_case(&extension.schema));
        if earlier || extension.schema.eq_ignore_ascii_case(&new.schema) {
            return Err(invalid("schemaExtensions", format!("{} stands twice in the resource type", extension.schema)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_of_the_protocol_are_not_for_resource_types() {
        let at = |endpoint: &str| ResourceType {
            id: "T".into(),
            name: "T".into(),
            description: String::new(),
            endpoint: endpoint.into(),
            schema: "urn:t".into(),
            schema_extensions: Vec::new(),
        };
        for reserved in RESERVED.iter().copied().chain(["/me", "/.search"]) {
            let error = resource_type(&at(reserved), std::iter::empty()).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("endpoint")), "{reserved}");
        }
        assert!(resource_type(&at("/Mes"), std::iter::empty()).is_ok());
        let error = resource_type(&at("/me/Devices"), std::iter::empty()).unwrap_err();
        assert_eq!(error.attribute(), Some("endpoint"));
    }

    #[test]
    fn endpoints_have_one_segment_or_two() {
        let at = |name: &str, endpoint: &str| ResourceType {
            id: name.into(),
            name: name.into(),
            description: String::new(),
            endpoint: endpoint.into(),
            schema: "urn:t".into(),
            schema_extensions: Vec::new(),
        };
        for good in ["/Devices", "/User/AttributeType"] {
            assert!(resource_type(&at("T", good), std::iter::empty()).is_ok(), "{good}");
        }
        for wrong in ["Devices", "/", "", "//Devices", "/Devices/", "/User/.search", "/a/b/c", "/a b"] {
            let error = resource_type(&at("T", wrong), std::iter::empty()).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("endpoint")), "{wrong}");
        }
        // What would be the id of a resource is no endpoint.
        for (one, other) in [("/User", "/user/Device"), ("/User/Device", "/USER")] {
            assert!(resource_type(&at("A", one), std::iter::once(&at("B", other))).is_err(), "{one} {other}");
        }
        assert!(resource_type(&at("A", "/User/Role"), std::iter::once(&at("B", "/User/Device"))).is_ok());
    }
}
