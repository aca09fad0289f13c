//! What identity providers send that the RFC does not allow: a function for each deviation, behind its flag on
//! [`Dialect`]. `docs/DIALECTS.md` lists them with an example each.
//!
//! The deviations of [`BindOptions`](crate::model::BindOptions) act wherever values are bound, in every verb, and live
//! with the binding itself.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Dialect;
use super::budget::{Budget, weights};
use super::values::{
    Same, bind_assigned, bind_items, bind_parts, check_count, immutable, invalid_value, no_target, same,
};
use crate::Result;
use crate::filter::{CompareOp, FilterExpr, Literal, PathExpr};
use crate::model::bind::{bind_single, takes_bare};
use crate::model::{
    AttributeId, AttributeType, Complex, Definition, Input, Mutability, Object, PathTarget, TypeModel, Value, common,
};

/// A single value that came wrapped: `[{"$ref": null, "value": "x"}]` is `"x"`, and for a complex attribute a list of
/// one object is that object. `$ref: null` is dropped with the wrapping.
pub(super) fn unwrap_value<'i>(definition: &Definition, input: &'i Input, dialect: &Dialect) -> &'i Input {
    // Any value is as it is.
    if !dialect.wrapped_values || definition.attribute.attribute_type == AttributeType::Any {
        return input;
    }
    let input = match input {
        Input::Array(items) => match items.as_slice() {
            [single] => single,
            _ => input,
        },
        other => other,
    };
    match input {
        Input::Object(object) if definition.attribute.attribute_type != AttributeType::Complex => {
            let wrapping = object.iter().all(|(name, value)| {
                name.eq_ignore_ascii_case("value") || matches!(value, Input::Null) || name.eq_ignore_ascii_case("$ref")
            });
            object.get("value").filter(|_| wrapping).unwrap_or(input)
        }
        other => other,
    }
}

/// Whether a key of a value without `path` is to be read as a path: `name.givenName`, `emails[type eq "work"].value`,
/// `urn:…:User:department`.
pub(super) fn is_path(key: &str, dialect: &Dialect) -> bool {
    (dialect.paths_as_keys && key.contains(['.', '[', ':']))
        || (dialect.bind.dotted_extension_keys && key.contains(':') && key.contains('.'))
}

/// A complex value that came as its bare `value`, as in `"manager": "42"`: it stands for the whole, so that nothing
/// stays that was said of another `value`. The same `value` again changes nothing.
///
/// # Errors
/// `Mutability` where an immutable sub-attribute would change.
pub(super) fn replace_by_bare_value(
    model: &TypeModel,
    definition: &Definition,
    old: Option<&Value>,
    new: Value,
) -> Result<Value> {
    let (Some(Value::Complex(old)), Value::Complex(new)) = (old, &new) else { return Ok(new) };
    if new.iter().all(|(id, value)| old.get(id) == Some(value)) {
        return Ok(Value::Complex(old.clone()));
    }
    let mut whole = new.clone();
    for child in definition.children.iter().filter_map(|id| model.definition(*id)) {
        if child.attribute.mutability == Mutability::Immutable
            && let Some(kept) = old.get(child.id)
            && whole.set(child.id, kept.clone()).is_some_and(|given| !same(kept, &given))
        {
            return Err(immutable(child));
        }
    }
    Ok(Value::Complex(whole))
}

/// An extension's attribute that came without its URN, as in `"path": "manager"`: found if exactly one extension has it.
pub(super) fn extension_name_without_urn(model: &TypeModel, path: &str) -> Option<PathTarget> {
    model.resolve_in_extensions(path)
}

/// Whether an operation whose path names a readOnly attribute changes nothing: mappings of identity providers name
/// attributes that the service derives.
pub(super) fn ignore_read_only_path(dialect: &Dialect) -> bool {
    dialect.ignore_read_only_paths
}

/// Whether a path with a filter means all values: `tags[value eq null].value`, of values that are not complex. No value is
/// null, so the filter selects none; what is sent with it is meant for the attribute.
pub(super) fn is_whole_list(definition: &Definition, path: &PathExpr, dialect: &Dialect) -> bool {
    let is_value = |name: &str| name.eq_ignore_ascii_case("value");
    let asks_for_null = |filter: &FilterExpr| match filter {
        FilterExpr::Compare { path, op: CompareOp::Eq, value: Literal::Null, .. } => is_value(&path.text),
        _ => false,
    };
    dialect.null_value_paths
        && definition.attribute.multi_valued
        && definition.children.is_empty()
        && path.sub.as_deref().is_none_or(is_value)
        && path.filter.as_ref().is_some_and(asks_for_null)
}

/// Whether a name behind the filter of a path means the value itself: `tags[value eq "a"].value`, of values that are not
/// complex.
pub(super) fn is_value_itself(definition: &Definition, name: &str, dialect: &Dialect) -> bool {
    dialect.bind.boxed_values && definition.children.is_empty() && name.eq_ignore_ascii_case("value")
}

/// The text that a literal of a filter is: a string, or what stands without quotes where text is meant.
pub(super) fn text_of<'l>(literal: &'l Literal, dialect: &Dialect) -> Option<Cow<'l, str>> {
    match literal {
        Literal::String(text) => Some(Cow::Borrowed(text)),
        other if dialect.bind.unquoted_literals => other.unquoted().map(Cow::Owned),
        _ => None,
    }
}

