//! Hooks of the host: asked about every write on the thread that makes it, and told of it once it is durable.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use scimdb::engine::{
    ChangeOperation, CommittedWrite, Decision, Hooks, ImportOptions, OnConflict, ProposedWrite, ReadOptions,
    WriteOptions, refusal,
};
use scimdb::message::{BulkRequest, SearchRequest, parse_schema_document};
use scimdb::{Error, ErrorKind, Result, Store, StoreOptions, Tenant};
use script::{group, patch, user, with_id};
use serde_json::{Value, json};

type Before = Box<dyn Fn(&ProposedWrite) -> Result<Decision> + Send + Sync>;
type After = Box<dyn Fn(&CommittedWrite) + Send + Sync>;

/// Hooks that note what they are asked and told, and on which thread.
struct Noting {
    before: Before,
    after: After,
    asked: Mutex<Vec<(ThreadId, ProposedWrite)>>,
    told: Mutex<Vec<(ThreadId, CommittedWrite)>>,
}

impl Noting {
    fn new(before: impl Fn(&ProposedWrite) -> Result<Decision> + Send + Sync + 'static) -> Arc<Self> {
        Self::with_after(before, |_| ())
    }

    fn with_after(
        before: impl Fn(&ProposedWrite) -> Result<Decision> + Send + Sync + 'static,
        after: impl Fn(&CommittedWrite) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (asked, told) = (Mutex::default(), Mutex::default());
        Arc::new(Noting { before: Box::new(before), after: Box::new(after), asked, told })
    }

    /// What was asked since the last time.
    fn asked(&self) -> Vec<ProposedWrite> {
        std::mem::take(&mut *self.asked.lock().unwrap()).into_iter().map(|(_, write)| write).collect()
    }

    fn told(&self) -> Vec<CommittedWrite> {
        std::mem::take(&mut *self.told.lock().unwrap()).into_iter().map(|(_, write)| write).collect()
    }
}

impl Hooks for Noting {
    fn before_write(&self, write: &ProposedWrite) -> Result<Decision> {
        self.asked.lock().unwrap().push((thread::current().id(), write.clone()));
        (self.before)(write)
    }

    fn after_commit(&self, write: &CommittedWrite) {
        self.told.lock().unwrap().push((thread::current().id(), write.clone()));
        (self.after)(write);
    }
}

fn accept(_: &ProposedWrite) -> Result<Decision> {
    Ok(Decision::Accept)
}

fn open(hooks: &Arc<Noting>) -> (Store, Tenant) {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    store.set_hooks(Some(hooks.clone()));
    (store, tenant)
}

