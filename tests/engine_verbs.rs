//! What the verbs promise beside what they show: versions, projections, passwords, memberships, the change log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scimdb::engine::{
    ChangeOperation, Medium, MemoryMedium, ReadOptions, Scope, TenantOptions, TokenOptions, WriteOptions,
};
use scimdb::model::VersionMatch;
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

const SOON: Duration = Duration::from_secs(20);

fn if_match(tag: &str) -> WriteOptions {
    WriteOptions { if_match: Some(VersionMatch::parse(tag)), ..WriteOptions::default() }
}

fn if_none_match(tag: &str) -> WriteOptions {
    WriteOptions { if_none_match: Some(VersionMatch::parse(tag)), ..WriteOptions::default() }
}

/// RFC 7644 section 3.14.
#[test]
fn versions_guard_writes_and_spare_reads() {
    let tenant = tenant();
    let made = tenant.make("User", user("ada")).unwrap();
    let first = made.tag.to_string();
    let rename = patch(json!([{"op": "replace", "path": "displayName", "value": "Ada"}]));
    for (options, expected) in [
        (if_match("W/\"0\""), Some(ErrorKind::VersionMismatch)),
        (if_match("\"of another store\""), Some(ErrorKind::VersionMismatch)),
        (if_none_match(&first), Some(ErrorKind::VersionMismatch)),
        (if_none_match("*"), Some(ErrorKind::VersionMismatch)),
        (if_match(&format!("W/\"0\", {first}")), None),
        (if_match("*"), None),
    ] {
        let written = tenant.modify("User", &made.id, &rename, &options);
        assert_eq!(written.map(drop).err().map(|error| error.kind()), expected, "{options:?}");
    }
    let second = tenant.show("User", &made.id).unwrap().tag.to_string();
    assert_ne!(first, second);
    let stale = tenant.replace("User", &made.id, input(user("ada")), &if_match(&first)).unwrap_err();
    assert_eq!((stale.kind(), stale.status()), (ErrorKind::VersionMismatch, 412));
    assert_eq!(tenant.delete("User", &made.id, &if_match(&first)).unwrap_err().kind(), ErrorKind::VersionMismatch);

    let read = |tag: &str| {
        let options = ReadOptions { if_none_match: Some(VersionMatch::parse(tag)), ..ReadOptions::default() };
        tenant.get("User", &made.id, &options).map(drop).map_err(|error| error.kind())
    };
    assert_eq!(read(&first), Ok(()));
    assert_eq!(read(&second), Err(ErrorKind::NotModified));
    assert_eq!(read("*"), Err(ErrorKind::NotModified));

    tenant.delete("User", &made.id, &if_match(&second)).unwrap();
    let options = WriteOptions { id: Some(made.id.clone()), ..WriteOptions::default() };
    let again = tenant.create("User", input(user("ada")), &options).unwrap();
    assert!(again.tag.version > made.tag.version + 1, "versions outlive what they named");
}

#[test]
fn what_changes_nothing_keeps_the_version() {
    let tenant = tenant();
    let id = tenant.id_of("User", json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "a@b.c"}]}));
    let before = tenant.show("User", &id).unwrap();
    let same = [
        tenant.patch("User", &id, json!([{"op": "replace", "path": "userName", "value": "ada"}])),
        tenant.patch("User", &id, json!([{"op": "add", "path": "emails", "value": [{"value": "a@b.c"}]}])),
        tenant.patch("User", &id, json!([{"op": "remove", "path": "title"}])),
        tenant.put(
            "User",
            &id,
            json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "a@b.c"}], "title": null}),
        ),
    ];
    for written in same {
        let written = written.unwrap();
        assert!(!written.changed);
        assert_eq!(written.representation, before);
    }
    let error =
        tenant.patch("User", &id, json!([{"op": "remove", "path": "title"}, {"op": "remove", "path": "userName"}]));
    assert!(error.is_err());
    assert_eq!(tenant.show("User", &id).unwrap(), before);
}

#[test]
fn a_write_that_is_refused_changed_nothing() {
    let tenant = tenant();
    let id = tenant.id_of("User", user("ada"));
    let before = tenant.show("User", &id).unwrap();
    let options = WriteOptions {
        attributes: vec!["id".to_owned()],
        excluded_attributes: vec!["title".to_owned()],
        ..WriteOptions::default()
    };
    let rename = patch(json!([{"op": "replace", "path": "title", "value": "Countess"}]));
    assert!(tenant.create("User", input(user("bob")), &options).is_err());
    assert!(tenant.replace("User", &id, input(json!({"schemas": [USER], "userName": "eve"})), &options).is_err());
    assert!(tenant.modify("User", &id, &rename, &options).is_err());
    assert_eq!(tenant.found(None, ""), [id.as_str()]);
    assert_eq!(tenant.show("User", &id).unwrap(), before);
}

