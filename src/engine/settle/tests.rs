//! The rules one by one, on resources that no store knows; and through a store what a request gets that names what is
//! derived.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Occasion, leave_later, settle};
use crate::engine::config::Config;
use crate::engine::documents::{Builtin, Documents};
use crate::engine::{ReadOptions, TenantOptions, WriteOptions};
use crate::message::ResourceInput;
use crate::model::{BindOptions, Complex, PathTarget, TypeModel, bind};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result, Store, StoreOptions, Tenant};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const MORE: &str = "urn:example:2.0:More";

/// A profile whose users have elements with a `name` and a `value`, and a switch that is a string.
fn profile(attributes: Json, rules: Json) -> Profile {
    let mut all: Json = rules;
    for rule in all.as_array_mut().unwrap() {
        rule["resourceType"] = json!("User");
    }
    let string = |name: &str| json!({"name": name, "type": "string"});
    let parts = [string("name"), string("value"), string("kind")];
    let elements = json!({"name": "elements", "type": "complex", "multiValued": true, "subAttributes": parts});
    let document = json!({
        "name": "settled",
        "schemas": [{"id": MORE, "attributes": [elements, string("switch"), string("note")]}],
        "resourceTypes": [{"name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": [{"schema": MORE}]}],
        "attributes": {"User": attributes},
        "rules": all,
        "apiVersions": {"default": 1},
    });
    document.to_string().parse().unwrap()
}

struct Bench(Config);

impl Bench {
    fn new(attributes: Json, rules: Json) -> Self {
        let profile = profile(attributes, rules);
        let (registry, _) = Documents::default().compile(&Builtin::new().unwrap(), &profile).unwrap();
        Bench(Config::new(Arc::new(profile), registry, None, None).unwrap())
    }

    fn model(&self) -> &TypeModel {
        self.0.registry.resource_type("User").unwrap()
    }

    /// The attributes of a user as a store has them; what begins with `more.` is of the extension.
    fn user(&self, json: &Json) -> Complex {
        let text = json.to_string().replace("\"more.", &format!("\"{MORE}:"));
        let options = BindOptions { trusted: true, lenient_schemas: true, ..BindOptions::default() };
        let input = ResourceInput::from_json(text.as_bytes()).unwrap();
        bind::bind_resource(self.model(), input.0, options).unwrap().attributes
    }

    /// What becomes of `after`, of which a request named these attributes.
    fn settled(&self, before: Option<&Json>, named: &[&str], after: &Json) -> Result<Complex> {
        let (before, mut after) = (before.map(|before| self.user(before)), self.user(after));
        let id = |name: &&str| match self.model().resolve(&name.replace("more.", &format!("{MORE}:"))) {
            Ok(PathTarget::Attribute(target)) => target.attribute,
            _ => panic!("{name}"),
        };
        let occasion = if before.is_some() { Occasion::Modify } else { Occasion::Create };
        let named = named.iter().map(id).collect();
        settle(&self.0.rules, self.model(), occasion, before.as_ref(), &named, &mut after)?;
        Ok(after)
    }

    fn becomes(&self, before: Option<&Json>, named: &[&str], after: &Json, expected: &Json) {
        let settled = self.settled(before, named, after).unwrap();
        assert_eq!(settled, self.user(expected), "{before:?} {named:?} {after}");
    }
}

#[test]
fn what_is_set_is_the_first_value_that_there_is() {
    let from = json!(["nickName", "emails[primary eq true].value", "emails.value"]);
    let bench = Bench::new(json!({}), json!([{"set": "title", "from": from}]));
    let emails = json!([{"value": "a@x"}, {"value": "b@x", "primary": true}]);
    for (sent, title) in [
        (json!({"nickName": "N", "emails": emails}), json!("N")),
        // What is empty says nothing.
        (json!({"nickName": "", "emails": emails}), json!("b@x")),
        (json!({"emails": [{"value": "a@x"}]}), json!("a@x")),
        // Nothing: what a client sent goes as well.
        (json!({"title": "sent"}), Json::Null),
    ] {
        let mut expected = sent.clone();
        expected["title"] = title;
        bench.becomes(None, &["title"], &sent, &expected);
    }
    let bench = Bench::new(
        json!({"title": {"required": true, "mutability": "readOnly"}}),
        json!([{"set": "title", "from": ["nickName"]}, {"set": "displayName", "join": ["name.givenName", "name.familyName"]}]),
    );
    let error: Error = bench.settled(None, &[], &json!({"name": {"givenName": "Ann"}})).unwrap_err();
    assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("title")));
    assert_eq!(error.detail(), "title is required, and made of nickName: send that");
    // What is joined leaves out what is not there, and is nothing of nothing.
    let sent = json!({"nickName": "N", "name": {"givenName": "Ann"}});
    bench.becomes(
        None,
        &[],
        &sent,
        &json!({"nickName": "N", "name": sent["name"], "title": "N", "displayName": "Ann"}),
    );
    bench.becomes(None, &[], &json!({"nickName": "N", "displayName": "x"}), &json!({"nickName": "N", "title": "N"}));
}

