//! From a resource to JSON, in one pass and without a tree between.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::Projection;
use super::text::{location, to_json};
use crate::model::bind::encode_base64;
use crate::model::stored::StoredEntries;
use crate::model::{
    AttributeId, AttributeType, ComplexRef, Constraint, Constraints, Definition, EntityTag, Instant, MultiRef,
    ResourceType, ResourceView, ValueRef, common,
};

/// A resource as an answer shows it: SCIM JSON, and what an envelope repeats of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Representation {
    /// `id`.
    pub id: String,
    /// The resource type.
    pub resource_type: Arc<ResourceType>,
    /// `externalId`; none also where only ids are shown.
    pub external_id: Option<String>,
    /// The entity tag: `meta.version`.
    pub tag: EntityTag,
    /// `meta.created`; none where only ids are shown.
    pub created: Option<Instant>,
    /// `meta.lastModified`; none where only ids are shown.
    pub last_modified: Option<Instant>,
    /// The resource as SCIM JSON (RFC 7643 section 3), without white space.
    pub json: String,
}

impl Representation {
    /// `meta.location`, relative: `/Users/2819c223`. A face puts its base before it.
    pub fn location(&self) -> String {
        location(&self.resource_type.endpoint, &self.id)
    }
}

/// Renders a resource: `schemas`, `id`, `externalId`, the core schema's attributes in its order, each extension in an
/// object of its own, `meta` last. `base` is put before `meta.location` and `$ref`s: empty, or a URL without a
/// trailing slash.
///
/// Stored values of attributes that no schema defines any more are left out.
pub fn render(view: &ResourceView<'_>, projection: &Projection, tag: EntityTag, base: &str) -> Representation {
    let location = location(&view.model.resource_type().endpoint, view.id);
    let constraints = Some(view.model.constraints()).filter(|constraints| !constraints.is_empty());
    let json = to_json(&ResourceJson { view, projection, constraints, tag, base, location: &location });
    let is_whole = !projection.is_brief(view.model);
    let external_id = view.attributes.get(common::EXTERNAL_ID).filter(|_| is_whole).and_then(ValueRef::as_str);
    Representation {
        id: view.id.to_owned(),
        resource_type: Arc::clone(view.model.resource_type()),
        external_id: external_id.map(str::to_owned),
        tag,
        created: is_whole.then_some(view.created),
        last_modified: is_whole.then_some(view.last_modified),
        json,
    }
}

struct ResourceJson<'a> {
    view: &'a ResourceView<'a>,
    projection: &'a Projection,
    /// What the profile asks beyond the schema, if it asks anything: most do not, and then nobody looks.
    constraints: Option<&'a Constraints>,
    tag: EntityTag,
    base: &'a str,
    location: &'a str,
}

impl<'a> ResourceJson<'a> {
    fn constraint(&self, definition: &Definition) -> Option<&'a Constraint> {
        self.constraints?.get(&definition.id)
    }

    /// Whether an attribute is shown as an empty list where it has no value.
    fn shows_empty(&self, definition: &Definition) -> bool {
        self.constraint(definition).is_some_and(|constraint| constraint.show_empty)
    }
}

impl Serialize for ResourceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let model = self.view.model;
        let mut map = serializer.serialize_map(None)?;
        let mut values = Values::of(self.view);
        for definition in model.core_attributes().iter().filter_map(|id| model.definition(*id)) {
            if definition.id == common::META || !self.projection.shows_definition(definition) {
                continue;
            }
            if let Some(value) = values.get(definition.id)
                && let value = (ValueJson { resource: self, definition, value })
                && value.has_something()
            {
                map.serialize_entry(definition.told_name(), &value)?;
            } else if self.shows_empty(definition) {
                map.serialize_entry(definition.told_name(), &NONE)?;
            }
        }
        for extension in model.extensions() {
            let extension_json = ExtensionJson { resource: self, attributes: &extension.attributes, values };
            if extension_json.has_something() {
                map.serialize_entry(&extension.schema, &extension_json)?;
            }
        }
        if self.projection.shows(common::META) {
            map.serialize_entry("meta", &MetaJson(self))?;
        }
        map.end()
    }
}

