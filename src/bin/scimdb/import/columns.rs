//! The header of a CSV file: attribute paths, and how a row of cells becomes a resource and back.
//!
//! ```text
//! column  = attrPath                       ; userName, name.givenName, urn:…:User:department
//!         / attrPath "[" label "]" [subAttr]   ; emails[work].value, phoneNumbers[1].value
//! label   = number / type
//! ```
//! Columns of the same attribute and label fill the same value of a multi-valued attribute. A number is only a label; any
//! other label becomes the value's `type`. Without a label there is one value, and without a sub-attribute it is `value`.
//! An empty cell is no value.

use std::collections::BTreeMap;

use csv::StringRecord;
use scimdb::model::{AttributeType, PathTarget, Target, TypeModel, Value as Typed, bind};
use serde_json::{Map, Value};

use crate::failure::{Exit, Failure};

/// The columns of a CSV file.
#[derive(Clone, Debug)]
pub struct Columns {
    columns: Vec<Column>,
    titles: StringRecord,
    delimiter: u8,
    /// The URN of the core schema.
    schema: String,
}

#[derive(Clone, Debug)]
struct Column {
    /// The URN of the extension that the attribute belongs to.
    extension: Option<String>,
    attribute: String,
    /// Which value of a multi-valued attribute.
    label: Option<String>,
    sub: Option<String>,
    /// What the cell holds.
    kind: AttributeType,
}

impl Columns {
    /// Reads the header.
    pub fn parse(titles: &StringRecord, delimiter: u8, model: &TypeModel) -> Result<Self, Failure> {
        let mut columns: Vec<Column> = Vec::with_capacity(titles.len());
        for title in titles {
            let wrong = |message: String| Failure::new(Exit::Request, format!("column \"{title}\": {message}"));
            let column = Column::parse(title.trim(), model).map_err(wrong)?;
            if columns.iter().any(|other| other.place() == column.place()) {
                return Err(wrong("it stands in the header twice".to_owned()));
            }
            columns.push(column);
        }
        Ok(Columns { columns, titles: titles.clone(), delimiter, schema: model.resource_type().schema.clone() })
    }

    pub fn titles(&self) -> &StringRecord {
        &self.titles
    }

    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The resource that a row describes.
    pub fn json(&self, row: &StringRecord) -> Value {
        let mut core = Map::new();
        let mut extensions: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let mut labels: BTreeMap<(Option<&str>, &str), Vec<&str>> = BTreeMap::new();
        for (column, cell) in self.columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let into = match &column.extension {
                Some(urn) => extensions.entry(urn).or_default(),
                None => &mut core,
            };
            let used = labels.entry((column.extension.as_deref(), &column.attribute)).or_default();
            column.fill(into, used, cell);
        }
        if !core.contains_key("schemas") {
            let urns = std::iter::once(self.schema.as_str()).chain(extensions.keys().copied());
            core.insert("schemas".to_owned(), urns.map(Value::from).collect());
        }
        core.extend(extensions.into_iter().map(|(urn, object)| (urn.to_owned(), Value::Object(object))));
        Value::Object(core)
    }

    /// The row that describes a resource: what [`Columns::json`] was given.
    pub fn row(&self, resource: &Value) -> StringRecord {
        self.columns.iter().map(|column| column.cell(resource)).collect()
    }
}

impl Column {
    fn parse(title: &str, model: &TypeModel) -> Result<Self, String> {
        let (path, label, rest) = match title.split_once('[') {
            None => (title, None, ""),
            Some((path, rest)) => match rest.split_once(']') {
                Some((label, rest)) if !label.is_empty() => (path, Some(label), rest),
                _ => return Err("write it as emails[work].value".to_owned()),
            },
        };
        let PathTarget::Attribute(target) = model.resolve(path).map_err(|unknown| unknown.detail)? else {
            return Err("it is a whole schema; name an attribute of it".to_owned());
        };
        if model.is_deep(target) {
            return Err("it is a sub-attribute of a sub-attribute, which no column holds: import it as JSON".to_owned());
        }
        let Target { attribute, sub } = target;
        let sub = match rest.strip_prefix('.') {
            Some(name) => Some(model.resolve_sub(attribute, name).map_err(|unknown| unknown.detail)?),
            None if rest.is_empty() => sub,
            None => return Err("write it as emails[work].value".to_owned()),
        };
        let Some(definition) = model.definition(attribute) else { return Err("it is not registered".to_owned()) };
        let is_complex = definition.attribute.attribute_type == AttributeType::Complex;
        let example =
            || definition.children.first().and_then(|id| model.definition(*id)).map_or("…", |d| d.path.as_str());
        if label.is_some() && !definition.attribute.multi_valued {
            return Err("it has one value only; leave the brackets out".to_owned());
        }
        let sub = match sub {
            None if is_complex && definition.attribute.multi_valued => Some(
                model
                    .resolve_sub(attribute, "value")
                    .map_err(|_| format!("name a sub-attribute, such as {}", example()))?,
            ),
            None if is_complex => return Err(format!("name a sub-attribute, such as {}", example())),
            other => other,
        };
        if label.is_some_and(is_type) && model.resolve_sub(attribute, "type").is_err() {
            return Err("its values have no type; label them with numbers".to_owned());
        }
        let leaf = model.definition(sub.unwrap_or(attribute)).unwrap_or(definition);
        Ok(Column {
            extension: model.extension_of(attribute).map(|extension| extension.schema.clone()),
            attribute: definition.attribute.name.clone(),
            label: definition.attribute.multi_valued.then(|| label.unwrap_or("1").to_owned()),
            sub: sub.map(|_| leaf.attribute.name.clone()),
            kind: leaf.attribute.attribute_type,
        })
    }