#[test]
fn rules_run_in_their_order_behind_what_clients_write_twice() {
    let mirror = json!({"mirror": "name.givenName", "in": "urn:example:2.0:More:elements", "where": {"name": "FIRST"},
        "value": "value"});
    let (join, title) = (
        json!({"set": "displayName", "join": ["name.givenName", "nickName"]}),
        json!({"set": "title", "from": ["displayName"]}),
    );
    let before = json!({"displayName": "Old", "title": "Old"});
    let after = json!({"displayName": "Old", "title": "Old", "nickName": "N", "more.elements": [{"name": "first", "value": "Ann"}]});
    let expected = |title: &str| {
        let mut expected = after.clone();
        expected["name"] = json!({"givenName": "Ann"});
        expected["displayName"] = json!("Ann N");
        expected["title"] = json!(title);
        expected
    };
    // A mirror goes before what is derived, wherever it stands.
    let bench = Bench::new(json!({}), json!([join, title, mirror]));
    bench.becomes(Some(&before), &[], &after, &expected("Ann N"));
    // What is derived of something derived stands behind it: before it, it has what that was.
    let bench = Bench::new(json!({}), json!([mirror, title, join]));
    bench.becomes(Some(&before), &[], &after, &expected("Old"));
}

#[test]
fn of_an_attribute_and_its_element_the_side_that_changed_counts() {
    let bench = Bench::new(
        json!({}),
        json!([{"mirror": "name.givenName", "in": format!("{MORE}:elements"), "where": {"name": "FIRST"}, "value": "value",
            "with": {"kind": "text"}}]),
    );
    let core = |name: &str| json!({"name": {"givenName": name}});
    let element = |name: &str| json!({"name": "FIRST", "kind": "text", "value": name});
    let other = json!({"name": "OTHER", "value": "o"});
    let both = |core_name: &str, elements: Json| json!({"name": {"givenName": core_name}, "more.elements": elements});
    let ann = both("Ann", json!([element("Ann"), other]));
    for (before, after, expected) in [
        // Made, with what else such an element has, behind the others.
        (None, both("Ann", json!([other])), both("Ann", json!([other, element("Ann")]))),
        (None, json!({"more.elements": [{"name": "first", "value": "Ann"}]}), {
            json!({"name": {"givenName": "Ann"}, "more.elements": [{"name": "first", "value": "Ann"}]})
        }),
        // The side that changed; the attribute, where both did.
        (Some(&ann), both("Bea", json!([element("Ann"), other])), both("Bea", json!([element("Bea"), other]))),
        (Some(&ann), both("Ann", json!([element("Bea"), other])), both("Bea", json!([element("Bea"), other]))),
        (Some(&ann), both("Bea", json!([element("Cat"), other])), both("Bea", json!([element("Bea"), other]))),
        // Either takes the other with it; one that is left out gives way to one that is given.
        (Some(&ann), json!({"more.elements": [element("Ann"), other]}), json!({"more.elements": [other]})),
        (Some(&ann), both("Ann", json!([other])), json!({"more.elements": [other]})),
        (Some(&ann), json!({"more.elements": [element("Bea")]}), both("Bea", json!([element("Bea")]))),
        (Some(&ann), core("Bea"), both("Bea", json!([element("Bea")]))),
    ] {
        bench.becomes(before, &[], &after, &expected);
    }
    // What a profile found in place stays as it is until it is written.
    let found = both("Ann", json!([element("Bea")]));
    bench.becomes(Some(&found), &[], &found, &found);
}

