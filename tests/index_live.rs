//! The index while things happen to it: schemas change, its files vanish, its medium fails, the change log is short,
//! writers are faster than it is, and the store is closed in the middle. Answers stay right, and nothing hangs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/index_medium.rs"]
mod index_medium;
mod support;

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use index_medium::IndexDisk;
use scimdb::engine::tantivy::Directory;
use scimdb::engine::{
    ImportOptions, IndexMedium, IndexState, MediumFactory, MemoryMedium, TenantOptions, WriteOptions,
};
use scimdb::message::{BulkRequest, SearchRequest};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::{ENTERPRISE, USER, Verbs, assert_sound};
use support::index;

const EXTRA: &str = "urn:example:Extra";

fn options() -> StoreOptions {
    let mut options = StoreOptions::default();
    index::tiny(&mut options);
    options
}

fn person(number: usize) -> Value {
    json!({"schemas": [USER], "id": format!("u{number}"), "userName": format!("user{number}"),
        "title": format!("Title {}", number % 5), "nickName": format!("nick {number}"),
        "emails": [{"value": format!("user{number}@example.com")}]})
}

fn load(tenant: &Tenant, numbers: std::ops::Range<usize>) {
    let options = ImportOptions { resource_type: Some("User".to_owned()), ..ImportOptions::default() };
    let mut import = tenant.import(options).unwrap();
    let count = numbers.len() as u64;
    for number in numbers {
        import.push(number as u64, person(number).to_string().into_bytes()).unwrap();
    }
    assert_eq!(import.finish().unwrap().0.created, count);
}

/// The ids of what a filter finds, all of it.
fn found(tenant: &Tenant, filter: &str) -> BTreeSet<String> {
    let request = SearchRequest { filter: Some(filter.to_owned()), count: Some(1_000), ..SearchRequest::default() };
    let page = tenant.search(Some("User"), &request).unwrap();
    let ids: BTreeSet<String> = page.resources.iter().map(|resource| resource.id.clone()).collect();
    assert_eq!((page.total_results, ids.len()), (ids.len() as u64, page.resources.len()), "{filter}");
    ids
}

fn ids(numbers: impl Iterator<Item = usize>) -> BTreeSet<String> {
    numbers.map(|number| format!("u{number}")).collect()
}

/// Compares some searches with what users of these numbers have.
fn assert_right(tenant: &Tenant, numbers: std::ops::Range<usize>) {
    assert_eq!(found(tenant, "title eq \"TITLE 3\""), ids(numbers.clone().filter(|number| number % 5 == 3)));
    let with_7 = |number: &usize| number.to_string().contains('7');
    assert_eq!(found(tenant, "nickName co \"7\""), ids(numbers.clone().filter(with_7)));
    assert_eq!(found(tenant, "not (emails.value co \"7\")"), ids(numbers.filter(|number| !with_7(number))));
}

fn state(tenant: &Tenant) -> IndexState {
    tenant.index_status().unwrap().into_iter().find(|status| status.resource_type == "User").unwrap().state
}

/// Waits until something holds, for as long as a machine under load may need.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + index::PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Fails unless some work ends in time: a deadlock must not look like a slow test.
fn watched(seconds: u64, work: impl FnOnce() + Send + 'static) {
    let (done, over) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match over.recv_timeout(Duration::from_secs(seconds)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("still not done after {seconds} seconds"),
        _ => worker.join().unwrap(),
    }
}

/// An extension of users with one attribute, as of some version of it.
fn extension(attributes: Value) -> Value {
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Schema";
    let of_type = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
    json!([
        {"schemas": [schema], "id": EXTRA, "name": "Extra", "attributes": attributes},
        {"schemas": [of_type], "id": "User", "name": "User", "endpoint": "/Users", "schema": USER,
            "schemaExtensions": [{"schema": ENTERPRISE, "required": false}, {"schema": EXTRA, "required": false}]},
    ])
}

