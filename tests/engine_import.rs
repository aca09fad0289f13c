//! Import and export: what goes out comes back in as it was, and rows that cannot are told one by one. Stores live on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use scimdb::engine::{ImportOptions, ImportReport, OnConflict, Reject, WriteOptions};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

fn import(tenant: &Tenant, options: ImportOptions, rows: &[String]) -> (ImportReport, Vec<Reject>) {
    let mut importer = tenant.import(options).unwrap();
    for (number, row) in rows.iter().enumerate() {
        importer.push(number as u64 + 1, row.as_bytes().to_vec()).unwrap();
    }
    importer.finish().unwrap()
}

fn texts(rows: &[Value]) -> Vec<String> {
    rows.iter().map(Value::to_string).collect()
}

const DEVICE: &str = "urn:example:2.0:Device";

fn device_documents() -> Value {
    json!([
        {"id": DEVICE, "attributes": [
            {"name": "serial", "required": true, "uniqueness": "server"}, {"name": "seen", "type": "dateTime"},
            {"name": "weight", "type": "decimal"}, {"name": "key", "type": "binary"},
            {"name": "made", "mutability": "readOnly"}]},
        {"id": "Device", "name": "Device", "endpoint": "/Devices", "schema": DEVICE},
    ])
}

/// A tenant with something of everything, made in an order in which no export can write it.
fn furnished(tenant: &Tenant) {
    tenant.register(device_documents()).unwrap();
    let staff = tenant.id_of("Group", group("staff", &[]));
    let device = json!({"schemas": [DEVICE], "serial": "S/1", "seen": "2020-01-01T01:00:00.250+01:00", "weight": 1e22, "key": "AQID"});
    let device = tenant.id_of("Device", device);
    let ada = tenant.id_of(
        "User",
        json!({"schemas": [USER, ENTERPRISE], "userName": "Ada", "externalId": "x\u{0}1",
        "password": "t1meMa$heen", "name": {"givenName": "Ada"}, "active": false,
        "emails": [{"value": "a@b.c", "primary": true, "type": "wörk"}],
        ENTERPRISE: {"manager": {"value": "26118915"}, "department": "\"\\\u{1f600}"}}),
    );
    let all = tenant.id_of("Group", group("all", &[&staff, &device, &ada]));
    tenant
        .patch("Group", &staff, json!([{"op": "add", "path": "members", "value": [{"value": ada}, {"value": all}]}]))
        .unwrap();
    tenant.patch("User", &ada, json!([{"op": "replace", "path": "title", "value": "Countess"}])).unwrap();
}

#[test]
fn a_restore_is_the_same_byte_for_byte() {
    let (first, second) = (tenant(), tenant());
    furnished(&first);
    second.register(device_documents()).unwrap();
    let rows = first.exported();
    assert_eq!(rows.len(), 4);
    let (report, rejects) = import(&second, ImportOptions { restore: true, ..ImportOptions::default() }, &rows);
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!((report.read, report.created), (4, 4));
    assert_eq!(second.exported(), rows);
    let ada = first.found(None, "userName eq \"ada\"").remove(0);
    assert!(second.verify_password("User", &ada, "t1meMa$heen").unwrap());
    // What comes later is counted behind what was restored.
    let highest = rows.iter().map(|row| second.show(kind_of(row), &id_of(row)).unwrap().tag.version).max().unwrap();
    let options = WriteOptions { id: Some("bob".to_owned()), ..WriteOptions::default() };
    assert!(second.create("User", input(user("bob")), &options).unwrap().tag.version > highest);
    // Once more, over itself, it changes nothing.
    let rows = second.exported();
    let options = ImportOptions { restore: true, on_conflict: OnConflict::Replace, ..ImportOptions::default() };
    let (report, rejects) = import(&second, options, &rows);
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!((report.skipped, report.replaced), (5, 0));
    assert_eq!(second.exported(), rows);
}

fn kind_of(row: &str) -> &'static str {
    let json: Value = serde_json::from_str(row).unwrap();
    ["User", "Group", "Device"].into_iter().find(|kind| json["meta"]["resourceType"] == *kind).unwrap()
}