fn parsed(text: &Option<String>) -> Value {
    text.as_ref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

fn sound(store: &Store) {
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}

fn get(tenant: &Tenant, kind: &str, id: &str) -> Value {
    serde_json::from_str(&tenant.get(kind, id, &ReadOptions::default()).unwrap().json).unwrap()
}

fn found(tenant: &Tenant, filter: &str) -> u64 {
    let request = SearchRequest { filter: Some(filter.to_owned()), ..SearchRequest::default() };
    tenant.search(Some("User"), &request).unwrap().total_results
}

fn import(tenant: &Tenant, options: ImportOptions, rows: &[String]) -> (scimdb::engine::ImportReport, Vec<String>) {
    let mut importer = tenant.import(options).unwrap();
    for (number, row) in rows.iter().enumerate() {
        importer.push(number as u64, row.clone().into_bytes()).unwrap();
    }
    let (report, rejects) = importer.finish().unwrap();
    (report, rejects.into_iter().map(|reject| format!("{}: {}", reject.row, reject.error)).collect())
}

fn row(kind: &str, id: &str, more: &str) -> String {
    let name = if kind == "User" { "userName" } else { "displayName" };
    format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:{kind}"],"id":"{id}","{name}":"{id}"{more}}}"#)
}

#[test]
fn every_verb_asks_and_tells_on_the_thread_of_its_caller() {
    let hooks = Noting::new(accept);
    let (store, tenant) = open(&hooks);
    let seen = |operation: ChangeOperation, id: &str| {
        let (mut asked, mut told) = (hooks.asked(), hooks.told());
        assert_eq!((asked.len(), told.len()), (1, 1), "{operation:?} {id}");
        let (asked, told) = (asked.remove(0), told.remove(0));
        assert_eq!((asked.operation, &*asked.id, &*asked.tenant), (operation, id, "default"));
        assert_eq!((told.operation, &told.id, &told.actor), (operation, &asked.id, &asked.actor));
        assert_eq!(told.before, asked.before, "nothing came between");
        assert_eq!(told.after.is_none(), operation == ChangeOperation::Delete);
        let version = parsed(&told.after)["meta"]["version"].clone();
        assert_eq!(version, told.version.clone().map_or(Value::Null, Value::String));
        let change = tenant.changes(told.sequence - 1, 1, Duration::ZERO).unwrap().remove(0);
        assert_eq!((&change.id, change.operation, change.sequence), (&told.id, operation, told.sequence));
        (asked, told)
    };
    tenant.create("User", user("ann", r#", "password": "s3cret-Phrase""#), &with_id("u1")).unwrap();
    let (asked, told) = seen(ChangeOperation::Create, "u1");
    assert_eq!((asked.actor.as_deref(), asked.before, &*asked.resource_type), (Some("script"), None, "User"));
    let after: Value = parsed(&asked.after);
    assert_eq!(after["userName"], "ann");
    assert!(after["meta"]["version"].is_null(), "{after}: it has none yet");
    assert!(!told.after.unwrap().contains("password"), "what is never returned, no hook sees");

    tenant.replace("User", "u1", user("anna", ""), &WriteOptions::default()).unwrap();
    let (asked, _) = seen(ChangeOperation::Modify, "u1");
    assert_eq!(
        (parsed(&asked.before)["userName"].clone(), parsed(&asked.after)["userName"].clone()),
        (json!("ann"), json!("anna"))
    );
    patch(&tenant, "User", "u1", r#"{"op": "add", "path": "title", "value": "Dr"}"#).unwrap();
    assert_eq!(parsed(&seen(ChangeOperation::Modify, "u1").1.after)["title"], "Dr");
    // Nothing changes, and nobody is asked.
    patch(&tenant, "User", "u1", r#"{"op": "add", "path": "title", "value": "Dr"}"#).unwrap();
    assert_eq!((hooks.asked(), hooks.told()), (vec![], vec![]));

    tenant.create("Group", group("staff", &["u1"]), &with_id("g1")).unwrap();
    let (asked, _) = seen(ChangeOperation::Create, "g1");
    assert_eq!(parsed(&asked.after)["members"][0]["value"], "u1");
    patch(&tenant, "Group", "g1", r#"{"op": "remove", "path": "members[value eq \"u1\"]"}"#).unwrap();
    let (asked, told) = seen(ChangeOperation::Modify, "g1");
    assert_eq!(parsed(&asked.before)["members"][0]["value"], "u1");
    assert!(parsed(&asked.after)["members"].is_null() && parsed(&told.after)["members"].is_null());
    patch(&tenant, "Group", "g1", r#"{"op": "add", "path": "members", "value": [{"value": "u1"}]}"#).unwrap();
    seen(ChangeOperation::Modify, "g1");

    // The group that loses a member is not asked about.
    tenant.delete("User", "u1", &WriteOptions::default()).unwrap();
    let (asked, _) = seen(ChangeOperation::Delete, "u1");
    assert_eq!((parsed(&asked.before)["groups"][0]["value"].clone(), asked.after), (json!("g1"), None));

    // Another tenant has the same hooks; none are none.
    let other = store.create_tenant("other", Default::default()).unwrap();
    other.create("User", user("ann", ""), &with_id("u1")).unwrap();
    assert_eq!(hooks.asked()[0].tenant, "other");
    store.drop_tenant("other").unwrap();
    assert!(hooks.told().len() == 1 && hooks.asked().is_empty());
    assert!(hooks.asked.lock().unwrap().iter().all(|(thread, _)| *thread == thread::current().id()));
    store.set_hooks(None);
    tenant.create("User", user("ben", ""), &with_id("u2")).unwrap();
    assert!(hooks.asked().is_empty() && hooks.told().is_empty());
    assert_eq!(Arc::strong_count(&hooks), 1, "nobody holds them any more");
    sound(&store);
}

#[test]
fn bulk_and_import_ask_about_each_resource_whole() {
    let hooks = Noting::new(|write| match &*write.id {
        "bad" => Err(refusal(403, None, "not this one")),
        // What is no fault of the client refuses one write all the same.
        "worse" => Err(Error::new(ErrorKind::Unavailable, "the directory is down")),
        "panic" => panic!("as it should"),
        _ => Ok(Decision::Accept),
    });
    let (store, tenant) = open(&hooks);
    let rows: Vec<String> = ["a", "bad", "b", "worse", "panic"].map(|id| row("User", id, "")).into();
    let group = |id: &str, members: &str| row("Group", id, &format!(r#","members":[{{"value":"{members}"}}]"#));
    let rows = [vec![group("g1", "g2"), group("g2", "b"), row("Group", "g3", ""), group("g4", "bad")], rows].concat();
    let (report, rejects) = import(&tenant, ImportOptions::default(), &rows);
    assert_eq!((report.created, report.rejected), (5, 4), "{rejects:?}");
    assert!(rejects.iter().any(|text| text == "5: not this one"), "{rejects:?}");
    assert!(rejects.iter().any(|text| text == "7: the directory is down"), "{rejects:?}");
    let told = hooks.told();
    let ids: BTreeSet<&str> = told.iter().map(|write| &*write.id).collect();
    assert_eq!((ids, told.len()), (["a", "b", "g1", "g2", "g3"].into(), 5), "each once");
    let first = told.iter().find(|write| write.id == "g1").unwrap();
    assert_eq!(parsed(&first.after)["members"][0]["value"], "g2", "with its members");
    assert_eq!(first.operation, ChangeOperation::Create);
    let asked = hooks.asked();
    assert!(asked.iter().filter(|write| write.id == "g1").all(|w| parsed(&w.after)["members"][0]["value"] == "g2"));
    // What replaces is told as a change.
    let options = ImportOptions { on_conflict: OnConflict::Replace, ..ImportOptions::default() };
    import(&tenant, options, &[row("User", "a", r#","title":"Dr""#)]);
    assert_eq!(hooks.told()[0].operation, ChangeOperation::Modify);
    hooks.asked();

    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/Groups", "bulkId": "one", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "one",
            "members": [{"value": "bulkId:two"}]}},
        {"method": "POST", "path": "/Groups", "bulkId": "two", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "two",
            "members": [{"value": "bulkId:one"}, {"value": "a"}]}},
        {"method": "PATCH", "path": "/Users/b", "data": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "title", "value": "Dr"}]}},
        {"method": "PATCH", "path": "/Users/b", "data": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "title", "value": "Dr"}]}},
        {"method": "DELETE", "path": "/Users/a"}]});
    let hooks = Noting::new(|write| {
        let refused = write.operation == ChangeOperation::Delete;
        if refused { Err(refusal(400, Some("mutability"), "nobody goes")) } else { Ok(Decision::Accept) }
    });
    store.set_hooks(Some(hooks.clone()));
    let request = BulkRequest::from_json(bulk.to_string().as_bytes()).unwrap();
    let response = tenant.bulk(request, &WriteOptions::default()).unwrap();
    let statuses: Vec<u16> = response.results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [201, 201, 200, 200, 400], "{response:?}");
    let told = hooks.told();
    assert_eq!(told.len(), 3, "two groups and one change: {told:?}");
    for write in told.iter().filter(|write| write.resource_type == "Group") {
        let after = parsed(&write.after);
        let members = after["members"].as_array().unwrap().len();
        assert_eq!(members, if after["displayName"] == "one" { 1 } else { 2 }, "{after}");
    }
    assert!(hooks.asked.lock().unwrap().iter().all(|(thread, _)| *thread == thread::current().id()));
    sound(&store);
}

