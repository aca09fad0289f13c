//! Places in a resource that rules read and write: an attribute, a sub-attribute, or those of some of its values.

use crate::filter::{BoundFilter, bind_element, eval_element, parse_path};
use crate::model::{
    AttributeId, AttributeType, BindOptions, Complex, Definition, Mutability, PathTarget, Returned, Target, TypeModel,
    Value, ValueRef, common,
};
use crate::{Error, ErrorKind, Result};

/// A place that a rule reads.
#[derive(Debug)]
pub(in crate::engine) struct Place {
    target: Target,
    /// Which of several values.
    filter: Option<BoundFilter>,
}

/// The attribute that a path of a rule names.
///
/// # Errors
/// `InvalidValue`, naming the rule.
pub(super) fn target(model: &TypeModel, path: &str, place: &str) -> Result<Target> {
    match model.resolve(path) {
        Ok(PathTarget::Attribute(target)) => Ok(target),
        Ok(_) => Err(wrong(place, &format!("\"{path}\" is a schema: name one of its attributes"))),
        Err(unknown) => Err(wrong(place, &unknown.detail)),
    }
}

/// An error about a rule.
pub(super) fn wrong(place: &str, detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("the profile: {place}: {detail}")).on(place)
}

impl Place {
    /// The place that a path of a rule names, which may have a filter in brackets.
    ///
    /// # Errors
    /// `InvalidValue`, naming the rule.
    pub(super) fn bind(model: &TypeModel, path: &str, place: &str) -> Result<Self> {
        let parsed = parse_path(path).map_err(|error| wrong(place, error.detail()))?;
        let mut found = target(model, &parsed.attr.text, place)?;
        let filter = match &parsed.filter {
            None => None,
            Some(filter) => {
                let bound = bind_element(filter, model, found.attribute, BindOptions::default());
                Some(bound.map_err(|error| wrong(place, error.detail()))?)
            }
        };
        if let Some(sub) = &parsed.sub {
            let sub = model.resolve_sub(found.attribute, sub).map_err(|unknown| wrong(place, &unknown.detail))?;
            found.sub = Some(sub);
        }
        let untold = |definition: &&Definition| {
            definition.attribute.returned == Returned::Never || definition.attribute.mutability == Mutability::WriteOnly
        };
        if model.trail(found).into_iter().filter_map(|id| model.definition(id)).any(|part| untold(&part)) {
            return Err(wrong(place, &format!("\"{path}\" is never told: what is made of it would tell it")));
        }
        if matches!(found.attribute, common::ID | common::META | common::SCHEMAS) {
            return Err(wrong(place, &format!("\"{path}\" is the store's own: nothing is made of it")));
        }
        Ok(Place { target: found, filter })
    }

    /// The attribute that it is of.
    pub(super) fn target(&self) -> Target {
        self.target
    }

    /// The path of its attribute, for errors.
    pub(in crate::engine) fn path<'m>(&self, model: &'m TypeModel) -> &'m str {
        model.path_of(self.target)
    }

    /// The first value at the place that is more than white space.
    pub(in crate::engine) fn first<'a>(&self, attributes: &'a Complex) -> Option<&'a Value> {
        let is_meant =
            |value: &&Value| self.filter.as_ref().is_none_or(|filter| eval_element(filter, ValueRef::from(*value)));
        let mut values = attributes.get(self.target.attribute)?.as_multi().iter().filter(is_meant);
        let says_something = |value: &&Value| value.as_str().is_none_or(|text| !text.trim().is_empty());
        values.find_map(|value| part(value, self.target).filter(says_something))
    }
}

/// The part of a value that a target names, where it has something to say.
fn part(value: &Value, target: Target) -> Option<&Value> {
    let found = match target.sub {
        None => Some(value),
        Some(sub) => value.as_complex()?.get(sub)?.as_multi().first(),
    };
    found.filter(|value| value.as_str() != Some(""))
}

/// The first value of a target.
pub(in crate::engine) fn get(attributes: &Complex, target: Target) -> Option<&Value> {
    attributes.get(target.attribute)?.as_multi().iter().find_map(|value| part(value, target))
}

/// Sets a target, or takes it away: a sub-attribute in the first value of its attribute, which is made where there is none.
/// One of several values goes with its `value`: what is left would describe nothing.
pub(in crate::engine) fn put(model: &TypeModel, attributes: &mut Complex, target: Target, value: Option<Value>) {
    let Some(definition) = model.definition(target.attribute) else { return };
    let is_multi = definition.attribute.multi_valued;
    let Some(sub) = target.sub else {
        match value {
            Some(value) if is_multi => drop(attributes.set(target.attribute, Value::Multi(vec![value]))),
            Some(value) => drop(attributes.set(target.attribute, value)),
            None => drop(attributes.remove(target.attribute)),
        }
        return;
    };
    if definition.attribute.attribute_type != AttributeType::Complex {
        return;
    }
    let mut values = match attributes.remove(target.attribute) {
        Some(Value::Multi(values)) => values,
        Some(single) => vec![single],
        None => Vec::new(),
    };
    match (values.first_mut(), value) {
        (Some(Value::Complex(first)), Some(value)) => drop(first.set(sub, value)),
        (Some(Value::Complex(_)), None) if is_multi && is_value(model, sub) => drop(values.remove(0)),
        (Some(Value::Complex(first)), None) => drop(first.remove(sub)),
        (_, Some(value)) => {
            let mut made = Complex::new();
            made.set(sub, value);
            values.insert(0, Value::Complex(made));
        }
        (_, None) => {}
    }
    values.retain(|value| value.as_complex().is_none_or(|complex| !complex.is_empty()));
    let left = if is_multi { (!values.is_empty()).then_some(Value::Multi(values)) } else { values.pop() };
    if let Some(left) = left {
        attributes.set(target.attribute, left);
    }
}

fn is_value(model: &TypeModel, sub: AttributeId) -> bool {
    model.definition(sub).is_some_and(|definition| definition.is_named("value"))
}
