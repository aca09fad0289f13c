//! Applying the operations of a request: one after the other, on a copy, all or none.

use std::collections::BTreeSet;

use super::budget::{Budget, weight};
use super::deviations;
use super::target::{Location, Place, locate_text};
use super::values::{self, invalid_value};
use super::{Dialect, MAX_OPERATIONS, Op, Operation, PatchRequest, nested};
use crate::filter::BoundFilter;
use crate::model::{
    AttributeId, Complex, Definition, Extension, Input, Mutability, Returned, TypeModel, Value, validate,
};
use crate::{Error, ErrorKind, Result};

/// A change of a group's members, to be made on rows; the operations' order is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberEdit {
    /// Adds members, by id; those that are members already stay. Never empty.
    Add(Vec<String>),
    /// Makes these the only members. Never empty.
    Replace(Vec<String>),
    /// Removes members, by id. One that is no member changes nothing (RFC 7644 section 3.5.2.2). Never empty.
    Remove(Vec<String>),
    /// Removes the members that a filter on their sub-attributes selects.
    RemoveWhere {
        /// The filter, to be evaluated on one member at a time.
        filter: BoundFilter,
        /// Whether it is an error, `noTarget`, where it selects none.
        must_match: bool,
    },
    /// Removes all.
    Clear,
}

/// What a PATCH made.
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The attributes after all operations, without `members`.
    pub attributes: Complex,
    /// What is to be done to the members.
    pub members: Vec<MemberEdit>,
    /// What the operations named of the attributes and sub-attributes that are returned on request, members apart: the
    /// answer shows them (RFC 7643 section 7).
    pub on_request: BTreeSet<AttributeId>,
    /// The attributes that operations name, whether they change or not.
    pub named: BTreeSet<AttributeId>,
}

/// Applies all operations, or none, and validates the result as a whole.
///
/// `attributes` are those of the stored resource `id`. An operation that changes nothing leaves them equal, so that a
/// caller sees by comparison whether there is anything to write.
///
/// # Errors
/// `InvalidPath`, `InvalidFilter`, `InvalidValue`, `InvalidSyntax`, `NoTarget` and `Mutability` as RFC 7644 table 9
/// says; `PayloadTooLarge` for more than [`MAX_OPERATIONS`], `TooMany` for more work than
/// [`MAX_WORK`](super::MAX_WORK).
pub fn apply(
    model: &TypeModel,
    id: &str,
    attributes: &Complex,
    request: &PatchRequest,
    dialect: &Dialect,
) -> Result<Patched> {
    apply_within(model, id, attributes, request, dialect, &mut Budget::default())
}

/// [`apply`], for one of several requests that share a budget.
///
/// # Errors
/// As [`apply`].
pub fn apply_within(
    model: &TypeModel,
    id: &str,
    attributes: &Complex,
    request: &PatchRequest,
    dialect: &Dialect,
    budget: &mut Budget,
) -> Result<Patched> {
    let count = request.operations.len();
    if count > MAX_OPERATIONS {
        let detail = format!("{count} operations; a PATCH request has at most {MAX_OPERATIONS}: send several");
        return Err(Error::new(ErrorKind::PayloadTooLarge, detail).on("Operations"));
    }
    let (attributes, members, on_request) = (attributes.clone(), Vec::new(), BTreeSet::new());
    let named = BTreeSet::new();
    let mut patcher = Patcher { model, id, dialect, attributes, members, on_request, named, budget };
    for (index, operation) in request.operations.iter().enumerate() {
        patcher.operate(operation).map_err(|error| error.within(format_args!("operation {}", index + 1)))?;
    }
    let Patcher { attributes, members, on_request, named, .. } = patcher;
    validate(model, &attributes)?;
    Ok(Patched { attributes, members, on_request, named })
}

/// A resource while operations are applied to it.
pub(super) struct Patcher<'a> {
    pub model: &'a TypeModel,
    pub id: &'a str,
    pub dialect: &'a Dialect,
    pub attributes: Complex,
    pub members: Vec<MemberEdit>,
    pub on_request: BTreeSet<AttributeId>,
    pub named: BTreeSet<AttributeId>,
    pub budget: &'a mut Budget,
}

