//! From what a client sent to typed values: names are looked up, types are checked, readOnly attributes fall away.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::any::text_of;
use super::registry::common;
use super::{
    AttributeType, Complex, DateTime, Definition, Extension, Input, Object, PathTarget, TypeModel, Value, sealed,
};
use crate::{Error, ErrorKind, Result};

/// Values that one multi-valued attribute may have, unless it is a membership: stops a resource that makes every
/// later read and filter of it slow.
pub const MAX_VALUES: usize = 10_000;

/// How forgiving binding is. `Default` is RFC 7643 to the letter; each deviation is a flag that a dialect sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindOptions {
    /// Booleans and numbers may come as strings: `"True"`, `"42"`.
    pub coerce_scalars: bool,
    /// A complex value may come as its bare `value`: `"manager": "42"`; a multi-valued one as a single value.
    pub bare_values: bool,
    /// Attributes that no schema knows are dropped instead of refused.
    pub ignore_unknown: bool,
    /// `schemas` may be left out, and may name schemas that the resource type lacks.
    pub lenient_schemas: bool,
    /// In a path and in a filter, an attribute of an extension may stand without its URN: `manager`.
    pub bare_extension_names: bool,
    /// The URN of an extension's attribute may end with a dot: `urn:…:User.department`, in a body and in a path.
    pub dotted_extension_keys: bool,
    /// In a filter, text may stand without quotes: `userType eq LDAP`, `externalId eq 1000`.
    pub unquoted_literals: bool,
    /// In a filter, a `*` stands for any text: `userName eq f*`.
    pub wildcards: bool,
    /// A plain value may come as an object with nothing but a `value`: `{"value": "x"}`, `{"$ref": null, "value": "x"}`.
    pub boxed_values: bool,
    /// readOnly attributes are kept: for data that comes from a store, not from a client.
    pub trusted: bool,
}

/// A resource as a client sent it, typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Every attribute with a value, `externalId` included, without `schemas`, `id` and `meta`.
    pub attributes: Complex,
    /// `id`, when the sender named one.
    pub id: Option<String>,
    /// `meta`, when the sender named one; not typed.
    pub meta: Option<Object>,
}

/// Binds a whole resource.
///
/// # Errors
/// `InvalidSyntax` for what no schema knows, `InvalidValue` for a value of the wrong type; both name the attribute.
pub fn bind_resource(model: &TypeModel, object: Object, options: BindOptions) -> Result<Bound> {
    let mut bound = Bound { attributes: Complex::new(), id: None, meta: None };
    let mut schemas_seen = false;
    for (name, input) in object {
        if name.contains(':') {
            bind_qualified(model, &name, input, options, &mut bound)?;
            continue;
        }
        match name.to_ascii_lowercase().as_str() {
            "schemas" => {
                schemas_seen = true;
                check_schemas(model, &input, options)?;
            }
            "id" => bound.id = input.as_str().map(str::to_owned),
            "meta" => {
                if let Input::Object(meta) = input {
                    bound.meta = Some(meta);
                }
            }
            _ => bind_member(model, None, &name, input, options, &mut bound.attributes)?,
        }
    }
    if !schemas_seen && !options.lenient_schemas {
        let detail =
            format!("\"schemas\" is missing: send [\"{}\"] (RFC 7643 section 3)", model.resource_type().schema);
        return Err(Error::new(ErrorKind::InvalidSyntax, detail).on("schemas"));
    }
    Ok(bound)
}

