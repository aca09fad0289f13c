//! Columns of a table: which attributes, and how a resource's JSON becomes the text of a cell.

use scimdb::model::{
    AttributeType, Definition, ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, PathTarget, Returned, TypeModel, USER_SCHEMA,
};
use serde_json::{Map, Value};

use crate::failure::{Exit, Failure};

/// A column: an attribute, found in a resource's JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading: the path as the caller wrote it.
    pub title: String,
    /// Where it stands: the extension's URN if there is one, the attribute, the sub-attribute.
    keys: Vec<String>,
}

impl Column {
    /// The column of a common attribute, such as `meta.created`, whatever the resource type.
    fn common(path: &str) -> Self {
        Column { title: path.to_owned(), keys: path.split('.').map(str::to_owned).collect() }
    }

    /// The column of an attribute path.
    pub fn resolve(model: &TypeModel, path: &str) -> Result<Self, Failure> {
        let place = model.resolve(path).map_err(|unknown| Failure::new(Exit::Request, unknown.detail))?;
        let keys = match place {
            PathTarget::Core => {
                let message = format!("{path} is a whole schema, not an attribute; name attributes of it");
                return Err(Failure::new(Exit::Request, message));
            }
            PathTarget::Extension(index) => {
                model.extensions().get(index).map(|extension| extension.schema.clone()).into_iter().collect()
            }
            PathTarget::Attribute(target) => {
                let urn = model.extension_of(target.attribute).map(|extension| extension.schema.clone());
                let name = |id| model.definition(id).map(|definition| definition.attribute.name.clone());
                urn.into_iter().chain(model.trail(target).into_iter().filter_map(name)).collect()
            }
        };
        Ok(Column { title: path.to_owned(), keys })
    }

    /// The text of a cell: one line for a table; every value, separated by semicolons, for CSV.
    pub fn text(&self, resource: &Map<String, Value>, every_value: bool) -> String {
        let Some((first, rest)) = self.keys.split_first() else { return String::new() };
        resource.get(first).map_or_else(String::new, |value| text_at(value, rest, every_value))
    }
}

fn text_at(value: &Value, keys: &[String], every_value: bool) -> String {
    match (value, keys.split_first()) {
        (Value::Array(items), _) => {
            let mut items: Vec<&Value> = items.iter().collect();
            items.sort_by_key(|item| item.get("primary") != Some(&Value::Bool(true)));
            let mut texts = items.iter().map(|item| text_at(item, keys, every_value)).filter(|text| !text.is_empty());
            if every_value {
                return texts.collect::<Vec<_>>().join(";");
            }
            let first = texts.next().unwrap_or_default();
            match texts.count() {
                0 => first,
                more => format!("{first} (+{more})"),
            }
        }
        (Value::Object(object), Some((key, rest))) => {
            object.get(key).map_or_else(String::new, |value| text_at(value, rest, every_value))
        }
        (Value::Object(object), None) => {
            // What people would call a complex value, by the sub-attributes that RFC 7643 section 2.4 suggests.
            let names = ["value", "formatted", "display", "displayName"];
            match names.iter().find_map(|name| object.get(*name)) {
                Some(value) => text_at(value, &[], every_value),
                None => value.to_string(),
            }
        }
        (Value::Null, _) => String::new(),
        (Value::String(text), _) => text.clone(),
        (Value::Bool(_) | Value::Number(_), _) => value.to_string(),
    }
}

/// The columns that tell people what a resource of this type is; of any type, where none is named.
pub fn default_columns(model: Option<&TypeModel>) -> Vec<Column> {
    let Some(model) = model else {
        return ["id", "meta.resourceType", "displayName", "meta.lastModified"].map(Column::common).into();
    };
    let names: Vec<&str> = match model.resource_type().schema.as_str() {
        urn if urn.eq_ignore_ascii_case(USER_SCHEMA) => vec!["id", "userName", "displayName", "active", "emails"],
        urn if urn.eq_ignore_ascii_case(GROUP_SCHEMA) => vec!["id", "displayName", "meta.lastModified"],
        _ => {
            let shown = |definition: &&Definition| {
                definition.attribute.returned == Returned::Default
                    && definition.attribute.attribute_type != AttributeType::Complex
                    && definition.attribute.attribute_type != AttributeType::Binary
            };
            let definitions = model.core_attributes().iter().filter_map(|id| model.definition(*id));
            let own = definitions.filter(|d| !d.schema.is_empty()).filter(shown).take(5);
            std::iter::once("id").chain(own.map(|d| d.path.as_str())).collect()
        }
    };
    names.into_iter().filter_map(|name| Column::resolve(model, name).ok()).collect()
}

/// A short name for a path: without the URN of the enterprise extension, which fills a heading.
pub fn heading(path: &str) -> String {
    let urn = path.get(..ENTERPRISE_USER_SCHEMA.len()).filter(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER_SCHEMA));
    urn.and_then(|urn| path.get(urn.len() + 1..)).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(path: &str, resource: &Value, every_value: bool) -> String {
        Column::common(path).text(resource.as_object().unwrap(), every_value)
    }

    #[test]
    fn values_become_one_line() {
        let user = serde_json::json!({
            "userName": "ann", "active": true, "name": {"givenName": "Ann", "formatted": "Ann Lee"},
            "emails": [{"value": "a@home", "type": "home"}, {"value": "a@work", "primary": true}],
            "manager": {"$ref": "x"},
        });
        assert_eq!(cell("active", &user, false), "true");
        assert_eq!(cell("name", &user, false), "Ann Lee");
        assert_eq!(cell("name.givenName", &user, false), "Ann");
        assert_eq!(cell("emails", &user, false), "a@work (+1)");
        assert_eq!(cell("emails.value", &user, true), "a@work;a@home");
        assert_eq!(cell("emails.type", &user, false), "home");
        assert_eq!(cell("manager", &user, false), "{\"$ref\":\"x\"}");
        assert_eq!(cell("title", &user, false), "");
    }

    #[test]
    fn headings_leave_the_enterprise_urn_out() {
        assert_eq!(heading(&format!("{ENTERPRISE_USER_SCHEMA}:department")), "department");
        assert_eq!(heading("userName"), "userName");
    }
}