#[test]
fn schemas_change_while_searches_and_writes_go_on() {
    let store = Store::open_in_memory(options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    load(&tenant, 0..150);
    index::settle(&store);
    let stop = AtomicBool::new(false);
    let stopping = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_right(&tenant, 0..150);
                stopping.fetch_add(1, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            for turn in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let operations = json!([{"op": "replace", "path": "displayName", "value": format!("turn {turn}")}]);
                match tenant.patch("User", &format!("u{}", turn % 150), operations) {
                    Ok(_) => {}
                    // The schemas changed while it was on its way.
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
                }
            }
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let badge = |user: usize, value: Value| {
                let operation = json!([{"op": "add", "path": format!("{EXTRA}:badge"), "value": value}]);
                tenant.patch("User", &format!("u{user}"), operation).unwrap();
            };
            let is = |value: &str| found(&tenant, &format!("{EXTRA}:badge eq {value}"));
            let kind = |kind: &str, exact: bool| {
                extension(json!([{"name": "badge", "type": kind, "multiValued": false, "caseExact": exact}]))
            };
            for turn in 0..4 {
                // A new attribute, or one that changes while nothing has it, is searchable at once.
                tenant.register(kind("string", turn % 2 == 0)).unwrap();
                assert_eq!(found(&tenant, &format!("{EXTRA}:badge pr")), ids(0..0));
                badge(3, json!("Gold"));
                badge(9, json!("gold"));
                let both = if turn % 2 == 0 { ids([3].into_iter()) } else { ids([3, 9].into_iter()) };
                assert_eq!(is("\"Gold\""), both);
                index::settle(&store);
                assert_eq!(is("\"Gold\""), both);
                assert_eq!(found(&tenant, &format!("{EXTRA}:badge co \"old\"")), ids([3, 9].into_iter()));
                assert_eq!(tenant.register(kind("integer", true)).unwrap_err().kind(), ErrorKind::InUse);
                for user in [3, 9] {
                    let path = format!("{EXTRA}:badge");
                    tenant.patch("User", &format!("u{user}"), json!([{"op": "remove", "path": path}])).unwrap();
                }
                tenant.register(kind("integer", true)).unwrap();
                badge(5, json!(12));
                assert_eq!(found(&tenant, &format!("{EXTRA}:badge ge 12")), ids([5].into_iter()));
                index::settle(&store);
                assert_eq!(found(&tenant, &format!("{EXTRA}:badge lt 13")), ids([5].into_iter()));
                tenant.patch("User", "u5", json!([{"op": "remove", "path": format!("{EXTRA}:badge")}])).unwrap();
            }
        }));
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
    assert!(stopping.load(Ordering::Relaxed) > 0);
    index::settle(&store);
    assert_right(&tenant, 0..150);
    assert_sound(&store);
}