fn check_schemas(model: &TypeModel, input: &Input, options: BindOptions) -> Result<()> {
    if options.lenient_schemas && *input == Input::Null {
        return Ok(());
    }
    let Input::Array(items) = input else {
        return Err(Error::new(ErrorKind::InvalidSyntax, "\"schemas\" is an array of URNs").on("schemas"));
    };
    if options.lenient_schemas {
        return Ok(());
    }
    let mut core = false;
    for item in items {
        let urn = item.as_str().ok_or_else(|| wrong_type("schemas", "strings", item))?;
        let Some(urn) = model.schema_named(urn) else {
            let urns: Vec<&str> = model.schema_urns().collect();
            let detail = format!("the schema \"{urn}\" is not one of {}: {}", model.name(), urns.join(", "));
            return Err(Error::new(ErrorKind::InvalidValue, detail).on("schemas"));
        };
        core |= model.resource_type().schema.eq_ignore_ascii_case(urn);
    }
    if core {
        Ok(())
    } else {
        let detail = format!("\"schemas\" lacks {}, the core schema of {}", model.resource_type().schema, model.name());
        Err(Error::new(ErrorKind::InvalidValue, detail).on("schemas"))
    }
}

/// Binds a name that begins with a URN: an extension's object, or one attribute written with its full path.
fn bind_qualified(model: &TypeModel, name: &str, input: Input, options: BindOptions, bound: &mut Bound) -> Result<()> {
    let name = without_null_filter(name, options);
    match (model.resolve_as(name, options), input) {
        (Ok(_), Input::Null) => Ok(()),
        (Ok(PathTarget::Extension(index)), Input::Object(object)) => {
            let Some(extension) = model.extensions().get(index) else { return Ok(()) };
            for (name, input) in object {
                if is_repeated_schemas(model, &extension.attributes, &name) {
                    continue;
                }
                bind_member(model, Some(extension), &name, input, options, &mut bound.attributes)?;
            }
            Ok(())
        }
        (Ok(PathTarget::Core), Input::Object(object)) => {
            for (name, input) in object {
                bind_member(model, None, &name, input, options, &mut bound.attributes)?;
            }
            Ok(())
        }
        (Ok(PathTarget::Extension(_) | PathTarget::Core), other) => Err(wrong_type(name, "an object", &other)),
        (Ok(PathTarget::Attribute(target)), input) if target.sub.is_none() => {
            let Some(definition) = model.definition(target.attribute) else { return Ok(()) };
            bind_into(model, definition, input, options, &mut bound.attributes)
        }
        (Ok(PathTarget::Attribute(_)), _) | (Err(_), _) if options.ignore_unknown => Ok(()),
        (Ok(PathTarget::Attribute(_)), _) => {
            let detail = format!("\"{name}\" names a sub-attribute: send it inside its attribute's object");
            Err(Error::new(ErrorKind::InvalidSyntax, detail).on(name))
        }
        (Err(unknown), _) => Err(Error::new(ErrorKind::InvalidSyntax, unknown.detail).on(name)),
    }
}

/// The attribute that a key means which a mapping calls `urn:…:User:tags[value eq null].value`: no value is null, so it is the
/// whole list.
fn without_null_filter(name: &str, options: BindOptions) -> &str {
    const FILTER: &str = "[value eq null].value";
    let (attribute, end) = name.split_at_checked(name.len().saturating_sub(FILTER.len())).unwrap_or((name, ""));
    if options.boxed_values && end.eq_ignore_ascii_case(FILTER) { attribute } else { name }
}

/// Whether a name in an extension's object is `schemas`, which some clients repeat there, and the extension has no such
/// attribute: it says nothing that the object's own name does not.
pub fn is_repeated_schemas(model: &TypeModel, among: &[super::AttributeId], name: &str) -> bool {
    let is_schemas = |name: &str| name.eq_ignore_ascii_case("schemas");
    is_schemas(name) && !among.iter().filter_map(|id| model.definition(*id)).any(|it| is_schemas(&it.attribute.name))
}

fn bind_member(
    model: &TypeModel,
    extension: Option<&Extension>,
    name: &str,
    input: Input,
    options: BindOptions,
    into: &mut Complex,
) -> Result<()> {
    let among = extension.map_or(model.core_attributes(), |extension| &extension.attributes);
    let mut definitions = among.iter().filter_map(|id| model.definition(*id));
    let alias = || model.attribute_by_alias(extension.map(|extension| &*extension.schema), name);
    match definitions.find(|d| d.is_named(name)).or_else(alias) {
        Some(definition) => bind_into(model, definition, input, options, into),
        None if options.ignore_unknown => Ok(()),
        None => {
            let known = among.iter().filter_map(|id| model.definition(*id));
            let nearest = super::path::nearest(name, &mut known.map(|d| (d.attribute.name.as_str(), d.path.as_str())));
            let hint = nearest.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            let detail = format!("{} has no attribute \"{name}\"{hint}", model.name());
            Err(Error::new(ErrorKind::InvalidSyntax, detail).on(name))
        }
    }
}

