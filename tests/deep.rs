//! Schemas that go beyond RFC 7643, as a profile may have them: complex values in complex values, and attributes of any
//! JSON value. Every verb, on a store that is opened again, and searches against a second opinion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "deep/search.rs"]
mod search;
mod support;

use scimdb::engine::{ImportOptions, ReadOptions, TenantOptions};
use scimdb::message::{SearchRequest, schema_json};
use scimdb::model::MAX_LEVELS;
use scimdb::{Error, ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

/// The extension of Absorb's document, and `limits`, which is one level deeper.
const ABSORB: &str = "urn:ietf:params:scim:schemas:extension:absorb:2.0:User";

fn complex(name: &str, subs: Value) -> Value {
    json!({"name": name, "type": "complex", "subAttributes": subs})
}

fn many(mut attribute: Value) -> Value {
    attribute["multiValued"] = json!(true);
    attribute
}

fn documents() -> Value {
    let departments = json!([{"name": "departmentId"}, {"name": "includeSubDepartments", "type": "boolean"},
        {"name": "primary", "type": "boolean"}]);
    let daily = json!([{"name": "count", "type": "integer"}, {"name": "note"}, {"name": "owner", "mutability": "immutable"},
        {"name": "secret", "returned": "request"}]);
    let settings = json!([
        {"name": "isAdmin", "type": "boolean"}, many(json!({"name": "adminRoles"})), {"name": "managedGroupId"},
        many(complex("managedDepartments", departments)),
        complex("limits", json!([complex("daily", daily), {"name": "zone", "required": true}])),
    ]);
    let fields = json!([{"name": "type"}, {"name": "display"}, {"name": "value", "type": "any"}]);
    json!([
        {"id": ABSORB, "name": "Absorb", "attributes": [
            {"name": "location"}, many(complex("customFields", fields)), {"name": "anything", "type": "any"},
            complex("userManagementSettings", settings)]},
        {"name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": [{"schema": ABSORB}]}
    ])
}

/// A profile with these schemas and resource types, that is else as another one is.
fn profile_of(extends: &str, documents: &Value) -> TenantOptions {
    profile_with(json!({"name": "deep", "extends": extends}), documents)
}

fn profile_with(mut document: Value, documents: &Value) -> TenantOptions {
    let (types, schemas): (Vec<&Value>, Vec<&Value>) =
        documents.as_array().unwrap().iter().partition(|document| document.get("endpoint").is_some());
    document["schemas"] = json!(schemas);
    document["resourceTypes"] = json!(types);
    TenantOptions::of_profile(document.to_string().parse().unwrap())
}

fn absorb_in(store: &Store) -> Tenant {
    store.create_tenant("absorb", profile_of("strict", &documents())).unwrap()
}

fn absorb() -> Tenant {
    absorb_in(&store())
}

fn learner(name: &str, absorb: Value) -> Value {
    json!({"schemas": [USER, ABSORB], "userName": name, ABSORB: absorb})
}

fn settings() -> Value {
    json!({"location": "Rome", "anything": {"b": [1, -2, 0.5, 1.0, true, null, "é\"\\"], "a": {}},
        "customFields": [{"type": "Text", "display": "Hat", "value": "Red"}, {"type": "Number", "value": 7},
            {"type": "List", "value": ["x", {"y": null}]}, {"type": "Flag", "value": false}],
        "userManagementSettings": {"isAdmin": true, "adminRoles": ["a", "b"], "managedGroupId": "g1",
            "managedDepartments": [{"departmentId": "D1", "includeSubDepartments": true}, {"departmentId": "D2"}],
            "limits": {"daily": {"count": 3, "note": "Soft", "owner": "ann", "secret": "s"}, "zone": "Z"}}})
}

/// What is shown of [`settings`] by default.
fn shown() -> Value {
    let mut shown = settings();
    shown["userManagementSettings"]["limits"]["daily"].as_object_mut().unwrap().remove("secret");
    shown
}

fn refused<T: std::fmt::Debug>(result: scimdb::Result<T>) -> (ErrorKind, String) {
    let error: Error = result.unwrap_err();
    (error.kind(), error.attribute().unwrap_or_default().replace(ABSORB, "X"))
}

#[test]
fn only_profiles_have_such_schemas() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    assert_eq!(refused(tenant.register(documents())), (ErrorKind::InvalidValue, "customFields.value".to_owned()));
    let deep = json!([{"id": ABSORB, "attributes": [complex("a", json!([complex("b", json!([{"name": "c"}]))]))]}]);
    assert_eq!(refused(tenant.register(deep)), (ErrorKind::InvalidValue, "a.b".to_owned()));

    let put = |attribute: Value| {
        store.configure_tenant("default", profile_of("strict", &json!([{"id": ABSORB, "attributes": [attribute]}])))
    };
    let nested = |levels: usize| (1..levels).fold(json!({"name": "x"}), |inner, _| complex("x", json!([inner])));
    put(nested(MAX_LEVELS)).unwrap();
    let too_deep = ["x"; MAX_LEVELS].join(".");
    assert_eq!(refused(put(nested(MAX_LEVELS + 1))), (ErrorKind::InvalidValue, too_deep));
    let unique = |kind: &str| json!({"name": "u", "type": kind, "uniqueness": "server"});
    assert_eq!(refused(put(unique("any"))).1, "u");
    assert_eq!(refused(put(complex("a", json!([complex("b", json!([unique("string")]))])))).1, "a.b.u");
    let twice = complex("a", json!([complex("b", json!([{"name": "c"}, {"name": "C"}]))]));
    assert_eq!(refused(put(twice)).1, "a.b.C");

    // What is shown of a schema is what the profile has.
    store.configure_tenant("default", profile_of("strict", &documents())).unwrap();
    let told: Value =
        serde_json::from_str(&schema_json(tenant.registry().unwrap().schema(ABSORB).unwrap(), "")).unwrap();
    assert_eq!(told["attributes"][3]["subAttributes"][4]["subAttributes"][0]["subAttributes"][0]["name"], "count");
    assert_eq!(told["attributes"][1]["subAttributes"][2]["type"], "any");
}