/// The values of a resource, asked for in the order of the schema. That is nearly always the order of the stored form,
/// which is therefore walked once; an attribute out of this order is looked up.
#[derive(Clone, Copy)]
struct Values<'a> {
    view: &'a ResourceView<'a>,
    rest: Option<StoredEntries<'a>>,
    next: Option<(AttributeId, ValueRef<'a>)>,
    passed: AttributeId,
}

impl<'a> Values<'a> {
    fn of(view: &'a ResourceView<'a>) -> Self {
        let mut rest = match view.attributes {
            ComplexRef::Stored(entries) => Some(entries),
            _ => None,
        };
        let next = rest.as_mut().and_then(Iterator::next);
        Values { view, rest, next, passed: AttributeId(0) }
    }

    fn get(&mut self, id: AttributeId) -> Option<ValueRef<'a>> {
        let derived = self.view.derived.and_then(|derived| derived.get(id)).map(ValueRef::from);
        let Some(rest) = self.rest.as_mut().filter(|_| id > self.passed && id.0 >= common::EXTERNAL_ID.0) else {
            return derived.or_else(|| self.view.get(id));
        };
        self.passed = id;
        while self.next.is_some_and(|(next, _)| next < id) {
            self.next = rest.next();
        }
        derived.or_else(|| self.next.filter(|(next, _)| *next == id).map(|(_, value)| value))
    }
}

/// The attributes of an extension.
struct ExtensionJson<'a> {
    resource: &'a ResourceJson<'a>,
    attributes: &'a [AttributeId],
    values: Values<'a>,
}

impl<'a> ExtensionJson<'a> {
    fn shown(&self) -> impl Iterator<Item = ValueJson<'a>> {
        let (resource, mut values) = (self.resource, self.values);
        let definitions = self.attributes.iter().filter_map(|id| resource.view.model.definition(*id));
        definitions
            .filter(|definition| resource.projection.shows_definition(definition))
            .filter_map(move |definition| {
                let value = values.get(definition.id)?;
                Some(ValueJson { resource, definition, value })
            })
            .filter(ValueJson::has_something)
    }

    /// Those that are shown as empty lists.
    fn empty(&self) -> impl Iterator<Item = &'a Definition> {
        let (resource, mut values) = (self.resource, self.values);
        let model = resource.view.model;
        let definitions = self.attributes.iter().filter_map(|id| model.definition(*id));
        definitions.filter(|definition| resource.projection.shows_definition(definition)).filter(move |definition| {
            let value = values.get(definition.id).map(|value| ValueJson { resource, definition, value });
            resource.shows_empty(definition) && !value.is_some_and(|value| value.has_something())
        })
    }

    fn has_something(&self) -> bool {
        self.shown().next().is_some() || (self.resource.constraints.is_some() && self.empty().next().is_some())
    }
}

/// An empty list.
const NONE: [(); 0] = [];

impl Serialize for ExtensionJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for value in self.shown() {
            map.serialize_entry(value.definition.told_name(), &value)?;
        }
        if self.resource.constraints.is_some() {
            for definition in self.empty() {
                map.serialize_entry(definition.told_name(), &NONE)?;
            }
        }
        map.end()
    }
}

/// The value of an attribute, or one of several.
#[derive(Clone, Copy)]
struct ValueJson<'a> {
    resource: &'a ResourceJson<'a>,
    definition: &'a Definition,
    value: ValueRef<'a>,
}

impl<'a> ValueJson<'a> {
    /// Whether the projection leaves anything of it: an empty object or array is no value.
    #[inline]
    fn has_something(&self) -> bool {
        !matches!(self.value, ValueRef::Complex(_) | ValueRef::Multi(_)) || self.has_parts()
    }