fn bind_into(
    model: &TypeModel,
    definition: &Definition,
    input: Input,
    options: BindOptions,
    into: &mut Complex,
) -> Result<()> {
    // RFC 7644 section 3.3: readOnly attributes in a request are ignored, whatever they hold.
    if (!definition.is_writable() && !options.trusted) || definition.id == common::META {
        return Ok(());
    }
    if let Some(value) = bind_value(model, definition, input, options)?
        && into.set(definition.id, value).is_some()
    {
        let detail = format!("\"{}\" stands twice in the body", definition.path);
        return Err(Error::new(ErrorKind::InvalidSyntax, detail).on(&definition.path));
    }
    Ok(())
}

/// Binds the value of an attribute; none when it is unassigned (RFC 7643 section 2.5).
///
/// # Errors
/// `InvalidValue` or `InvalidSyntax`, naming the attribute.
pub fn bind_value(
    model: &TypeModel,
    definition: &Definition,
    input: Input,
    options: BindOptions,
) -> Result<Option<Value>> {
    if !definition.attribute.multi_valued {
        return bind_single(model, definition, input, options);
    }
    let items = match input {
        Input::Null => return Ok(None),
        Input::Array(items) => items,
        single if options.bare_values => vec![single],
        other => return Err(wrong_type(&definition.path, "an array, since it is multi-valued", &other)),
    };
    let unlimited = model.members().is_some_and(|members| members.attribute == definition.id);
    if items.len() > MAX_VALUES && !unlimited {
        let detail = format!("{} has {} values; at most {MAX_VALUES} are kept", definition.path, items.len());
        return Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path));
    }
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        values.extend(bind_single(model, definition, item, options)?);
    }
    Ok((!values.is_empty()).then_some(Value::Multi(values)))
}

/// Binds one value: of a single-valued attribute, or one of a multi-valued attribute's.
///
/// # Errors
/// `InvalidValue` or `InvalidSyntax`, naming the attribute.
pub fn bind_single(
    model: &TypeModel,
    definition: &Definition,
    input: Input,
    options: BindOptions,
) -> Result<Option<Value>> {
    let kind = definition.attribute.attribute_type;
    let input = if options.boxed_values { unboxed(kind, input) } else { input };
    let value = match (kind, input) {
        (_, Input::Null) => return Ok(None),
        (AttributeType::Any, any) => Value::Any(text_of(definition, &any)?),
        (AttributeType::String | AttributeType::Reference, Input::String(text)) if sealed::is_sealed(&text) => {
            let detail = format!("{} begins with a control character that the store keeps for itself", definition.path);
            return Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path));
        }
        (AttributeType::String | AttributeType::Reference, Input::String(text)) => Value::String(text),
        (AttributeType::Boolean, Input::Boolean(flag)) => Value::Boolean(flag),
        (AttributeType::Integer, Input::Integer(number)) => Value::Integer(number),
        (AttributeType::Decimal, Input::Integer(number)) => Value::Decimal(number as f64),
        (AttributeType::Decimal, Input::Decimal(number)) => Value::Decimal(number),
        (AttributeType::DateTime, Input::String(text)) => Value::DateTime(DateTime::parse(text).ok_or_else(|| {
            let detail =
                format!("{} is no dateTime such as 2011-08-01T18:29:49Z (RFC 7643 section 2.3.5)", definition.path);
            Error::new(ErrorKind::InvalidValue, detail).on(&definition.path)
        })?),
        (AttributeType::Binary, Input::String(text)) => Value::Binary(decode_base64(&text).ok_or_else(|| {
            let detail = format!("{} is not base64 (RFC 7643 section 2.3.6)", definition.path);
            Error::new(ErrorKind::InvalidValue, detail).on(&definition.path)
        })?),
        (AttributeType::Complex, Input::Object(object)) => return bind_complex(model, definition, object, options),
        (AttributeType::Complex, bare)
            if options.bare_values && !matches!(bare, Input::Array(_)) && takes_bare(model, definition) =>
        {
            let object: Object = [("value".to_owned(), bare)].into_iter().collect();
            return bind_complex(model, definition, object, options);
        }
        // Empty text is no value, wherever it stands.
        (AttributeType::Complex, Input::String(text)) if options.bare_values && text.is_empty() => return Ok(None),
        (AttributeType::Boolean | AttributeType::Integer | AttributeType::Decimal, Input::String(text))
            if options.coerce_scalars =>
        {
            coerce(kind, &text).ok_or_else(|| wrong_type(&definition.path, expected(kind), &Input::String(text)))?
        }
        // An empty list is no value, also where one value is expected (RFC 7643 section 2.5).
        (_, Input::Array(items)) if items.is_empty() => return Ok(None),
        (_, other) => return Err(wrong_type(&definition.path, expected(kind), &other)),
    };
    Ok(Some(value))
}

