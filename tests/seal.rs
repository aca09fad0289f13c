//! Encryption at rest: no file has what is encrypted, and everybody reads, changes and finds it as before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;
#[path = "support/script.rs"]
mod script;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use scimdb::engine::{
    Decision, Hooks, ImportJobOptions, ImportOptions, ProposedWrite, ReadOptions, TenantOptions, ValueKey,
    ValueKeySource, WriteOptions,
};
use scimdb::message::{ResourceInput, SearchRequest, parse_schema_document};
use scimdb::{Error, ErrorKind, Store, StoreOptions, Tenant};
use script::{group, patch, with_id};

/// Attributes that data tells of, and what tells.
const SCHEMAS: &str = r#"[
    {"id": "urn:example:Attributes", "name": "Attributes", "attributes": [
        {"name": "attributes", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "name", "type": "string"}, {"name": "type", "type": "string"},
            {"name": "value", "type": "string"}, {"name": "readOnly", "type": "boolean"}]}]},
    {"id": "urn:example:AttributeType", "name": "AttributeType", "attributes": [
        {"name": "encrypted", "type": "boolean"}, {"name": "label", "type": "string"}]},
    {"id": "AttributeType", "name": "AttributeType", "endpoint": "/AttributeTypes",
     "schema": "urn:example:AttributeType"},
    {"id": "User", "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
     "schemaExtensions": [{"schema": "urn:example:Attributes", "required": false}]}]"#;

const PROFILE: &str = r#"{"name": "sealing", "encryption": [{"attribute": "nickName"},
    {"attribute": "urn:example:Attributes:attributes",
     "by": {"key": "name", "value": "value", "resourceType": "AttributeType", "flag": "encrypted"}}]}"#;

const VALUE: &str = "urn:example:Attributes:attributes";

fn keys(names: &[(&str, u8)]) -> ValueKeySource {
    let key = |(id, byte): &(&str, u8)| ValueKey { id: (*id).to_owned(), key: [*byte; 32] };
    ValueKeySource::Keys(names.iter().map(key).collect())
}

fn options(keys: Option<ValueKeySource>, index: bool) -> StoreOptions {
    let mut options = StoreOptions::default();
    (options.index.from, options.index.durable_from, options.index.recent) = (10, 8, 4);
    options.index.enabled = index;
    options.value_keys = keys;
    options
}

fn prepare(store: &Store) -> Tenant {
    let tenant = store.tenant("default").unwrap();
    tenant.put_schemas(parse_schema_document(SCHEMAS.as_bytes()).unwrap()).unwrap();
    for (id, encrypted) in [("SSN", true), ("CITY", false)] {
        let json = format!(r#"{{"schemas": ["urn:example:AttributeType"], "encrypted": {encrypted}}}"#);
        tenant.create("AttributeType", ResourceInput::from_json(json.as_bytes()).unwrap(), &with_id(id)).unwrap();
    }
    configure(store, PROFILE).unwrap();
    tenant
}

fn configure(store: &Store, profile: &str) -> Result<(), Error> {
    store.configure_tenant("default", TenantOptions::of_profile(profile.parse()?))
}

fn user(name: &str, nick: &str, attributes: &[(&str, &str)]) -> ResourceInput {
    let element = |(name, value): &(&str, &str)| format!(r#"{{"name": "{name}", "type": "t", "value": "{value}"}}"#);
    let attributes: Vec<String> = attributes.iter().map(element).collect();
    let json = format!(
        r#"{{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:Attributes"], "userName": "{name}",
            "nickName": "{nick}", "urn:example:Attributes": {{"attributes": [{}]}}}}"#,
        attributes.join(",")
    );
    ResourceInput::from_json(json.as_bytes()).unwrap()
}

/// So many users: each has a nick and a number of its own, and shares a city with others.
fn fill(tenant: &Tenant, count: usize) {
    for number in 0..count {
        let (ssn, city) = (format!("Kanarie-{number}"), format!("City-{}", number % 3));
        let input = user(&format!("u{number}"), &format!("Kanariennick-{number}"), &[("SSN", &ssn), ("CITY", &city)]);
        tenant.create("User", input, &with_id(&format!("u{number}"))).unwrap();
    }
}

fn found_in(directory: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path)
                .unwrap()
                .to_ascii_lowercase()
                .windows(needle.len())
                .any(|p| p == needle.as_bytes())
            {
                found.push(path.strip_prefix(directory).unwrap().display().to_string());
            }
        }
    }
    found
}