    fn place(&self) -> (Option<&str>, &str, Option<&str>, Option<&str>) {
        (self.extension.as_deref(), &self.attribute, self.label.as_deref(), self.sub.as_deref())
    }

    /// Puts the cell where the column says. `used` holds the labels of the attribute's values so far.
    fn fill<'a>(&'a self, into: &mut Map<String, Value>, used: &mut Vec<&'a str>, cell: &str) {
        let value = self.value(cell);
        let Some(label) = &self.label else {
            match &self.sub {
                None => drop(into.insert(self.attribute.clone(), value)),
                Some(sub) => {
                    let object = into.entry(&self.attribute).or_insert_with(|| Map::new().into());
                    if let Some(object) = object.as_object_mut() {
                        object.insert(sub.clone(), value);
                    }
                }
            }
            return;
        };
        let values = into.entry(&self.attribute).or_insert_with(|| Value::Array(Vec::new()));
        let Some(values) = values.as_array_mut() else { return };
        let Some(sub) = &self.sub else { return values.push(value) };
        let position = used.iter().position(|known| known == label).unwrap_or_else(|| {
            used.push(label);
            let mut object = Map::new();
            if is_type(label) {
                object.insert("type".to_owned(), label.as_str().into());
            }
            values.push(object.into());
            used.len() - 1
        });
        if let Some(object) = values.get_mut(position).and_then(Value::as_object_mut) {
            object.insert(sub.clone(), value);
        }
    }

    /// The cell, typed by the schema. What is not of the type stays text, and the import says what is wrong with it.
    fn value(&self, cell: &str) -> Value {
        match bind::coerce(self.kind, cell) {
            Some(Typed::Boolean(flag)) => flag.into(),
            Some(Typed::Integer(number)) => number.into(),
            Some(Typed::Decimal(number)) => number.into(),
            _ => cell.into(),
        }
    }

    fn cell(&self, resource: &Value) -> String {
        let holder = match &self.extension {
            Some(urn) => resource.get(urn),
            None => Some(resource),
        };
        let attribute = holder.and_then(|holder| holder.get(&self.attribute));
        let value = match (&self.label, attribute.and_then(Value::as_array)) {
            (None, _) => attribute,
            (Some(_), None) => None,
            (Some(label), Some(values)) => {
                let typed = values.iter().find(|value| value.get("type").and_then(Value::as_str) == Some(label));
                typed.or_else(|| label.parse::<usize>().ok().and_then(|number| values.get(number.checked_sub(1)?)))
            }
        };
        match self.sub.as_ref().map_or(value, |sub| value.and_then(|value| value.get(sub))) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }
}

/// Whether a label is a `type`, and not just a number.
fn is_type(label: &str) -> bool {
    !label.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scimdb::message::builtin;

    fn columns(header: &[&str]) -> Result<Columns, String> {
        let registry = builtin::registry().unwrap();
        let model = registry.resource_type("User").unwrap();
        Columns::parse(&StringRecord::from(header.to_vec()), b',', model).map_err(|failure| match failure {
            Failure::Told(_, message) => message,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn cells_become_typed_values_and_back() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let header = [
            "username",
            "name.givenName",
            "active",
            "emails[work].value",
            "emails[home]",
            "emails[work].primary",
            "phoneNumbers.value",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            "title",
        ];
        let columns = columns(&header).unwrap();
        let row = StringRecord::from(vec!["ann", "Ann", "TRUE", "a@w", "a@h", "true", "+1", "m1", ""]);
        let json = columns.json(&row);
        let expected = serde_json::json!({
            "userName": "ann", "name": {"givenName": "Ann"}, "active": true,
            "emails": [{"type": "work", "value": "a@w", "primary": true}, {"type": "home", "value": "a@h"}],
            "phoneNumbers": [{"value": "+1"}],
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
            enterprise: {"manager": {"value": "m1"}},
        });
        assert_eq!(json, expected);
        assert_eq!(
            columns.row(&json),
            StringRecord::from(vec!["ann", "Ann", "true", "a@w", "a@h", "true", "+1", "m1", ""])
        );
    }

    #[test]
    fn what_is_not_of_the_type_is_left_to_the_import() {
        let json = columns(&["userName", "active"]).unwrap().json(&StringRecord::from(vec!["ann", "yes"]));
        assert_eq!(json.get("active"), Some(&Value::from("yes")));
    }

    #[test]
    fn wrong_headers_are_told() {
        let wrong = |title| columns(&["id", title]).map(|_| ()).unwrap_err();
        assert!(wrong("usrName").contains("userName"));
        assert!(wrong("name").contains("name."));
        assert!(wrong("name[1].givenName").contains("one value"));
        assert!(wrong("emails[work").contains("emails[work].value"));
        assert!(wrong("ID").contains("twice"));
    }
}
