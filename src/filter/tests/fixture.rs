//! A small directory for the tests of filters: one attribute of every type.

use crate::filter::{bind, eval, parse};
use crate::model::AttributeType::{Binary, Boolean, Complex, DateTime, Decimal, Integer, Reference};
use crate::model::{
    Attribute, AttributeNumbers, AttributeType, BindOptions, ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, Input, Instant,
    Mutability, Object, Registry, Resource, ResourceType, Returned, Schema, SchemaExtension, TypeModel, USER_SCHEMA,
    bind as model_bind, stored,
};

fn attribute(name: &str, kind: AttributeType) -> Attribute {
    Attribute::new(name, kind)
}

fn multi(name: &str, kind: AttributeType, subs: &[(&str, AttributeType)]) -> Attribute {
    Attribute { multi_valued: true, ..complex(name, kind, subs) }
}

fn complex(name: &str, kind: AttributeType, subs: &[(&str, AttributeType)]) -> Attribute {
    Attribute {
        sub_attributes: subs.iter().map(|(name, kind)| attribute(name, *kind)).collect(),
        ..attribute(name, kind)
    }
}

pub(super) fn registry() -> Registry {
    let string = AttributeType::String;
    let plural = [("value", string), ("type", string), ("primary", Boolean)];
    let user = vec![
        attribute("userName", string),
        complex("name", Complex, &[("givenName", string), ("familyName", string)]),
        attribute("title", string),
        Attribute { case_exact: true, ..attribute("code", string) },
        attribute("active", Boolean),
        Attribute { returned: Returned::Never, mutability: Mutability::WriteOnly, ..attribute("password", string) },
        multi("emails", Complex, &plural),
        multi("tags", string, &[]),
        multi("scores", Integer, &[]),
        attribute("age", Integer),
        attribute("weight", Decimal),
        attribute("born", DateTime),
        attribute("key", Binary),
        Attribute { case_exact: true, ..attribute("profileUrl", Reference) },
    ];
    let enterprise = vec![
        attribute("department", string),
        complex("manager", Complex, &[("value", string), ("displayName", string)]),
    ];
    let group =
        vec![attribute("displayName", string), multi("members", Complex, &[("value", string), ("kind", string)])];
    let schema =
        |id: &str, attributes| Schema { id: id.into(), name: id.into(), description: String::new(), attributes };
    let kind = |name: &str, schema: &str, schema_extensions| ResourceType {
        id: name.into(),
        name: name.into(),
        description: String::new(),
        endpoint: format!("/{name}s"),
        schema: schema.into(),
        schema_extensions,
    };
    let extension = SchemaExtension { schema: ENTERPRISE_USER_SCHEMA.into(), required: false };
    Registry::build(
        vec![schema(USER_SCHEMA, user), schema(ENTERPRISE_USER_SCHEMA, enterprise), schema(GROUP_SCHEMA, group)],
        vec![Some(kind("User", USER_SCHEMA, vec![extension])), Some(kind("Group", GROUP_SCHEMA, vec![]))],
        &mut AttributeNumbers::default(),
    )
    .unwrap()
}

fn input(json: serde_json::Value) -> Input {
    match json {
        serde_json::Value::Null => Input::Null,
        serde_json::Value::Bool(flag) => Input::Boolean(flag),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Input::Decimal(number.as_f64().unwrap()), Input::Integer)
        }
        serde_json::Value::String(text) => Input::String(text),
        serde_json::Value::Array(items) => Input::Array(items.into_iter().map(input).collect()),
        serde_json::Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, input(value))).collect::<Object>().into()
        }
    }
}

pub(super) fn resource(model: &TypeModel, json: &str) -> Resource {
    let Input::Object(object) = input(serde_json::from_str(json).unwrap()) else { panic!("no object") };
    let options = BindOptions { lenient_schemas: true, ..BindOptions::default() };
    let instant = Instant::parse("2026-01-02T03:04:05Z").unwrap();
    let attributes = model_bind::bind_resource(model, object, options).unwrap().attributes;
    Resource { id: "2819c223".into(), version: 7, created: instant, last_modified: instant, attributes }
}

pub(super) const BARBARA: &str = r#"{
    "userName": "BJensen@Example.com", "externalId": "Ext-1", "title": "Vice Président", "code": "AbC", "active": true,
    "name": {"givenName": "Barbara", "familyName": ""}, "password": "t1meMa$heen",
    "emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@home.org", "type": "home"}],
    "tags": ["red", "Blue"], "scores": [3, 9], "age": 42, "weight": 61.5, "born": "1990-05-13T06:42:34+02:00", "key": "AQID",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours", "manager": {"value": "26118915"}}
}"#;

/// Evaluates on the decoded and on the stored form, which must agree.
pub(super) fn holds(registry: &Registry, resource: &Resource, filter: &str) -> bool {
    let model = &registry.types()[0];
    let bound =
        bind(&parse(filter).unwrap(), model, BindOptions::default()).unwrap_or_else(|e| panic!("{filter}: {e:?}"));
    let decoded = eval(&bound, &resource.view(model));
    let bytes = stored::encode(resource);
    assert_eq!(eval(&bound, &stored::view(&bytes, model).unwrap()), decoded, "{filter}");
    decoded
}
