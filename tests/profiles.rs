//! Profiles of a tenant: what is derived reaches the change log and hooks, a stricter profile spoils no data, and all of
//! it is there when the store is opened again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use scimdb::engine::{CommittedWrite, Decision, Hooks, ProposedWrite, TenantOptions, ValueKey, ValueKeySource};
use scimdb::{ErrorKind, Result, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

const TRACK: &str = "urn:ietf:params:scim:schemas:extension:activtrak:2.0:User";
const ROOM: &str = "urn:example:2.0:Room";
const ATTRS: &str = "urn:example:2.0:Attrs";

fn options(profile: &str) -> TenantOptions {
    TenantOptions::of_profile(profile.parse().unwrap())
}

/// A user before and after a write.
type Noted = (Option<Value>, Value);

/// Hooks that note what they are asked about, and what they are told.
#[derive(Default)]
struct Noting {
    asked: Mutex<Vec<Noted>>,
    told: Mutex<Vec<Noted>>,
}

fn noted(before: Option<&String>, after: Option<&String>) -> Noted {
    let parsed = |json: &String| serde_json::from_str::<Value>(json).unwrap();
    (before.map(parsed), after.map(parsed).unwrap())
}

impl Hooks for Noting {
    fn before_write(&self, write: &ProposedWrite) -> Result<Decision> {
        self.asked.lock().unwrap().push(noted(write.before.as_ref(), write.after.as_ref()));
        Ok(Decision::Accept)
    }

    fn after_commit(&self, write: &CommittedWrite) {
        self.told.lock().unwrap().push(noted(write.before.as_ref(), write.after.as_ref()));
    }
}

#[test]
fn what_follows_is_one_change_and_reaches_hooks() {
    let store = store();
    let tenant = store.create_tenant("t", options("activtrak")).unwrap();
    let hooks = Arc::new(Noting::default());
    store.set_hooks(Some(hooks.clone()));
    let id = tenant.id_of("User", json!({"schemas": [USER], "emails": [{"value": "a@x.example"}]}));
    for noted in [&hooks.asked, &hooks.told] {
        let noted = std::mem::take(&mut *noted.lock().unwrap());
        let tracking: Vec<_> =
            noted.iter().map(|(before, after)| (before.is_some(), &after[TRACK]["tracking"])).collect();
        assert_eq!(tracking, [(false, &json!(true))], "a new user is tracked");
    }
    let tracking = format!("{TRACK}:tracking");
    let cases = [
        (json!([{"op": "replace", "path": "active", "value": false}]), (false, false), vec!["active", &tracking]),
        (json!([{"op": "replace", "path": tracking, "value": true}]), (false, false), vec![]),
        (json!([{"op": "replace", "path": "active", "value": "True"}]), (true, true), vec!["active", &tracking]),
        (json!([{"op": "replace", "path": tracking, "value": "False"}]), (true, false), vec![&*tracking]),
        (json!([{"op": "replace", "path": "active", "value": false}]), (false, false), vec!["active"]),
    ];
    let mut was = (true, true);
    for (operations, now, changed) in cases {
        let before = store.sequence().unwrap();
        let written = tenant.patch("User", &id, operations.clone()).unwrap();
        assert_eq!(written.changed, !changed.is_empty(), "{operations}");
        let mut changes = tenant.changes(before, 10, Duration::ZERO).unwrap();
        changes.iter_mut().for_each(|change| change.attributes.sort());
        let told: Vec<_> = changes.into_iter().map(|change| change.attributes).collect();
        let expected: Vec<Vec<String>> =
            if changed.is_empty() { vec![] } else { vec![changed.iter().map(|&path| path.to_owned()).collect()] };
        assert_eq!(told, expected, "{operations}");
        let flags = |user: &Value| (user["active"] == json!(true), user[TRACK]["tracking"] == json!(true));
        // Who is asked before and who is told afterwards see the same.
        for noted in [&hooks.asked, &hooks.told] {
            let noted = std::mem::take(&mut *noted.lock().unwrap());
            for (before, after) in &noted {
                assert_eq!((flags(before.as_ref().unwrap()), flags(after)), (was, now), "{operations}");
            }
            assert_eq!(noted.len(), expected.len(), "{operations}");
        }
        was = now;
    }
}

#[test]
fn a_stricter_profile_spoils_no_data() {
    let store = store();
    let tenant = store.create_tenant("t", TenantOptions::default()).unwrap();
    let body = json!({"schemas": [USER], "userName": "ann", "title": "much too long", "userType": "odd",
        "emails": [{"value": "a@x"}, {"value": "b@x"}]});
    let id = tenant.id_of("User", body.clone());
    let strict = json!({"name": "narrow", "attributes": {"User": {
        "title": {"maxLength": 5}, "userType": {"values": ["even"]}, "emails": {"maxValues": 1},
        "nickName": {"required": "create"}}}});
    store.configure_tenant("t", options(&strict.to_string())).unwrap();
    // What is there stays, and is found.
    let kept = tenant.read("User", &id);
    assert_eq!((&kept["title"], &kept["emails"]), (&body["title"], &body["emails"]));
    assert_eq!(tenant.found(Some("User"), "title eq \"much too long\""), std::slice::from_ref(&id));
    let set = |path: &str, value: Value| {
        let written = tenant.patch("User", &id, json!([{"op": "replace", "path": path, "value": value}]));
        written.map_err(|error| (error.kind(), error.attribute().unwrap_or_default().to_owned()))
    };
    // Other attributes change beside it.
    assert!(set("displayName", json!("Ann")).unwrap().changed);
    // The broken ones come back as they were or mended, and not broken in another way.
    assert_eq!(set("title", json!("still too long")).unwrap_err(), (ErrorKind::InvalidValue, "title".to_owned()));
    assert_eq!(set("userType", json!("strange")).unwrap_err(), (ErrorKind::InvalidValue, "userType".to_owned()));
    let added = tenant.patch("User", &id, json!([{"op": "add", "path": "emails", "value": [{"value": "c@x"}]}]));
    assert_eq!(added.unwrap_err().attribute(), Some("emails"));
    assert!(!set("title", json!("much too long")).unwrap().changed);
    assert!(set("title", json!("short")).unwrap().changed);
    assert_eq!(set("title", json!("much too long")).unwrap_err().0, ErrorKind::InvalidValue);
    // Whoever is new keeps to all of it.
    let error = tenant.make("User", user("bob")).unwrap_err();
    assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("nickName")));
    // Export and import know nothing of constraints: nothing is lost.
    assert_eq!(tenant.exported().iter().filter(|row| row.contains("ann")).count(), 1);
    assert_sound(&store);
}

