//! add and replace on the values that a filter in brackets selects (RFC 7644 section 3.5.2, `valuePath [subAttr]`).

use std::collections::HashSet;

use super::apply::Patcher;
use super::budget::{clauses, weight, weights};
use super::target::{Place, Selection};
use super::values::{
    Given, Part, Same, bind_part, bind_parts, check_count, immutable, keep_one_primary, merge, no_target, part_weight,
    primary_of, same,
};
use super::{Op, deviations};
use crate::Result;
use crate::filter::{BoundFilter, eval_element};
use crate::model::bind::{bind_single, takes_bare};
use crate::model::{Complex, Definition, Input, Mutability, Object, TypeModel, Value, ValueRef};

/// What happens to each selected value.
enum Change<'m> {
    /// A sub-attribute is set.
    Sub(Part<'m>),
    /// Sub-attributes are set, others stay.
    Merge(Vec<Part<'m>>),
    /// The value is replaced; by none, it goes.
    Whole(Option<Value>),
    /// There is nothing to add.
    Nothing,
}

/// Which values a filter selects.
pub(super) fn matches(values: &[Value], filter: &BoundFilter) -> Vec<bool> {
    values.iter().map(|value| eval_element(filter, ValueRef::from(value))).collect()
}

impl Patcher<'_> {
    /// Which values a filter selects, at the cost of a look at each for each of its clauses.
    pub fn select(&mut self, values: &[Value], selection: &Selection) -> Result<Vec<bool>> {
        self.budget.charge(weights(values).saturating_mul(clauses(&selection.expr)))?;
        Ok(matches(values, &selection.bound))
    }

    /// add or replace of the selected values, or of a sub-attribute of them.
    pub fn put_selected(&mut self, op: Op, place: &Place<'_>, selection: &Selection, input: &Input) -> Result<()> {
        let definition = place.definition;
        let change = self.bind_change(op, place, input)?;
        let mut values = self.take(place);
        let mut selected = self.select(&values, selection)?;
        if !selected.contains(&true) {
            if !self.dialect.create_missing_values {
                return Err(no_target(definition));
            }
            let made = deviations::value_from_filter(self.model, definition, &selection.expr, self.dialect)?;
            if let Some(value) = change.begin(self.model, op, made)? {
                values.push(value);
                selected.push(true);
                check_count(definition, values.len())?;
            }
        } else {
            let chosen = selected.iter().filter(|chosen| **chosen).count();
            self.budget.charge(chosen.saturating_mul(change.weight()))?;
            change.make(self.model, op, definition, &mut values, &mut selected)?;
        }
        let is_selected = |index: usize| selected.get(index).copied().unwrap_or(false);
        keep_one_primary(&mut values, primary_of(self.model, definition), is_selected);
        self.restore(place, values);
        Ok(())
    }

    fn bind_change<'m>(&self, op: Op, place: &Place<'m>, input: &Input) -> Result<Change<'m>>
    where
        Self: 'm,
    {
        let definition = place.definition;
        if let Some(sub) = place.sub {
            return bind_part(self.model, sub, input, self.dialect).map(Change::Sub);
        }
        let input = deviations::unwrap_value(definition, input, self.dialect);
        let complex = !definition.children.is_empty();
        match (op, input) {
            (Op::Add, Input::Null) => Ok(Change::Nothing),
            (Op::Add, Input::Object(object)) if complex => self.bind_merge(definition, object),
            (Op::Add, bare)
                if complex
                    && self.dialect.bind.bare_values
                    && !matches!(bare, Input::Array(_))
                    && takes_bare(self.model, definition) =>
            {
                let object: Object = [("value".to_owned(), bare.clone())].into_iter().collect();
                self.bind_merge(definition, &object)
            }
            _ => Ok(Change::Whole(bind_single(self.model, definition, input.clone(), self.dialect.bind)?)),
        }
    }

    fn bind_merge<'m>(&self, definition: &'m Definition, object: &Object) -> Result<Change<'m>>
    where
        Self: 'm,
    {
        bind_parts(self.model, definition, object, self.dialect).map(Change::Merge)
    }
}

