//! Tenants see nothing of each other, whatever is asked; many writers and readers lose nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scimdb::engine::{Scope, TenantOptions, TokenOptions, WriteOptions};
use scimdb::message::SearchRequest;
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

const THING: &str = "urn:example:2.0:Thing";

/// Ends the threads that go on until it is set, also when an assertion fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The same in both tenants, ids included, but for the canary.
fn furnish(tenant: &Tenant, canary: &str) {
    let unique = |name: &str, uniqueness: &str| json!({"name": name, "uniqueness": uniqueness});
    tenant
        .register(json!([
            {"id": THING, "attributes": [unique("serial", "server"), unique("code", "global"), {"name": "note"}]},
            {"id": "Thing", "name": "Thing", "endpoint": "/Things", "schema": THING},
        ]))
        .unwrap();
    let create = |kind: &str, id: &str, body: Value| {
        let options =
            WriteOptions { id: Some(id.to_owned()), actor: Some(canary.to_owned()), ..WriteOptions::default() };
        tenant.create(kind, input(body), &options).unwrap();
    };
    create(
        "User",
        "u1",
        json!({"schemas": [USER], "userName": "ada", "externalId": "x", "title": canary,
        "emails": [{"value": format!("{canary}@example.com")}]}),
    );
    create("Thing", "t1", json!({"schemas": [THING], "serial": "s", "code": canary, "note": canary}));
    create("Group", "g1", group(canary, &["u1", "t1"]));
    create("Group", "g2", group("outer", &["g1"]));
    tenant.create_token("token", TokenOptions::of_scope(Scope::Write)).unwrap();
}

/// Whatever a tenant can be asked.
fn everything(tenant: &Tenant) -> String {
    let mut told = tenant.exported();
    let changes = tenant.changes(0, 1_000, Duration::ZERO).unwrap();
    told.push(format!("{changes:?}"));
    told.push(format!("{:?} {:?}", tenant.stats().unwrap(), tenant.tokens().unwrap()));
    for filter in [
        "id pr",
        "id eq \"u1\"",
        "userName eq \"ADA\"",
        "externalId eq \"x\"",
        "serial eq \"s\"",
        "code pr",
        "title co \"a\"",
        "groups.value eq \"g1\"",
        "groups.value eq \"g2\"",
        "groups.display pr",
        "members.value eq \"u1\"",
        "members pr",
        "meta.version pr",
        "not (title pr)",
        "emails[value co \"example\"]",
        "userName eq \"ada\" or id eq \"g1\"",
    ] {
        let request =
            SearchRequest { filter: Some(filter.to_owned()), sort_by: Some("title".to_owned()), ..Default::default() };
        told.push(tenant.search(None, &request).unwrap().to_json());
    }
    for (kind, id) in [("User", "u1"), ("Group", "g1"), ("Group", "g2"), ("Thing", "t1")] {
        told.push(tenant.show(kind, id).unwrap().json);
    }
    told.join("\n")
}

