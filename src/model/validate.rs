//! What must hold of a resource as a whole before it is stored (RFC 7643 sections 2.2, 2.4 and 7).

use super::registry::common;
use super::{AttributeId, AttributeType, Complex, Definition, TypeModel, Value};
use crate::{Error, ErrorKind, Result};

/// Checks required attributes, required extensions, and that at most one value of an attribute is primary.
///
/// # Errors
/// `InvalidValue`, naming the attribute.
pub fn validate(model: &TypeModel, attributes: &Complex) -> Result<()> {
    for id in model.core_attributes() {
        if matches!(*id, common::SCHEMAS | common::ID | common::META) {
            continue;
        }
        check_required(model, *id, attributes)?;
    }
    for extension in model.extensions() {
        let present = extension.attributes.iter().any(|id| attributes.get(*id).is_some());
        if extension.required && !present {
            let detail = format!("{} needs a value in {}", model.name(), extension.schema);
            return Err(Error::new(ErrorKind::InvalidValue, detail).on(&extension.schema));
        }
        // What an extension requires counts only for resources that have the extension.
        if present {
            for id in &extension.attributes {
                check_required(model, *id, attributes)?;
            }
        }
    }
    for (id, value) in attributes.iter() {
        if let Some(definition) = model.definition(id) {
            check_value(model, definition, value)?;
        }
    }
    Ok(())
}

fn check_required(model: &TypeModel, id: AttributeId, among: &Complex) -> Result<()> {
    let Some(definition) = model.definition(id) else { return Ok(()) };
    // Nobody could mend a readOnly attribute that is missing.
    if !definition.attribute.required || !definition.is_writable() {
        return Ok(());
    }
    match among.get(id) {
        None => {
            Err(Error::new(ErrorKind::InvalidValue, format!("{} is required", definition.path)).on(&definition.path))
        }
        Some(Value::String(text)) if text.trim().is_empty() => {
            let detail = format!("{} is required and must not be empty", definition.path);
            Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path))
        }
        Some(_) => Ok(()),
    }
}

fn check_value(model: &TypeModel, definition: &Definition, value: &Value) -> Result<()> {
    if definition.attribute.attribute_type != AttributeType::Complex {
        return Ok(());
    }
    let primary = model.definitions().child(definition, "primary").map(|child| child.id);
    let mut primaries = 0;
    for element in value.as_multi() {
        let Some(complex) = element.as_complex() else { continue };
        for child in &definition.children {
            check_required(model, *child, complex)?;
        }
        for (id, value) in complex.iter() {
            if let Some(child) = model.definition(id) {
                check_value(model, child, value)?;
            }
        }
        if primary.and_then(|id| complex.get(id)) == Some(&Value::Boolean(true)) {
            primaries += 1;
        }
    }
    if primaries > 1 && definition.attribute.multi_valued {
        let detail =
            format!("{} has {primaries} primary values; at most one may be (RFC 7643 section 2.4)", definition.path);
        return Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path));
    }
    Ok(())
}
