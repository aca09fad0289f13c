//! A history of writes with an index beside them, told to two stores: one whose media are watched, and one without an
//! index, which says what every search should answer after each step.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use scimdb::engine::{ImportOptions, TenantOptions, WriteOptions};
use scimdb::message::{SearchRequest, SortOrder, parse_schema_document};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};

use crate::index_medium::IndexDisk;
use crate::medium::{Clock, Disk};
use crate::script::{Ids, patch, with_id};

/// What a search answers: how many there are, and those of the page with their versions; or why it is refused.
pub type Answer = Result<(u64, Vec<(String, u64)>), ErrorKind>;

/// What all searches answer.
pub type Answers = Vec<Answer>;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const EXTRA: &str = "urn:example:Extra";

/// Options of a store with an index so small that everything happens to it.
pub fn options(ids: &Ids, enabled: bool) -> StoreOptions {
    let mut options = ids.options();
    options.index.enabled = enabled;
    options.index.from = 20;
    options.index.recent = 8;
    options.index.durable_from = 48;
    options.index.merge_above = 2;
    options.index.grams_from = 24;
    options
}

/// Opens a store on watched media.
pub fn open(disk: &Disk, index: &IndexDisk) -> scimdb::Result<Store> {
    Store::open_on_with_index(disk.factory(), Arc::new(index.clone()), options(&Ids::default(), true))
}

/// Waits for the indexer.
pub fn settle(store: &Store) {
    assert!(store.wait_for_index(Duration::from_secs(60)).unwrap(), "the indexer does not catch up");
}

/// The searches: every way in which the index answers.
fn searches() -> Vec<(Option<&'static str>, SearchRequest)> {
    let search = |filter: &str, sort_by: &str, descending: bool, start_index: i64, count: i64| SearchRequest {
        filter: Some(filter.to_owned()).filter(|text| !text.is_empty()),
        sort_by: Some(sort_by.to_owned()).filter(|text| !text.is_empty()),
        sort_order: if descending { SortOrder::Descending } else { SortOrder::Ascending },
        start_index: Some(start_index),
        count: Some(count),
        attributes: vec!["id".to_owned()],
        ..SearchRequest::default()
    };
    vec![
        (Some("User"), search("", "", false, 1, 1_000)),
        (Some("User"), search("title sw \"t1\"", "name.familyName", false, 1, 1_000)),
        (Some("User"), search("emails[type eq \"work\" and value co \"7@\"]", "", false, 1, 1_000)),
        (Some("User"), search("title ge \"t3\" and not (nickName pr)", "title", true, 3, 20)),
        (Some("User"), search("userName ew \"5\" or active eq false", "emails", true, 1, 1_000)),
        (Some("User"), search("groups.value eq \"g0\"", "userName", true, 1, 1_000)),
        (Some("User"), search("nickName co \"chang\"", "", false, 1, 1_000)),
        (Some("User"), search("urn:example:Extra:level gt 2", "urn:example:Extra:level", false, 1, 1_000)),
        (Some("Group"), search("members.value eq \"u3\"", "", false, 1, 10)),
        (None, search("displayName co \"a\" or title eq \"t2\"", "displayName", true, 2, 50)),
    ]
}

/// Asks some of the searches; those with other numbers are left out.
pub fn ask(store: &Store, wanted: impl Fn(usize) -> bool) -> Vec<(usize, Answer)> {
    let tenant = store.tenant("default").unwrap();
    let wanted = searches().into_iter().enumerate().filter(|(number, _)| wanted(*number));
    wanted.map(|(number, (scope, request))| (number, answer(&tenant, scope, &request))).collect()
}

fn answer(tenant: &Tenant, scope: Option<&str>, request: &SearchRequest) -> Answer {
    let page = tenant.search(scope, request).map_err(|error| error.kind())?;
    let rows = page.resources.into_iter().map(|resource| (resource.id, resource.tag.version));
    Ok((page.total_results, rows.collect()))
}

/// A user of a number. Its round decides about its other attributes.
fn body(number: usize, round: usize) -> Value {
    let mut body = json!({"schemas": [USER], "id": format!("u{number}"), "userName": format!("user{number}"),
        "title": format!("t{}", (number + round) % 5), "active": !number.is_multiple_of(3),
        "name": {"familyName": format!("family{}", (number * 7 + round) % 11)},
        "emails": [{"type": "home", "value": format!("h{number}@example.com")},
            {"type": "work", "value": format!("w{}@example.com", number + round), "primary": number.is_multiple_of(2)}]});
    if (number + round).is_multiple_of(4) {
        body["displayName"] = json!(format!("name {number}"));
    }
    body
}

fn import(store: &Store, numbers: std::ops::Range<usize>) {
    let mut import = store.tenant("default").unwrap().import(ImportOptions::default()).unwrap();
    for number in numbers {
        import.push(number as u64, body(number, 0).to_string().into_bytes()).unwrap();
    }
    assert!(import.finish().unwrap().1.is_empty());
}

