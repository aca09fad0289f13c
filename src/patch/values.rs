//! Values: binding what an operation brings, comparing it with what is there, setting it. It must not know any path.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use super::budget::weight;
use super::{Dialect, Op, deviations};
use crate::model::bind::{MAX_VALUES, bind_single, bind_value};
use crate::model::{AttributeId, Complex, Definition, Input, Mutability, Object, TypeModel, Value};
use crate::{Error, ErrorKind, Result};

/// What an operation brings for one sub-attribute.
pub(super) type Part<'m> = (&'m Definition, Given<'m>);

/// What is given of a sub-attribute.
#[derive(Clone)]
pub(super) enum Given<'m> {
    /// Its value; none makes it unassigned (RFC 7643 section 2.5).
    Value(Option<Value>),
    /// Parts of its value, which is complex: those not named stay. Only in schemas that go beyond the RFC.
    Parts(Vec<Part<'m>>),
}

impl Given<'_> {
    /// The value that it is without another one before it.
    pub fn into_value(self) -> Option<Value> {
        match self {
            Given::Value(value) => value,
            Given::Parts(parts) => {
                let parts = parts.into_iter().filter_map(|(child, given)| Some((child.id, given.into_value()?)));
                Some(Value::Complex(parts.collect())).filter(|value| !is_blank(value))
            }
        }
    }
}

/// What it costs to set some parts of one value.
pub(super) fn part_weight(parts: &[Part<'_>]) -> usize {
    let weight_of = |(_, given): &Part<'_>| match given {
        Given::Value(value) => value.as_ref().map_or(1, weight),
        Given::Parts(parts) => part_weight(parts),
    };
    parts.iter().map(weight_of).sum()
}

/// Binds what becomes the value of an attribute or sub-attribute: for a multi-valued one, a list or a single value.
pub(super) fn bind_assigned(
    model: &TypeModel,
    definition: &Definition,
    input: &Input,
    dialect: &Dialect,
) -> Result<Option<Value>> {
    if definition.attribute.multi_valued {
        let values = bind_items(model, definition, input, dialect)?;
        return Ok((!values.is_empty()).then_some(Value::Multi(values)));
    }
    bind_single(model, definition, deviations::unwrap_value(definition, input, dialect).clone(), dialect.bind)
}

/// Binds values of a multi-valued attribute. The RFC's examples give a single one without a list around it.
pub(super) fn bind_items(
    model: &TypeModel,
    definition: &Definition,
    input: &Input,
    dialect: &Dialect,
) -> Result<Vec<Value>> {
    let list = match input {
        Input::Array(_) | Input::Null => input.clone(),
        single => Input::Array(vec![single.clone()]),
    };
    Ok(match bind_value(model, definition, list, dialect.bind)? {
        Some(Value::Multi(values)) => values,
        Some(single) => vec![single],
        None => Vec::new(),
    })
}

/// Binds the sub-attributes that an object names, the unassigned ones among them. readOnly ones fall away
/// (RFC 7643 section 7).
pub(super) fn bind_parts<'m>(
    model: &'m TypeModel,
    definition: &Definition,
    object: &Object,
    dialect: &Dialect,
) -> Result<Vec<Part<'m>>> {
    let mut parts = Vec::with_capacity(object.len());
    for (name, input) in object.iter() {
        let child = match model.resolve_sub(definition.id, name) {
            Ok(id) => model.definition(id),
            Err(_) if dialect.bind.ignore_unknown => None,
            Err(unknown) => {
                let path = format!("{}.{name}", definition.path);
                return Err(Error::new(ErrorKind::InvalidSyntax, unknown.detail).on(path));
            }
        };
        if let Some(child) = child.filter(|child| child.is_writable()) {
            parts.push(bind_part(model, child, input, dialect)?);
        }
    }
    Ok(parts)
}

/// Binds what is given of one sub-attribute.
pub(super) fn bind_part<'m>(
    model: &'m TypeModel,
    child: &'m Definition,
    input: &Input,
    dialect: &Dialect,
) -> Result<Part<'m>> {
    let is_single = !child.children.is_empty() && !child.attribute.multi_valued;
    if is_single && let Input::Object(object) = deviations::unwrap_value(child, input, dialect) {
        return Ok((child, Given::Parts(bind_parts(model, child, object, dialect)?)));
    }
    Ok((child, Given::Value(bind_assigned(model, child, input, dialect)?)))
}

