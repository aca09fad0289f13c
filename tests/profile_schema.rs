//! The published JSON Schema of profiles, and the reader: every built-in profile fits the schema, and what the schema refuses
//! the reader refuses too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use regex_lite::Regex;
use scimdb::Store;
use scimdb::profile::Profile;
use serde_json::{Map, Value, json};

fn schema() -> Value {
    serde_json::from_str(Profile::json_schema()).unwrap()
}

/// Whether a value is of a type of JSON Schema.
fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the type {other} is not known here"),
    }
}

/// What a schema refuses of a value: places, each with the keyword. As much of draft 2020-12 as our schema needs; it panics at
/// anything more.
fn refused(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = schema.as_object().unwrap();
    let none = Map::new();
    let object = value.as_object().unwrap_or(&none);
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let fits = |schema: &Value| {
        let mut found = Vec::new();
        refused(root, schema, value, at, &mut found);
        found.is_empty()
    };
    for (keyword, rule) in schema {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                refused(root, root.pointer(pointer).unwrap(), value, at, found);
                true
            }
            "type" => is_of(rule.as_str().unwrap(), value),
            "enum" => rule.as_array().unwrap().contains(value),
            "required" => {
                let mut names = rule.as_array().unwrap().iter();
                !value.is_object() || names.all(|name| object.contains_key(name.as_str().unwrap()))
            }
            "properties" => {
                let named =
                    rule.as_object().unwrap().iter().filter_map(|(name, rule)| Some((name, rule, object.get(name)?)));
                named.for_each(|(name, rule, value)| refused(root, rule, value, &format!("{at}.{name}"), found));
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
                let mut more = object.iter().filter(|(name, _)| !known.contains_key(*name)).peekable();
                match rule {
                    Value::Bool(false) => more.peek().is_none(),
                    rule => {
                        more.for_each(|(name, value)| refused(root, rule, value, &format!("{at}.{name}"), found));
                        true
                    }
                }
            }
            "propertyNames" => {
                object.keys().for_each(|name| refused(root, rule, &json!(name), &format!("{at}.{name}"), found));
                true
            }
            "items" => {
                let each = items.iter().enumerate();
                each.for_each(|(index, item)| refused(root, rule, item, &format!("{at}[{index}]"), found));
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(fits),
            "oneOf" => rule.as_array().unwrap().iter().filter(|rule| fits(rule)).count() == 1,
            "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
            "minLength" => length.is_none_or(|length| length >= rule.as_u64().unwrap()),
            "maxLength" => length.is_none_or(|length| length <= rule.as_u64().unwrap()),
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "minItems" => !value.is_array() || items.len() as u64 >= rule.as_u64().unwrap(),
            "minProperties" => !value.is_object() || object.len() as u64 >= rule.as_u64().unwrap(),
            "uniqueItems" => items.iter().enumerate().all(|(index, item)| !items[..index].contains(item)),
            other => panic!("the keyword {other} is not known here"),
        };
        if !holds {
            found.push(format!("{at}: {keyword}"));
        }
    }
}

fn refusals(document: &Value) -> Vec<String> {
    let (schema, mut found) = (schema(), Vec::new());
    refused(&schema, &schema, document, "$", &mut found);
    found
}

#[test]
fn every_built_in_profile_fits() {
    for profile in Profile::builtins() {
        let document: Value = serde_json::from_str(profile.document()).unwrap();
        assert_eq!(refusals(&document), Vec::<String>::new(), "{}", profile.name());
        Store::try_profile(profile).unwrap();
    }
}

#[test]
fn the_example_of_the_documentation_can_be_used() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PROFILES.md")).unwrap();
    let documents: Vec<Value> = text
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).ok())
        .filter(|document: &Value| document.get("name").is_some())
        .collect();
    assert!(!documents.is_empty(), "the documents were not found");
    for document in documents {
        assert_eq!(refusals(&document), Vec::<String>::new(), "{document}");
        Store::try_profile(&document.to_string().parse().unwrap()).unwrap();
    }
}

