//! References to resources that the same bulk request creates (RFC 7644 section 3.7.2): `bulkId:` and the bulkId of a
//! POST, where the id of a resource stands. Any other text is only text, whatever it begins with.

use std::collections::HashMap;

use crate::model::Input;
use crate::{Error, ErrorKind, Result};

const PREFIX: &str = "bulkId:";

/// The ids that resources get before they are created, by their bulkId.
pub(super) struct BulkIds(HashMap<String, (usize, String)>);

impl BulkIds {
    /// Gives each bulkId of a POST an id; `posted` are their bulkIds by position. Of two that are the same the first one
    /// counts.
    pub(super) fn assign<'a>(
        posted: impl Iterator<Item = Option<&'a str>>,
        new_id: &mut dyn FnMut(usize) -> String,
    ) -> Self {
        let mut ids: HashMap<String, (usize, String)> = HashMap::new();
        for (index, bulk_id) in posted.enumerate() {
            if let Some(bulk_id) = bulk_id.filter(|bulk_id| !ids.contains_key(*bulk_id)) {
                ids.insert(bulk_id.to_owned(), (index, new_id(index)));
            }
        }
        BulkIds(ids)
    }

    /// The id that the resource of a bulkId gets.
    pub(super) fn assigned(&self, bulk_id: &str) -> Option<String> {
        self.0.get(bulk_id).map(|(_, id)| id.clone())
    }

    /// The id that the POST at this position makes a resource with; none where it has no bulkId.
    ///
    /// # Errors
    /// `InvalidValue` where an operation before it has the same bulkId.
    pub(super) fn of_post(&self, index: usize, bulk_id: Option<&str>) -> Result<Option<String>> {
        match bulk_id.and_then(|bulk_id| self.0.get(bulk_id)) {
            Some((first, _)) if *first != index => {
                let (first, second) = (first + 1, index + 1);
                let detail =
                    format!("operations {first} and {second} have the same bulkId: give each POST one of its own");
                Err(Error::new(ErrorKind::InvalidValue, detail).on("bulkId"))
            }
            found => Ok(found.map(|(_, id)| id.clone())),
        }
    }

    /// The references of one operation, by its position.
    pub(super) fn of_operation(&self, index: usize) -> References<'_> {
        References { ids: self, index, operations: Vec::new() }
    }
}

/// What one operation refers to.
pub(super) struct References<'a> {
    ids: &'a BulkIds,
    index: usize,
    operations: Vec<usize>,
}

impl References<'_> {
    /// The operations, by position, whose resources were referred to.
    pub(super) fn into_operations(mut self) -> Vec<usize> {
        self.operations.sort_unstable();
        self.operations.dedup();
        self.operations
    }

    /// The id that stands for a text: of the resource of a bulkId, or the text itself.
    pub(super) fn resolve(&mut self, text: String) -> Result<String> {
        match text.strip_prefix(PREFIX) {
            Some(bulk_id) => self.id_of(bulk_id),
            None => Ok(text),
        }
    }

    fn id_of(&mut self, bulk_id: &str) -> Result<String> {
        let Some((index, id)) = self.ids.0.get(bulk_id) else {
            let detail = format!("operation {} refers to a bulkId that no POST of the request has", self.index + 1);
            return Err(Error::new(ErrorKind::InvalidValue, detail).on("bulkId"));
        };
        self.operations.push(*index);
        Ok(id.clone())
    }

    /// Resolves the references in a resource, or in a set of its attributes.
    pub(super) fn resolve_resource(&mut self, data: &mut Input) -> Result<()> {
        let Input::Object(attributes) = data else { return Ok(()) };
        for (name, value) in attributes.iter_mut() {
            self.resolve_value(value, is_reference(name))?;
        }
        Ok(())
    }

    /// Resolves the references in a PatchOp message: in the filters of its paths, and in its values.
    pub(super) fn resolve_patch(&mut self, data: &mut Input) -> Result<()> {
        let Input::Object(message) = data else { return Ok(()) };
        for (_, operations) in message.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("Operations")) {
            let Input::Array(operations) = operations else { continue };
            for operation in operations {
                self.resolve_operation(operation)?;
            }
        }
        Ok(())
    }

    fn resolve_operation(&mut self, operation: &mut Input) -> Result<()> {
        let Input::Object(operation) = operation else { return Ok(()) };
        let path = operation.get("path").and_then(Input::as_str).map(str::to_owned);
        for (name, part) in operation.iter_mut() {
            match part {
                Input::String(path) if name.eq_ignore_ascii_case("path") => self.resolve_filter(path)?,
                value if name.eq_ignore_ascii_case("value") => match &path {
                    Some(path) => self.resolve_value(value, is_reference(path))?,
                    None => self.resolve_resource(value)?,
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// Resolves the strings that a filter in brackets compares with.
    fn resolve_filter(&mut self, path: &mut String) -> Result<()> {
        let quoted = format!("\"{PREFIX}");
        let mut resolved = String::new();
        let mut rest = path.as_str();
        while let Some((before, (bulk_id, after))) =
            rest.split_once(&quoted).and_then(|(before, tail)| Some((before, tail.split_once('"')?)))
        {
            let id = self.id_of(bulk_id)?;
            resolved.extend([before, "\"", &id, "\""]);
            rest = after;
        }
        resolved.push_str(rest);
        *path = resolved;
        Ok(())
    }

    /// Resolves the references in a value: itself or its elements, where it is of a place that holds ids, and the
    /// sub-attributes of complex values that do.
    fn resolve_value(&mut self, value: &mut Input, is_reference: bool) -> Result<()> {
        match value {
            Input::String(text) if is_reference => *text = self.resolve(std::mem::take(text))?,
            Input::Array(elements) => {
                for element in elements {
                    self.resolve_value(element, is_reference)?;
                }
            }
            Input::Object(parts) => {
                for (name, part) in parts.iter_mut() {
                    let names_id = name.eq_ignore_ascii_case("value") || name.eq_ignore_ascii_case("$ref");
                    self.resolve_value(part, names_id || self::is_reference(name))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a path or the name of an attribute leads to a place that holds the id of a resource: `members`, `manager`,
/// or the sub-attribute `value` or `$ref` of any attribute.
fn is_reference(path: &str) -> bool {
    let last = |separator| path.rsplit_once(separator).map(|(_, last): (&str, &str)| last);
    let is = |name: &str, wanted: [&str; 2]| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    last('.').is_some_and(|sub| is(sub, ["value", "$ref"])) || is(last(':').unwrap_or(path), ["members", "manager"])
}