/// A profile with one of everything.
fn everything() -> Value {
    let string = |name: &str| json!({"name": name, "type": "string"});
    json!({
        "name": "everything",
        "dialect": "entra",
        "schemas": [
            {"id": ROOM, "name": "Room", "attributes": [{"name": "label", "type": "string", "required": true}, string("door")]},
            {"id": ATTRS, "name": "Attrs", "attributes": [{"name": "attributes", "type": "complex", "multiValued": true,
                "subAttributes": [string("name"), string("value"), string("kind")]}]},
        ],
        "resourceTypes": [
            {"id": "Room", "name": "Room", "endpoint": "/Rooms", "schema": ROOM},
            {"id": "User", "name": "User", "endpoint": "/Users", "schema": USER,
                "schemaExtensions": [{"schema": ATTRS, "required": false}]},
        ],
        "attributes": {"User": {
            "userName": {"mutability": "readOnly"},
            "displayName": {"mutability": "readOnly"},
            "groups": {"mutability": "readWrite", "maxValues": 1},
        }},
        "rules": [
            {"resourceType": "User", "mirror": "name.givenName", "in": format!("{ATTRS}:attributes"),
                "where": {"name": "FIRST"}, "value": "value", "with": {"kind": "text"}},
            {"resourceType": "User", "set": "userName", "from": ["externalId"]},
            {"resourceType": "User", "set": "displayName", "join": ["name.givenName", "name.familyName"]},
            {"resourceType": "User", "set": "title", "from": [format!("{ATTRS}:attributes[name eq \"TITLE\"].value"), "nickName"]},
        ],
        "ids": {"User": "numeric", "Group": "client"},
    })
}