/// The value that a filter describes, where none matches it: `type eq "work" and primary eq true` makes
/// `{"type": "work", "primary": true}`. None for a multi-valued attribute that is not complex.
///
/// # Errors
/// `NoTarget` for a filter that says anything but which sub-attribute has which value.
pub(super) fn value_from_filter(
    model: &TypeModel,
    definition: &Definition,
    filter: &FilterExpr,
    dialect: &Dialect,
) -> Result<Option<Complex>> {
    let mut terms = Vec::new();
    if !eq_terms(filter, &mut terms) {
        return Err(no_target(definition));
    }
    if definition.children.is_empty() {
        return Ok(None);
    }
    let mut complex = Complex::new();
    for (name, literal) in terms {
        let child = model.resolve_sub(definition.id, name).ok().and_then(|id| model.definition(id));
        let Some(child) = child.filter(|child| child.is_writable()) else { return Err(no_target(definition)) };
        let is_text = matches!(child.attribute.attribute_type, AttributeType::String | AttributeType::Reference);
        let input = match literal {
            Literal::Null => continue,
            literal if is_text && let Some(text) = text_of(literal, dialect) => Input::String(text.into_owned()),
            Literal::Boolean(flag) => Input::Boolean(*flag),
            Literal::Integer(number) => Input::Integer(*number),
            Literal::Decimal(number) => Input::Decimal(*number),
            Literal::String(text) => Input::String(text.clone()),
        };
        if let Some(value) = bind_assigned(model, child, &input, dialect)? {
            complex.set(child.id, value);
        }
    }
    Ok(Some(complex))
}

fn eq_terms<'f>(filter: &'f FilterExpr, terms: &mut Vec<(&'f str, &'f Literal)>) -> bool {
    match filter {
        FilterExpr::Compare { path, op: CompareOp::Eq, value, .. } => {
            terms.push((&path.text, value));
            true
        }
        FilterExpr::And(all) => all.iter().all(|filter| eq_terms(filter, terms)),
        _ => false,
    }
}

/// Which values a remove with a `value` means: those that have everything that one of the listed values has.
/// `"path": "roles", "value": [{"value": "admin"}]` removes the roles whose `value` is `admin`.
pub(super) fn select_listed_values(
    model: &TypeModel,
    definition: &Definition,
    values: &[Value],
    list: &Input,
    dialect: &Dialect,
    budget: &mut Budget,
) -> Result<Vec<bool>> {
    let items = match list {
        Input::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    check_count(definition, items.len())?;
    if definition.children.is_empty() {
        let listed = bind_items(model, definition, list, dialect)?;
        let listed: Vec<Value> = listed.into_iter().map(|value| prepared(definition, value)).collect();
        let listed: HashSet<Same<'_>> = listed.iter().map(|value| Same { value, primary: None }).collect();
        let is_listed =
            |value: &Value| listed.contains(&Same { value: &prepared(definition, value.clone()), primary: None });
        return Ok(values.iter().map(is_listed).collect());
    }
    // Listed values that name the same sub-attributes are looked up together, so that long lists stay cheap.
    let mut listed: HashMap<Vec<AttributeId>, Vec<Value>> = HashMap::new();
    for item in items {
        let bare: Object;
        let object = match item {
            Input::Null => continue,
            Input::Object(object) => object,
            other if dialect.bind.bare_values && takes_bare(model, definition) => {
                bare = [("value".to_owned(), other.clone())].into_iter().collect();
                &bare
            }
            other => {
                bind_single(model, definition, other.clone(), dialect.bind)?;
                continue;
            }
        };
        let parts = bind_parts(model, definition, object, dialect)?;
        let pattern: Complex = parts
            .into_iter()
            .filter_map(|(child, given)| Some((child.id, prepared(child, given.into_value()?))))
            .collect();
        let names: Vec<AttributeId> = pattern.iter().map(|(id, _)| id).collect();
        if !names.is_empty() {
            listed.entry(names).or_default().push(Value::Complex(pattern));
        }
    }
    budget.charge(weights(values).saturating_mul(listed.len()))?;
    let mut selected = vec![false; values.len()];
    for (names, patterns) in &listed {
        let patterns: HashSet<Same<'_>> = patterns.iter().map(|value| Same { value, primary: None }).collect();
        for (value, selected) in values.iter().zip(&mut selected) {
            let Some(complex) = value.as_complex() else { continue };
            let part = |id: &AttributeId| Some((*id, prepared(model.definition(*id)?, complex.get(*id)?.clone())));
            let found: Complex = names.iter().filter_map(part).collect();
            *selected |= patterns.contains(&Same { value: &Value::Complex(found), primary: None });
        }
    }
    Ok(selected)
}

/// A value as comparison sees it.
fn prepared(definition: &Definition, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(definition.preparation.prepare(&text).into_owned()),
        other => other,
    }
}

/// Whether a readOnly attribute in a value without `path` is passed over: `groups`, `meta`, and the resource's own
/// `id`. Another `id` would be another resource, and stays an error.
pub(super) fn ignore_read_only(definition: &Definition, input: &Input, id: &str, dialect: &Dialect) -> bool {
    dialect.ignore_read_only && (definition.id != common::ID || input.as_str() == Some(id))
}

/// A member that is its bare id: `"value": ["2819c223"]`.
///
/// # Errors
/// `InvalidValue` where the dialect asks for an object.
pub(super) fn bare_member_id<'i>(members: &Definition, input: &'i Input, dialect: &Dialect) -> Result<&'i str> {
    match input {
        Input::String(id) if dialect.bare_member_ids && !id.is_empty() => Ok(id),
        other => {
            let detail = format!("each of {} is an object with a \"value\", not {}", members.path, other.type_name());
            Err(invalid_value(&members.path, detail))
        }
    }
}