/// RFC 7643 section 4.1.2 and 4.2; RFC 7644 section 3.7.1 makes such a cycle.
#[test]
fn groups_are_told_through_groups_and_cycles_end() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let ada = tenant.id_of("User", user("ada"));
    let inner = tenant.id_of("Group", group("inner", &[&ada]));
    let outer = tenant.id_of("Group", group("outer", &[&inner]));
    tenant.patch("Group", &inner, json!([{"op": "add", "path": "members", "value": [{"value": outer}]}])).unwrap();

    let read = tenant.read("User", &ada);
    let told = |index: usize, name: &str| read["groups"][index][name].clone();
    assert_eq!(read["groups"].as_array().unwrap().len(), 2);
    assert_eq!(
        [told(0, "value"), told(0, "type"), told(0, "display")],
        [json!(inner), json!("direct"), json!("inner")]
    );
    assert_eq!(
        [told(1, "value"), told(1, "type"), told(1, "display")],
        [json!(outer), json!("indirect"), json!("outer")]
    );
    assert_eq!(told(1, "$ref"), json!(format!("/Groups/{outer}")));
    assert_eq!(tenant.found(Some("User"), &format!("groups.value eq \"{outer}\"")), [ada.as_str()]);
    assert_eq!(
        tenant.found(Some("User"), "groups[type eq \"indirect\" and display eq \"INNER\"]"),
        Vec::<String>::new()
    );

    // A group that changes its name changes what is shown of its users: a new entity tag, the same version.
    let before = tenant.show("User", &ada).unwrap().tag;
    tenant.patch("Group", &outer, json!([{"op": "replace", "path": "displayName", "value": "all"}])).unwrap();
    let after = tenant.show("User", &ada).unwrap().tag;
    assert_eq!(before.version, after.version);
    assert_ne!(before, after);
    let without = ReadOptions { excluded_attributes: vec!["groups".to_owned()], ..ReadOptions::default() };
    assert_eq!(tenant.get("User", &ada, &without).unwrap().tag.derived, None);
    tenant.delete("User", &ada, &if_match(&before.to_string())).unwrap_err();
    tenant
        .modify(
            "User",
            &ada,
            &patch(json!([{"op": "remove", "path": "title"}])),
            &if_match(&format!("W/\"{}\"", after.version)),
        )
        .unwrap();

    // What is deleted leaves no member behind, and its groups have changed.
    let before = tenant.show("Group", &inner).unwrap().tag.version;
    tenant.drop_resource("User", &ada).unwrap();
    let read = tenant.show("Group", &inner).unwrap();
    assert!(read.tag.version > before && !read.json.contains(&ada));
    assert_eq!(tenant.found(Some("Group"), &format!("members.value eq \"{ada}\"")), Vec::<String>::new());
    tenant.drop_resource("Group", &outer).unwrap();
    assert_eq!(tenant.read("Group", &inner).get("members"), None);
    assert_sound(&store);
}

/// A medium that counts the bytes that are read.
#[derive(Clone, Debug, Default)]
struct Counting(MemoryMedium, Arc<AtomicU64>);