fn ann() -> Value {
    json!({"schemas": [USER], "externalId": "ann", "name": {"familyName": "Lee"}, "nickName": "Al",
        ATTRS: {"attributes": [{"name": "FIRST", "value": "Ann"}]}})
}

fn groups_of(tenant: &Tenant, id: &str) -> Vec<String> {
    let groups = tenant.read("User", id)["groups"].take();
    groups.as_array().into_iter().flatten().map(|group| group["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_profile_of_ones_own_derives_numbers_and_groups() {
    let store = store();
    let tenant = store.create_tenant("t", options(&everything().to_string())).unwrap();
    for (id, name) in [("sales", "Sales"), ("staff", "Staff")] {
        let made = tenant.make("Group", json!({"schemas": [GROUP], "id": id, "displayName": name})).unwrap();
        assert_eq!(made.id, id);
    }
    let taken = tenant.make("Group", json!({"schemas": [GROUP], "id": "sales", "displayName": "Again"}));
    assert!(taken.is_err_and(|error| [ErrorKind::Uniqueness, ErrorKind::AlreadyExists].contains(&error.kind())));
    let mut body = ann();
    body["groups"] = json!([{"value": "sales"}]);
    let id = tenant.id_of("User", body);
    assert_eq!(id, "10000");
    let made = tenant.read("User", &id);
    assert_eq!(
        (&made["userName"], &made["displayName"], &made["title"]),
        (&json!("ann"), &json!("Ann Lee"), &json!("Al"))
    );
    assert_eq!(groups_of(&tenant, &id), ["sales"]);
    assert_eq!(tenant.read("Group", "sales")["members"][0]["value"], json!(id));

    // What the core attribute says, the element says, and the other way round.
    let first = format!("{ATTRS}:attributes[name eq \"FIRST\"].value");
    tenant.patch("User", &id, json!([{"op": "replace", "path": "name.givenName", "value": "Anna"}])).unwrap();
    assert_eq!(tenant.read("User", &id)[ATTRS]["attributes"][0]["value"], json!("Anna"));
    tenant.patch("User", &id, json!([{"op": "replace", "path": first, "value": "Anne"}])).unwrap();
    let now = tenant.read("User", &id);
    assert_eq!((&now["name"]["givenName"], &now["displayName"]), (&json!("Anne"), &json!("Anne Lee")));
    tenant.patch("User", &id, json!([{"op": "remove", "path": "name.givenName"}])).unwrap();
    let now = tenant.read("User", &id);
    assert_eq!((&now[ATTRS], &now["displayName"]), (&Value::Null, &json!("Lee")));
    let title =
        json!([{"op": "add", "path": format!("{ATTRS}:attributes"), "value": [{"name": "TITLE", "value": "Dr"}]}]);
    tenant.patch("User", &id, title).unwrap();
    assert_eq!(tenant.read("User", &id)["title"], json!("Dr"));

    // Membership, written at the user: by PATCH, by PUT, in bulk; one group at most.
    let change = |operation: Value| tenant.patch("User", &id, json!([operation]));
    change(json!({"op": "replace", "path": "groups", "value": [{"value": "staff"}]})).unwrap();
    assert_eq!(groups_of(&tenant, &id), ["staff"]);
    assert_eq!(tenant.read("Group", "sales")["members"], Value::Null);
    let two = change(json!({"op": "add", "path": "groups", "value": [{"value": "sales"}]})).unwrap_err();
    assert_eq!(two.kind(), ErrorKind::InvalidValue, "{two}");
    let none = change(json!({"op": "replace", "path": "groups", "value": [{"value": "nowhere"}]})).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::InvalidValue, "{none}");
    let second = tenant.patch("Group", "sales", json!([{"op": "add", "path": "members", "value": [{"value": id}]}]));
    assert_eq!(second.unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(groups_of(&tenant, &id), ["staff"]);
    change(json!({"op": "remove", "path": "groups"})).unwrap();
    assert!(groups_of(&tenant, &id).is_empty());
    let patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    let results = tenant.send_bulk(json!({"Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "b",
            "data": {"schemas": [USER], "externalId": "bob", "groups": [{"value": "sales"}]}},
        {"method": "PATCH", "path": format!("/Users/{id}"), "data": {"schemas": [patch],
            "Operations": [{"op": "add", "path": "groups", "value": [{"value": "sales"}]}]}},
        {"method": "PATCH", "path": "/Users/bulkId:b", "data": {"schemas": [patch],
            "Operations": [{"op": "replace", "path": "groups", "value": [{"value": "staff"}]}]}},
    ]}));
    let statuses: Vec<_> = results.results.iter().map(|result| (result.status, &result.error)).collect();
    assert!(statuses.iter().all(|(status, _)| *status < 300), "{statuses:?}");
    assert_eq!(
        (groups_of(&tenant, &id), groups_of(&tenant, "10001")),
        (vec!["sales".to_owned()], vec!["staff".to_owned()])
    );
    tenant.put("User", &id, json!({"schemas": [USER], "externalId": "ann2", "groups": [{"value": "staff"}]})).unwrap();
    assert_eq!(
        (groups_of(&tenant, &id), tenant.read("User", &id)["userName"].take()),
        (vec!["staff".to_owned()], json!("ann2"))
    );
    assert_sound(&store);
}