    /// The same of a value that has values in it.
    fn has_parts(&self) -> bool {
        match self.value {
            ValueRef::Complex(complex) => self.children(complex).next().is_some(),
            ValueRef::Multi(values) => values.iter().any(|value| ValueJson { value, ..*self }.has_something()),
            _ => true,
        }
    }

    fn elements(&self, values: MultiRef<'a>) -> impl Iterator<Item = ValueJson<'a>> {
        let this = *self;
        values.iter().map(move |value| ValueJson { value, ..this }).filter(ValueJson::has_something)
    }

    /// The sub-attributes that are shown.
    fn children(&self, complex: ComplexRef<'a>) -> impl Iterator<Item = ValueJson<'a>> {
        let resource = self.resource;
        Entries::of(complex).filter_map(move |(id, value)| {
            let definition = resource.view.model.definition(id)?;
            let child = ValueJson { resource, definition, value };
            (resource.projection.shows_definition(definition) && child.has_something()).then_some(child)
        })
    }

    /// Whether it is the address of a resource of this store, written without the base.
    fn is_relative_reference(&self, text: &str) -> bool {
        let attribute = &self.definition.attribute;
        attribute.attribute_type == AttributeType::Reference && attribute.name == "$ref" && text.starts_with('/')
    }
}

impl Serialize for ValueJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown_as = || self.resource.constraint(self.definition)?.shown_as.as_deref();
        match self.value {
            ValueRef::String(text) => match shown_as() {
                Some(shown) => serializer.serialize_str(shown),
                None if !self.resource.base.is_empty() && self.is_relative_reference(text) => {
                    serializer.collect_str(&format_args!("{}{text}", self.resource.base))
                }
                None => serializer.serialize_str(text),
            },
            ValueRef::DateTime(text, _) => serializer.serialize_str(text),
            ValueRef::Boolean(flag) => serializer.serialize_bool(flag),
            ValueRef::Integer(number) => serializer.serialize_i64(number),
            ValueRef::Decimal(number) => serializer.serialize_f64(number),
            ValueRef::Instant(instant) => serializer.collect_str(&instant),
            ValueRef::Binary(bytes) => serializer.serialize_str(&encode_base64(bytes)),
            // Its text is JSON already, unless it is damaged.
            ValueRef::Any(json) => match serde_json::from_str::<&RawValue>(json) {
                Ok(json) => json.serialize(serializer),
                Err(_) => serializer.serialize_unit(),
            },
            ValueRef::Multi(values) => serializer.collect_seq(self.elements(values)),
            ValueRef::Complex(complex) => {
                let mut map = serializer.serialize_map(None)?;
                for child in self.children(complex) {
                    map.serialize_entry(child.definition.told_name(), &child)?;
                }
                map.end()
            }
        }
    }
}

/// The entries of a complex value, without an allocation for those that are stored.
enum Entries<'a> {
    Stored(StoredEntries<'a>),
    Other(Box<dyn Iterator<Item = (AttributeId, ValueRef<'a>)> + 'a>),
}

impl<'a> Entries<'a> {
    fn of(complex: ComplexRef<'a>) -> Self {
        match complex {
            ComplexRef::Stored(entries) => Entries::Stored(entries),
            other => Entries::Other(other.iter()),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (AttributeId, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Entries::Stored(entries) => entries.next(),
            Entries::Other(entries) => entries.next(),
        }
    }
}

/// `meta`, whose location and version only an answer knows.
struct MetaJson<'a>(&'a ResourceJson<'a>);

impl Serialize for MetaJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ResourceJson { view, projection, tag, base, location, constraints: _ } = self.0;
        let mut map = serializer.serialize_map(None)?;
        if projection.shows(common::META_RESOURCE_TYPE) {
            map.serialize_entry("resourceType", view.model.name())?;
        }
        if projection.shows(common::META_CREATED) {
            map.serialize_entry("created", &Text(view.created))?;
        }
        if projection.shows(common::META_LAST_MODIFIED) {
            map.serialize_entry("lastModified", &Text(view.last_modified))?;
        }
        if projection.shows(common::META_LOCATION) {
            map.serialize_entry("location", &Text(format_args!("{base}{location}")))?;
        }
        if projection.shows(common::META_VERSION) {
            match view.model.has_bare_versions() {
                true => map.serialize_entry("version", &Text(tag.version))?,
                false => map.serialize_entry("version", &Text(tag))?,
            }
        }
        map.end()
    }
}