impl Medium for Counting {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.1.fetch_add(out.len() as u64, Ordering::SeqCst);
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

#[test]
fn members_that_are_not_shown_are_not_read() {
    let medium = Counting::default();
    let open = || {
        let mut options = StoreOptions::default();
        options.cache_bytes = 0;
        let medium = medium.clone();
        Store::open_on(Arc::new(move || Ok(Box::new(medium.clone()) as Box<dyn Medium>)), options).unwrap()
    };
    let tenant = open().tenant("default").unwrap();
    let mut importer = tenant.import(Default::default()).unwrap();
    let ids: Vec<String> = (0..3_000).map(|n| format!("user-{n:05}")).collect();
    for (row, id) in ids.iter().enumerate() {
        let mut json = user(id);
        json["id"] = json!(id);
        importer.push(row as u64, json.to_string().into_bytes()).unwrap();
    }
    importer.finish().unwrap();
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    let big = tenant.id_of("Group", group("big", &members));
    drop(tenant);

    let tenant = open().tenant("default").unwrap();
    let cost = |read: &dyn Fn()| {
        let before = medium.1.load(Ordering::SeqCst);
        read();
        medium.1.load(Ordering::SeqCst) - before
    };
    let options = ReadOptions { excluded_attributes: vec!["members".to_owned()], ..ReadOptions::default() };
    let bare = cost(&|| assert!(!tenant.get("Group", &big, &options).unwrap().json.contains("user-")));
    let search = scimdb::message::SearchRequest {
        excluded_attributes: options.excluded_attributes.clone(),
        ..Default::default()
    };
    let searched = cost(&|| drop(tenant.search(Some("Group"), &search).unwrap()));
    let add = json!([{"op": "remove", "path": "members[value eq \"user-00007\"]"}]);
    let quiet = WriteOptions { excluded_attributes: vec!["members".to_owned()], ..WriteOptions::default() };
    let patched = cost(&|| assert!(tenant.modify("Group", &big, &patch(add.clone()), &quiet).unwrap().changed));
    let unnamed = cost(&|| assert_eq!(tenant.read("Group", &big)["members"].as_array().unwrap().len(), 2_999));
    // Names stand in the members' own rows.
    let named = ReadOptions { attributes: vec!["members.display".to_owned()], ..ReadOptions::default() };
    let full = cost(&|| assert!(tenant.get("Group", &big, &named).unwrap().json.contains("display")));
    assert!(unnamed * 3 < full, "members read {unnamed} bytes, and {full} with their names");
    for (what, bytes) in [("get", bare), ("search", searched), ("modify", patched)] {
        assert!(bytes * 20 < full, "{what} read {bytes} bytes, and all members are {full}");
    }
}

#[test]
fn passwords_are_kept_hashed_and_told_to_nobody() {
    let tenant = tenant();
    const SECRET: &str = "t1meMa$heen";
    let body = json!({"schemas": [USER], "userName": "ada", "password": SECRET});
    let all = WriteOptions { attributes: vec!["password,userName".to_owned()], ..WriteOptions::default() };
    let made = tenant.create("User", input(body.clone()), &all).unwrap();
    let id = made.id.as_str();
    let verifies = |password: &str| tenant.verify_password("User", id, password).unwrap();
    assert!(verifies(SECRET) && !verifies("") && !verifies("t1meMa$heem"));
    assert!(!tenant.verify_password("User", "nobody", SECRET).unwrap());

    // PUT without a password keeps it, PATCH changes it; the message for one that cannot be is about the attribute.
    tenant.put("User", id, user("ada")).unwrap();
    assert!(verifies(SECRET));
    tenant.patch("User", id, json!([{"op": "replace", "path": "password", "value": "an0ther"}])).unwrap();
    assert!(verifies("an0ther") && !verifies(SECRET));
    let error =
        tenant.patch("User", id, json!([{"op": "replace", "path": "password", "value": "bell\u{7}"}])).unwrap_err();
    assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some("password")));
    assert!(!format!("{error:?}").contains("bell"));
    let bulk = tenant.send_bulk(json!({"Operations": [
        {"method": "PATCH", "path": format!("/Users/{id}"), "data": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "password", "value": "\u{7}"}]}},
        {"method": "PATCH", "path": format!("/Users/{id}"), "data": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "password", "value": SECRET}]}}]}));
    assert_eq!(bulk.results.iter().map(|result| result.status).collect::<Vec<_>>(), [400, 200]);
    assert!(verifies(SECRET));

    for filter in ["password pr", "password eq \"x\"", "not (password sw \"$argon2\")"] {
        assert_eq!(tenant.page(Some("User"), filter).unwrap_err().kind(), ErrorKind::InvalidFilter);
    }
    let sort = scimdb::message::SearchRequest { sort_by: Some("password".to_owned()), ..Default::default() };
    assert_eq!(tenant.search(None, &sort).unwrap_err().kind(), ErrorKind::InvalidPath);
    let read = ReadOptions { attributes: vec!["password".to_owned()], ..ReadOptions::default() };
    let changes = tenant.changes(0, 100, Duration::ZERO).unwrap();
    assert!(changes.iter().any(|change| change.attributes.contains(&"password".to_owned())));
    let told = [
        made.json.clone(),
        tenant.show("User", id).unwrap().json,
        tenant.get("User", id, &read).unwrap().json,
        format!("{changes:?}"),
    ];
    for text in told {
        assert!(!text.contains("argon2") && !text.contains(SECRET) && !text.contains("\"password\":"), "{text}");
    }
    let rows = tenant.exported().join("\n");
    assert!(rows.contains("\"password\":\"$argon2id$") && !rows.contains(SECRET));
}