#[test]
fn values_come_back_from_disk() {
    let directory = tempfile::tempdir().unwrap();
    let id = {
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        absorb_in(&store).id_of("User", learner("ann", settings()))
    };
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("absorb").unwrap();
    let read = tenant.show("User", &id).unwrap().json;
    // Any value comes back as it is, in its order.
    assert!(read.contains(r#""anything":{"b":[1,-2,0.5,1.0,true,null,"é\"\\"],"a":{}}"#), "{read}");
    assert_eq!(tenant.read("User", &id)[ABSORB], shown());
    let exported = tenant.exported().join("\n");
    assert!(exported.contains(r#""secret":"s""#), "{exported}");
    // An export is the same again where it is imported.
    let other = store.create_tenant("other", profile_of("strict", &documents())).unwrap();
    let mut import = other.import(ImportOptions { restore: true, ..ImportOptions::default() }).unwrap();
    tenant.exported().into_iter().zip(0..).for_each(|(line, row)| import.push(row, line.into_bytes()).unwrap());
    assert!(import.finish().unwrap().1.is_empty());
    assert_eq!(other.exported().join("\n"), exported);
    let report = store.check(&mut |_, _| ()).unwrap();
    assert_eq!((report.resources, report.problems), (2, vec![]));
    assert_eq!(store.stats().unwrap().tenants.len(), store.tenants().unwrap().len());

    // Values that are there keep the schema.
    let smaller = json!([{"id": ABSORB, "attributes": [{"name": "location"}]}]);
    assert_eq!(refused(tenant.register(smaller)).0, ErrorKind::InUse);
    let mut other = documents();
    other[0]["attributes"][3]["subAttributes"][4]["subAttributes"][0]["subAttributes"][1]["type"] = json!("integer");
    let changed = refused(store.configure_tenant("absorb", profile_of("strict", &other)));
    assert_eq!(changed, (ErrorKind::InUse, "X:userManagementSettings.limits.daily.note".to_owned()));
}

#[test]
fn values_are_bound_and_validated_at_every_level() {
    let tenant = absorb();
    let make = |absorb: Value| tenant.make("User", learner("x", absorb)).map(|made| json_of(&made)[ABSORB].clone());
    let within = |settings: Value| make(json!({"userManagementSettings": settings}));
    let at = "X:userManagementSettings";
    for (settings, path) in [
        (json!({"managedDepartments": [{"departmentId": 1}]}), "managedDepartments.departmentId"),
        (json!({"managedDepartments": {"departmentId": "1"}}), "managedDepartments"),
        (json!({"limits": {"zone": "z", "daily": {"count": "3"}}}), "limits.daily.count"),
        (json!({"limits": {"daily": {"count": 3}}}), "limits.zone"),
        (json!({"managedDepartments": [{"primary": true}, {"primary": true}]}), "managedDepartments"),
    ] {
        assert_eq!(refused(within(settings)), (ErrorKind::InvalidValue, format!("{at}.{path}")));
    }
    let unknown = refused(within(json!({"limits": {"zone": "z", "daily": {"cuont": 3}}})));
    assert_eq!(unknown, (ErrorKind::InvalidSyntax, format!("{at}.limits.daily.cuont")));
    // What has no value is not there, whatever it is part of.
    let nothing = json!({"limits": {"daily": {"count": null}}, "managedDepartments": [{"departmentId": null}, {}, null],
        "adminRoles": [null]});
    let made = make(json!({"location": "Rome", "anything": null, "userManagementSettings": nothing})).unwrap();
    assert_eq!(made, json!({"location": "Rome"}));
    let tenant = absorb();
    let deep = (0..33).fold(json!(1), |inner, _| json!([inner]));
    let deep = tenant.make("User", learner("y", json!({"anything": deep})));
    assert_eq!(refused(deep), (ErrorKind::InvalidValue, "X:anything".to_owned()));
}

#[test]
fn any_prefix_of_a_path_is_shown_or_left_out() {
    let tenant = absorb();
    let id = tenant.id_of("User", learner("ann", settings()));
    let get = |attributes: &str, excluded: &str| {
        let list = |text: &str| if text.is_empty() { vec![] } else { vec![text.replace("X", ABSORB)] };
        let options =
            ReadOptions { attributes: list(attributes), excluded_attributes: list(excluded), ..ReadOptions::default() };
        json_of(&tenant.get("User", &id, &options).unwrap())[ABSORB]["userManagementSettings"].clone()
    };
    let path = |rest: &str| format!("X:userManagementSettings{rest}");
    let limits = json!({"daily": {"count": 3, "note": "Soft", "owner": "ann"}, "zone": "Z"});
    for (attributes, expected) in [
        ("", shown()["userManagementSettings"].clone()),
        (
            ".managedDepartments",
            json!({"managedDepartments": settings()["userManagementSettings"]["managedDepartments"]}),
        ),
        (
            ".managedDepartments.departmentId",
            json!({"managedDepartments": [{"departmentId": "D1"}, {"departmentId": "D2"}]}),
        ),
        (".managedDepartments.primary", Value::Null),
        (".limits", json!({"limits": limits})),
        (".limits.daily.count", json!({"limits": {"daily": {"count": 3}}})),
        (".LIMITS.Daily.secret", json!({"limits": {"daily": {"secret": "s"}}})),
        (".limits.daily.unknown", Value::Null),
        (".limits.zone", json!({"limits": {"zone": "Z"}})),
    ] {
        assert_eq!(get(&path(attributes), ""), expected, "attributes={attributes}");
    }
    for (excluded, gone) in [
        (".managedDepartments", vec!["managedDepartments"]),
        (".limits.daily", vec!["limits", "daily"]),
        (".limits.daily.note", vec!["limits", "daily", "note"]),
        (".limits.daily.secret", vec![]),
    ] {
        let mut expected = shown()["userManagementSettings"].clone();
        if let Some((last, within)) = gone.split_last() {
            let holder = within.iter().fold(&mut expected, |holder, name| &mut holder[*name]);
            holder.as_object_mut().unwrap().remove(*last);
        }
        assert_eq!(get("", &path(excluded)), expected, "excludedAttributes={excluded}");
    }
    // What is returned on request is told to whom sent it.
    let made = tenant.make("User", learner("bob", settings())).unwrap();
    assert_eq!(json_of(&made)[ABSORB], settings());
}

#[test]
fn a_replacement_clears_what_it_leaves_out() {
    let tenant = absorb();
    let id = tenant.id_of("User", learner("ann", settings()));
    let put = |settings: Value| {
        let written = tenant.put("User", &id, learner("ann", json!({"userManagementSettings": settings})));
        written.map(|written| json_of(&written.representation)[ABSORB].clone())
    };
    let kept =
        put(json!({"managedDepartments": [{"departmentId": "D9"}], "limits": {"daily": {"count": 4}, "zone": "Y"}}));
    let limits = json!({"daily": {"count": 4, "owner": "ann"}, "zone": "Y"});
    let expected = json!({"managedDepartments": [{"departmentId": "D9"}], "limits": limits});
    assert_eq!(kept.unwrap(), json!({"userManagementSettings": expected}));
    let owner = put(json!({"limits": {"daily": {"owner": "bob"}, "zone": "Y"}}));
    assert_eq!(refused(owner), (ErrorKind::Mutability, "X:userManagementSettings.limits.daily.owner".to_owned()));
    assert_eq!(refused(put(json!({"limits": {"daily": {"count": 1}}}))).1, "X:userManagementSettings.limits.zone");
}

/// Patches a learner with [`settings`], and gives back what became of them, the secret included.
fn patched(operations: Value) -> scimdb::Result<Value> {
    patched_as("strict", operations)
}

fn patched_as(profile: &str, operations: Value) -> scimdb::Result<Value> {
    let tenant = store().create_tenant("absorb", profile_of(profile, &documents())).unwrap();
    let id = tenant.id_of("User", learner("ann", settings()));
    let operations = operations.to_string().replace("X:", &format!("{ABSORB}:"));
    tenant.patch("User", &id, serde_json::from_str(&operations).unwrap())?;
    let attributes = vec![ABSORB.to_owned(), format!("{ABSORB}:userManagementSettings.limits.daily.secret")];
    let options = ReadOptions { attributes, ..ReadOptions::default() };
    Ok(json_of(&tenant.get("User", &id, &options)?)[ABSORB].take())
}

#[test]
fn operations_reach_every_level() {
    let s = "X:userManagementSettings";
    let d = |id: &str| json!({"departmentId": id});
    let d1 = json!({"departmentId": "D1", "includeSubDepartments": true});
    let cases = [
        (
            "add",
            format!("{s}.managedDepartments"),
            json!([d("D2"), d("D3")]),
            "/userManagementSettings/managedDepartments",
            json!([d1, d("D2"), d("D3")]),
        ),
        (
            "replace",
            format!("{s}.managedDepartments"),
            d("D3"),
            "/userManagementSettings/managedDepartments",
            json!([d("D3")]),
        ),
        (
            "replace",
            format!("{s}.managedDepartments"),
            json!([]),
            "/userManagementSettings/managedDepartments",
            Value::Null,
        ),
        (
            "replace",
            format!("{s}.managedDepartments"),
            Value::Null,
            "/userManagementSettings/managedDepartments",
            Value::Null,
        ),
        (
            "remove",
            format!("{s}.managedDepartments"),
            Value::Null,
            "/userManagementSettings/managedDepartments",
            Value::Null,
        ),
        (
            "remove",
            format!("{s}.managedDepartments[departmentId eq \"d1\"]"),
            Value::Null,
            "/userManagementSettings/managedDepartments",
            json!([d("D2")]),
        ),
        (
            "replace",
            format!("{s}.managedDepartments[departmentId eq \"D2\"].departmentId"),
            json!("D4"),
            "/userManagementSettings/managedDepartments",
            json!([d1, d("D4")]),
        ),
        (
            "add",
            s.to_owned(),
            json!({"managedDepartments": [d("D3")], "adminRoles": ["c"]}),
            "/userManagementSettings/adminRoles",
            json!(["a", "b", "c"]),
        ),
        (
            "add",
            s.to_owned(),
            json!({"managedDepartments": [d("D3")]}),
            "/userManagementSettings/managedDepartments",
            json!([d1, d("D2"), d("D3")]),
        ),
        // Sub-attributes that are not given stay, at every level.
        (
            "replace",
            s.to_owned(),
            json!({"limits": {"daily": {"count": 5, "note": null}}}),
            "/userManagementSettings/limits",
            json!({"daily": {"count": 5, "owner": "ann", "secret": "s"}, "zone": "Z"}),
        ),
        ("replace", format!("{s}.limits"), json!({"zone": "Y"}), "/userManagementSettings/limits/zone", json!("Y")),
        (
            "replace",
            format!("{s}.limits.daily.count"),
            json!(6),
            "/userManagementSettings/limits/daily/count",
            json!(6),
        ),
        (
            "add",
            format!("{s}.limits.daily"),
            json!({"count": 7}),
            "/userManagementSettings/limits/daily",
            json!({"count": 7, "note": "Soft", "owner": "ann", "secret": "s"}),
        ),
        (
            "remove",
            format!("{s}.limits.daily.note"),
            Value::Null,
            "/userManagementSettings/limits/daily/note",
            Value::Null,
        ),
        ("remove", format!("{s}.adminRoles"), Value::Null, "/userManagementSettings/adminRoles", Value::Null),
        // Any value is set whole.
        ("replace", "X:anything".to_owned(), json!([1]), "/anything", json!([1])),
        ("add", "X:anything".to_owned(), json!({"c": 1}), "/anything", json!({"c": 1})),
        ("replace", "X:anything".to_owned(), json!([]), "/anything", json!([])),
        ("replace", "X:anything".to_owned(), Value::Null, "/anything", Value::Null),
        (
            "replace",
            "X:customFields[type eq \"Text\"].value".to_owned(),
            json!({"k": [1]}),
            "/customFields/0/value",
            json!({"k": [1]}),
        ),
        ("remove", "X:customFields[value eq 7]".to_owned(), Value::Null, "/customFields/1/type", json!("List")),
    ];
    for (op, path, value, pointer, expected) in cases {
        let operation = if op == "remove" {
            json!({"op": op, "path": path})
        } else {
            json!({"op": op, "path": path, "value": value})
        };
        let after = patched(json!([operation])).unwrap_or_else(|error| panic!("{operation}: {error:?}"));
        assert_eq!(after.pointer(pointer).cloned().unwrap_or_default(), expected, "{operation}");
    }
    // What holds a value goes with the last of them, and is made where there is none.
    let operations = json!([{"op": "remove", "path": s}, {"op": "add", "path": format!("{s}.limits.daily.count"), "value": 1},
        {"op": "add", "path": format!("{s}.limits.zone"), "value": "N"}]);
    let after = patched(operations).unwrap();
    assert_eq!(after["userManagementSettings"], json!({"limits": {"daily": {"count": 1}, "zone": "N"}}));
    // Of several primary values the last that was set stays so.
    let primary = |id: &str| json!([{"departmentId": id, "primary": true}]);
    let operations = json!([{"op": "add", "path": format!("{s}.managedDepartments"), "value": primary("P")},
        {"op": "add", "path": s, "value": {"managedDepartments": primary("Q")}}]);
    let after = patched(operations).unwrap();
    let departments = &after["userManagementSettings"]["managedDepartments"];
    assert_eq!((&departments[2]["primary"], &departments[3]["primary"]), (&json!(false), &json!(true)));
}

#[test]
fn operations_are_refused_at_every_level() {
    let s = "X:userManagementSettings";
    for (op, rest, value, kind) in [
        ("replace", ".managedDepartments.departmentId", json!("x"), ErrorKind::InvalidPath),
        ("replace", ".managedDepartments.primary.x", json!("x"), ErrorKind::InvalidPath),
        ("replace", ".limits[zone eq \"Z\"].zone", json!("x"), ErrorKind::InvalidPath),
        ("replace", ".limits.daily.unknown", json!("x"), ErrorKind::InvalidPath),
        ("replace", ".limits.daily.count", json!("x"), ErrorKind::InvalidValue),
        ("replace", ".limits.daily.owner", json!("bob"), ErrorKind::Mutability),
        ("remove", ".limits.daily.owner", Value::Null, ErrorKind::Mutability),
        ("replace", ".limits.daily", json!({"owner": "bob"}), ErrorKind::Mutability),
        ("replace", "", json!({"limits": {"daily": {"owner": null}}}), ErrorKind::Mutability),
        ("remove", ".limits.zone", Value::Null, ErrorKind::Mutability),
        ("replace", ".limits", json!({"zone": null}), ErrorKind::Mutability),
        ("remove", ".managedDepartments[departmentId eq \"D9\"]", Value::Null, ErrorKind::NoTarget),
    ] {
        let mut operation = json!({"op": op, "path": format!("{s}{rest}")});
        if op != "remove" {
            operation["value"] = value;
        }
        let error = patched(json!([operation])).map_err(|error| error.kind());
        assert_eq!(error, Err(kind), "{operation}");
    }
}

#[test]
fn deviations_reach_every_level() {
    let s = "X:userManagementSettings";
    let departments = "/userManagementSettings/managedDepartments";
    let cases = [
        // Any value is as it is, however others come wrapped.
        (
            json!({"op": "Replace", "path": "X:anything", "value": [{"value": "x"}]}),
            "/anything",
            json!([{"value": "x"}]),
        ),
        (
            json!({"op": "Add", "path": format!("{s}.managedDepartments[departmentId eq \"D9\"].includeSubDepartments"),
                "value": "True"}),
            "/userManagementSettings/managedDepartments/2",
            json!({"departmentId": "D9", "includeSubDepartments": true}),
        ),
        (
            json!({"op": "Remove", "path": format!("{s}.managedDepartments"), "value": [{"departmentId": "d1"}]}),
            departments,
            json!([{"departmentId": "D2"}]),
        ),
        (
            json!({"op": "Replace", "value": {format!("{s}.limits.zone"): "Q"}}),
            "/userManagementSettings/limits/zone",
            json!("Q"),
        ),
        (
            json!({"op": "Replace", "path": "userManagementSettings.limits.zone", "value": "Q"}),
            "/userManagementSettings/limits/zone",
            json!("Q"),
        ),
        (
            json!({"op": "Remove", "path": format!("{s}.managedDepartments[departmentId eq \"no\"]")}),
            "/userManagementSettings/isAdmin",
            json!(true),
        ),
    ];
    for (operation, pointer, expected) in cases {
        let after = patched_as("entra", json!([operation])).unwrap_or_else(|error| panic!("{operation}: {error:?}"));
        assert_eq!(after.pointer(pointer), Some(&expected), "{operation}");
    }
}

#[test]
fn a_part_of_what_is_sensitive_is_sensitive() {
    let tenant = absorb();
    let registry = tenant.registry().unwrap();
    let user = registry.resource_type("User").unwrap();
    for (sensitive, filter, expected) in [
        ("limits", "X:userManagementSettings.limits.daily.count eq 1", true),
        ("limits.daily", "X:userManagementSettings.limits[daily.count eq 1]", true),
        ("limits.daily.note", "X:userManagementSettings.limits.daily.count eq 1", false),
        ("limits.daily.note", "userManagementSettings.limits.daily.note pr", true),
        ("managedDepartments.departmentId", "X:userManagementSettings[managedDepartments.departmentId eq \"1\"]", true),
        ("managedDepartments", "X:userManagementSettings.limits pr", false),
    ] {
        let document = json!({"name": "p", "sensitive": [format!("{ABSORB}:userManagementSettings.{sensitive}")]});
        let profile: scimdb::profile::Profile = document.to_string().parse().unwrap();
        profile.check_paths(&registry).unwrap();
        let parsed = scimdb::filter::parse(&filter.replace("X:", &format!("{ABSORB}:"))).unwrap();
        assert_eq!(profile.sensitive_in_filter(&parsed, &[user]).is_some(), expected, "{sensitive}: {filter}");
    }
}

#[test]
fn results_have_no_deep_order() {
    let tenant = absorb();
    for path in [
        "userManagementSettings.limits.zone",
        "userManagementSettings.limits",
        "anything",
        "customFields",
        "userManagementSettings.managedDepartments",
        "customFields.value",
    ] {
        let request = SearchRequest { sort_by: Some(format!("{ABSORB}:{path}")), ..SearchRequest::default() };
        let error = tenant.search(Some("User"), &request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPath, "{path}");
    }
}