/// What is written as it displays.
struct Text<T>(T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::message::{ResourceInput, builtin};
    use crate::model::bind::bind_resource;
    use crate::model::{
        Attribute, AttributeNumbers, BindOptions, Complex, Registry, Resource, Schema, TypeModel, Value, stored,
    };

    const USER: &str = include_str!("samples/rfc7643-8.3.json");
    const TAG: EntityTag = EntityTag { version: 42, derived: None };

    fn registry() -> Registry {
        builtin::registry().unwrap()
    }

    fn resource(model: &TypeModel, json: &str) -> Resource {
        let input = ResourceInput::from_json(json.as_bytes()).unwrap();
        let bound = bind_resource(model, input.0, BindOptions { trusted: true, ..BindOptions::default() }).unwrap();
        Resource {
            id: bound.id.unwrap(),
            version: 42,
            created: Instant::parse("2010-01-23T04:56:22Z").unwrap(),
            last_modified: Instant::parse("2011-05-13T04:42:34Z").unwrap(),
            attributes: bound.attributes,
        }
    }

    fn chosen(view: &ResourceView<'_>, attributes: &str, excluded: &str) -> Json {
        let projection = Projection::new(view.model, &[attributes.into()], &[excluded.into()]).unwrap();
        serde_json::from_str(&render(view, &projection, TAG, "").json).unwrap()
    }

    #[test]
    fn the_rfc_example_comes_back_decoded_and_stored() {
        let registry = registry();
        let model = registry.resource_type("User").unwrap();
        let resource = resource(model, USER);
        let bytes = stored::encode(&resource);
        let mut expected: Json = serde_json::from_str(USER).unwrap();
        expected["meta"]["version"] = json!("W/\"42\"");
        let password = expected.as_object_mut().unwrap().remove("password").unwrap();

        for view in [resource.view(model), stored::view(&bytes, model).unwrap()] {
            let shown = render(&view, &Projection::all(model), TAG, "https://example.com/v2");
            assert_eq!(serde_json::from_str::<Json>(&shown.json).unwrap(), expected);
            assert_eq!(shown.location(), "/Users/2819c223-7f76-453a-919d-413861904646");
            assert_eq!((shown.resource_type.name.as_str(), shown.external_id.as_deref()), ("User", Some("701984")));
            assert!(shown.json.starts_with("{\"schemas\":[\"urn:"), "{}", shown.json);
            assert_eq!(
                shown.json,
                render(&resource.view(model), &Projection::all(model), TAG, "https://example.com/v2").json
            );

            let exported: Json =
                serde_json::from_str(&render(&view, &Projection::stored(model), TAG, "").json).unwrap();
            assert_eq!(exported["password"], password);
        }
    }

    #[test]
    fn projections_leave_no_empty_values() {
        let registry = registry();
        let model = registry.resource_type("User").unwrap();
        let bytes = stored::encode(&resource(model, USER));
        let view = stored::view(&bytes, model).unwrap();
        let minimum = json!({
            "schemas": [model.schema_urns().next(), model.schema_urns().nth(1)],
            "id": "2819c223-7f76-453a-919d-413861904646",
        });
        let with = |more: Json| {
            let mut expected = minimum.clone();
            expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            expected
        };
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let cases = [
            ("id", json!({})),
            ("password,emails.display", json!({})),
            ("emails.primary", json!({"emails": [{"primary": true}]})),
            ("NAME.givenname", json!({"name": {"givenName": "Barbara"}})),
            ("meta.created", json!({"meta": {"created": "2010-01-23T04:56:22Z"}})),
            (
                &format!("{enterprise}:manager.displayName"),
                json!({enterprise: {"manager": {"displayName": "John Smith"}}}),
            ),
        ];
        for (attributes, more) in cases {
            assert_eq!(chosen(&view, attributes, ""), with(more), "{attributes}");
        }
        assert_eq!(chosen(&view, "", enterprise)[enterprise], Json::Null);
        assert_eq!(chosen(&view, "", "id,meta")["id"], minimum["id"]);
    }

    #[test]
    fn derived_values_come_first_and_references_get_the_base() {
        let registry = registry();
        let model = registry.resource_type("Group").unwrap();
        let members = *model.members().unwrap();
        let group = resource(
            model,
            r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": "a/b ü", "displayName": "Tour Guides"}"#,
        );
        let member: Complex = [
            (members.value, Value::String("42".into())),
            (members.reference.unwrap(), Value::String("/Users/42".into())),
        ]
        .into_iter()
        .collect();
        let derived: Complex = [(members.attribute, Value::Multi(vec![Value::Complex(member)]))].into_iter().collect();
        let bytes = stored::encode(&group);
        let view = stored::view(&bytes, model).unwrap().with_derived(&derived);
        let shown = render(&view, &Projection::all(model), TAG, "https://example.com/v2");
        let json: Json = serde_json::from_str(&shown.json).unwrap();
        assert_eq!(json["members"], json!([{"value": "42", "$ref": "https://example.com/v2/Users/42"}]));
        assert_eq!(json["displayName"], "Tour Guides");
        assert_eq!(json["meta"]["location"], "https://example.com/v2/Groups/a%2Fb%20%C3%BC");
        assert_eq!(chosen(&view, "members.$ref", "")["members"], json!([{"$ref": "/Users/42"}]));
    }

    #[test]
    fn values_of_attributes_without_a_definition_are_left_out() {
        let registry = registry();
        let model = registry.resource_type("User").unwrap();
        let mut user = resource(model, USER);
        user.attributes.set(AttributeId(9_999), Value::Boolean(true));
        let plain = render(&resource(model, USER).view(model), &Projection::all(model), TAG, "");
        let bytes = stored::encode(&user);
        assert_eq!(
            render(&stored::view(&bytes, model).unwrap(), &Projection::stored(model), TAG, "").json.len(),
            plain.json.len() + ",\"password\":\"t1meMa$heen\"".len()
        );
    }

    #[test]
    fn a_schema_in_another_order_than_its_numbers_is_followed() {
        let named = |name: &str| Attribute::new(name, AttributeType::String);
        let resource_type = builtin::resource_types().unwrap().into_iter().nth(1);
        let mut numbers = AttributeNumbers::default();
        let mut build = |names: [&str; 3]| {
            let schema = Schema { attributes: names.map(named).to_vec(), ..builtin::schemas().unwrap().remove(2) };
            Registry::build(vec![schema], vec![resource_type.clone()], &mut numbers).unwrap()
        };
        build(["a", "b", "c"]);
        let registry = build(["c", "a", "b"]);
        let model = registry.resource_type("Group").unwrap();
        let json =
            r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "1", "a": "A", "b": "B", "c": "C"}"#;
        let bytes = stored::encode(&resource(model, json));
        let shown = render(&stored::view(&bytes, model).unwrap(), &Projection::all(model), TAG, "");
        assert!(shown.json.contains(r#""c":"C","a":"A","b":"B""#), "{}", shown.json);
    }
}