#[test]
fn changes_are_told_in_order_with_names_and_no_values() {
    let tenant = tenant();
    let by = |actor: &str| WriteOptions { actor: Some(actor.to_owned()), ..WriteOptions::default() };
    let made =
        tenant.create("User", input(json!({"schemas": [USER], "userName": "ada", "title": "x"})), &by("hr")).unwrap();
    let group = tenant.make("Group", group("g", &[&made.id])).unwrap();
    let rename =
        patch(json!([{"op": "remove", "path": "title"}, {"op": "add", "path": "name.givenName", "value": "Ada"}]));
    tenant.modify("User", &made.id, &rename, &by("it")).unwrap();
    tenant.modify("User", &made.id, &rename, &by("it")).unwrap();
    tenant.delete("User", &made.id, &by("hr")).unwrap();
    let changes = tenant.changes(0, 100, Duration::ZERO).unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|c| (c.operation, c.resource_type.as_str(), c.actor.as_deref(), c.attributes.join(",")))
        .collect();
    use ChangeOperation::{Create, Delete, Modify};
    assert_eq!(
        told,
        [
            (Create, "User", Some("hr"), "userName,title".to_owned()),
            (Create, "Group", None, "displayName,members".to_owned()),
            (Modify, "User", Some("it"), "name,title".to_owned()),
            (Modify, "Group", Some("hr"), "members".to_owned()),
            (Delete, "User", Some("hr"), String::new()),
        ]
    );
    assert_eq!(changes[0].sequence, made.tag.version);
    assert_eq!(changes[3].id, group.id);
    assert_eq!(tenant.show("Group", &group.id).unwrap().tag.version, changes[3].sequence);
    assert!(changes.windows(2).all(|pair| pair[0].sequence < pair[1].sequence && pair[0].time <= pair[1].time));
    assert_eq!(tenant.changes(changes[2].sequence, 1, Duration::ZERO).unwrap(), changes[3..4]);
}

