//! From the conditions of a bound filter to parts of the columns of a run.

use std::ops::Range;

use super::part::{Ending, Part};
use super::set::Slice;
use crate::Result;
use crate::engine::index::{Catalog, Column, Coverage, Leaf, Order, Run, Space, Suffix};
use crate::engine::storage::keys::ordered;
use crate::filter::{BoundFilter, CompareOp, Operand};
use crate::model::{AttributeId, AttributeType, Target, TypeModel, ValueRef, common};

/// How the filters of a resource type are looked at through a run.
#[derive(Clone, Copy)]
pub(in crate::engine::query) struct Lens<'r> {
    pub(in crate::engine::query) run: &'r Run,
    pub(in crate::engine::query) catalog: &'r Catalog,
    pub(in crate::engine::query) model: &'r TypeModel,
}

/// Where a condition stands: on a resource, or in the brackets behind an attribute.
#[derive(Clone, Copy)]
enum Place {
    Resource,
    /// Behind an attribute with one complex value.
    Single(AttributeId),
    /// Behind an attribute with several values.
    Element(AttributeId),
}

impl Place {
    fn target(self, target: Target) -> Target {
        match self {
            Place::Single(attribute) | Place::Element(attribute) => inside(attribute, target),
            Place::Resource => target,
        }
    }
}

/// A target as told in the brackets behind an attribute.
fn inside(attribute: AttributeId, target: Target) -> Target {
    let sub = target.attribute;
    Target { attribute, sub: (sub != attribute).then_some(sub) }
}

/// Whether the columns of every run can tell what meets a condition.
pub(in crate::engine::query) fn is_answerable(
    filter: &BoundFilter,
    model: &TypeModel,
    catalog: &Catalog,
    runs: &[&Run],
) -> bool {
    answers(filter, None, model, catalog, runs)
}

fn answers(
    filter: &BoundFilter,
    attribute: Option<AttributeId>,
    model: &TypeModel,
    catalog: &Catalog,
    runs: &[&Run],
) -> bool {
    let target = |target: &Target| attribute.map_or(*target, |attribute| inside(attribute, *target));
    let has_column = |target: Target| {
        let leaf = catalog.leaf(target).filter(|leaf| is_of_today(leaf, model));
        leaf.is_some_and(|leaf| runs.iter().all(|run| !matches!(run.column(leaf), Coverage::Stale)))
    };
    let has_all_of = |attribute: AttributeId| {
        model.definition(attribute).is_some_and(|definition| {
            definition.children.iter().all(|child| has_column(Target { attribute, sub: Some(*child) }))
        })
    };
    match filter {
        BoundFilter::Constant(_) => true,
        BoundFilter::And(parts) | BoundFilter::Or(parts) => {
            parts.iter().all(|part| answers(part, attribute, model, catalog, runs))
        }
        BoundFilter::Not(part) => answers(part, attribute, model, catalog, runs),
        BoundFilter::Compare(at, ..) => has_column(target(at)),
        BoundFilter::Present(at) => match target(at) {
            Target { attribute: common::META, sub: None } => true,
            at if at.sub.is_none() && is_complex(model, at.attribute) => has_all_of(at.attribute),
            at => has_column(at),
        },
        BoundFilter::Element(attribute, inner) => {
            let is_indexed = match model.definition(*attribute) {
                Some(definition) if definition.attribute.multi_valued => catalog.spaces.contains(attribute),
                Some(_) => *attribute == common::META || has_all_of(*attribute),
                None => false,
            };
            is_indexed && answers(inner, Some(*attribute), model, catalog, runs)
        }
        // No column has what is below a sub-attribute.
        BoundFilter::Deep(..) => false,
    }
}

/// Whether a leaf was made from the schema that the query is bound to.
pub(in crate::engine::query) fn is_of_today(leaf: &Leaf, model: &TypeModel) -> bool {
    let whole = model.definition(leaf.target.attribute);
    let definition = model.definition(leaf.target.leaf());
    whole.zip(definition).is_some_and(|(whole, definition)| {
        let kind = definition.attribute.attribute_type;
        whole.attribute.multi_valued == leaf.is_element
            && definition.preparation == leaf.preparation
            && matches!(kind, AttributeType::String | AttributeType::Reference) == leaf.is_text
    })
}