impl Change<'_> {
    /// What it costs to make it to one value.
    fn weight(&self) -> usize {
        match self {
            Change::Whole(value) => value.as_ref().map_or(1, weight),
            Change::Sub(part) => part_weight(std::slice::from_ref(part)),
            Change::Merge(parts) => part_weight(parts),
            Change::Nothing => 0,
        }
    }

    /// Makes the change to each selected value.
    fn make(
        self,
        model: &TypeModel,
        op: Op,
        definition: &Definition,
        values: &mut Vec<Value>,
        selected: &mut Vec<bool>,
    ) -> Result<()> {
        let chosen = values.iter_mut().zip(selected.iter()).filter_map(|(value, chosen)| chosen.then_some(value));
        match self {
            Change::Nothing => {}
            Change::Sub(part) => {
                for element in chosen {
                    if let Value::Complex(complex) = element {
                        merge(model, op, complex, std::slice::from_ref(&part))?;
                    }
                }
            }
            Change::Merge(parts) => {
                for element in chosen {
                    if let Value::Complex(complex) = element {
                        merge(model, op, complex, &parts)?;
                    }
                }
            }
            Change::Whole(None) => {
                let mut keep = selected.iter().map(|chosen| !chosen);
                values.retain(|_| keep.next().unwrap_or(true));
                selected.clear();
            }
            Change::Whole(Some(new)) => {
                for element in chosen {
                    *element = replacement(model, definition, element, &new)?;
                }
                drop_repeated(model, definition, values, selected);
            }
        }
        Ok(())
    }

    /// Makes the change to a value that is new; none where there is nothing to set.
    fn begin(self, model: &TypeModel, op: Op, made: Option<Complex>) -> Result<Option<Value>> {
        let mut complex = made.unwrap_or_default();
        match self {
            Change::Nothing | Change::Sub((_, Given::Value(None))) | Change::Whole(None) => return Ok(None),
            Change::Sub(part) => merge(model, op, &mut complex, &[part])?,
            Change::Merge(parts) => merge(model, op, &mut complex, &parts)?,
            Change::Whole(Some(Value::Complex(new))) => {
                for (id, value) in new {
                    complex.set(id, value);
                }
            }
            Change::Whole(Some(simple)) => return Ok(Some(simple)),
        }
        Ok(Some(Value::Complex(complex)))
    }
}

/// The value that takes the place of another one: it keeps what clients cannot change.
fn replacement(model: &TypeModel, definition: &Definition, old: &Value, new: &Value) -> Result<Value> {
    let (Value::Complex(old), Value::Complex(new)) = (old, new) else { return Ok(new.clone()) };
    let mut merged = new.clone();
    for child in definition.children.iter().filter_map(|id| model.definition(*id)) {
        if !child.attribute.multi_valued
            && let (Some(old), Some(new)) = (old.get(child.id), new.get(child.id))
            && old.as_complex().is_some()
        {
            merged.set(child.id, replacement(model, child, old, new)?);
        }
        let fixed = child.attribute.mutability == Mutability::Immutable || !child.is_writable();
        let Some(kept) = old.get(child.id).filter(|_| fixed) else { continue };
        if merged.set(child.id, kept.clone()).is_some_and(|given| !same(kept, &given)) {
            return Err(immutable(child));
        }
    }
    Ok(Value::Complex(merged))
}

/// Several values that were replaced by the same one are that one value.
fn drop_repeated(model: &TypeModel, definition: &Definition, values: &mut Vec<Value>, selected: &mut Vec<bool>) {
    let primary = primary_of(model, definition);
    let mut seen: HashSet<Same<'_>> = HashSet::new();
    let pairs = values.iter().zip(selected.iter());
    let keep: Vec<bool> = pairs.map(|(value, chosen)| !chosen || seen.insert(Same { value, primary })).collect();
    let mut kept = keep.iter().copied();
    values.retain(|_| kept.next().unwrap_or(true));
    let mut kept = keep.iter().copied();
    selected.retain(|_| kept.next().unwrap_or(true));
}