#[test]
fn a_store_that_is_opened_again_has_all_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Store::open(directory.path(), StoreOptions::default()).unwrap();
    let store = open();
    let tenant = store.create_tenant("t", options(&everything().to_string())).unwrap();
    let room = tenant.id_of("Room", json!({"schemas": [ROOM], "label": "Attic", "door": "red"}));
    // Its types stay while they have resources.
    let refused = store.configure_tenant("t", TenantOptions::default()).unwrap_err();
    assert_eq!((refused.kind(), refused.attribute()), (ErrorKind::InUse, Some("Room")), "{refused}");
    let ann = tenant.id_of("User", ann());
    let before = (tenant.read("Room", &room), tenant.read("User", &ann), tenant.exported());
    let numbers = |tenant: &Tenant| {
        let registry = tenant.registry().unwrap();
        registry.types().iter().map(|model| (model.name().to_owned(), model.number())).collect::<Vec<_>>()
    };
    let numbered = numbers(&tenant);

    drop((tenant, store));

    let store = open();
    let tenant = store.tenant("t").unwrap();
    assert_eq!(tenant.profile().unwrap().name(), "everything");
    assert_eq!((tenant.read("Room", &room), tenant.read("User", &ann), tenant.exported()), before);
    assert_eq!(numbers(&tenant), numbered);
    // Rules hold, and ids go on.
    let second = tenant.id_of("User", json!({"schemas": [USER], "externalId": "bob", "name": {"familyName": "Ray"}}));
    assert_eq!((second.as_str(), tenant.read("User", &second)["displayName"].take()), ("10001", json!("Ray")));

    // A type more, before the others, changes no number; one that is gone and comes back has the number that it had.
    let mut more = everything();
    let desk =
        json!({"id": "urn:example:2.0:Desk", "name": "Desk", "attributes": [{"name": "size", "type": "string"}]});
    more["schemas"].as_array_mut().unwrap().insert(0, desk);
    let desk = json!({"id": "Desk", "name": "Desk", "endpoint": "/Desks", "schema": "urn:example:2.0:Desk"});
    more["resourceTypes"].as_array_mut().unwrap().insert(0, desk);
    store.configure_tenant("t", options(&more.to_string())).unwrap();
    assert_eq!((tenant.read("Room", &room), tenant.read("User", &ann)), (before.0.clone(), before.1.clone()));
    assert!(numbered.iter().all(|number| numbers(&tenant).contains(number)), "{:?}", numbers(&tenant));
    tenant.drop_resource("Room", &room).unwrap();
    // The users' extension still has values.
    let refused = store.configure_tenant("t", TenantOptions::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InUse, "{refused}");
    tenant.drop_resource("User", &ann).unwrap();
    store.configure_tenant("t", TenantOptions::default()).unwrap();
    assert_eq!(tenant.make("Room", json!({})).unwrap_err().kind(), ErrorKind::UnknownType);
    assert_eq!(tenant.read("User", &second)["userName"], json!("bob"));
    store.configure_tenant("t", options(&everything().to_string())).unwrap();
    drop((tenant, store));
    let store = open();
    assert!(numbered.iter().all(|number| numbers(&store.tenant("t").unwrap()).contains(number)));
    assert_sound(&store);
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let store = store();
    store.create_tenant("t", TenantOptions::default()).unwrap();
    let overlay = |path: &str, overlay: Value| {
        (json!({"attributes": {"User": {path: overlay}}}), format!("attributes.User.{path}"))
    };
    let rule = |rule: Value| (json!({"rules": [rule]}), "rules[0]".to_owned());
    let cases = [
        overlay("titel", json!({"maxLength": 3})),
        overlay("titel", json!({"returned": "never"})),
        overlay("emails.valu", json!({"pattern": "a"})),
        overlay("emails.value", json!({"required": "create"})),
        overlay("active", json!({"default": "maybe"})),
        overlay("userName", json!({"default": "ann"})),
        overlay("emails", json!({"default": "a@x"})),
        overlay(ENTERPRISE, json!({"maxLength": 3})),
        overlay("title", json!({"minLength": 5, "maxLength": 3})),
        overlay("title", json!({"values": ["a"], "default": "b"})),
        overlay("title", json!({"pattern": "[a-z]", "defaultOnReplace": "B"})),
        overlay("active", json!({"values": ["true"]})),
        overlay("emails", json!({"pattern": "a"})),
        overlay("active", json!({"known": {"resourceType": "Group"}})),
        overlay("title", json!({"maxValues": 1})),
        overlay("title", json!({"showEmpty": true})),
        overlay("name", json!({"joined": true})),
        overlay("emails", json!({"types": ["User"]})),
        overlay("title", json!({"since": 3})),
        overlay("title", json!({"answeredAs": "userName"})),
        overlay("title", json!({"answeredAs": "ID"})),
        overlay("title", json!({"answeredAs": "job title"})),
        overlay("emails.value", json!({"answeredAs": "type"})),
        (
            json!({"attributes": {"User": {"title": {"answeredAs": "x"}, "userType": {"answeredAs": "X"}}}}),
            "attributes.User.title".to_owned(),
        ),
        (
            json!({"extends": "absorb", "attributes": {"User": {"preferredLanguage": {"minLength": 8}}}}),
            "attributes.User.preferredLanguage".to_owned(),
        ),
        (json!({"attributes": {"Usr": {"title": {"returned": "never"}}}}), "attributes.Usr.title".to_owned()),
        (json!({"aliases": {"role": "rolls"}}), "aliases.role".to_owned()),
        rule(json!({"resourceType": "Usr", "set": "title", "from": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "titel", "from": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["emails[tipe eq \"x\"].value"]})),
        rule(json!({"resourceType": "User", "set": "groups", "from": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "password", "from": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "id", "from": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "meta.version", "from": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["nickName", "password"]})),
        rule(json!({"resourceType": "User", "set": "title", "join": ["password"]})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["meta.location"]})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["active"]})),
        rule(json!({"resourceType": "User", "set": "title", "from": ["emails"]})),
        rule(json!({"resourceType": "User", "set": "emails", "from": ["title"]})),
        rule(json!({"resourceType": "User", "set": "title", "join": ["active"]})),
        rule(json!({"resourceType": "User", "set": "active", "follows": "active"})),
        rule(json!({"resourceType": "User", "set": "active", "join": ["nickName"]})),
        rule(json!({"resourceType": "User", "set": "active", "follows": "emails"})),
        rule(
            json!({"resourceType": "User", "mirror": "title", "in": "name", "where": {"type": "x"}, "value": "value"}),
        ),
        rule(json!({"resourceType": "User", "mirror": "title", "in": "emails", "value": "value"})),
        rule(
            json!({"resourceType": "User", "mirror": "title", "in": "emails", "where": {"type": 1}, "value": "value"}),
        ),
        rule(
            json!({"resourceType": "User", "mirror": "emails", "in": "phoneNumbers", "where": {"type": "x"}, "value": "value"}),
        ),
        rule(json!({"resourceType": "Group", "inUse": {"by": "User", "attribute": "titel"}})),
        rule(json!({"resourceType": "Group", "inUse": {"by": "User", "attribute": "active"}})),
    ];
    for (mut document, place) in cases {
        document["name"] = json!("odd");
        let error = store.configure_tenant("t", options(&document.to_string())).unwrap_err();
        assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some(&*place)), "{document}: {error}");
    }
    assert_eq!(store.tenant("t").unwrap().profile().unwrap().name(), "strict");
}

