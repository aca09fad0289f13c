//! The format: what an older version wrote is read, and the numbers that stored rows go by never change.
//!
//! `tests/fixtures/format-1` was written by format 1. `SCIMDB_WRITE_FIXTURE` makes this test write the fixture of the
//! current format instead of reading it: once, for a new format, never again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/layout.rs"]
mod layout;
#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use medium::Disk;
use redb::{ReadableDatabase, ReadableTable, TableDefinition, TableHandle};
use scimdb::engine::{ChangeOperation, ImportJobOptions, Scope, TokenOptions, ValueKey, ValueKeySource, WriteOptions};
use scimdb::message::{ResourceInput, SearchRequest, builtin, parse_schema_document};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{Ids, SCRIPT, Secrets, user, with_id};
use serde_json::Value;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1")
}

/// A schema with an attribute of every type.
const EVERYTHING: &str = r#"[
    {"id": "urn:example:Everything", "name": "Everything", "attributes": [
        {"name": "text", "type": "string", "uniqueness": "global"},
        {"name": "exact", "type": "string", "caseExact": true, "multiValued": true},
        {"name": "whole", "type": "integer", "multiValued": true},
        {"name": "part", "type": "decimal", "multiValued": true},
        {"name": "flag", "type": "boolean"},
        {"name": "time", "type": "dateTime", "multiValued": true},
        {"name": "bytes", "type": "binary"},
        {"name": "link", "type": "reference"},
        {"name": "single", "type": "complex", "subAttributes": [{"name": "a", "type": "string"},
            {"name": "b", "type": "integer"}]},
        {"name": "many", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value", "type": "string"},
            {"name": "primary", "type": "boolean"}]}]},
    {"id": "Everything", "name": "Everything", "endpoint": "/Everything", "schema": "urn:example:Everything"}]"#;

const ONE_OF_EVERYTHING: &str = r#"{"schemas": ["urn:example:Everything"], "externalId": "Ext\u0000ern", "text": "Größe",
    "exact": ["A", "a", "É"], "whole": [0, -1, 300, 9223372036854775807, -9223372036854775808],
    "part": [0.1, -2.5e-300, 1e300], "flag": false, "time": ["2011-05-13T04:42:34.123456789+02:00", "1900-01-01T00:00:00Z"],
    "bytes": "AAECAwT/", "link": "https://example.com/a", "single": {"a": "x", "b": 7},
    "many": [{"value": "one", "primary": true}, {"value": "two"}]}"#;

fn exported(tenant: &Tenant) -> Vec<String> {
    let mut lines = Vec::new();
    tenant
        .export(None, &mut |json| {
            lines.push(json.to_owned());
            true
        })
        .unwrap();
    lines
}

fn write_fixture(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    for step in SCRIPT {
        (step.run)(&store, &mut Secrets::new()).unwrap();
    }
    let tenant = store.tenant("default").unwrap();
    tenant.put_schemas(parse_schema_document(EVERYTHING.as_bytes()).unwrap()).unwrap();
    let input = ResourceInput::from_json(ONE_OF_EVERYTHING.as_bytes()).unwrap();
    tenant.create("Everything", input, &with_id("everything")).unwrap();
    let token = tenant.create_token("fixture", TokenOptions::of_scope(Scope::Read)).unwrap();
    fs::write(directory.join("token.txt"), token.secret).unwrap();
    fs::write(directory.join("export.ndjson"), exported(&tenant).join("\n") + "\n").unwrap();
    store.close().unwrap();
    fs::write(directory.join("store.redb"), disk.bytes()).unwrap();
}

#[test]
fn a_store_of_format_1_is_read() {
    if std::env::var_os("SCIMDB_WRITE_FIXTURE").is_some() {
        return write_fixture(&fixture());
    }
    let directory = tempfile::tempdir().unwrap();
    fs::copy(fixture().join("store.redb"), directory.path().join("store.redb")).unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    assert_eq!(store.tenants().unwrap(), ["default"]);
    let tenant = store.tenant("default").unwrap();
    let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let expected = fs::read_to_string(fixture().join("export.ndjson")).unwrap();
    let found: Vec<Value> = exported(&tenant).iter().map(|line| parse(line)).collect();
    assert_eq!(found, expected.lines().map(parse).collect::<Vec<_>>());
    // What an export does not tell: keys, edges, secrets, the change log, numbers.
    let count = |kind: &str, filter: &str| {
        let search = SearchRequest { filter: Some(filter.to_owned()), ..SearchRequest::default() };
        tenant.search(Some(kind), &search).unwrap().total_results
    };
    let every = r#"text eq "GRÖSSE" and many[value eq "ONE" and primary eq true] and time lt "1950-01-01T00:00:00Z""#;
    assert_eq!(count("Everything", every), 1);
    assert_eq!(count("User", r#"groups.value eq "all""#), 1);
    assert!(tenant.verify_password("User", "bob", "correct horse").unwrap());
    let secret = fs::read_to_string(fixture().join("token.txt")).unwrap();
    assert_eq!(store.authenticate(&secret).unwrap().name, "fixture");
    let changes = tenant.changes(0, usize::MAX, Duration::ZERO).unwrap();
    let of_ann = changes.iter().filter(|change| change.id == "ann").map(|change| change.operation);
    let (create, modify, delete) = (ChangeOperation::Create, ChangeOperation::Modify, ChangeOperation::Delete);
    assert_eq!(of_ann.collect::<Vec<_>>(), [create, modify, delete, create]);
    assert_eq!(changes[0].actor.as_deref(), Some("script"));
    // And it is written to.
    let again = tenant.create("User", user("ANN", ""), &WriteOptions::default()).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Uniqueness);
    let last = store.stats().unwrap().sequence;
    assert!(tenant.create("User", user("new", ""), &with_id("new")).unwrap().tag.version > last);
}

/// What closes the store when it is read.
struct Closes<'a>(&'a Store);