#[test]
fn the_folder_is_deleted_while_open_and_while_closed() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("index");
    let store = Store::open(folder.path(), options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    load(&tenant, 0..300);
    index::settle(&store);
    assert!(std::fs::read_dir(&files).unwrap().count() > 0, "there are files");
    std::fs::remove_dir_all(&files).unwrap();
    assert_right(&tenant, 0..300);
    load(&tenant, 300..600);
    index::settle(&store);
    assert_right(&tenant, 0..600);
    store.close().unwrap();
    drop((tenant, store));
    std::fs::remove_dir_all(&files).unwrap();
    let store = Store::open(folder.path(), options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    assert_right(&tenant, 0..600);
    index::settle(&store);
    assert_eq!(state(&tenant), IndexState::Ready);
    assert_right(&tenant, 0..600);
    // What a dropped tenant had, goes.
    store.drop_tenant("default").unwrap();
    index::settle(&store);
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
}

/// Index files that take long to become durable, and to remove.
#[derive(Debug)]
struct SlowDisk(IndexDisk);

impl IndexMedium for SlowDisk {
    fn directory(&self, name: &str) -> io::Result<Box<dyn Directory>> {
        self.0.directory(name)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.0.names()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        thread::sleep(Duration::from_millis(100));
        self.0.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        thread::sleep(Duration::from_millis(50));
        self.0.sync()
    }
}

#[test]
fn whoever_waited_finds_no_files_of_a_dropped_tenant() {
    let files = IndexDisk::default();
    let medium = MemoryMedium::default();
    let factory: MediumFactory = Arc::new(move || Ok(Box::new(medium.clone())));
    let store = Store::open_on_with_index(factory, Arc::new(SlowDisk(files.clone())), options()).unwrap();
    for round in 0..6 {
        let name = format!("tenant{round}");
        store.create_tenant(&name, TenantOptions::default()).unwrap();
        let tenant = store.tenant(&name).unwrap();
        load(&tenant, 0..300);
        if round % 2 == 0 {
            index::settle(&store);
        } else {
            // It goes away while its index is being made.
            found(&tenant, "title pr");
            until("there are files", || !files.names().unwrap().is_empty());
        }
        assert!(!files.names().unwrap().is_empty(), "there are files");
        store.drop_tenant(&name).unwrap();
        index::settle(&store);
        assert_eq!(files.names().unwrap(), Vec::<String>::new(), "round {round}");
    }
}

#[test]
fn a_short_change_log_still_tells_the_index_what_it_lacks() {
    let medium = MemoryMedium::default();
    let files = IndexDisk::default();
    let open = || {
        let (medium, mut options) = (medium.clone(), options());
        options.keep_changes = Some(100);
        let factory: MediumFactory = Arc::new(move || Ok(Box::new(medium.clone())));
        Store::open_on_with_index(factory, Arc::new(files.clone()), options).unwrap()
    };
    let mut store = open();
    let mut end = 0;
    for turn in 0..6 {
        let tenant = store.tenant("default").unwrap();
        // Each time more than the log keeps, by import and one by one.
        load(&tenant, end..end + 120);
        end += 120;
        for number in (0..end).step_by(9) {
            let operations = json!([{"op": "replace", "path": "displayName", "value": format!("turn {turn}")}]);
            tenant.patch("User", &format!("u{number}"), operations).unwrap();
        }
        assert_right(&tenant, 0..end);
        if turn % 2 == 0 {
            index::settle(&store);
            // Trimmed behind what is durable, it is not much longer than it may be.
            for _ in 0..40 {
                tenant.patch("User", "u1", json!([{"op": "replace", "path": "title", "value": "x"}])).unwrap();
                tenant.patch("User", "u1", json!([{"op": "replace", "path": "title", "value": "Title 1"}])).unwrap();
            }
        }
        store.close().unwrap();
        drop((tenant, store));
        store = open();
        let tenant = store.tenant("default").unwrap();
        assert_right(&tenant, 0..end);
        assert_eq!(found(&tenant, &format!("displayName eq \"turn {turn}\"")), ids((0..end).step_by(9)));
        index::settle(&store);
        assert_right(&tenant, 0..end);
    }
    let tenant = store.tenant("default").unwrap();
    let changes = tenant.stats().unwrap().changes;
    for _ in 0..60 {
        tenant.patch("User", "u1", json!([{"op": "replace", "path": "title", "value": "y"}])).unwrap();
        tenant.patch("User", "u1", json!([{"op": "replace", "path": "title", "value": "Title 1"}])).unwrap();
    }
    println!("{changes} changes, then {}", tenant.stats().unwrap().changes);
    assert_sound(&store);
}

#[test]
fn nothing_waits_for_ever_when_writers_are_faster_than_the_index() {
    watched(180, || {
        let mut options = options();
        options.index.max_recent = 12;
        options.index.max_open = 3;
        options.index.idle = Duration::ZERO;
        let store = Store::open_in_memory(options).unwrap();
        let tenant = store.tenant("default").unwrap();
        load(&tenant, 0..100);
        thread::scope(|scope| {
            let (store, tenant) = (&store, &tenant);
            for writer in 0..16 {
                scope.spawn(move || {
                    for number in 0..30 {
                        let name = format!("w{writer}-{number}");
                        let made = retried(|| tenant.make("User", json!({"schemas": [USER], "userName": name})));
                        assert_eq!(found(tenant, &format!("userName eq \"{name}\" and not (title pr)")).len(), 1);
                        if number % 3 == 0 {
                            retried(|| tenant.drop_resource("User", &made.id));
                        }
                    }
                });
            }
            scope.spawn(move || {
                for turn in 0..10 {
                    let operations: Vec<Value> = (0..20)
                        .map(|number| {
                            let user = json!({"schemas": [USER], "userName": format!("b{turn}-{number}")});
                            json!({"method": "POST", "path": "/Users", "bulkId": format!("{number}"), "data": user})
                        })
                        .collect();
                    let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
                    let request = json!({"schemas": [schema], "Operations": operations}).to_string();
                    let request = || BulkRequest::from_json(request.as_bytes()).unwrap();
                    retried(|| tenant.bulk(request(), &WriteOptions::default()));
                }
            });
            scope.spawn(move || load_loose(tenant, 1_000..1_400));
            scope.spawn(move || {
                for turn in 0..12 {
                    let name = format!("other-{turn}");
                    let other = store.create_tenant(&name, TenantOptions::default()).unwrap();
                    load(&other, 0..70);
                    assert_right(&other, 0..70);
                    store.drop_tenant(&name).unwrap();
                }
            });
            scope.spawn(move || {
                for turn in 0..12 {
                    let attributes = json!([{"name": format!("a{turn}"), "type": "string", "multiValued": false}]);
                    tenant.register(extension(attributes)).unwrap();
                    assert_eq!(found(tenant, &format!("{EXTRA}:a{turn} pr")).len(), 0);
                }
            });
        });
        index::settle(&store);
        assert_eq!(found(&tenant, "userName sw \"w\"").len(), 16 * 20);
        assert_eq!(
            found(&tenant, "not (userName sw \"w\") and nickName co \"nick\" and not (nickName co \"1\")").len(),
            {
                let without_1 = |number: &usize| !number.to_string().contains('1');
                (0..100).chain(1_000..1_400).filter(without_1).count()
            }
        );
        assert_sound(&store);
        store.close().unwrap();
    });
}

/// A write that may meet a change of the schemas on its way, and is then sent again.
fn retried<T>(mut write: impl FnMut() -> scimdb::Result<T>) -> T {
    loop {
        match write() {
            Err(error) if error.kind() == ErrorKind::Unavailable => {}
            outcome => return outcome.unwrap(),
        }
    }
}

/// Imports users, those again that a change of the schemas rejected.
fn load_loose(tenant: &Tenant, numbers: std::ops::Range<usize>) {
    let mut left: Vec<usize> = numbers.collect();
    while !left.is_empty() {
        let options = ImportOptions { resource_type: Some("User".to_owned()), ..ImportOptions::default() };
        let mut import = tenant.import(options).unwrap();
        for number in left.drain(..) {
            import.push(number as u64, person(number).to_string().into_bytes()).unwrap();
        }
        let (_, rejects) = import.finish().unwrap();
        assert!(rejects.iter().all(|reject| reject.error.kind() == ErrorKind::InUse), "{rejects:?}");
        left.extend(rejects.iter().map(|reject| reject.row as usize));
    }
}

#[test]
fn a_store_closes_in_the_middle_of_making_an_index() {
    let medium = MemoryMedium::default();
    let files = IndexDisk::default();
    let open = |index: bool| {
        let (medium, mut options) = (medium.clone(), options());
        options.index.enabled = index;
        let factory: MediumFactory = Arc::new(move || Ok(Box::new(medium.clone())));
        Store::open_on_with_index(factory, Arc::new(files.clone()), options).unwrap()
    };
    let store = open(false);
    load(&store.tenant("default").unwrap(), 0..900);
    store.close().unwrap();
    for wait in [0, 1, 5, 20, 50, 100, 200] {
        let store = open(true);
        let tenant = store.tenant("default").unwrap();
        assert_right(&tenant, 0..900);
        thread::sleep(Duration::from_millis(wait));
        let started = Instant::now();
        store.close().unwrap();
        assert!(started.elapsed() < Duration::from_secs(20), "{:?} after {wait} ms", started.elapsed());
    }
    let store = open(true);
    let tenant = store.tenant("default").unwrap();
    assert_right(&tenant, 0..900);
    index::settle(&store);
    assert_eq!(state(&tenant), IndexState::Ready);
    assert_right(&tenant, 0..900);
}

#[test]
fn a_full_medium_fails_the_index_and_nothing_else() {
    let files = IndexDisk::default();
    files.arm(0, io::ErrorKind::StorageFull);
    let medium = MemoryMedium::default();
    let factory: MediumFactory = Arc::new(move || Ok(Box::new(medium.clone())));
    let store = Store::open_on_with_index(factory, Arc::new(files.clone()), options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    load(&tenant, 0..100);
    assert_right(&tenant, 0..100);
    until("it fails", || {
        assert_right(&tenant, 0..100);
        state(&tenant) == IndexState::Failed
    });
    // Writes and searches go on.
    load(&tenant, 100..200);
    assert_right(&tenant, 0..200);
    assert_eq!(state(&tenant), IndexState::Failed);
    assert!(!store.wait_for_index(Duration::from_millis(50)).unwrap(), "it is not there");
    assert!(files.mend());
    until("it is made", || {
        assert_right(&tenant, 0..200);
        state(&tenant) == IndexState::Ready
    });
    index::settle(&store);
    // An index in use goes on answering when it fails later; it has more runs meanwhile.
    files.arm(3, io::ErrorKind::StorageFull);
    load(&tenant, 200..400);
    index::settle(&store);
    assert_right(&tenant, 0..400);
    assert_eq!(state(&tenant), IndexState::Ready);
    load(&tenant, 400..500);
    assert_right(&tenant, 0..500);
    index::settle(&store);
    assert_eq!(state(&tenant), IndexState::Ready);
    assert!(files.mend(), "it was tried");
    until("what is in memory is written", || {
        index::settle(&store);
        index::runs(&tenant).1 <= 3
    });
    assert_right(&tenant, 0..500);
    assert_sound(&store);
    let runs: u32 = tenant.index_status().unwrap().iter().map(|status| status.runs).sum();
    let directories = files.image().len();
    assert!(directories <= runs as usize, "{directories} directories for {runs} runs: what failed is removed");
}