/// The groups are stored first without each other, so that a refusal of one makes all be tried again.
#[test]
fn one_of_two_groups_that_name_each_other_is_refused_and_the_rest_goes_on() {
    let hooks = Noting::new(|write| {
        let is_refused = parsed(&write.after)["displayName"] == "A";
        if is_refused {
            Err(Error::new(ErrorKind::Unavailable, "the directory is down").on("displayName"))
        } else {
            accept(write)
        }
    });
    let (store, tenant) = open(&hooks);
    let schema = |kind: &str| format!("urn:ietf:params:scim:schemas:core:2.0:{kind}");
    let group = |name: &str, other: &str| {
        json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": {"schemas": [schema("Group")],
            "displayName": name, "members": [{"value": format!("bulkId:{other}")}]}})
    };
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "ann", "data": {"schemas": [schema("User")], "userName": "ann"}},
        group("A", "B"), group("B", "A")]});
    let request = BulkRequest::from_json(bulk.to_string().as_bytes()).unwrap();
    let response = tenant.bulk(request, &WriteOptions::default()).unwrap();
    let statuses: Vec<u16> = response.results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [201, 503, 400], "{response:?}");
    let error = response.results[1].error.as_ref().unwrap();
    assert_eq!((error.detail(), error.attribute()), ("the directory is down", Some("displayName")));
    assert_eq!((hooks.told().len(), found(&tenant, "userName eq \"ann\"")), (1, 1));

    let group = |id: &str, member: &str| row("Group", id, &format!(r#","members":[{{"value":"{member}"}}]"#));
    let rows = [row("User", "ben", ""), group("A", "B"), group("B", "A"), group("C", "ben")];
    let (report, rejects) = import(&tenant, ImportOptions::default(), &rows);
    assert_eq!((report.created, report.rejected), (2, 2), "{rejects:?}");
    assert_eq!(rejects[0], "1: the directory is down");
    assert!(rejects[1].starts_with("2: no resource"), "{rejects:?}");
    assert_eq!(hooks.told().len(), 2);
    sound(&store);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let hooks = Noting::new(|write| {
        let title = parsed(&write.after)["title"].clone();
        match title.as_str() {
            Some("gone") => Err(refusal(404, None, "no such department")),
            Some("odd") => Err(refusal(418, Some("teapot"), "no")),
            Some("taken") => Err(refusal(409, Some("uniqueness"), "taken").on("title")),
            Some("panic") => panic!("as it should"),
            _ => Ok(Decision::Accept),
        }
    });
    let (store, tenant) = open(&hooks);
    tenant.create("User", user("ann", ""), &with_id("ann")).unwrap();
    let (before, sequence) = (get(&tenant, "User", "ann"), store.sequence().unwrap());
    let cases = [
        ("gone", ErrorKind::NotFound, None),
        ("odd", ErrorKind::InvalidValue, Some("invalidValue")),
        ("taken", ErrorKind::Uniqueness, Some("uniqueness")),
        ("panic", ErrorKind::Internal, None),
    ];
    hooks.told();
    for (title, kind, scim_type) in cases {
        let more = format!(r#", "title": "{title}""#);
        let errors = [
            tenant.create("User", user("ben", &more), &with_id("ben")).unwrap_err(),
            tenant.replace("User", "ann", user("ben", &more), &WriteOptions::default()).unwrap_err(),
            patch(&tenant, "User", "ann", &format!(r#"{{"op": "add", "path": "title", "value": "{title}"}}"#))
                .unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.scim_type()), (kind, scim_type), "{error:?}");
            assert_eq!(error.attribute(), (title == "taken").then_some("title"));
            assert!(title != "panic" || error.detail().contains("before-write hook"), "{error:?}");
        }
    }
    assert_eq!((get(&tenant, "User", "ann"), store.sequence().unwrap()), (before, sequence));
    assert_eq!(hooks.told(), vec![], "nothing was made");
    // Its name was never taken.
    tenant.create("User", user("ben", ""), &with_id("ben")).unwrap();
    sound(&store);
}

const BADGE: &str = r#"[{"id": "urn:example:Badge", "name": "Badge", "attributes": [
    {"name": "number", "type": "string", "mutability": "readOnly", "uniqueness": "server"},
    {"name": "note", "type": "string"}]},
    {"id": "User", "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
     "schemaExtensions": [{"schema": "urn:example:Badge", "required": false}]}]"#;

