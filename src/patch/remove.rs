//! remove (RFC 7644 section 3.5.2.2) of an attribute, of sub-attributes, and of the values that a filter selects.

use super::apply::Patcher;
use super::target::Place;
use super::values::{invalid_value, no_target, set_part};
use super::{Op, deviations};
use crate::Result;
use crate::model::{Definition, Input, Value};

impl Patcher<'_> {
    /// remove of an attribute, or of what a place selects of it.
    pub fn remove_attribute(&mut self, place: &Place<'_>, value: Option<&Input>) -> Result<()> {
        let definition = place.definition;
        let mut values = self.take(place);
        let selected = match &place.selection {
            Some(selection) => self.select(&values, selection)?,
            None => self.listed(place, &values, value)?,
        };
        if place.selection.is_some() && !selected.contains(&true) && !self.dialect.remove_missing_values {
            return Err(no_target(definition));
        }
        match place.sub {
            Some(sub) => {
                let chosen = values.iter_mut().zip(&selected).filter_map(|(value, chosen)| chosen.then_some(value));
                for element in chosen {
                    if let Value::Complex(complex) = element {
                        set_part(self.model, Op::Replace, complex, sub, None)?;
                    }
                }
            }
            None => {
                let mut keep = selected.iter().map(|chosen| !chosen);
                values.retain(|_| keep.next().unwrap_or(true));
            }
        }
        self.restore(place, values);
        Ok(())
    }

    /// Which values a remove without a filter means: all, or those that its `value` lists.
    fn listed(&mut self, place: &Place<'_>, values: &[Value], value: Option<&Input>) -> Result<Vec<bool>> {
        let definition = place.definition;
        match value {
            Some(list) if !matches!(list, Input::Null) && definition.attribute.multi_valued && place.sub.is_none() => {
                refuse_listed_values(definition, self.dialect.remove_listed_values)?;
                deviations::select_listed_values(self.model, definition, values, list, self.dialect, self.budget)
            }
            _ => Ok(vec![true; values.len()]),
        }
    }
}

/// The RFC gives a `value` no meaning in a remove. To remove all values would be more than its sender wants.
pub(super) fn refuse_listed_values(definition: &Definition, tolerated: bool) -> Result<()> {
    if tolerated {
        return Ok(());
    }
    let path = &definition.path;
    let detail = format!("remove takes no \"value\": select what to remove in the path, as in {path}[value eq \"…\"]");
    Err(invalid_value(path, detail))
}