fn search(tenant: &Tenant, filter: &str) -> Result<u64, Error> {
    let request = SearchRequest { filter: Some(filter.to_owned()), ..SearchRequest::default() };
    Ok(tenant.search(Some("User"), &request)?.total_results)
}

fn shown(tenant: &Tenant, id: &str) -> String {
    tenant.get("User", id, &ReadOptions::default()).unwrap().json
}

fn settle(store: &Store) {
    assert!(store.wait_for_index(Duration::from_secs(30)).unwrap());
}

fn sound(store: &Store) {
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}

/// What a filter finds, with an index and without: `count` users were made.
fn finds(tenant: &Tenant, count: u64) {
    let cases = [
        (r#"nickName eq "kanariennick-7""#.to_owned(), 1),
        (r#"nickName ne "kanariennick-7""#.to_owned(), count - 1),
        (r#"not (nickName eq "Kanariennick-7")"#.to_owned(), count - 1),
        ("nickName pr".to_owned(), count),
        (format!(r#"{VALUE}.value eq "kanarie-7""#), 1),
        (format!(r#"{VALUE}.value eq "city-1""#), count / 3),
        (format!(r#"{VALUE}.value ne "kanarie-7""#), count),
        (format!(r#"{VALUE}[name eq "SSN" and value eq "KANARIE-7"]"#), 1),
        (format!(r#"{VALUE}[name eq "CITY" and value eq "kanarie-7"]"#), 0),
        (format!(r#"{VALUE}[name eq "SSN" and value ne "kanarie-7"]"#), count - 1),
        (format!(r#"{VALUE}[name eq "SSN" and value pr]"#), count),
        (format!(r#"{VALUE}[name eq "city" and value sw "City-"]"#), count),
        (format!(r#"{VALUE}[(name eq "CITY" or name eq "none") and value co "ty-2"]"#), count / 3),
        (format!(r#"{VALUE}[name eq "SSN" and value eq ""]"#), 0),
    ];
    for (filter, expected) in cases {
        assert_eq!(search(tenant, &filter).unwrap(), expected, "{filter}");
    }
    for filter in [
        r#"nickName sw "kanarien""#.to_owned(),
        r#"nickName gt "a" or userName eq "u1""#.to_owned(),
        format!(r#"{VALUE}.value co "a""#),
        format!(r#"{VALUE}[name eq "ssn" and value sw "k"]"#),
        format!(r#"{VALUE}[(name eq "SSN" or name eq "CITY") and value ew "7"]"#),
        format!(r#"{VALUE}[value le "7"]"#),
        r#"nickName eq "\u0001sealed:00""#.to_owned(),
    ] {
        assert_eq!(search(tenant, &filter).unwrap_err().kind(), ErrorKind::InvalidFilter, "{filter}");
    }
    let request = SearchRequest { sort_by: Some("nickName".to_owned()), ..SearchRequest::default() };
    assert_eq!(tenant.search(Some("User"), &request).unwrap_err().kind(), ErrorKind::InvalidPath);
}

#[test]
fn what_is_encrypted_is_in_no_file_and_found_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options(Some(keys(&[("k1", 1)])), true)).unwrap();
    let tenant = prepare(&store);
    fill(&tenant, 60);
    let mut import = tenant.import(ImportOptions::default()).unwrap();
    let json = user("imported", "Kanariennick-i", &[("SSN", "Kanarie-i"), ("CITY", "City-i")]).to_json();
    import.push(1, json.into_bytes()).unwrap();
    assert_eq!(import.finish().unwrap().0.created, 1);
    tenant.delete("User", &id_of(&tenant, "imported"), &WriteOptions::default()).unwrap();
    finds(&tenant, 60);
    settle(&store);
    finds(&tenant, 60);
    assert!(shown(&tenant, "u7").contains("Kanarie-7") && shown(&tenant, "u7").contains("Kanariennick-7"));
    assert_eq!(found_in(directory.path(), "kanarie"), Vec::<String>::new());
    let index = found_in(directory.path(), "city-1");
    assert!(index.iter().any(|file| file.starts_with("index/")) && index.contains(&"store.redb".to_owned()));
    // It is changed as if it were clear, and what stays the same is no change.
    let same = tenant.get("User", "u7", &ReadOptions::default()).unwrap();
    let input = ResourceInput::from_json(same.json.as_bytes()).unwrap();
    assert!(!tenant.replace("User", "u7", input, &WriteOptions::default()).unwrap().changed);
    let path = format!(r#"{VALUE}[value eq \"kanarie-7\"].value"#);
    patch(&tenant, "User", "u7", &format!(r#"{{"op": "replace", "path": "{path}", "value": "Kanarie-new"}}"#)).unwrap();
    assert_eq!(search(&tenant, &format!(r#"{VALUE}.value eq "kanarie-new""#)).unwrap(), 1);
    assert_eq!(search(&tenant, &format!(r#"{VALUE}.value eq "kanarie-7""#)).unwrap(), 0);
    let reserved = r#"{"op": "replace", "path": "title", "value": "\u0001sealed:00"}"#;
    assert_eq!(patch(&tenant, "User", "u7", reserved).unwrap_err().kind(), ErrorKind::InvalidValue);
    patch(
        &tenant,
        "User",
        "u7",
        &format!(
            r#"{{"op": "replace", "path": "{}", "value": "Kanarie-7"}}"#,
            path.replace("kanarie-7", "kanarie-new")
        ),
    )
    .unwrap();
    // An export has everything; a search that answers rows of an import again finds it.
    let mut exported = Vec::new();
    tenant
        .export(Some("User"), &mut |row| {
            exported.push(row.to_owned());
            true
        })
        .unwrap();
    assert!(exported.iter().all(|row| row.contains("Kanarie-") && !row.contains("sealed:")));
    sound(&store);
    // It is restored without being in clear at any time.
    let other = tempfile::tempdir().unwrap();
    {
        let restored = Store::open(other.path(), options(Some(keys(&[("other", 3)])), true)).unwrap();
        let restored_tenant = restored.tenant("default").unwrap();
        restored_tenant.put_schemas(parse_schema_document(SCHEMAS.as_bytes()).unwrap()).unwrap();
        configure(&restored, PROFILE).unwrap();
        let import_options = ImportOptions { restore: true, ..ImportOptions::default() };
        let mut import = restored_tenant.import(import_options).unwrap();
        let mut number = 0;
        let mut push = |row: &str| {
            number += 1;
            import.push(number, row.as_bytes().to_vec()).is_ok()
        };
        tenant.export(None, &mut push).unwrap();
        assert_eq!(import.finish().unwrap().0.created, 62);
        finds(&restored_tenant, 60);
        assert_eq!(found_in(other.path(), "kanarie"), Vec::<String>::new());
    }
    store.close().unwrap();
    // The same without an index, and with another key beside.
    let store = Store::open(directory.path(), options(Some(keys(&[("k2", 2), ("k1", 1)])), false)).unwrap();
    finds(&store.tenant("default").unwrap(), 60);
    assert_eq!(found_in(directory.path(), "kanarie"), Vec::<String>::new());
}

fn id_of(tenant: &Tenant, user_name: &str) -> String {
    let filter = Some(format!("userName eq \"{user_name}\""));
    let request = SearchRequest { filter, ..SearchRequest::default() };
    tenant.search(Some("User"), &request).unwrap().resources[0].id.clone()
}

#[test]
fn what_tells_of_it_may_change_its_mind() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options(Some(keys(&[("k1", 1)])), true)).unwrap();
    let tenant = prepare(&store);
    fill(&tenant, 30);
    settle(&store);
    let before = tenant.get("User", "u7", &ReadOptions::default()).unwrap();
    let turn = |id: &str, flag: bool| {
        patch(&tenant, "AttributeType", id, &format!(r#"{{"op": "replace", "path": "encrypted", "value": {flag}}}"#))
    };
    turn("CITY", true).unwrap();
    assert_eq!(search(&tenant, &format!(r#"{VALUE}[name eq "CITY" and value eq "city-1"]"#)).unwrap(), 10);
    let refused = search(&tenant, &format!(r#"{VALUE}[name eq "CITY" and value sw "c"]"#)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidFilter);
    assert_eq!(tenant.get("User", "u7", &ReadOptions::default()).unwrap(), before, "nobody sees a change");
    // What was clear once goes with the next compaction, and the index is made again.
    store.compact(&mut |_, _| ()).unwrap();
    store.close().unwrap();
    drop((tenant, store));
    let store = Store::open(directory.path(), options(Some(keys(&[("k1", 1)])), true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    settle(&store);
    assert_eq!(found_in(directory.path(), "city-1"), Vec::<String>::new());
    assert_eq!(search(&tenant, &format!(r#"{VALUE}.value eq "city-1""#)).unwrap(), 10);
    let turn = |id: &str, flag: bool| {
        patch(&tenant, "AttributeType", id, &format!(r#"{{"op": "replace", "path": "encrypted", "value": {flag}}}"#))
    };
    turn("CITY", false).unwrap();
    assert_eq!(search(&tenant, &format!(r#"{VALUE}[name eq "CITY" and value sw "c"]"#)).unwrap(), 30);
    // A type that is deleted tells nothing any more, and a profile can do without.
    tenant.delete("AttributeType", "SSN", &WriteOptions::default()).unwrap();
    assert_eq!(search(&tenant, &format!(r#"{VALUE}.value sw "kanarie""#)).unwrap(), 30);
    configure(&store, r#"{"name": "clear"}"#).unwrap();
    assert_eq!(search(&tenant, r#"nickName sw "kanariennick""#).unwrap(), 30);
    configure(&store, PROFILE).unwrap();
    assert_eq!(search(&tenant, r#"nickName eq "kanariennick-7""#).unwrap(), 1);
    settle(&store);
    assert_eq!(search(&tenant, r#"nickName eq "kanariennick-7""#).unwrap(), 1);
    sound(&store);
}

#[test]
fn without_keys_nothing_is_shown_and_nothing_lost() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options(Some(keys(&[("k1", 1)])), true)).unwrap();
    let tenant = prepare(&store);
    fill(&tenant, 12);
    tenant.create("User", user("plain", "", &[("CITY", "x")]), &with_id("plain")).unwrap();
    patch(&tenant, "User", "plain", r#"{"op": "remove", "path": "nickName"}"#).unwrap();
    let before = shown(&tenant, "u7");
    store.close().unwrap();
    drop((tenant, store));
    let store = Store::open(directory.path(), options(None, true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    let json = shown(&tenant, "u7");
    assert!(!json.contains("Kanarie") && !json.contains("sealed:") && json.contains("City-1"), "{json}");
    let unavailable = |outcome: Result<(), Error>| {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    };
    unavailable(patch(&tenant, "User", "u7", r#"{"op": "replace", "path": "title", "value": "Dr"}"#));
    unavailable(tenant.create("User", user("new", "nick", &[]), &with_id("new")).map(drop));
    unavailable(search(&tenant, r#"nickName eq "a""#).map(drop));
    // Who restores an export that lacks something has lost it.
    unavailable(tenant.export(Some("User"), &mut |_| true));
    unavailable(patch(&tenant, "AttributeType", "CITY", r#"{"op": "replace", "path": "encrypted", "value": true}"#));
    patch(&tenant, "User", "plain", r#"{"op": "replace", "path": "title", "value": "Dr"}"#).unwrap();
    assert_eq!(search(&tenant, r#"userName sw "u""#).unwrap(), 12);
    assert_eq!(store.rotate_value_keys().unwrap_err().kind(), ErrorKind::InvalidArgument);
    store.close().unwrap();
    drop((tenant, store));
    for wrong in [keys(&[("k1", 9)]), keys(&[("k2", 1)])] {
        let refused = Store::open(directory.path(), options(Some(wrong), true)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{refused}");
    }
    let store = Store::open(directory.path(), options(Some(keys(&[("k1", 1)])), true)).unwrap();
    assert_eq!(shown(&store.tenant("default").unwrap(), "u7"), before);
    sound(&store);
}

#[test]
fn keys_are_asked_for_when_there_is_something_to_encrypt() {
    let store = Store::open_in_memory(options(None, true)).unwrap();
    let tenant = prepare(&store);
    tenant.create("User", user("a", "", &[("CITY", "x")]), &with_id("a")).unwrap();
    configure(&store, r#"{"name": "plain"}"#).unwrap();
    tenant.create("User", user("b", "nick", &[]), &with_id("b")).unwrap();
    let refused = configure(&store, PROFILE).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
    assert_eq!(search(&tenant, r#"nickName eq "nick""#).unwrap(), 1, "what is refused changes nothing");
    sound(&store);
}

#[test]
fn nothing_is_sorted_by_it_however_it_is_written() {
    let store = Store::open_in_memory(options(Some(keys(&[("k1", 1)])), true)).unwrap();
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let profile = format!(
        r#"{{"name": "p", "dialect": "activtrak", "aliases": {{"unit": "{urn}:department"}},
            "encryption": [{{"attribute": "{urn}:department"}}]}}"#
    );
    configure(&store, &profile).unwrap();
    let tenant = store.tenant("default").unwrap();
    for path in ["department", "unit", &format!("{urn}:department"), &format!("{urn}.department")] {
        let request = SearchRequest { sort_by: Some(path.to_owned()), ..SearchRequest::default() };
        assert_eq!(tenant.search(Some("User"), &request).unwrap_err().kind(), ErrorKind::InvalidPath, "{path}");
    }
}

/// A host that cannot be asked now.
struct NotNow;

impl Hooks for NotNow {
    fn before_write(&self, _: &ProposedWrite) -> Result<Decision, Error> {
        Err(Error::new(ErrorKind::Cancelled, "not now"))
    }
}

#[test]
fn what_waits_to_be_imported_is_in_no_file_either() {
    let directory = tempfile::tempdir().unwrap();
    let open = |names: &[(&str, u8)]| Store::open(directory.path(), options(Some(keys(names)), true)).unwrap();
    let store = open(&[("k1", 1)]);
    let tenant = prepare(&store);
    tenant.create("Group", group("g", &[]), &with_id("g")).unwrap();
    let users: Vec<String> = (0..3)
        .map(|number| user(&format!("u{number}"), "Kanariennick", &[("SSN", &format!("Kanarie-{number}"))]).to_json())
        .collect();
    let body = format!(r#"{{"group": {{"value": "g"}}, "users": [{}]}}"#, users.join(","));
    // A host that cannot be asked holds the users up, while keys are replaced.
    store.set_hooks(Some(Arc::new(NotNow)));
    let job = tenant.queue_import(ImportJobOptions::default(), &mut body.as_bytes()).unwrap();
    assert_eq!(found_in(directory.path(), "kanarie"), Vec::<String>::new());
    sound(&store);
    store.close().unwrap();
    drop((tenant, store));
    // Without keys they wait, and no other tenant does.
    let store = Store::open(directory.path(), options(None, true)).unwrap();
    let tenant = store.tenant("default").unwrap();
    let import = |tenant: &Tenant, body: &str| tenant.queue_import(ImportJobOptions::default(), &mut body.as_bytes());
    assert_eq!(import(&tenant, &body).unwrap_err().kind(), ErrorKind::Unavailable);
    let other = store.create_tenant("other", TenantOptions::default()).unwrap();
    other.create("Group", group("g", &[]), &with_id("g")).unwrap();
    let long = "x".repeat(900_000);
    let users: Vec<String> = (0..20).map(|n| format!(r#"{{"userName": "u{n}", "title": "{long}"}}"#)).collect();
    let chunks = import(&other, &format!(r#"{{"group": {{"value": "g"}}, "users": [{}]}}"#, users.join(","))).unwrap();
    let chunks = other.wait_for_import(&chunks.correlation_id, Duration::from_secs(25)).unwrap();
    assert_eq!((chunks.imported, tenant.import_job(&job.correlation_id).unwrap().is_finished()), (20, false));
    store.close().unwrap();
    drop((tenant, other, store));
    let store = open(&[("k2", 2), ("k1", 1)]);
    store.set_hooks(Some(Arc::new(NotNow)));
    store.rotate_value_keys().unwrap();
    store.close().unwrap();
    drop(store);
    let store = open(&[("k2", 2)]);
    let tenant = store.tenant("default").unwrap();
    assert_eq!(tenant.wait_for_import(&job.correlation_id, Duration::from_secs(60)).unwrap().imported, 3);
    assert_eq!(search(&tenant, r#"nickName eq "kanariennick""#).unwrap(), 3);
    store.close().unwrap();
    assert_eq!(found_in(directory.path(), "kanarie"), Vec::<String>::new());
}

/// A file of keys, the current one first.
fn write_keys(path: &Path, names: &[(&str, &str)]) {
    let entry = |(id, key): &(&str, &str)| format!(r#"{{"id": "{id}", "key": "{key}"}}"#);
    let entries: Vec<String> = names.iter().map(entry).collect();
    fs::write(path, format!(r#"{{"keys": [{}]}}"#, entries.join(","))).unwrap();
}

const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

#[test]
fn child_that_rotates() {
    let Some(directory) = child::directory() else { return };
    let source = ValueKeySource::File(directory.join("keys.json"));
    let store = Store::open(directory.join("store"), options(Some(source), true)).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nbegun").unwrap();
    out.flush().unwrap();
    store.rotate_value_keys().unwrap();
    writeln!(out, "\nended").unwrap();
    out.flush().unwrap();
}

#[test]
fn keys_are_rotated_however_often_that_is_cut_short() {
    let directory = tempfile::tempdir().unwrap();
    let (file, path) = (directory.path().join("keys.json"), directory.path().join("store"));
    write_keys(&file, &[("one", ONE)]);
    let open = || Store::open(&path, options(Some(ValueKeySource::File(file.clone())), true));
    const COUNT: usize = 1_800;
    {
        let store = open().unwrap();
        let tenant = prepare(&store);
        let mut import = tenant.import(ImportOptions::default()).unwrap();
        for number in 0..COUNT {
            let (ssn, city) = (format!("Kanarie-{number}"), format!("City-{}", number % 3));
            let nick = format!("Kanariennick-{number}");
            let json = user(&format!("u{number}"), &nick, &[("SSN", &ssn), ("CITY", &city)]).to_json();
            import.push(number as u64, json.into_bytes()).unwrap();
        }
        assert_eq!(import.finish().unwrap().0.created, COUNT as u64);
        settle(&store);
        store.close().unwrap();
    }
    write_keys(&file, &[("two", TWO), ("one", ONE)]);
    for round in 0..3u64 {
        let mut killed =
            child::command("child_that_rotates", directory.path(), &[]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "begun"));
        std::thread::sleep(Duration::from_millis(15 * round));
        killed.kill().unwrap();
        killed.wait().unwrap();
        let store = open().unwrap();
        finds(&store.tenant("default").unwrap(), COUNT as u64);
        store.close().unwrap();
    }
    let store = open().unwrap();
    let tenant = store.tenant("default").unwrap();
    let changes = tenant.changes(0, usize::MAX, Duration::ZERO).unwrap();
    // Who writes meanwhile is in nobody's way.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..50 {
                let op = format!(r#"{{"op": "replace", "path": "title", "value": "Dr {number}"}}"#);
                patch(&tenant, "User", &id_of(&tenant, &format!("u{number}")), &op).unwrap();
            }
        });
        store.rotate_value_keys().unwrap();
    });
    assert_eq!(store.rotate_value_keys().unwrap(), 0, "there is nothing left");
    let after = tenant.changes(0, usize::MAX, Duration::ZERO).unwrap();
    assert_eq!(after.len(), changes.len() + 50, "it is no change of a resource");
    finds(&tenant, COUNT as u64);
    store.close().unwrap();
    drop((tenant, store));
    // The old key is of no use any more.
    write_keys(&file, &[("one", ONE)]);
    assert_eq!(open().unwrap_err().kind(), ErrorKind::InvalidArgument);
    write_keys(&file, &[("two", TWO)]);
    let store = open().unwrap();
    settle(&store);
    let tenant = store.tenant("default").unwrap();
    finds(&tenant, COUNT as u64);
    assert!(shown(&tenant, &id_of(&tenant, "u7")).contains("Kanarie-7"));
    assert_eq!(found_in(&path, "kanarie"), Vec::<String>::new());
    sound(&store);
}

#[test]
fn the_command_line_makes_and_rotates_keys() {
    let directory = tempfile::tempdir().unwrap();
    let (file, store) = (directory.path().join("keys.json"), directory.path().join("store"));
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_scimdb"));
        command.arg("--store").arg(&store).arg("--value-keys").arg(&file).args(arguments).current_dir(&directory);
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&["keys", "list"]).0, 3, "there is no file");
    assert_eq!(run(&["keys", "add", "one"]).0, 0);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    {
        let store = Store::open(&store, options(Some(ValueKeySource::File(file.clone())), true)).unwrap();
        fill(&prepare(&store), 3);
        store.close().unwrap();
    }
    assert_eq!(run(&["keys", "add", "one"]).0, 3, "there is one of that name");
    assert_eq!(run(&["keys", "add", "two"]).0, 0);
    let listed = run(&["keys", "list", "--output", "json"]).1;
    assert_eq!(listed, "{\"id\":\"two\",\"current\":true}\n{\"id\":\"one\",\"current\":false}\n");
    assert_eq!(run(&["keys", "rotate"]).0, 0);
    let (code, shown) = run(&["get", "User", "u1"]);
    assert!(code == 0 && shown.contains("Kanarie-1"), "{shown}");
    assert_eq!(run(&["forget", "User", "nobody"]).0, 4);
}