#[test]
fn a_switch_goes_off_with_another_and_comes_on_with_it() {
    let bench = Bench::new(json!({}), json!([{"set": format!("{MORE}:switch"), "follows": "active"}]));
    let both = |active: bool, switch: &str| json!({"active": active, "more.switch": switch});
    let (on, off, alone) = (both(true, "true"), both(false, "false"), both(true, "False"));
    for (before, named, after, expected) in [
        (None, "active", json!({"active": true}), on.clone()),
        (None, "more.switch", alone.clone(), alone.clone()),
        (None, "more.switch", both(false, "true"), off.clone()),
        // Nothing to follow.
        (None, "more.switch", json!({"more.switch": "true"}), json!({"more.switch": "true"})),
        (Some(&on), "active", both(false, "true"), off.clone()),
        (Some(&off), "active", both(true, "false"), on.clone()),
        (Some(&on), "more.switch", alone.clone(), alone.clone()),
        // Off by itself, it stays so as long as the other one does not go off and on.
        (Some(&alone), "active", alone.clone(), alone.clone()),
        (Some(&off), "more.switch", both(false, "true"), off.clone()),
        // Taken away, it is there again, since the other one is on.
        (Some(&alone), "more.switch", json!({"active": true}), on.clone()),
        // What says neither is none.
        (Some(&on), "more.switch", both(false, "maybe"), off.clone()),
    ] {
        bench.becomes(before, &[named], &after, &expected);
    }
}

#[test]
fn what_came_later_is_as_it_was() {
    let later = json!({"title": {"since": 2}, format!("{MORE}:elements.kind"): {"since": 3}});
    let bench = Bench::new(later, json!([]));
    let element = |value: &str, kind: Json| json!({"value": value, "kind": kind});
    let left = |version: Option<u32>, before: Option<&Json>, after: &Json| {
        let (before, mut after) = (before.map(|before| bench.user(before)), bench.user(after));
        leave_later(bench.model(), version, before.as_ref(), &mut after);
        after
    };
    let before = json!({"title": "Dr", "more.elements": [element("a", json!("A")), element("b", json!("B"))]});
    let after =
        json!({"title": "Mr", "more.elements": [element("b", json!("x")), element("c", json!("x")), {"kind": "x"}]});
    let kept = |title: &str| json!({"title": title, "more.elements": [element("b", json!("B")), {"value": "c"}]});
    for (version, expected) in [(1, kept("Dr")), (2, kept("Mr")), (3, after.clone())] {
        assert_eq!(left(Some(version), Some(&before), &after), bench.user(&expected), "{version}");
    }
    assert_eq!(left(None, Some(&before), &after), bench.user(&after));
    let made = json!({"more.elements": [{"value": "b"}, {"value": "c"}]});
    assert_eq!(left(Some(1), None, &after), bench.user(&made), "of a new one nothing is taken");
    // It does not go with what a request leaves out; elements do.
    assert_eq!(
        left(Some(1), Some(&before), &json!({"nickName": "N"})),
        bench.user(&json!({"nickName": "N", "title": "Dr"}))
    );
}

/// A tenant of a profile, in a store in memory.
fn tenant(profile: Profile) -> Tenant {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    store.create_tenant("settled", TenantOptions::of_profile(profile)).unwrap()
}

fn make(tenant: &Tenant, kind: &str, json: Json) -> Result<String> {
    let input = ResourceInput::from_json(json.to_string().as_bytes()).unwrap();
    tenant.create(kind, input, &WriteOptions::default()).map(|made| made.id)
}

/// What a PATCH changes: whether anything, or what it is refused with.
fn patch(tenant: &Tenant, id: &str, operation: Json) -> Result<bool, (ErrorKind, String)> {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    let json = json!({"schemas": schemas, "Operations": [operation]}).to_string();
    let request = tenant.read_patch(json.as_bytes()).unwrap();
    let written = tenant.modify("User", id, &request, &WriteOptions::default());
    let told = |error: Error| (error.kind(), error.attribute().unwrap_or_default().to_owned());
    written.map(|written| written.changed).map_err(told)
}

fn shown(tenant: &Tenant, id: &str) -> Json {
    serde_json::from_str(&tenant.get("User", id, &ReadOptions::default()).unwrap().json).unwrap()
}