#[test]
fn waiting_for_changes_ends_with_one_and_not_with_others() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let other = store.create_tenant("other", TenantOptions::default()).unwrap();
    let first = tenant.make("User", user("ada")).unwrap().tag.version;
    let waiting = {
        let tenant = tenant.clone();
        std::thread::spawn(move || tenant.changes(first, 10, SOON).unwrap())
    };
    for n in 0..50 {
        other.make("User", user(&format!("noise-{n}"))).unwrap();
    }
    let made = tenant.make("User", user("bob")).unwrap();
    let told = waiting.join().unwrap();
    assert_eq!(told.iter().map(|change| change.id.as_str()).collect::<Vec<_>>(), [made.id.as_str()]);
    // Noise of others does not end it early either.
    let noise = std::thread::spawn(move || other.make("User", user("more noise")).unwrap());
    let started = Instant::now();
    assert_eq!(tenant.changes(told[0].sequence, 10, Duration::from_millis(150)).unwrap(), []);
    assert!(started.elapsed() >= Duration::from_millis(150));
    noise.join().unwrap();

    let waiting = std::thread::spawn(move || tenant.changes(told[0].sequence, 10, SOON));
    std::thread::sleep(Duration::from_millis(20));
    store.close().unwrap();
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn old_changes_are_trimmed_and_who_missed_them_is_told() {
    let mut options = StoreOptions::default();
    options.keep_changes = Some(5);
    let store = Store::open_in_memory(options).unwrap();
    let tenant = store.tenant("default").unwrap();
    for n in 0..20 {
        tenant.make("User", user(&format!("user-{n}"))).unwrap();
    }
    assert_eq!(tenant.stats().unwrap().changes, 5);
    let error = tenant.changes(0, 100, Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    let last = store.sequence().unwrap();
    assert_eq!(tenant.changes(last, 100, Duration::ZERO).unwrap(), []);
    assert_eq!(tenant.changes(last + 1, 100, Duration::ZERO).unwrap_err().kind(), ErrorKind::OutOfRange);
    let kept = tenant.changes(store.stats().unwrap().sequence - 5, 100, Duration::ZERO).unwrap();
    assert_eq!(kept.len(), 5);
    assert_eq!(tenant.changes(kept[0].sequence, 100, Duration::ZERO).unwrap(), kept[1..]);
    assert_sound(&store);
}

#[test]
fn tokens_end_when_their_time_is_over_or_they_are_revoked() {
    let (env, hand) = env();
    let mut options = StoreOptions::default();
    options.env = env;
    let store = Store::open_in_memory(options).unwrap();
    let tenant = store.tenant("default").unwrap();
    let short = TokenOptions { lifetime: Some(Duration::from_secs(60)), ..TokenOptions::of_scope(Scope::Read) };
    let brief = tenant.create_token("brief", short.clone()).unwrap();
    let lasting = tenant.create_token("lasting", TokenOptions::of_scope(Scope::Write)).unwrap();
    assert_eq!(tenant.create_token("brief", short).unwrap_err().kind(), ErrorKind::AlreadyExists);
    let who = store.authenticate(&brief.secret).unwrap();
    assert_eq!((who.tenant.as_str(), who.name.as_str(), who.scope), ("default", "brief", Scope::Read));
    hand.fetch_add(59_000, Ordering::SeqCst);
    store.authenticate(&brief.secret).unwrap();
    hand.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(store.authenticate(&brief.secret).unwrap_err().kind(), ErrorKind::Unauthenticated);
    store.authenticate(&lasting.secret).unwrap();
    tenant.revoke_token("lasting").unwrap();
    assert_eq!(store.authenticate(&lasting.secret).unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(tenant.revoke_token("lasting").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(store.authenticate("").unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{brief:?} {:?}", tenant.tokens().unwrap()).contains(&brief.secret));
}

#[test]
fn a_regenerated_token_has_another_secret_and_is_the_same() {
    let (env, hand) = env();
    let mut options = StoreOptions::default();
    options.env = env;
    let store = Store::open_in_memory(options).unwrap();
    let tenant = store.tenant("default").unwrap();
    let options = TokenOptions { lifetime: Some(Duration::from_secs(60)), ..TokenOptions::of_scope(Scope::Write) };
    let old = tenant.create_token("key", options).unwrap();
    let before = tenant.tokens().unwrap();
    hand.fetch_add(1_000, Ordering::SeqCst);
    let new = tenant.regenerate_token("key").unwrap();
    assert_ne!(old.secret, new.secret);
    assert_eq!(store.authenticate(&old.secret).unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(store.authenticate(&new.secret).unwrap().name, "key");
    assert_eq!(tenant.tokens().unwrap(), before);
    assert_eq!(tenant.regenerate_token("other").unwrap_err().kind(), ErrorKind::NotFound);
    assert_sound(&store);
    hand.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(tenant.regenerate_token("key").unwrap_err().kind(), ErrorKind::InvalidArgument);
    tenant.revoke_token("key").unwrap();
    assert_eq!(store.authenticate(&new.secret).unwrap_err().kind(), ErrorKind::Unauthenticated);
}

/// What a host may call a resource.
#[test]
fn ids_are_given_once_and_kept_apart_by_type() {
    let tenant = tenant();
    let create = |kind: &str, id: &str, body: Value| {
        let options = WriteOptions { id: Some(id.to_owned()), ..WriteOptions::default() };
        tenant.create(kind, input(body), &options).map(|made| made.id).map_err(|error| error.kind())
    };
    assert_eq!(create("User", "a.b-ü", user("ada")).as_deref(), Ok("a.b-ü"));
    assert_eq!(create("Group", "a.b-ü", group("g", &[])), Err(ErrorKind::Uniqueness));
    for id in ["", "a/b", "bulkId:1", "line\n", &"x".repeat(257)] {
        assert_eq!(create("User", id, user("bob")), Err(ErrorKind::InvalidValue), "{id:?}");
    }
    let is_missing = |result: scimdb::Result<()>| assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
    is_missing(tenant.show("Group", "a.b-ü").map(drop));
    is_missing(tenant.drop_resource("Group", "a.b-ü"));
    is_missing(tenant.show("User", "A.B-Ü").map(drop));
    is_unknown(&tenant, "Persons");
    assert_eq!(tenant.read("/users", "a.b-ü")["meta"]["location"], "/Users/a.b-%C3%BC");
}

fn is_unknown(tenant: &Tenant, kind: &str) {
    assert_eq!(tenant.show(kind, "x").unwrap_err().kind(), ErrorKind::UnknownType);
    assert_eq!(tenant.page(Some(kind), "").unwrap_err().kind(), ErrorKind::UnknownType);
}