fn is_complex(model: &TypeModel, attribute: AttributeId) -> bool {
    model.definition(attribute).is_some_and(|definition| !definition.children.is_empty())
}

impl<'r> Lens<'r> {
    /// The part that a condition comes to. Only for what [`is_answerable`].
    pub(in crate::engine::query) fn resolve(self, filter: &BoundFilter) -> Result<Part<'r>> {
        self.part(filter, Place::Resource)
    }

    fn part(self, filter: &BoundFilter, place: Place) -> Result<Part<'r>> {
        let parts = |parts: &[BoundFilter]| parts.iter().map(|part| self.part(part, place)).collect::<Result<_>>();
        Ok(match filter {
            BoundFilter::Constant(true) => Part::All,
            BoundFilter::Constant(false) => Part::None,
            BoundFilter::And(items) => Part::all_of(parts(items)?),
            BoundFilter::Or(items) => Part::any_of(parts(items)?),
            BoundFilter::Not(inner) => Part::not(self.part(inner, place)?),
            BoundFilter::Present(target) => self.present(place.target(*target), place),
            BoundFilter::Compare(target, op, operand) => self.compare(place.target(*target), *op, operand, place)?,
            BoundFilter::Element(attribute, inner) => self.element(*attribute, inner)?,
            // Not answerable.
            BoundFilter::Deep(..) => Part::All,
        })
    }

    fn column(self, target: Target) -> Option<Column<'r>> {
        match self.run.column(self.catalog.leaf(target)?) {
            Coverage::Column(column) => Some(column),
            Coverage::Empty | Coverage::Stale => None,
        }
    }

    /// The space of a multi-valued attribute, seen from a resource.
    fn space(self, target: Target, place: Place) -> Option<Space<'r>> {
        let definition = self.model.definition(target.attribute)?;
        match place {
            Place::Resource if definition.attribute.multi_valued => self.run.space(target.attribute),
            _ => None,
        }
    }

    fn present(self, target: Target, place: Place) -> Part<'r> {
        if target.sub.is_none() && is_complex(self.model, target.attribute) {
            if target.attribute == common::META {
                return Part::All;
            }
            let children = self.children(target.attribute).map(|(target, column)| not_empty(target, column));
            let any = Part::any_of(children.collect());
            return match self.space(target, place) {
                Some(space) => Part::owners(space, any),
                None => any,
            };
        }
        let Some(column) = self.column(target) else { return Part::None };
        let part = not_empty(target, column);
        match self.space(target, place) {
            Some(space) => Part::owners(space, part),
            None => part,
        }
    }

    /// The columns of the sub-attributes of an attribute.
    fn children(self, attribute: AttributeId) -> impl Iterator<Item = (Target, Column<'r>)> {
        let children = self.model.definition(attribute).map(|definition| definition.children.as_slice());
        let targets = children.unwrap_or_default().iter().map(move |child| Target { attribute, sub: Some(*child) });
        targets.filter_map(move |target| Some((target, self.column(target)?)))
    }

    fn compare(self, target: Target, op: CompareOp, operand: &Operand, place: Place) -> Result<Part<'r>> {
        let Some(column) = self.column(target) else {
            // None has a value.
            return Ok(if op == CompareOp::Ne { Part::All } else { Part::None });
        };
        let slice = Slice { target, order: Order::Slots, start: 0 };
        let part = match op {
            CompareOp::Ne => {
                let Some(ord) = column.find(&self.key(target, operand)) else { return Ok(Part::All) };
                return Ok(Part::not(match self.space(target, place) {
                    Some(space) => Part::Only(column, space, ord),
                    None => Part::range(column, ord..ord + 1, slice),
                }));
            }
            CompareOp::Co | CompareOp::Ew if matches!(operand, Operand::Text(text, _) if text.is_empty()) => {
                Part::range(column, 0..column.distinct, slice)
            }
            CompareOp::Co => Part::values(column, self.run.contains(&column, &self.key(target, operand))?),
            CompareOp::Ew => {
                let suffix = self.key(target, operand);
                match column.suffix(&suffix) {
                    Suffix::Slots(slots) => {
                        let start = column.suffix_start(slots);
                        let slice = Slice { target, order: Order::Reversed, start };
                        Part::Ending(Ending { column, slots, suffix, slice })
                    }
                    Suffix::Ords(ords) => Part::values(column, ords),
                }
            }
            _ => {
                let ords = range(&column, op, &self.key(target, operand));
                let start = column.start(ords.start);
                Part::range(column, ords, Slice { start, ..slice })
            }
        };
        Ok(match self.space(target, place) {
            Some(space) => Part::owners(space, part),
            None => part,
        })
    }

    fn element(self, attribute: AttributeId, inner: &BoundFilter) -> Result<Part<'r>> {
        let is_multi = self.model.definition(attribute).is_some_and(|definition| definition.attribute.multi_valued);
        if !is_multi {
            let part = self.part(inner, Place::Single(attribute))?;
            if !part.admits_nothing() || attribute == common::META {
                return Ok(part);
            }
            // It has a value as soon as one of its sub-attributes has, be it an empty one.
            let any = self.children(attribute).map(|(target, column)| everything(target, column));
            return Ok(Part::all_of(vec![Part::any_of(any.collect()), part]));
        }
        let Some(space) = self.run.space(attribute) else { return Ok(Part::None) };
        let part = self.part(inner, Place::Element(attribute))?;
        let part = match space.elements().filter(|_| part.admits_nothing()) {
            Some(elements) => Part::all_of(vec![Part::Bits(elements), part]),
            None => part,
        };
        Ok(Part::owners(space, part))
    }

    /// The bytes that values equal to an operand have in a column.
    fn key(self, target: Target, operand: &Operand) -> Vec<u8> {
        let mut key = Vec::with_capacity(32);
        match operand {
            Operand::Text(text, _) => key.extend_from_slice(text.as_bytes()),
            Operand::Boolean(flag) => ordered(ValueRef::Boolean(*flag), &mut key),
            Operand::Integer(number) => ordered(ValueRef::Integer(*number), &mut key),
            Operand::Decimal(number) => ordered(ValueRef::Decimal(*number), &mut key),
            Operand::Instant(instant) => ordered(ValueRef::Instant(*instant), &mut key),
            Operand::Binary(bytes) => key.extend_from_slice(bytes),
        }
        let kind = self.model.definition(target.leaf()).map(|definition| definition.attribute.attribute_type);
        match (kind, operand) {
            // The largest whole number and 2⁶³ have the same bytes, although one is less than the other.
            (Some(AttributeType::Integer), Operand::Decimal(number)) if *number == TWO_TO_63 => key.push(0),
            (Some(AttributeType::Decimal), Operand::Integer(i64::MAX)) => drop(key.pop()),
            _ => {}
        }
        key
    }
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// The values that compare so with a key.
fn range(column: &Column<'_>, op: CompareOp, key: &[u8]) -> Range<u32> {
    match op {
        CompareOp::Eq => column.find(key).map_or(0..0, |ord| ord..ord + 1),
        CompareOp::Sw => column.prefix(key),
        CompareOp::Gt => column.upper_bound(key)..column.distinct,
        CompareOp::Ge => column.lower_bound(key)..column.distinct,
        CompareOp::Lt => 0..column.lower_bound(key),
        CompareOp::Le => 0..column.upper_bound(key),
        CompareOp::Ne | CompareOp::Co | CompareOp::Ew => 0..0,
    }
}

fn everything(target: Target, column: Column<'_>) -> Part<'_> {
    Part::range(column, 0..column.distinct, Slice { target, order: Order::Slots, start: 0 })
}

/// The slots whose value is not empty.
fn not_empty(target: Target, column: Column<'_>) -> Part<'_> {
    let from = u32::from(column.distinct > 0 && column.value(0).is_empty());
    let start = column.start(from);
    Part::range(column, from..column.distinct, Slice { target, order: Order::Slots, start })
}