impl Patcher<'_> {
    fn operate(&mut self, operation: &Operation) -> Result<()> {
        let Operation { op, path, value } = operation;
        let location = match path {
            Some(path) => locate_text(self.model, path, self.dialect)?,
            None => Location::Resource,
        };
        if let Some(definition) = location.read_only(self.model) {
            return if deviations::ignore_read_only_path(self.dialect) {
                Ok(())
            } else {
                Err(values::read_only(definition))
            };
        }
        match (op, value) {
            (Op::Remove, value) => self.remove(&location, value.as_ref()),
            (op, Some(value)) => self.put(*op, &location, value),
            (op, None) => {
                let path = path.as_deref().unwrap_or("value");
                Err(invalid_value(path, format!("{} needs a \"value\"", op.keyword())))
            }
        }
    }

    /// add or replace.
    pub fn put(&mut self, op: Op, location: &Location<'_>, value: &Input) -> Result<()> {
        match location {
            Location::Resource => self.put_resource(op, value),
            Location::Extension(extension) => self.put_extension(op, extension, value),
            Location::Schemas(selection) => self.put_schemas(selection.as_ref(), value),
            Location::Members(place) => self.put_members(op, place, value),
            Location::Attribute(place) => {
                self.note(place, Some(value));
                self.guard(place, |patcher| patcher.put_attribute(op, place, value))
            }
        }
    }

    fn remove(&mut self, location: &Location<'_>, value: Option<&Input>) -> Result<()> {
        match location {
            Location::Resource => {
                let detail = "remove needs a path that names an attribute (RFC 7644 section 3.5.2.2)";
                Err(Error::new(ErrorKind::NoTarget, detail))
            }
            Location::Extension(extension) => self.remove_extension(extension),
            Location::Schemas(selection) => self.remove_schemas(selection.as_ref(), value),
            Location::Members(place) => self.remove_members(place, value),
            Location::Attribute(place) => {
                self.note(place, None);
                self.guard(place, |patcher| patcher.remove_attribute(place, value))
            }
        }
    }

    /// Notes what an operation names that is returned on request.
    fn note(&mut self, place: &Place<'_>, value: Option<&Input>) {
        let model = self.model;
        self.named.insert(place.definition.id);
        let on_request =
            |definition: &&Definition| definition.attribute.returned == Returned::Request && definition.is_writable();
        let named = place.within.iter().copied().chain([place.definition]).chain(place.sub);
        self.on_request.extend(named.filter(on_request).map(|definition| definition.id));
        let mut below = Vec::new();
        let last = place.sub.filter(|sub| !sub.children.is_empty()).unwrap_or(place.definition);
        value.into_iter().for_each(|value| named_below(model, last, value, &mut below));
        self.on_request.extend(below.into_iter().filter(on_request).map(|child| child.id));
    }

    /// Lets an immutable attribute gain a value and nothing else, and no required one lose its value: that is
    /// `mutability`, however it becomes unassigned (RFC 7644 section 3.5.2.2).
    fn guard(&mut self, place: &Place<'_>, change: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let definition = place.definition;
        if !place.within.is_empty() {
            let cost = nested::value_in(&self.attributes, &place.within, definition.id).map_or(0, weight);
            self.budget.charge(cost)?;
            let before = nested::Before::of(&self.attributes, place);
            change(self)?;
            return before.check(&mut self.attributes, place);
        }
        let immutable = definition.attribute.mutability == Mutability::Immutable;
        let before = self.attributes.get(definition.id);
        let assigned = before.is_some();
        self.budget.charge(before.map_or(0, |value| value.as_multi().len()))?;
        let before = before.filter(|_| immutable).cloned();
        change(self)?;
        let after = self.attributes.get(definition.id);
        if let Some(before) = before {
            if !after.is_some_and(|after| values::same(&before, after)) {
                return Err(values::immutable(definition));
            }
            self.attributes.set(definition.id, before);
            return Ok(());
        }
        if definition.attribute.required && assigned && after.is_none() {
            return Err(values::required(&definition.path));
        }
        Ok(())
    }

    /// Makes every attribute of an extension unassigned; readOnly ones are the service provider's own.
    pub fn remove_extension(&mut self, extension: &Extension) -> Result<()> {
        let model = self.model;
        let definitions = || extension.attributes.iter().filter_map(|id| model.definition(*id));
        if extension.required && definitions().any(|definition| self.attributes.get(definition.id).is_some()) {
            return Err(values::required(&extension.schema));
        }
        for definition in definitions().filter(|definition| definition.is_writable()) {
            let removed = self.attributes.remove(definition.id);
            if removed.is_some() && definition.attribute.mutability == Mutability::Immutable {
                return Err(values::immutable(definition));
            }
        }
        Ok(())
    }

    /// The value of the attribute at a place.
    pub fn value(&self, place: &Place<'_>) -> Option<&Value> {
        nested::value_in(&self.attributes, &place.within, place.definition.id)
    }

    /// Takes the values of an attribute out of the resource, to be changed and [put back](Self::restore).
    pub fn take(&mut self, place: &Place<'_>) -> Vec<Value> {
        match nested::take_in(&mut self.attributes, &place.within, place.definition.id) {
            Some(Value::Multi(values)) => values,
            Some(single) => vec![single],
            None => Vec::new(),
        }
    }

    /// Puts the values of an attribute into the resource, without those that are no values any more.
    pub fn restore(&mut self, place: &Place<'_>, mut values: Vec<Value>) {
        values.retain(|value| !values::is_blank(value));
        let value = if place.definition.attribute.multi_valued {
            (!values.is_empty()).then_some(Value::Multi(values))
        } else {
            values.pop()
        };
        nested::set_in(&mut self.attributes, &place.within, place.definition.id, value);
    }
}

/// Collects the sub-attributes that a value, or one of several, has.
fn named_below<'m>(model: &'m TypeModel, whole: &'m Definition, value: &Input, named: &mut Vec<&'m Definition>) {
    match value {
        Input::Object(object) => {
            for child in whole.children.iter().filter_map(|id| model.definition(*id)) {
                if let Some(value) = object.get(&child.attribute.name) {
                    named.push(child);
                    named_below(model, child, value, named);
                }
            }
        }
        Input::Array(items) => items.iter().for_each(|item| named_below(model, whole, item, named)),
        _ => {}
    }
}