#[test]
fn tenants_see_nothing_of_each_other() {
    let store = store();
    let (left, right) =
        (store.tenant("default").unwrap(), store.create_tenant("right", TenantOptions::default()).unwrap());
    furnish(&left, "canary-left");
    furnish(&right, "canary-right");
    let (of_left, of_right) = (everything(&left), everything(&right));
    assert!(of_left.contains("canary-left") && !of_left.contains("canary-right"));
    assert!(of_right.contains("canary-right") && !of_right.contains("canary-left"));
    for tenant in [&left, &right] {
        for kind in ["User", "Thing"] {
            assert_eq!(tenant.page(Some(kind), "").unwrap().total_results, 1);
        }
        assert_eq!(tenant.found(Some("User"), "groups.value eq \"g2\""), ["u1"]);
    }

    // Errors, bulk and deletes as well.
    let error = left.make("Thing", json!({"schemas": [THING], "code": "CANARY-RIGHT"})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Uniqueness);
    assert!(!format!("{error:?}").to_lowercase().contains("canary"));
    left.make("Thing", json!({"schemas": [THING], "serial": "s2", "code": "free"})).unwrap();
    let bulk = left.send_bulk(json!({"Operations": [{"method": "DELETE", "path": "/Users/u1"},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": user("ada")}]}));
    assert_eq!(bulk.results.iter().map(|result| result.status).collect::<Vec<_>>(), [204, 201]);
    assert_eq!(everything(&right), of_right, "what the left does, the right cannot see");
    let tokens = |tenant: &Tenant, name: &str| {
        let made = tenant.create_token(name, TokenOptions::of_scope(Scope::Read)).unwrap();
        store.authenticate(&made.secret).unwrap().tenant
    };
    assert_eq!([tokens(&left, "one"), tokens(&right, "one")], ["default", "right"]);
    assert_sound(&store);

    // A tenant that is dropped takes its values with it, and another one of its name knows nothing of it.
    let secret = right.create_token("last", TokenOptions::of_scope(Scope::Read)).unwrap().secret;
    store.drop_tenant("right").unwrap();
    assert_eq!(right.show("User", "u1").unwrap_err().kind(), ErrorKind::UnknownTenant);
    assert_eq!(right.make("User", user("eve")).unwrap_err().kind(), ErrorKind::UnknownTenant);
    assert_eq!(store.authenticate(&secret).unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(store.drop_tenant("right").unwrap_err().kind(), ErrorKind::UnknownTenant);
    left.make("Thing", json!({"schemas": [THING], "code": "canary-right"})).unwrap();
    let right = store.create_tenant("right", TenantOptions::default()).unwrap();
    assert!(right.exported().is_empty() && right.tokens().unwrap().is_empty());
    assert_eq!(right.registry().unwrap().types().len(), 2);
    assert_eq!(right.changes(0, 10, Duration::ZERO).unwrap(), []);
    assert_sound(&store);
}

#[test]
fn tenants_have_names_and_settings() {
    let store = store();
    for name in ["", "a/b", "é", &"x".repeat(65)] {
        assert_eq!(store.create_tenant(name, TenantOptions::default()).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    assert_eq!(store.create_tenant("default", TenantOptions::default()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(store.tenant("none").unwrap_err().kind(), ErrorKind::UnknownTenant);
    let tenant = store.tenant("default").unwrap();
    let sloppy = json!([{"op": "replace", "path": "active", "value": "False"}]);
    let id = tenant.id_of("User", user("ada"));
    assert_eq!(tenant.patch("User", &id, sloppy.clone()).unwrap_err().kind(), ErrorKind::InvalidValue);
    let mut options = TenantOptions::default();
    options.profile = "entra".parse().unwrap();
    store.configure_tenant("default", options.clone()).unwrap();
    tenant.patch("User", &id, sloppy).unwrap();
    options.profile = r#"{"name": "p", "sensitive": ["emials"]}"#.parse().unwrap();
    assert_eq!(store.configure_tenant("default", options).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(tenant.profile().unwrap().name(), "entra");
}

#[test]
fn a_profile_of_ones_own_is_kept() {
    const DEVICE: &str = "urn:example:Device";
    let directory = tempfile::tempdir().unwrap();
    let open = || Store::open(directory.path(), StoreOptions::default()).unwrap();
    let store = open();
    let document = json!({"name": "acme", "extends": "okta", "sensitive": ["emails"], "limits": {"maxPage": 7}});
    let options = TenantOptions::of_profile(document.to_string().parse().unwrap());
    let tenant = store.create_tenant("acme", options.clone()).unwrap();
    assert_eq!(tenant.limits().unwrap().max_page, 7);
    assert_eq!(tenant.limits().unwrap().default_page, 7);
    assert_eq!(store.stats().unwrap().tenants[0].profile, "acme");
    // A path of a schema that is not registered yet would guard nothing.
    let later = json!({"name": "later", "sensitive": ["serial"]}).to_string();
    let later = TenantOptions::of_profile(later.parse().unwrap());
    assert_eq!(store.create_tenant("later", later.clone()).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let default = store.tenant("default").unwrap();
    let documents = json!([{"id": DEVICE, "attributes": [{"name": "serial"}]},
        {"id": "Device", "name": "Device", "endpoint": "/Devices", "schema": DEVICE}]);
    default.register(documents).unwrap();
    store.configure_tenant("default", later.clone()).unwrap();
    // A change of the schemas leaves the profile as it is, and so does a restart.
    default.remove_schema("Device").unwrap();
    default.remove_schema(DEVICE).unwrap();
    store.close().unwrap();
    drop((tenant, default, store));
    let store = open();
    assert_eq!(*store.tenant("acme").unwrap().profile().unwrap(), options.profile);
    assert_eq!(store.tenant("acme").unwrap().limits().unwrap().max_page, 7);
    assert_eq!(*store.tenant("default").unwrap().profile().unwrap(), later.profile);
    // Only lower: what the store allows stays the most.
    let wide = json!({"name": "wide", "limits": {"defaultPage": 5000, "maxPage": 5000, "maxBulkOperations": 5000}});
    store.configure_tenant("acme", TenantOptions::of_profile(wide.to_string().parse().unwrap())).unwrap();
    let limits = store.tenant("acme").unwrap().limits().unwrap();
    assert_eq!((limits.default_page, limits.max_page, limits.max_bulk_operations), (1_000, 1_000, 1_000));
    assert_sound(&store);
}

#[test]
fn many_writers_lose_nothing_and_readers_see_whole_states() {
    const WRITERS: usize = 64;
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let ids: Vec<String> = (0..WRITERS).map(|n| tenant.id_of("User", user(&format!("user-{n}")))).collect();
    let (group_id, shared) = (tenant.id_of("Group", group("g", &[])), tenant.id_of("User", user("shared")));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Ends(&done);
        let writers: Vec<_> = ids
            .iter()
            .enumerate()
            .map(|(n, id)| {
                let (tenant, group_id, shared) = (tenant.clone(), &group_id, &shared);
                scope.spawn(move || {
                    let add = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
                    let written = tenant.patch("Group", group_id, add).unwrap();
                    assert!(written.representation.json.contains(id));
                    let mail =
                        json!([{"op": "add", "path": "emails", "value": [{"value": format!("{n}@example.com")}]}]);
                    let written = tenant.patch("User", shared, mail).unwrap();
                    // Whoever was told sees it, in every way.
                    let read = tenant.show("User", shared).unwrap();
                    assert!(read.tag.version >= written.representation.tag.version);
                    assert_eq!(
                        tenant.found(Some("User"), &format!("emails.value eq \"{n}@example.com\"")),
                        [shared.as_str()]
                    );
                    assert_eq!(
                        tenant.found(Some("User"), &format!("groups.value eq \"{group_id}\" and id eq \"{id}\"")),
                        [id.as_str()]
                    );
                    let temporary = tenant.id_of("User", user(&format!("temporary-{n}")));
                    assert_eq!(tenant.found(None, &format!("userName eq \"TEMPORARY-{n}\"")), [temporary.as_str()]);
                    tenant.drop_resource("User", &temporary).unwrap();
                    assert_eq!(tenant.found(None, &format!("id eq \"{temporary}\"")), Vec::<String>::new());
                })
            })
            .collect();
        let readers: Vec<_> = ["", "userName pr", "meta.resourceType eq \"User\" or displayName pr"]
            .into_iter()
            .map(|filter| {
                let (tenant, done) = (tenant.clone(), &done);
                scope.spawn(move || {
                    let mut members = 0;
                    while !done.load(Ordering::SeqCst) {
                        let filter = (!filter.is_empty()).then(|| filter.to_owned());
                        let request = SearchRequest { filter, count: Some(1_000), ..SearchRequest::default() };
                        let page = tenant.search(None, &request).unwrap();
                        assert_eq!(page.total_results, page.resources.len() as u64, "page and total are of one state");
                        // Of one state are also the groups of users and the members of groups.
                        let count =
                            |text: &str| page.resources.iter().map(|r| r.json.matches(text).count()).sum::<usize>();
                        let edges = count("\"type\":\"User\"");
                        if page.resources.iter().any(|resource| resource.resource_type.name == "Group") {
                            assert_eq!(edges, count("\"type\":\"direct\""));
                            assert!(edges >= members, "time does not go back");
                            members = edges;
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        drop(ends);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert_eq!(tenant.read("Group", &group_id)["members"].as_array().unwrap().len(), WRITERS);
    assert_eq!(tenant.read("User", &shared)["emails"].as_array().unwrap().len(), WRITERS);
    let changes = tenant.changes(0, 10_000, Duration::ZERO).unwrap();
    assert_eq!(changes.len(), WRITERS * 5 + 2, "users, members, mails, temporary users made and deleted");
    assert!(changes.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    assert_sound(&store);
}

/// A schema that changes while rows come in: each row is stored by the schemas of its moment, or refused by them.
#[test]
fn schemas_may_change_while_others_write() {
    let documents = |kind: &str| {
        json!([
            {"id": THING, "attributes": [{"name": "size", "type": kind}]},
            {"id": "Thing", "name": "Thing", "endpoint": "/Things", "schema": THING},
        ])
    };
    let store = store();
    let tenant = store.tenant("default").unwrap();
    tenant.register(documents("integer")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Ends(&done);
        let writers: Vec<_> = (0..4)
            .map(|n| {
                let (tenant, done) = (tenant.clone(), &done);
                scope.spawn(move || {
                    while !done.load(Ordering::SeqCst) {
                        let value = if n % 2 == 0 { json!(n) } else { json!("large") };
                        match tenant.make("Thing", json!({"schemas": [THING], "size": value})) {
                            Ok(made) => tenant.drop_resource("Thing", &made.id).unwrap(),
                            Err(error) => {
                                let known = [ErrorKind::InvalidValue, ErrorKind::Unavailable];
                                assert!(known.contains(&error.kind()), "{error:?}");
                            }
                        }
                    }
                })
            })
            .collect();
        let mut changed = 0;
        for round in 0..200 {
            match tenant.register(documents(if round % 2 == 0 { "string" } else { "integer" })) {
                Ok(()) => changed += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::InUse),
            }
            // Only this thread changes schemas, so what is there fits the one that is there.
            let kind = tenant.registry().unwrap().schema(THING).unwrap().attributes[0].attribute_type.keyword();
            for resource in tenant.page(Some("Thing"), "size pr").unwrap().resources {
                let size = json_of(&resource)["size"].clone();
                assert_eq!(size.is_string(), kind == "string", "{size} is no {kind}");
            }
        }
        drop(ends);
        assert!(changed > 0);
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert_sound(&store);
}