#[test]
fn a_profile_takes_back_what_the_one_that_it_extends_says() {
    let mut with_keys = StoreOptions::default();
    with_keys.value_keys = Some(ValueKeySource::Keys(vec![ValueKey::generate("k")]));
    let store = Store::open_in_memory(with_keys).unwrap();
    let document = json!({"name": "mine", "extends": "activid",
        "attributes": {"User": {"roles": {"showEmpty": false},
            "urn:hid:scim:api:idp:2.0:UserAttribute:attributes": {"joined": false, "showEmpty": false}}},
        "resources": [{"resourceType": "Role", "resource": {"id": "RL_AUDITV", "displayName": "Mine"}}]});
    let tenant = store.create_tenant("t", options(&document.to_string())).unwrap();
    let role = tenant.get("Role", "RL_AUDITV", &Default::default()).unwrap();
    assert!(role.json.contains("\"Mine\""), "{}", role.json);
    tenant.id_of("Group", json!({"id": "G", "displayName": "g"}));
    let attributes = [("A", "1"), ("B", "2")].map(|(name, value)| json!({"name": name, "value": value}));
    let user = json!({"externalId": "u", "name": {"givenName": "a", "familyName": "b"}, "groups": [{"value": "G"}],
        "urn:hid:scim:api:idp:2.0:UserAttribute": {"attributes": attributes}});
    let id = tenant.id_of("User", user);
    let found = tenant.get("User", &id, &Default::default()).unwrap();
    assert!(!found.json.contains("\"roles\""), "{}", found.json);
    assert_eq!(tenant.found(Some("User"), "attributes.name eq A and attributes.value eq 2"), [id]);
}

#[test]
fn what_a_profile_brings_goes_with_it_alone() {
    let store = store();
    let urn = "urn:example:2.0:Thing";
    let resource_type = json!({"id": "Thing", "name": "Thing", "endpoint": "/Things", "schema": urn});
    let profile = json!({"name": "p", "resourceTypes": [resource_type],
        "schemas": [{"id": urn, "name": "Thing", "attributes": [{"name": "a", "type": "string"}]}]});
    let tenant = store.create_tenant("t", options(&profile.to_string())).unwrap();
    let remove = || tenant.remove_schema("Thing");
    assert_eq!(remove().unwrap_err().kind(), ErrorKind::InvalidArgument);
    // What was registered over it goes, and it is there again.
    let own = json!([{"id": "Thing", "name": "Thing", "endpoint": "/Others", "schema": urn}]).to_string();
    tenant.put_schemas(scimdb::message::parse_schema_document(own.as_bytes()).unwrap()).unwrap();
    tenant.found(Some("/Others"), "");
    remove().unwrap();
    tenant.found(Some("/Things"), "");
    assert_eq!(remove().unwrap_err().kind(), ErrorKind::InvalidArgument);
}