#[test]
fn a_hook_sets_attributes() {
    let next = AtomicUsize::new(1);
    let hooks = Noting::new(move |write| {
        let after = parsed(&write.after);
        let badge = match (&write.operation, after["nickName"].as_str()) {
            (ChangeOperation::Create, Some("twin")) => "1".to_owned(),
            (ChangeOperation::Create, _) => next.fetch_add(1, Ordering::Relaxed).to_string(),
            (ChangeOperation::Modify, _) => return Ok(Decision::Set(r#"{"nickName": null, "emails": []}"#.to_owned())),
            (ChangeOperation::Delete, _) => return Ok(Decision::Set("{}".to_owned())),
        };
        let name = after["userName"].as_str().unwrap().to_lowercase();
        let set =
            json!({"userName": name, "userType": "Employee", "urn:example:Badge": {"number": badge, "note": null}});
        Ok(Decision::Set(set.to_string()))
    });
    let (store, tenant) = open(&hooks);
    tenant.put_schemas(parse_schema_document(BADGE.as_bytes()).unwrap()).unwrap();
    let more = r#", "nickName": "Annie", "urn:example:Badge": {"number": "77", "note": "lost"}"#;
    let made = tenant.create("User", user("ANN", more), &with_id("ann")).unwrap();
    let shown: Value = serde_json::from_str(&made.json).unwrap();
    assert_eq!(shown, get(&tenant, "User", "ann"), "the answer is what is stored");
    assert_eq!((&shown["userName"], &shown["userType"]), (&json!("ann"), &json!("Employee")));
    assert_eq!(shown["urn:example:Badge"], json!({"number": "1"}));
    assert_eq!(parsed(&hooks.told()[0].after), shown);
    assert_eq!(
        (found(&tenant, "urn:example:Badge:number eq \"1\""), found(&tenant, "userType eq \"Employee\"")),
        (1, 1)
    );
    let change = &tenant.changes(0, 1, Duration::ZERO).unwrap()[0];
    assert!(change.attributes.iter().any(|path| path == "urn:example:Badge:number"), "{change:?}");
    // What it sets is unique as what a client sends is.
    let error = tenant.create("User", user("ben", r#", "nickName": "twin""#), &with_id("ben")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Uniqueness, "{error:?}");
    patch(&tenant, "User", "ann", r#"{"op": "add", "path": "title", "value": "Dr"}"#).unwrap();
    let shown = get(&tenant, "User", "ann");
    assert!(shown["nickName"].is_null() && shown["emails"].is_null() && shown["title"] == "Dr", "{shown}");
    // A hook that takes the change back: nothing changed.
    let version = shown["meta"]["version"].clone();
    patch(&tenant, "User", "ann", r#"{"op": "add", "path": "nickName", "value": "Annie"}"#).unwrap();
    assert_eq!(get(&tenant, "User", "ann")["meta"]["version"], version);
    let error = tenant.delete("User", "ann", &WriteOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
    // Groups of an import are asked about when they are whole.
    store.set_hooks(Some(Noting::new(|write| {
        let set = json!({"displayName": format!("{} team", parsed(&write.after)["displayName"].as_str().unwrap())});
        Ok(Decision::Set(set.to_string()))
    })));
    import(&tenant, ImportOptions::default(), &[row("Group", "g", r#","members":[{"value":"ann"}]"#)]);
    assert_eq!(get(&tenant, "Group", "g")["displayName"], "g team");
    sound(&store);
    for wrong in [
        "[]",
        "{",
        r#"{"nosuch": 1}"#,
        r#"{"active": "yes"}"#,
        r#"{"userName": null}"#,
        r#"{"id": "x"}"#,
        r#"{"groups": [{"value": "g"}]}"#,
        r#"{"password": "secret"}"#,
        r#"{"urn:none": {"a": 1}}"#,
    ] {
        store.set_hooks(Some(Noting::new(move |_| Ok(Decision::Set(wrong.to_owned())))));
        let error = tenant.create("User", user("cid", ""), &with_id("cid")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{wrong}: {error:?}");
        assert!(error.detail().contains("before-write hook"), "{wrong}: {error:?}");
    }
}

#[test]
fn inside_a_hook_the_store_is_read_and_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    tenant.create("User", user("ann", ""), &with_id("ann")).unwrap();
    let (inner, within) = (store.clone(), tenant.clone());
    let hooks = Noting::with_after(
        move |write| {
            let title = get(&within, "User", "ann")["title"].clone();
            assert!(title.is_null() && found(&within, "userName eq \"ann\"") == 1, "the state before: {title}");
            if write.actor.is_some() {
                let misuse = |outcome: Result<()>| assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Misuse);
                misuse(within.delete("User", "ann", &WriteOptions::default()));
                misuse(patch(&within, "User", "ann", r#"{"op": "add", "path": "title", "value": "Dr"}"#));
                misuse(inner.compact(&mut |_, _| ()));
                misuse(inner.check(&mut |_, _| ()).map(drop));
                misuse(inner.create_tenant("t", Default::default()).map(drop));
                misuse(inner.close());
            }
            Ok(Decision::Accept)
        },
        {
            let tenant = tenant.clone();
            move |write| {
                // After it is durable, it can be written, which comes back here.
                if write.id == "ben" && write.operation == ChangeOperation::Create {
                    assert_eq!(get(&tenant, "User", "ben")["userName"], "ben");
                    patch(&tenant, "User", "ben", r#"{"op": "add", "path": "title", "value": "Dr"}"#).unwrap();
                }
            }
        },
    );
    store.set_hooks(Some(hooks.clone()));
    tenant.create("User", user("ben", ""), &with_id("ben")).unwrap();
    assert_eq!(get(&tenant, "User", "ben")["title"], "Dr");
    assert_eq!(hooks.told().len(), 2);
    sound(&store);
    store.set_hooks(None);
    store.close().unwrap();
}

#[test]
fn many_threads_are_asked_each_on_its_own() {
    const THREADS: usize = 8;
    const WRITES: usize = 25;
    let hooks = Noting::new(|write| {
        let refused = write.id.ends_with('7');
        if refused { Err(refusal(400, Some("invalidValue"), "no sevens")) } else { Ok(Decision::Accept) }
    });
    let (store, tenant) = open(&hooks);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let tenant = &tenant;
            scope.spawn(move || {
                for write in 0..WRITES {
                    let id = format!("u{number}-{write}");
                    let outcome = tenant.create("User", user(&id, ""), &with_id(&id));
                    assert_eq!(outcome.is_err(), id.ends_with('7'), "{outcome:?}");
                }
            });
        }
    });
    let asked = std::mem::take(&mut *hooks.asked.lock().unwrap());
    let told = std::mem::take(&mut *hooks.told.lock().unwrap());
    assert_eq!((asked.len(), told.len()), (THREADS * WRITES, THREADS * (WRITES - 2)));
    for (thread, write) in &asked {
        let number = |id: &str| id.split('-').next().unwrap().to_owned();
        assert!(asked.iter().all(|(other, w)| (thread == other) == (number(&w.id) == number(&write.id))));
    }
    assert!(told.iter().all(|(thread, w)| asked.iter().any(|(other, a)| thread == other && a.id == w.id)));
    sound(&store);
}

#[test]
fn what_the_disk_refuses_is_not_told() {
    let disk = medium::Disk::default();
    let store = Store::open_on(disk.factory(), script::Ids::default().options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    let hooks = Noting::new(accept);
    store.set_hooks(Some(hooks.clone()));
    let error = std::io::ErrorKind::Other;
    disk.arm(medium::Fault { verb: medium::Verb::Sync, after: 0, forever: false, error });
    assert_eq!(tenant.create("User", user("ann", ""), &with_id("ann")).unwrap_err().kind(), ErrorKind::Io);
    assert!(disk.mend());
    assert_eq!((hooks.asked().len(), hooks.told().len()), (1, 0));
    tenant.create("User", user("ann", ""), &with_id("ann")).unwrap();
    assert_eq!((hooks.asked().len(), hooks.told().len()), (1, 1));
    sound(&store);
}

/// A reader sees the disk fail while a hook waits for another reader: nobody waits for ever.
#[test]
fn a_disk_that_fails_while_a_hook_waits_for_a_reader_refuses_the_write() {
    let disk = medium::Disk::default();
    let store = Store::open_on(disk.factory(), script::Ids::default().options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    for number in 0..200 {
        let id = format!("u{number}");
        tenant.create("User", user(&id, ""), &with_id(&id)).unwrap();
    }
    let (within, failing) = (tenant.clone(), disk.clone());
    store.set_hooks(Some(Noting::new(move |_| {
        let error = std::io::ErrorKind::Other;
        failing.arm(medium::Fault { verb: medium::Verb::Read, after: 0, forever: false, error });
        let everything = |tenant: &Tenant| tenant.export(None, &mut |_| true);
        let tenant = within.clone();
        // The first sees the failure; the second would wait until the writer recovers, which waits for this.
        let other = thread::spawn(move || [everything(&tenant).is_err(), everything(&tenant).is_ok()]);
        assert_eq!(other.join().unwrap(), [true, true]);
        Ok(Decision::Accept)
    })));
    let error = tenant.create("User", user("late", ""), &with_id("late")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Io), "{error:?}");
    assert!(disk.mend());
    store.set_hooks(None);
    assert_eq!(found(&tenant, "userName pr"), 200);
    tenant.create("User", user("late", ""), &with_id("late")).unwrap();
    sound(&store);
}