/// Sets one sub-attribute of a complex value. An immutable one can be set only where it has no other value, and a
/// required one keeps one.
pub(super) fn set_part(
    model: &TypeModel,
    op: Op,
    complex: &mut Complex,
    child: &Definition,
    value: Option<Value>,
) -> Result<()> {
    let before = complex.get(child.id);
    let after = match (op, before, value) {
        (Op::Add, Some(before), Some(Value::Multi(values))) => {
            let mut all = before.as_multi().to_vec();
            let primary = primary_of(model, child);
            let first_new = append(&mut all, values, primary);
            keep_one_primary(&mut all, primary, |index| index >= first_new);
            check_count(child, all.len())?;
            Some(Value::Multi(all))
        }
        // To add no value to several changes none of them.
        (Op::Add, Some(before), None) if child.attribute.multi_valued => Some(before.clone()),
        (_, _, value) => value,
    };
    if child.attribute.mutability == Mutability::Immutable
        && let Some(before) = before
    {
        return if after.is_some_and(|after| same(before, &after)) { Ok(()) } else { Err(immutable(child)) };
    }
    if child.attribute.required && before.is_some() && after.is_none() {
        return Err(required(&child.path));
    }
    match after {
        Some(value) => complex.set(child.id, value),
        None => complex.remove(child.id),
    };
    Ok(())
}

/// Sets several sub-attributes; those not named stay (RFC 7644 section 3.5.2.3).
pub(super) fn merge(model: &TypeModel, op: Op, complex: &mut Complex, parts: &[Part<'_>]) -> Result<()> {
    for (child, given) in parts {
        match given {
            Given::Value(value) => set_part(model, op, complex, child, value.clone())?,
            Given::Parts(parts) => {
                let mut inner = match complex.get(child.id) {
                    Some(Value::Complex(inner)) => inner.clone(),
                    _ => Complex::new(),
                };
                merge(model, op, &mut inner, parts)?;
                let value = Some(Value::Complex(inner)).filter(|value| !is_blank(value));
                set_part(model, Op::Replace, complex, child, value)?;
            }
        }
    }
    Ok(())
}

/// Whether a complex value is no value: nothing in it, or nothing but empty text.
pub(super) fn is_blank(value: &Value) -> bool {
    value.as_complex().is_some_and(|complex| complex.iter().all(|(_, value)| value.as_str() == Some("")))
}

/// Appends the values that are not there yet, and says from which index on the values are new.
pub(super) fn append(values: &mut Vec<Value>, new: Vec<Value>, primary: Option<AttributeId>) -> usize {
    let first = values.len();
    // Most requests add one value at a time: to look at each of the old ones is cheaper than to hash them all.
    if let [single] = new.as_slice() {
        let single = Same { value: single, primary };
        if !values.iter().any(|value| Same { value, primary } == single) {
            values.extend(new);
        }
        return first;
    }
    let mut seen: HashSet<Same<'_>> = values.iter().map(|value| Same { value, primary }).collect();
    let fresh: Vec<bool> = new.iter().map(|value| seen.insert(Same { value, primary })).collect();
    values.extend(new.into_iter().zip(fresh).filter_map(|(value, fresh)| fresh.then_some(value)));
    first
}

/// Refuses more values than an attribute may have.
pub(super) fn check_count(definition: &Definition, count: usize) -> Result<()> {
    if count <= MAX_VALUES {
        return Ok(());
    }
    let detail = format!("{} would have {count} values; at most {MAX_VALUES} are kept", definition.path);
    Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path))
}

/// The sub-attribute `primary` of a multi-valued attribute.
pub(super) fn primary_of(model: &TypeModel, definition: &Definition) -> Option<AttributeId> {
    model.definitions().child(definition, "primary").map(|child| child.id)
}