/// Whether a plain value may stand for a complex one: as its `value`, which not every one has.
pub fn takes_bare(model: &TypeModel, definition: &Definition) -> bool {
    model.definitions().child(definition, "value").is_some()
}

/// A plain value that came as an object with nothing but a `value`; Entra ID adds `"$ref": null`.
fn unboxed(kind: AttributeType, input: Input) -> Input {
    match input {
        Input::Object(mut object)
            if !matches!(kind, AttributeType::Complex | AttributeType::Any)
                && object.iter().all(|(name, value)| name.eq_ignore_ascii_case("value") || *value == Input::Null) =>
        {
            object.remove("value").unwrap_or(Input::Object(object))
        }
        other => other,
    }
}

fn bind_complex(
    model: &TypeModel,
    definition: &Definition,
    object: Object,
    options: BindOptions,
) -> Result<Option<Value>> {
    let mut complex = Complex::new();
    for (name, input) in object {
        let child = model.definitions().child(definition, &name);
        let Some(child) = child.or_else(|| model.child_by_alias(definition, &name)) else {
            if options.ignore_unknown {
                continue;
            }
            let detail = match model.resolve_sub(definition.id, &name) {
                Err(unknown) => unknown.detail,
                Ok(_) => name.clone(),
            };
            return Err(Error::new(ErrorKind::InvalidSyntax, detail).on(format!("{}.{name}", definition.path)));
        };
        bind_into(model, child, input, options, &mut complex)?;
    }
    // A complex value whose every sub-attribute is empty text is no value.
    let blank = complex.iter().all(|(_, value)| value.as_str() == Some(""));
    Ok((!blank).then_some(Value::Complex(complex)))
}

/// Reads a boolean or number that came as a string.
pub fn coerce(kind: AttributeType, text: &str) -> Option<Value> {
    let text = text.trim();
    match kind {
        AttributeType::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
        AttributeType::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
        AttributeType::Integer => text.parse().ok().map(Value::Integer),
        AttributeType::Decimal => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Decimal),
        _ => None,
    }
}

/// Reads base64 in the standard or the URL-safe alphabet, padded or not.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    engines.iter().find_map(|engine| engine.decode(text).ok())
}

/// Writes base64 as answers show it: standard alphabet, padded (RFC 4648 section 4).
pub fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn expected(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String | AttributeType::Reference => "a string",
        AttributeType::Boolean => "a boolean",
        AttributeType::Decimal => "a number",
        AttributeType::Integer => "a whole number of 64 bits",
        AttributeType::DateTime => "a dateTime string",
        AttributeType::Binary => "a base64 string",
        AttributeType::Complex => "an object",
        AttributeType::Any => "a JSON value",
    }
}

fn wrong_type(path: &str, expected: &str, got: &Input) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("{path} is {expected}, not {}", got.type_name())).on(path)
}