#[test]
fn a_patch_does_not_set_what_is_derived() {
    let derived = |dialect: &str, mutability: &str| {
        let document = json!({
            "name": "derived", "dialect": dialect,
            "attributes": {"User": {"displayName": {"mutability": mutability}}},
            "rules": [{"resourceType": "User", "set": "displayName", "join": ["name.givenName", "name.familyName"]}],
        });
        tenant(document.to_string().parse().unwrap())
    };
    let refused = Err((ErrorKind::Mutability, "displayName".to_owned()));
    for (dialect, mutability, path, pathless) in [
        ("strict", "readOnly", refused.clone(), refused.clone()),
        // Without a path, identity providers send everything that they know.
        ("entra", "readOnly", refused, Ok(false)),
        ("activtrak", "readOnly", Ok(false), Ok(false)),
        // Clients may write it, and the rule has the last word.
        ("strict", "readWrite", Ok(false), Ok(false)),
    ] {
        let tenant = derived(dialect, mutability);
        let sent = json!({"schemas": [USER], "userName": "ann", "name": {"givenName": "Ann"}, "displayName": "sent"});
        let id = make(&tenant, "User", sent).unwrap();
        let case = format!("{dialect} {mutability}");
        assert_eq!(shown(&tenant, &id)["displayName"], "Ann", "{case}");
        assert_eq!(patch(&tenant, &id, json!({"op": "replace", "path": "displayName", "value": "x"})), path, "{case}");
        assert_eq!(patch(&tenant, &id, json!({"op": "remove", "path": "displayName"})), path, "{case}");
        assert_eq!(patch(&tenant, &id, json!({"op": "add", "value": {"displayName": "x"}})), pathless, "{case}");
        let source = json!({"op": "add", "path": "name.familyName", "value": "Lee"});
        assert_eq!(patch(&tenant, &id, source), Ok(true), "{case}");
        assert_eq!(shown(&tenant, &id)["displayName"], "Ann Lee", "{case}");
    }
}

#[test]
fn what_a_value_names_is_there_and_lends_its_name() {
    let document = json!({
        "name": "badges",
        "schemas": [{"id": "urn:example:2.0:Badge", "attributes": [{"name": "displayName", "type": "string"}]}],
        "resourceTypes": [{"name": "Badge", "endpoint": "/Badges", "schema": "urn:example:2.0:Badge"}],
        "attributes": {"User": {"roles.value": {"known": {"resourceType": "Badge", "display": "display"}}}},
        "rules": [{"resourceType": "Badge", "inUse": {"by": "User", "attribute": "roles.value"}}],
    });
    let tenant = tenant(document.to_string().parse().unwrap());
    let badge = |name: &str| {
        make(&tenant, "Badge", json!({"schemas": ["urn:example:2.0:Badge"], "displayName": name})).unwrap()
    };
    let with = |id: &str| json!({"schemas": [USER], "userName": "ann", "roles": [{"value": id, "display": "sent"}]});
    let (gold, tin) = (badge("Gold"), badge("Tin"));
    let error = make(&tenant, "User", with("nowhere")).unwrap_err();
    assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("roles.value")));
    let ann = make(&tenant, "User", with(&gold)).unwrap();
    assert_eq!(shown(&tenant, &ann)["roles"], json!([{"value": gold, "display": "Gold"}]));
    // A user is there, and is no badge.
    let wrong = patch(&tenant, &ann, json!({"op": "add", "path": "roles", "value": [{"value": ann}]}));
    assert_eq!(wrong, Err((ErrorKind::InvalidValue, "roles.value".to_owned())));

    let delete = |id: &str, force: bool| {
        let options = WriteOptions { force, ..WriteOptions::default() };
        tenant.delete("Badge", id, &options).map_err(|error| error.kind())
    };
    assert_eq!((delete(&gold, false), delete(&tin, false)), (Err(ErrorKind::InUse), Ok(())));
    assert_eq!(delete(&gold, true), Ok(()));
    // A value that was there stays, whatever became of what it names; another one must be sound.
    assert_eq!(patch(&tenant, &ann, json!({"op": "add", "path": "title", "value": "Dr"})), Ok(true));
    let more = patch(&tenant, &ann, json!({"op": "add", "path": "roles", "value": [{"value": badge("New")}]}));
    assert_eq!(more, Err((ErrorKind::InvalidValue, "roles.value".to_owned())));
}
