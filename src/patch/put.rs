//! add and replace (RFC 7644 sections 3.5.2.1 and 3.5.2.3) on an attribute or sub-attribute, without a filter.

use super::apply::Patcher;
use super::budget::{weight, weights};
use super::target::Place;
use super::values::{
    append, bind_assigned, bind_items, bind_part, bind_parts, check_count, keep_one_primary, merge, part_weight,
    primary_of,
};
use super::{Op, deviations};
use crate::Result;
use crate::model::bind::bind_single;
use crate::model::{AttributeType, Complex, Definition, Input, Value};

impl Patcher<'_> {
    /// add or replace of an attribute.
    pub fn put_attribute(&mut self, op: Op, place: &Place<'_>, input: &Input) -> Result<()> {
        let Place { within: _, definition, sub, selection } = place;
        match (selection, sub) {
            (Some(selection), _) => self.put_selected(op, place, selection, input),
            (None, Some(sub)) => self.put_sub(op, place, sub, input),
            (None, None) if definition.attribute.multi_valued => self.put_multi(op, place, input),
            (None, None) if definition.attribute.attribute_type == AttributeType::Complex => {
                self.put_complex(op, place, input)
            }
            (None, None) => {
                let value = bind_assigned(self.model, definition, input, self.dialect)?;
                self.restore(place, value.into_iter().collect());
                Ok(())
            }
        }
    }

    /// add appends what is not there yet; replace leaves nothing else.
    fn put_multi(&mut self, op: Op, place: &Place<'_>, input: &Input) -> Result<()> {
        let definition = place.definition;
        let new = bind_items(self.model, definition, input, self.dialect)?;
        if op == Op::Replace {
            self.restore(place, new);
            return Ok(());
        }
        let primary = primary_of(self.model, definition);
        let mut values = self.take(place);
        let first_new = append(&mut values, new, primary);
        if values.len() > first_new {
            check_count(definition, values.len())?;
            keep_one_primary(&mut values, primary, |index| index >= first_new);
        }
        self.restore(place, values);
        Ok(())
    }

    /// Sub-attributes that the value names are set; others stay, with replace too (RFC 7644 section 3.5.2.3).
    fn put_complex(&mut self, op: Op, place: &Place<'_>, input: &Input) -> Result<()> {
        let definition = place.definition;
        let value = match deviations::unwrap_value(definition, input, self.dialect) {
            Input::Object(object) => {
                let parts = bind_parts(self.model, definition, object, self.dialect)?;
                let mut complex = match self.value(place) {
                    Some(Value::Complex(complex)) => complex.clone(),
                    _ => Complex::new(),
                };
                self.budget.charge(self.value(place).map_or(0, weight))?;
                merge(self.model, op, &mut complex, &parts)?;
                Some(Value::Complex(complex))
            }
            // What is no object is null, a deviation that stands for the whole value, or an error.
            other => {
                let old = self.value(place);
                let new = bind_single(self.model, definition, other.clone(), self.dialect.bind)?;
                new.map(|new| deviations::replace_by_bare_value(self.model, definition, old, new)).transpose()?
            }
        };
        self.restore(place, value.into_iter().collect());
        Ok(())
    }

    /// Sets a sub-attribute: of every value, where there are several; of a new value, where there is none.
    fn put_sub(&mut self, op: Op, place: &Place<'_>, sub: &Definition, input: &Input) -> Result<()> {
        let parts = [bind_part(self.model, sub, input, self.dialect)?];
        let mut values = self.take(place);
        if values.is_empty() {
            values.push(Value::Complex(Complex::new()));
        }
        let each = part_weight(&parts);
        self.budget.charge(weights(&values).saturating_add(values.len().saturating_mul(each)))?;
        for element in &mut values {
            if let Value::Complex(complex) = element {
                merge(self.model, op, complex, &parts)?;
            }
        }
        self.restore(place, values);
        Ok(())
    }
}