/// Members that make a profile wrong, wherever the schema can tell.
fn wrong() -> Vec<Value> {
    let overlay = |overlay: Value| json!({"attributes": {"User": {"title": overlay}}});
    let rule = |rule: Value| json!({"rules": [rule]});
    let permission = |allows: Value| json!({"permissions": [{"name": "p", "allows": allows}]});
    vec![
        json!({"name": ""}),
        json!({"name": "  "}),
        json!({"name": 7}),
        json!({"name": "x".repeat(65)}),
        json!({"sensitiv": []}),
        json!({"extends": "acme"}),
        json!({"dialect": "klingon"}),
        json!({"sensitive": [1]}),
        json!({"limits": {"maxPage": 0}}),
        json!({"limits": {"maxPages": 7}}),
        json!({"limits": {"maxPage": "7"}}),
        json!({"schemas": [{"id": "urn:a"}]}),
        json!({"schemas": [{"id": "urn:a", "attributes": []}]}),
        json!({"schemas": [{"id": "urn:a", "attributes": [{"name": "a", "type": "text"}]}]}),
        json!({"schemas": [{"id": "urn:a", "attributes": [{"name": "a", "subAttributes": [{"type": "string"}]}]}]}),
        json!({"schemas": [{"id": "urn:a", "attributes": [{"name": "a", "multiValued": "true"}]}]}),
        json!({"resourceTypes": [{"name": "Device", "endpoint": "/Devices"}]}),
        json!({"resourceTypes": [{"name": "D", "endpoint": "/D", "schema": "urn:a", "schemaExtensions": [{}]}]}),
        json!({"attributes": []}),
        json!({"attributes": {"User": []}}),
        overlay(json!({"require": true})),
        overlay(json!({"required": "sometimes"})),
        overlay(json!({"mutability": "readonce"})),
        overlay(json!({"returned": true})),
        overlay(json!({"caseExact": "yes"})),
        overlay(json!({"uniqueness": "tenant"})),
        overlay(json!({"maxValues": -1})),
        overlay(json!({"maxLength": "255"})),
        overlay(json!({"pattern": 7})),
        overlay(json!({"values": "a"})),
        overlay(json!({"known": {"display": "display"}})),
        overlay(json!({"known": {"resourceType": "Group", "name": "x"}})),
        overlay(json!({"operators": ["like"]})),
        overlay(json!({"joined": 1})),
        overlay(json!({"since": "2"})),
        overlay(json!({"answeredAs": ["a"]})),
        rule(json!({"set": "title", "from": ["userName"]})),
        rule(json!({"resourceType": "User", "set": "title"})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["userName"], "join": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["userName"], "separator": "-"})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["userName"], "of": 1})),
        rule(json!({"resourceType": "User", "mirror": "title", "in": "emails", "value": "value"})),
        rule(json!({"resourceType": "User", "mirror": "title", "in": "emails", "where": {}, "value": "value"})),
        rule(json!({"resourceType": "User", "mirror": "title", "where": {"type": "work"}, "value": "value"})),
        rule(json!({"resourceType": "User", "inUse": {"by": "Group"}})),
        rule(json!({"resourceType": "User", "agree": ["active", "title"]})),
        json!({"aliases": {"role": ""}}),
        json!({"aliases": {"": "roles"}}),
        json!({"aliases": {"role": ["roles"]}}),
        json!({"resources": [{"resourceType": "User", "resource": {"userName": "a"}}]}),
        json!({"resources": [{"resource": {"id": "a"}}]}),
        json!({"createStatus": 202}),
        json!({"ids": {"User": "guid"}}),
        json!({"versions": "weak"}),
        json!({"replace": {"keep": true}}),
        json!({"replace": {"keepExtensions": 1}}),
        json!({"defaultAttributes": {"User": "userName"}}),
        json!({"apiVersions": {"default": 10}}),
        json!({"apiVersions": {"from": 1}}),
        json!({"repositories": {"needed": []}}),
        json!({"repositories": {"resourceType": "User", "need": []}}),
        json!({"import": {"refuse": []}}),
        json!({"import": {"authenticators": []}}),
        json!({"endpoints": ["export"]}),
        json!({"encryption": [{"by": {}}]}),
        json!({"encryption": [{"attribute": "nickName", "by": {"key": "a"}}]}),
        json!({"paths": "/a"}),
        json!({"paths": ["a"]}),
        json!({"paths": ["/a", "/a"]}),
        json!({"paths": ["/1/2/3/4/5/6/7/8/9"]}),
        json!({"paths": [{"resourceTypes": []}]}),
        json!({"permissions": [{"name": "p"}]}),
        permission(json!([])),
        permission(json!([{"resourceTypes": ["User"]}])),
        permission(json!([{"operations": []}])),
        permission(json!([{"operations": ["fly"]}])),
    ]
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let with_name = |members: Value| {
        let mut document = json!({"name": "p"});
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        document
    };
    assert_eq!(refusals(&with_name(json!({}))), Vec::<String>::new());
    for document in wrong().into_iter().map(with_name).chain([json!({}), json!([]), json!({"description": "a"})]) {
        assert!(!refusals(&document).is_empty(), "the schema takes {document}");
        let read = Profile::from_json(document.to_string().as_bytes());
        // An error of the profile names its place.
        let error = read.and_then(|profile| Store::try_profile(&profile)).unwrap_err();
        assert!(error.attribute().is_some() || !document.is_object(), "{document}: {error}");
    }
}
