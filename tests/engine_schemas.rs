//! Schemas and resource types at run time: registered, changed and removed, never against the data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use scimdb::engine::TenantOptions;
use scimdb::message::{builtin, schema_json};
use scimdb::{ErrorKind, Tenant};
use serde_json::{Value, json};
use support::engine::*;

const DEVICE: &str = "urn:example:2.0:Device";
const MORE: &str = "urn:example:2.0:Device:more";

fn kind<T>(result: scimdb::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

fn unique(name: &str, uniqueness: &str) -> Value {
    json!({"name": name, "uniqueness": uniqueness})
}

fn schema(attributes: Value) -> Value {
    json!({"id": DEVICE, "attributes": attributes})
}

fn resource_type(name: &str) -> Value {
    let endpoint = format!("/{name}s");
    json!({"id": name, "name": name, "endpoint": endpoint, "schema": DEVICE})
}

fn device(tenant: &Tenant, kind: &str, more: Value) -> scimdb::Result<String> {
    let mut body = json!({"schemas": [DEVICE]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tenant.make(kind, body).map(|made| made.id)
}

#[test]
fn a_resource_type_lives_as_long_as_its_resources() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    assert_eq!(kind(tenant.register(json!([resource_type("Device")]))), Some(ErrorKind::InvalidValue));
    tenant.register(json!([schema(json!([{"name": "model"}])), resource_type("Device")])).unwrap();
    assert_eq!(tenant.schema_version(DEVICE).unwrap(), Some(1));
    let id = device(&tenant, "Device", json!({"model": "X"})).unwrap();
    let read = tenant.read("Devices", &id);
    assert_eq!([&read["model"], &read["meta"]["resourceType"]], ["X", "Device"]);
    assert_eq!(tenant.found(None, "model eq \"x\""), [id.as_str()]);
    // A device can be a member as well.
    let group = tenant.id_of("Group", group("g", &[&id]));
    assert_eq!(tenant.read("Group", &group)["members"][0]["$ref"], format!("/Devices/{id}"));

    assert_eq!(kind(tenant.remove_schema("Device")), Some(ErrorKind::InUse));
    assert_eq!(kind(tenant.remove_schema(DEVICE)), Some(ErrorKind::InUse));
    assert_eq!(kind(tenant.remove_schema(USER)), Some(ErrorKind::InvalidArgument));
    assert_eq!(kind(tenant.remove_schema("Gadget")), Some(ErrorKind::UnknownType));
    tenant.drop_resource("Device", &id).unwrap();
    tenant.remove_schema("device").unwrap();
    tenant.remove_schema(DEVICE).unwrap();
    assert_eq!(kind(tenant.page(Some("Device"), "")), Some(ErrorKind::UnknownType));
    assert!(tenant.registry().unwrap().schema(DEVICE).is_none());
    // It can come back, under another number, with nothing of the old one.
    tenant.register(json!([schema(json!([{"name": "model", "type": "integer"}])), resource_type("Device")])).unwrap();
    let id = device(&tenant, "Device", json!({"model": 7})).unwrap();
    assert_eq!(tenant.found(Some("Device"), "model gt 6"), [id.as_str()]);
    let other = store.create_tenant("other", TenantOptions::default()).unwrap();
    assert_eq!(kind(other.page(Some("Device"), "")), Some(ErrorKind::UnknownType), "schemas are a tenant's own");
    assert_sound(&store);
}

#[test]
fn schemas_do_not_change_against_the_data() {
    let tenant = tenant();
    let sub = |kind: &str| json!({"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [{"name": "no", "type": kind}, {"name": "label"}]});
    let with = |model: Value, ports: Value| json!([schema(json!([model, ports])), resource_type("Device")]);
    tenant.register(with(json!({"name": "model"}), sub("integer"))).unwrap();
    let id = device(&tenant, "Device", json!({"model": "X", "ports": [{"no": 1}]})).unwrap();
    for (model, ports) in [
        (json!({"name": "modell"}), sub("integer")),
        (json!({"name": "model", "type": "integer"}), sub("integer")),
        (json!({"name": "model", "multiValued": true}), sub("integer")),
        (json!({"name": "model", "caseExact": true}), sub("integer")),
        (json!({"name": "model", "uniqueness": "server"}), sub("integer")),
        (json!({"name": "model"}), sub("string")),
        (
            json!({"name": "model"}),
            json!({"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [{"name": "label"}]}),
        ),
    ] {
        let error = tenant.register(with(model.clone(), ports)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InUse, "{model}");
        assert!(matches!(error.attribute(), Some("model" | "ports.no")), "{error:?}");
    }
    assert_eq!(tenant.read("Device", &id)["ports"][0]["no"], 1);
    assert_eq!(tenant.schema_version(DEVICE).unwrap(), Some(1), "what is refused changes nothing");
    // What has no values may go, and what is new may come.
    let bare = json!({"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [{"name": "no", "type": "integer"}, {"name": "speed"}]});
    tenant.register(with(json!({"name": "model", "description": "other words"}), bare)).unwrap();
    assert_eq!(tenant.schema_version(DEVICE).unwrap(), Some(2));
    assert_eq!(kind(tenant.page(Some("Device"), "ports.label pr")), Some(ErrorKind::InvalidFilter));
    tenant.patch("Device", &id, json!([{"op": "remove", "path": "model"}])).unwrap();
    tenant.register(with(json!({"name": "model", "type": "integer"}), sub("integer"))).unwrap();
    tenant.patch("Device", &id, json!([{"op": "add", "path": "model", "value": 7}])).unwrap();
    assert_eq!(tenant.found(None, "model eq 7"), [id]);
}

#[test]
fn extensions_are_added_to_built_in_types() {
    let tenant = tenant();
    let ada = tenant.id_of("User", user("ada"));
    let user_type = |required: bool| {
        json!({"id": "User", "name": "User", "endpoint": "/Users", "schema": USER,
            "schemaExtensions": [{"schema": ENTERPRISE, "required": false}, {"schema": MORE, "required": required}]})
    };
    tenant.register(json!([{"id": MORE, "attributes": [{"name": "badge", "type": "integer", "required": true}]}, user_type(false)])).unwrap();
    let path = format!("{MORE}:badge");
    tenant.patch("User", &ada, json!([{"op": "add", "path": path, "value": 7}])).unwrap();
    let read = tenant.read("User", &ada);
    assert_eq!([&read["schemas"], &read[MORE]], [&json!([USER, MORE]), &json!({"badge": 7})]);
    assert_eq!(tenant.found(None, &format!("{path} eq 7 and schemas eq \"{MORE}\"")), [ada.as_str()]);
    tenant.register(json!([user_type(true)])).unwrap();
    assert_eq!(kind(tenant.make("User", user("bob"))), Some(ErrorKind::InvalidValue));
    assert_eq!(kind(tenant.remove_schema(MORE)), Some(ErrorKind::InUse));
    let bare = json!([{"id": "User", "name": "User", "endpoint": "/Users", "schema": USER}]);
    assert_eq!(kind(tenant.register(bare.clone())), Some(ErrorKind::InUse));
    tenant.drop_resource("User", &ada).unwrap();
    tenant.register(bare).unwrap();
    tenant.remove_schema(MORE).unwrap();
}

/// RFC 7643 section 7: `server` is once in a tenant, in whatever type of the schema; `global` once in the store.
#[test]
fn unique_values_are_unique_as_far_as_their_schema_says() {
    let store = store();
    let (tenant, other) =
        (store.tenant("default").unwrap(), store.create_tenant("other", TenantOptions::default()).unwrap());
    let documents = json!([
        schema(json!([
            unique("serial", "server"), unique("code", "global"),
            {"name": "tags", "multiValued": true, "uniqueness": "server", "caseExact": true},
            {"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "no", "type": "integer", "uniqueness": "server"}, {"name": "seen", "type": "dateTime", "uniqueness": "server"}]},
        ])),
        resource_type("Device"),
        resource_type("Gadget"),
    ]);
    tenant.register(documents.clone()).unwrap();
    // Here the schema is an extension, and so paths of it are written with its URN.
    other.register(json!([documents[0], {"id": "urn:example:2.0:Core", "attributes": [{"name": "label"}]},
        {"id": "Box", "name": "Box", "endpoint": "/Boxes", "schema": "urn:example:2.0:Core", "schemaExtensions": [{"schema": DEVICE}]}])).unwrap();
    let first = device(
        &tenant,
        "Device",
        json!({"serial": "Stra\u{df}e", "code": "c", "tags": ["a", "b"],
        "ports": [{"no": 1, "seen": "2020-01-01T00:00:00Z"}, {"no": 2}]}),
    )
    .unwrap();
    for taken in [
        json!({"serial": "STRASSE"}),
        json!({"code": "C"}),
        json!({"tags": ["x", "b"]}),
        json!({"ports": [{"no": 2}]}),
        json!({"ports": [{"seen": "2020-01-01T01:00:00+01:00"}]}),
    ] {
        for kind in ["Device", "Gadget"] {
            let error = device(&tenant, kind, taken.clone()).unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::Uniqueness, 409), "{taken}");
            assert_eq!(
                error.attribute().unwrap().split('.').next(),
                taken.as_object().unwrap().keys().next().map(String::as_str)
            );
        }
    }
    let boxed = |code: &str| {
        other.make(
            "Box",
            json!({"schemas": ["urn:example:2.0:Core", DEVICE], DEVICE: {"code": code, "serial": "strasse"}}),
        )
    };
    assert_eq!(kind(boxed("c")), Some(ErrorKind::Uniqueness), "global values are unique in the store");
    boxed("free").unwrap();
    assert_eq!(kind(device(&tenant, "Device", json!({"code": "free"}))), Some(ErrorKind::Uniqueness));

    let second = device(&tenant, "Gadget", json!({"tags": ["A"], "ports": [{"no": 3}]})).unwrap();
    // A resource may repeat and swap its own values, and what it gives up is free.
    tenant
        .patch(
            "Gadget",
            &second,
            json!([{"op": "replace", "path": "ports", "value": [{"no": 4}, {"no": 4}, {"no": 3}]}]),
        )
        .unwrap();
    tenant
        .patch(
            "Device",
            &first,
            json!([{"op": "remove", "path": "serial"}, {"op": "replace", "path": "tags", "value": ["b"]}]),
        )
        .unwrap();
    tenant
        .patch(
            "Gadget",
            &second,
            json!([{"op": "add", "path": "serial", "value": "strasse"}, {"op": "add", "path": "tags", "value": ["a"]}]),
        )
        .unwrap();
    for (filter, id) in [
        ("serial eq \"STRASSE\"", &second),
        ("tags eq \"a\"", &second),
        ("tags eq \"b\"", &first),
        ("ports.no eq 4", &second),
        ("ports[no eq 1]", &first),
        ("code eq \"C\"", &first),
        ("ports.seen eq \"2020-01-01T02:00:00+02:00\"", &first),
    ] {
        assert_eq!(tenant.found(None, filter), [id.as_str()], "{filter}");
    }
    tenant.drop_resource("Device", &first).unwrap();
    device(&tenant, "Device", json!({"code": "c", "tags": ["b"]})).unwrap();
    assert_sound(&store);
}

#[test]
fn what_the_engine_stands_on_stays_as_it_is() {
    let tenant = tenant();
    let built_in = |index: usize| -> Value {
        serde_json::from_str(&schema_json(&builtin::schemas().unwrap()[index], "")).unwrap()
    };
    let is = |json: &Value, urn: &str| json["id"] == urn;
    let find = |urn: &str| (0..3).map(built_in).find(|json| is(json, urn)).unwrap();
    let attribute = |json: &mut Value, name: &str, change: Value| {
        let list = json["attributes"].as_array_mut().unwrap();
        let attribute = list.iter_mut().find(|attribute| attribute["name"] == name).unwrap();
        attribute.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    };
    // Hashes would be told.
    for change in [json!({"returned": "default"}), json!({"mutability": "readWrite"}), json!({"uniqueness": "server"})]
    {
        let mut told = find(USER);
        attribute(&mut told, "password", change);
        assert_eq!(kind(tenant.register(json!([told]))), Some(ErrorKind::InvalidValue));
    }
    // Members would be lost.
    let mut without = find(GROUP);
    without["attributes"].as_array_mut().unwrap().retain(|attribute| attribute["name"] != "members");
    let ada = tenant.id_of("User", user("ada"));
    let id = tenant.id_of("Group", group("g", &[&ada]));
    assert_eq!(kind(tenant.register(json!([without]))), Some(ErrorKind::InUse));
    tenant.patch("Group", &id, json!([{"op": "remove", "path": "members"}])).unwrap();
    tenant.register(json!([without])).unwrap();
    assert_eq!(kind(tenant.make("Group", group("h", &[&ada]))), Some(ErrorKind::InvalidSyntax));
    tenant.remove_schema(GROUP).unwrap();
    tenant.id_of("Group", group("h", &[&ada]));
    // Longer lists of canonical values and new attributes are welcome.
    let mut longer = find(USER);
    attribute(&mut longer, "title", json!({"canonicalValues": ["Countess"]}));
    longer["attributes"].as_array_mut().unwrap().push(json!({"name": "shoeSize", "type": "decimal"}));
    tenant.register(json!([longer])).unwrap();
    tenant.patch("User", &ada, json!([{"op": "add", "value": {"shoeSize": 38.5, "title": "Other"}}])).unwrap();
    assert_eq!(tenant.found(None, "shoeSize ge 38"), [ada.as_str()]);
    assert_eq!(kind(tenant.remove_schema(USER)), Some(ErrorKind::InUse));
}
