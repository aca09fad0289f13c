//! `schemas` as a target: it follows from the data, so that to add a URN changes nothing, and to remove the URN of an
//! extension removes the extension's data.

use super::apply::Patcher;
use super::elements::matches;
use super::remove::refuse_listed_values;
use super::target::Selection;
use super::values::{self, bind_items, invalid_value, no_target};
use crate::Result;
use crate::model::{Extension, Input, Value, common};

impl Patcher<'_> {
    /// add or replace: every URN is one of the resource type's, or the dialect lets others be.
    pub fn put_schemas(&mut self, selection: Option<&Selection>, input: &Input) -> Result<()> {
        let Some(definition) = self.model.definition(common::SCHEMAS) else { return Ok(()) };
        if selection.is_some() {
            let detail = "schemas follows from the data: add or remove the extension's attributes instead";
            return Err(invalid_value(&definition.path, detail));
        }
        for value in bind_items(self.model, definition, input, self.dialect)? {
            let urn = value.as_str().unwrap_or_default();
            if !self.dialect.bind.lenient_schemas && self.model.schema_named(urn).is_none() {
                let urns: Vec<&str> = self.model.schema_urns().collect();
                let detail = format!("\"{urn}\" is no schema of {}: {}", self.model.name(), urns.join(", "));
                return Err(invalid_value(&definition.path, detail));
            }
        }
        Ok(())
    }

    /// remove: of an extension's URN removes its data; of the core schema's is refused.
    pub fn remove_schemas(&mut self, selection: Option<&Selection>, listed: Option<&Input>) -> Result<()> {
        let model = self.model;
        let Some(definition) = model.definition(common::SCHEMAS) else { return Ok(()) };
        let core = (model.resource_type().schema.as_str(), None);
        let present =
            model.extensions().iter().filter(|extension| self.has(extension)).map(|e| (e.schema.as_str(), Some(e)));
        let urns: Vec<(&str, Option<&Extension>)> = std::iter::once(core).chain(present).collect();
        let chosen = match (selection, listed) {
            (Some(selection), _) => {
                let values: Vec<Value> = urns.iter().map(|(urn, _)| Value::String((*urn).to_owned())).collect();
                matches(&values, &selection.bound)
            }
            (None, Some(list)) if !matches!(list, Input::Null) => {
                refuse_listed_values(definition, self.dialect.remove_listed_values)?;
                let listed = bind_items(model, definition, list, self.dialect)?;
                let is_listed =
                    |urn: &str| listed.iter().filter_map(Value::as_str).any(|l| model.schema_named(l) == Some(urn));
                urns.iter().map(|(urn, _)| is_listed(urn)).collect()
            }
            (None, _) => vec![true; urns.len()],
        };
        if selection.is_some() && !chosen.contains(&true) && !self.dialect.remove_missing_values {
            return Err(no_target(definition));
        }
        for (_, extension) in urns.into_iter().zip(chosen).filter_map(|(urn, chosen)| chosen.then_some(urn)) {
            match extension {
                Some(extension) => self.remove_extension(extension)?,
                None => return Err(values::required(&definition.path)),
            }
        }
        Ok(())
    }

    fn has(&self, extension: &Extension) -> bool {
        extension.attributes.iter().any(|id| self.attributes.get(*id).is_some())
    }
}