fn replace(store: &Store, number: usize, round: usize) {
    let input = scimdb::message::ResourceInput::from_json(body(number, round).to_string().as_bytes()).unwrap();
    store.tenant("default").unwrap().replace("User", &format!("u{number}"), input, &WriteOptions::default()).unwrap();
}

fn nickname(store: &Store, number: usize) {
    let operation = r#"{"op": "replace", "path": "nickName", "value": "changed"}"#;
    patch(&store.tenant("default").unwrap(), "User", &format!("u{number}"), operation).unwrap();
}

fn delete(store: &Store, kind: &str, id: &str) {
    store.tenant("default").unwrap().delete(kind, id, &WriteOptions::default()).unwrap();
}

fn register(store: &Store) {
    let documents = json!([
        {"id": EXTRA, "attributes": [{"name": "level", "type": "integer"}]},
        {"id": "User", "name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": [{"schema": EXTRA}]},
    ]);
    let documents = parse_schema_document(documents.to_string().as_bytes()).unwrap();
    store.tenant("default").unwrap().put_schemas(documents).unwrap();
}

fn level(store: &Store, number: usize, level: usize) {
    let operation = format!(r#"{{"op": "add", "path": "{EXTRA}:level", "value": {level}}}"#);
    patch(&store.tenant("default").unwrap(), "User", &format!("u{number}"), &operation).unwrap();
}

fn group(store: &Store, id: &str, members: &[usize]) {
    let members: Vec<String> = members.iter().map(|number| format!("u{number}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let input = crate::script::group(&format!("group a {id}"), &members);
    store.tenant("default").unwrap().create("Group", input, &with_id(id)).unwrap();
}

/// A step: one commit, or none and a rest for the indexer.
pub enum Step {
    Write(Box<dyn Fn(&Store)>),
    Rest,
}

/// The history.
pub fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    let write = |steps: &mut Vec<Step>, step: Box<dyn Fn(&Store)>| steps.push(Step::Write(step));
    write(&mut steps, Box::new(|store| import(store, 0..30)));
    steps.push(Step::Rest);
    write(&mut steps, Box::new(|store| group(store, "g0", &[1, 2, 3, 5, 8, 13])));
    for number in [3, 5, 9] {
        write(&mut steps, Box::new(move |store| nickname(store, number)));
    }
    write(&mut steps, Box::new(|store| delete(store, "User", "u4")));
    write(&mut steps, Box::new(|store| import(store, 30..70)));
    // Enough for a part on disk.
    steps.push(Step::Rest);
    for number in (0..30).step_by(3) {
        write(&mut steps, Box::new(move |store| replace(store, number, 1)));
    }
    write(&mut steps, Box::new(|store| delete(store, "User", "u33")));
    steps.push(Step::Rest);
    write(&mut steps, Box::new(register));
    for number in [6, 7, 40, 41] {
        write(&mut steps, Box::new(move |store| level(store, number, number % 5)));
    }
    write(&mut steps, Box::new(|store| import(store, 70..125)));
    steps.push(Step::Rest);
    for number in (70..100).step_by(4) {
        write(&mut steps, Box::new(move |store| level(store, number, number % 7)));
    }
    for number in [71, 72, 73] {
        write(&mut steps, Box::new(move |store| delete(store, "User", &format!("u{number}"))));
    }
    // Enough dead ones, and parts, to be merged.
    write(&mut steps, Box::new(|store| import(store, 125..175)));
    steps.push(Step::Rest);
    write(
        &mut steps,
        Box::new(|store| {
            drop(store.create_tenant("other", TenantOptions::default()).unwrap());
        }),
    );
    for number in (100..160).step_by(9) {
        write(&mut steps, Box::new(move |store| replace(store, number, 2)));
    }
    write(&mut steps, Box::new(|store| delete(store, "Group", "g0")));
    steps.push(Step::Rest);
    write(&mut steps, Box::new(|store| nickname(store, 150)));
    steps
}

/// What was acknowledged when, and what searches then answer.
pub struct Told {
    /// Events of the media that had happened, and the answers.
    pub states: Vec<(u64, Answers)>,
}

/// Tells both stores the history.
pub fn tell(disk: &Disk, index: &IndexDisk, clock: &Clock) -> Told {
    let store = open(disk, index).unwrap();
    let plain = Store::open_in_memory(options(&Ids::default(), false)).unwrap();
    let answers = || ask(&plain, |_| true).into_iter().map(|(_, answer)| answer).collect();
    let mut states = vec![(clock.load(Ordering::SeqCst), answers())];
    for step in steps() {
        match step {
            Step::Rest => settle(&store),
            Step::Write(write) => {
                write(&store);
                let at = clock.load(Ordering::SeqCst);
                write(&plain);
                states.push((at, answers()));
            }
        }
    }
    store.close().unwrap();
    Told { states }
}