impl Read for Closes<'_> {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.close().unwrap();
        Ok(0)
    }
}

/// Every key and value of every table is what the description says, to the last byte, and each kind occurs.
#[test]
fn every_byte_is_described() {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(fixture().join("store.redb"), directory.path().join("store.redb")).unwrap();
    // The key of cursors is made by the first one; what tells of an index, once one is on disk.
    let mut options = StoreOptions::default();
    (options.index.from, options.index.durable_from) = (1, 1);
    options.value_keys = Some(ValueKeySource::Keys(vec![ValueKey::generate("k1")]));
    let store = Store::open(directory.path(), options).unwrap();
    assert!(store.wait_for_index(Duration::from_secs(30)).unwrap());
    let first = SearchRequest { count: Some(1), cursor: Some(String::new()), ..SearchRequest::default() };
    assert!(store.tenant("default").unwrap().search(None, &first).unwrap().next_cursor.is_some());
    // What is noted of a deletion, and what is left of one that is forgotten.
    let tenant = store.tenant("default").unwrap();
    for external in ["kept", "forgotten"] {
        tenant.create("User", user(external, &format!(r#", "externalId": "{external}""#)), &with_id(external)).unwrap();
        tenant.delete("User", external, &WriteOptions::default()).unwrap();
    }
    tenant.forget("User", "forgotten", None).unwrap();
    // An import that has ended, and one that breaks off since the store is closed.
    let group = SearchRequest { filter: Some("meta.resourceType eq \"Group\"".to_owned()), ..SearchRequest::default() };
    let group = tenant.search(Some("Group"), &group).unwrap().resources.remove(0).id;
    let mut text = format!(r#"{{"group":{{"value":"{group}"}},"users":[{{"a":1}}"#);
    let whole = text.clone() + "]}";
    let job = tenant.queue_import(ImportJobOptions::default(), &mut whole.as_bytes()).unwrap();
    tenant.wait_for_import(&job.correlation_id, Duration::from_secs(30)).unwrap();
    text.extend(std::iter::repeat_n(",{}", 4_000));
    let mut closing = text.as_bytes().chain(Closes(&store));
    tenant.queue_import(ImportJobOptions::default(), &mut closing).unwrap_err();
    drop((tenant, store));
    let database = redb::Database::open(directory.path().join("store.redb")).unwrap();
    let txn = database.begin_read().unwrap();
    let names: Vec<String> = txn.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
    assert_eq!(names.len(), layout::TABLES.len(), "{names:?}");
    for (name, kinds) in layout::TABLES {
        let definition: TableDefinition<&[u8], &[u8]> = TableDefinition::new(name);
        let table = txn.open_table(definition).unwrap();
        let mut met = vec![false; kinds.len()];
        for entry in table.iter().unwrap() {
            let (key, value) = entry.unwrap();
            let kind = kinds.iter().position(|(words, _)| layout::is(words, key.value()));
            let kind = kind.unwrap_or_else(|| panic!("{name}: the key {}", key.value().escape_ascii()));
            let (value, words) = (value.value(), kinds[kind].1);
            assert!(layout::is(words, value), "{name}: {} is not {words}", value.escape_ascii());
            met[kind] = true;
        }
        // The change log of the fixture was never trimmed.
        let missing: Vec<_> = kinds.iter().zip(met).filter(|(_, met)| !met).map(|((words, _), _)| *words).collect();
        assert!(missing.iter().all(|words| *words == "tenant =4"), "{name}: {missing:?} does not occur");
    }
}

/// The numbers of the built-in attributes are part of the format: documents may grow at their ends only.
#[test]
fn built_in_attributes_have_the_numbers_that_the_format_says() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/FORMAT.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").map(|cell| cell.trim_end_matches(" |")).collect();
        let number: u32 = cells[0].parse().ok()?;
        Some((number, cells.get(1)?.trim_matches('`').to_owned()))
    };
    let (_, table) = text.split_once("## Numbers of built-in attributes").unwrap();
    let said: BTreeMap<u32, String> = table.lines().filter_map(row).collect();
    let registry = builtin::registry().unwrap();
    let path = |path: &str, schema: &str| match path.strip_prefix(&format!("{schema}:")) {
        Some(path) => path.to_owned(),
        None => path.to_owned(),
    };
    let name = |schema: &str| schema.rsplit(':').next().unwrap().to_owned();
    let found: BTreeMap<u32, String> = registry
        .definitions()
        .iter()
        .map(|d| (d.id.0, format!("{} {}", name(&d.schema), path(&d.path, &d.schema)).trim().to_owned()))
        .collect();
    if said != found {
        let rows = found.iter().map(|(number, name)| format!("| {number} | `{name}` |"));
        panic!("docs/FORMAT.md says otherwise:\n{}", rows.collect::<Vec<_>>().join("\n"));
    }
}