fn id_of(row: &str) -> String {
    serde_json::from_str::<Value>(row).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_ordinary_import_makes_meta_anew() {
    let tenant = tenant();
    let row = json!({"schemas": [USER], "id": "7", "userName": "ada",
        "meta": {"resourceType": "User", "created": "2001-01-01T00:00:00Z", "version": "W/\"9000\""}});
    import(&tenant, ImportOptions::default(), &texts(std::slice::from_ref(&row)));
    let read = tenant.show("User", "7").unwrap();
    assert!(read.tag.version < 9_000 && read.created.unwrap().to_string().as_str() > "2020");
    assert_eq!(read.created, read.last_modified);

    let other = support::engine::tenant();
    import(&other, ImportOptions { restore: true, ..ImportOptions::default() }, &texts(&[row]));
    let read = other.show("User", "7").unwrap();
    assert_eq!((read.tag.version, read.created.unwrap().to_string().as_str()), (9_000, "2001-01-01T00:00:00Z"));
    assert!(other.make("User", user("bob")).unwrap().tag.version > 9_000);
}

#[test]
fn hashes_of_other_stores_are_taken_if_they_can_be_verified() {
    let (from, to) = (tenant(), tenant());
    let id = from.id_of("User", json!({"schemas": [USER], "userName": "ada", "password": "pässword"}));
    let exported: Value = serde_json::from_str(&from.exported()[0]).unwrap();
    let row =
        |name: &str, password: &str| json!({"schemas": [USER], "id": name, "userName": name, "password": password});
    let (report, rejects) = import(
        &to,
        ImportOptions::default(),
        &texts(&[
            row("hashed", exported["password"].as_str().unwrap()),
            row("clear", "$ecret"),
            row("bcrypt", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"),
        ]),
    );
    assert_eq!((report.created, report.rejected), (2, 1));
    assert_eq!((rejects[0].row, rejects[0].error.attribute()), (3, Some("password")));
    assert!(from.verify_password("User", &id, "pässword").unwrap());
    assert!(to.verify_password("User", "hashed", "pässword").unwrap());
    assert!(to.verify_password("User", "clear", "$ecret").unwrap());
    // A hash is one only in an import: in a request it is a password like any other.
    let typed = to.id_of("User", row("typed", exported["password"].as_str().unwrap()));
    assert!(!to.verify_password("User", &typed, "pässword").unwrap());
}

#[test]
fn conflicts_are_rejected_skipped_or_replaced() {
    let rows = texts(&[
        json!({"schemas": [GROUP], "id": "g", "displayName": "first in the file", "members": [{"value": "g2"}, {"value": "1"}]}),
        json!({"schemas": [USER], "id": "1", "userName": "ada", "title": "new"}),
        json!({"schemas": [USER], "id": "2", "userName": "BOB", "title": "new"}),
        json!({"schemas": [USER], "id": "3", "userName": "eve"}),
        json!({"schemas": [GROUP], "id": "g2", "displayName": "second", "members": [{"value": "g"}]}),
        json!({"schemas": [GROUP], "id": "g3", "displayName": "third", "members": [{"value": "nobody"}]}),
        json!({"schemas": [GROUP], "id": "g4", "displayName": "fourth", "members": [{"value": "g3"}]}),
        json!({"userName": "no type"}),
    ]);
    let rows: Vec<String> = rows.into_iter().chain(["{".to_owned()]).collect();
    let run = |on_conflict: OnConflict| {
        let store = store();
        let tenant = store.tenant("default").unwrap();
        tenant.id_of("User", user("bob"));
        import(&tenant, ImportOptions::default(), &texts(&[json!({"schemas": [USER], "id": "1", "userName": "ada"})]));
        let outcome = import(&tenant, ImportOptions { on_conflict, ..ImportOptions::default() }, &rows);
        assert_sound(&store);
        (tenant, outcome)
    };
    let told = |(report, rejects): &(ImportReport, Vec<Reject>)| {
        let mut rows: Vec<u64> = rejects.iter().map(|reject| reject.row).collect();
        rows.sort_unstable();
        assert_eq!(report.rejected, rows.len() as u64);
        (report.created, report.replaced, report.skipped, rows)
    };
    let (tenant, outcome) = run(OnConflict::Fail);
    assert_eq!(told(&outcome), (3, 0, 0, vec![2, 3, 6, 7, 8, 9]));
    assert_eq!(outcome.1.iter().find(|r| r.row == 3).unwrap().error.kind(), ErrorKind::Uniqueness);
    assert_eq!(outcome.1.iter().find(|r| r.row == 6).unwrap().input, rows[5].as_bytes());
    assert_eq!(tenant.read("Group", "g")["members"].as_array().unwrap().len(), 2);

    let (tenant, outcome) = run(OnConflict::Skip);
    assert_eq!(told(&outcome), (3, 0, 2, vec![6, 7, 8, 9]));
    assert_eq!(tenant.found(None, "title pr"), Vec::<String>::new());

    let (tenant, outcome) = run(OnConflict::Replace);
    assert_eq!(told(&outcome), (3, 2, 0, vec![6, 7, 8, 9]));
    assert_eq!(tenant.found(None, "title eq \"new\"").len(), 2);
    assert_eq!(
        tenant.found(None, "userName eq \"bob\" and not (id eq \"2\")").len(),
        1,
        "who holds the name is replaced"
    );
}

#[test]
fn a_version_that_leaves_no_room_is_made_anew() {
    let tenant = tenant();
    let restore = || ImportOptions { restore: true, ..ImportOptions::default() };
    let row = |name: &str, version: u64| {
        json!({"schemas": [USER], "id": name, "userName": name,
            "meta": {"resourceType": "User", "version": format!("W/\"{version}\"")}})
    };
    let rows = texts(&[row("most", 1 << 60), row("more", u64::MAX)]);
    assert_eq!(import(&tenant, restore(), &rows).0.created, 2);
    assert_eq!(tenant.show("User", "most").unwrap().tag.version, 1 << 60);
    assert_eq!(tenant.show("User", "more").unwrap().tag.version, (1 << 60) + 1);
    // What was counted behind the largest version is restored too.
    assert_eq!(import(&support::engine::tenant(), restore(), &tenant.exported()).0.created, 2);
}

#[test]
fn a_chain_of_groups_falls_with_its_last_member() {
    const LENGTH: usize = 3_000;
    let link = |n: usize, next: String| json!({"schemas": [GROUP], "id": format!("g{n}"), "displayName": format!("g{n}"), "members": [{"value": next}]});
    let mut rows: Vec<Value> = (0..LENGTH).map(|n| link(n, format!("g{}", n + 1))).collect();
    // Two that name each other stay.
    rows.extend([link(9_000, "g9001".to_owned()), link(9_001, "g9000".to_owned())]);
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let started = std::time::Instant::now();
    let (report, rejects) = import(&tenant, ImportOptions::default(), &texts(&rows));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert_eq!((report.created, report.rejected), (2, LENGTH as u64));
    assert!(rejects.iter().all(|reject| reject.error.attribute() == Some("members.value")));
    // With the end of the chain it is whole.
    rows.truncate(LENGTH);
    rows.push(json!({"schemas": [USER], "id": format!("g{LENGTH}"), "userName": "end"}));
    assert_eq!(import(&tenant, ImportOptions::default(), &texts(&rows)).0.created, LENGTH as u64 + 1);
    assert_sound(&store);
}

#[test]
fn a_store_that_is_opened_again_is_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Store::open(directory.path().join("store"), StoreOptions::default());
    let store = open().unwrap();
    let tenant = store.tenant("default").unwrap();
    furnished(&tenant);
    let token = tenant.create_token("t", scimdb::engine::TokenOptions::of_scope(scimdb::engine::Scope::Read)).unwrap();
    let mut options = scimdb::engine::TenantOptions::default();
    options.profile = "entra".parse().unwrap();
    store.create_tenant("second", options).unwrap().make("User", user("ada")).unwrap();
    store.create_tenant("dropped", Default::default()).unwrap();
    store.drop_tenant("dropped").unwrap();
    assert_eq!(open().unwrap_err().kind(), ErrorKind::Locked);

    let now = |store: &Store| {
        let tenant = store.tenant("default").unwrap();
        let changes = tenant.changes(0, 1_000, std::time::Duration::ZERO).unwrap();
        let stats = store.stats().unwrap();
        (tenant.exported(), changes, stats.sequence, stats.tenants, tenant.schema_version(DEVICE).unwrap())
    };
    let before = now(&store);
    store.close().unwrap();
    assert_eq!(tenant.show("User", "x").unwrap_err().kind(), ErrorKind::Unavailable);
    drop((store, tenant));

    let store = open().unwrap();
    assert_eq!(now(&store), before);
    assert_eq!(store.tenants().unwrap(), ["default", "second"]);
    assert_eq!(store.tenant("second").unwrap().profile().unwrap().name(), "entra");
    assert_eq!(store.authenticate(&token.secret).unwrap().name, "t");
    let tenant = store.tenant("default").unwrap();
    assert_eq!(tenant.make("User", user("ADA")).unwrap_err().kind(), ErrorKind::Uniqueness);
    let made = tenant.make("Device", json!({"schemas": [DEVICE], "serial": "2"})).unwrap();
    assert_eq!(made.tag.version, before.2 + 1);
    assert_sound(&store);
}