/// Where one of the touched values is primary, no other stays so (RFC 7644 section 3.5.2).
pub(super) fn keep_one_primary(values: &mut [Value], primary: Option<AttributeId>, touched: impl Fn(usize) -> bool) {
    let Some(primary) = primary else { return };
    let is_primary =
        |value: &Value| value.as_complex().and_then(|complex| complex.get(primary)) == Some(&Value::Boolean(true));
    if !values.iter().enumerate().any(|(index, value)| touched(index) && is_primary(value)) {
        return;
    }
    for (index, value) in values.iter_mut().enumerate() {
        if !touched(index)
            && is_primary(value)
            && let Value::Complex(complex) = value
        {
            complex.set(primary, Value::Boolean(false));
        }
    }
}

/// A value as a member of a set. Two values are the same if no answer could tell them apart, and `primary` that is
/// not there is false (RFC 7643 section 2.4).
pub(super) struct Same<'v> {
    pub value: &'v Value,
    pub primary: Option<AttributeId>,
}

impl<'v> Same<'v> {
    fn parts(&self, complex: &'v Complex) -> impl Iterator<Item = (AttributeId, &'v Value)> {
        let primary = self.primary;
        complex.iter().filter(move |(id, value)| !(Some(*id) == primary && **value == Value::Boolean(false)))
    }
}

impl PartialEq for Same<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.value, other.value) {
            (Value::Complex(a), Value::Complex(b)) => self.parts(a).eq(other.parts(b)),
            (a, b) => a == b,
        }
    }
}

impl Eq for Same<'_> {}

impl Hash for Same<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.value {
            Value::String(text) => text.hash(state),
            Value::Boolean(flag) => flag.hash(state),
            Value::Integer(number) => number.hash(state),
            // 0.0 and -0.0 are equal, and so must hash alike.
            Value::Decimal(number) => (number + 0.0).to_bits().hash(state),
            Value::DateTime(time) => time.text.hash(state),
            Value::Binary(bytes) => bytes.hash(state),
            Value::Any(json) => json.hash(state),
            Value::Complex(complex) => {
                for (id, value) in self.parts(complex) {
                    id.hash(state);
                    Same { value, primary: None }.hash(state);
                }
            }
            Value::Multi(values) => values.iter().for_each(|value| Same { value, primary: None }.hash(state)),
        }
    }
}

/// Whether two values mean the same: dateTimes are instants, and the values of a multi-valued attribute are a set.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (meaning(a), meaning(b));
    let set = |values: &[Value]| values.iter().map(|value| Same { value, primary: None }).collect::<HashSet<_>>().len();
    let (first, second) = (a.as_multi(), b.as_multi());
    let both: HashSet<Same<'_>> = first.iter().chain(second).map(|value| Same { value, primary: None }).collect();
    both.len() == set(first) && both.len() == set(second)
}

/// A value with its dateTimes written in one way.
fn meaning(value: &Value) -> Value {
    match value {
        Value::DateTime(time) => Value::DateTime(time.instant.into()),
        Value::Multi(values) => Value::Multi(values.iter().map(meaning).collect()),
        Value::Complex(complex) => Value::Complex(complex.iter().map(|(id, value)| (id, meaning(value))).collect()),
        other => other.clone(),
    }
}

/// An immutable value would change.
pub(super) fn immutable(definition: &Definition) -> Error {
    let detail = format!("{} is immutable: it can be added where it has no value, and not changed", definition.path);
    Error::new(ErrorKind::Mutability, detail).on(&definition.path)
}

/// A readOnly attribute is the target.
pub(super) fn read_only(definition: &Definition) -> Error {
    let detail = format!("{} is readOnly: leave it out", definition.path);
    Error::new(ErrorKind::Mutability, detail).on(&definition.path)
}

/// A required attribute would become unassigned (RFC 7644 section 3.5.2.2).
pub(super) fn required(path: &str) -> Error {
    Error::new(ErrorKind::Mutability, format!("{path} is required: give it another value instead of removing it"))
        .on(path)
}

/// A value path selects nothing.
pub(super) fn no_target(definition: &Definition) -> Error {
    let detail = format!("no value of {} matches the filter in the path", definition.path);
    Error::new(ErrorKind::NoTarget, detail).on(&definition.path)
}

/// The value of an operation does not fit.
pub(super) fn invalid_value(path: &str, detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidValue, detail).on(path)
}
