//! Resources pulled one by one are those that a search tells, of the state that it began with; and what runs long ends
//! when it is interrupted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/script.rs"]
mod script;

use std::time::{Duration, Instant};

use scimdb::engine::{ImportOptions, ResourceStream, WriteOptions};
use scimdb::message::{SearchRequest, SortOrder};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{group, user, with_id};

fn rest(stream: &mut ResourceStream) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(json) = stream.next().unwrap() {
        all.push(json.to_owned());
    }
    assert!(stream.next().unwrap().is_none(), "the end stays the end");
    all
}

fn filled(count: usize, options: StoreOptions) -> (Store, Tenant) {
    let store = Store::open_in_memory(options).unwrap();
    let tenant = store.tenant("default").unwrap();
    let mut import = tenant.import(ImportOptions::default()).unwrap();
    for number in 0..count {
        let title = ["Dr", "Prof", "Mr"][number % 3];
        let json = user(&format!("user{number:05}"), &format!(r#", "title": "{title}", "id": "u{number}""#)).to_json();
        import.push(number as u64, json.into_bytes()).unwrap();
    }
    assert_eq!(import.finish().unwrap().0.created, count as u64);
    tenant.create("Group", group("staff", &["u1", "u2"]), &with_id("g")).unwrap();
    (store, tenant)
}

#[test]
fn a_stream_tells_what_a_search_tells() {
    let mut indexed = StoreOptions::default();
    indexed.index.from = 1;
    let mut plain = StoreOptions::default();
    plain.index.enabled = false;
    for options in [indexed, plain] {
        let (store, tenant) = filled(1_000, options);
        assert!(store.wait_for_index(Duration::from_secs(60)).unwrap());
        let request = |filter: &str, sort: &str, attributes: &str| SearchRequest {
            filter: (!filter.is_empty()).then(|| filter.to_owned()),
            sort_by: (!sort.is_empty()).then(|| sort.to_owned()),
            sort_order: if filter.len().is_multiple_of(2) { SortOrder::Ascending } else { SortOrder::Descending },
            attributes: if attributes.is_empty() { Vec::new() } else { vec![attributes.to_owned()] },
            base: "https://example.com/scim/v2".to_owned(),
            ..SearchRequest::default()
        };
        let filters =
            ["", "title eq \"Dr\"", "userName eq \"user00007\"", "userName co \"07\"", "groups pr", "title eq \"no\""];
        let shown = ["", "userName", "id", "groups"];
        for (number, filter) in filters.into_iter().enumerate() {
            for sort in ["", "userName", "title", "meta.created"] {
                let kind = if number % 2 == 0 && !filter.contains("groups") { None } else { Some("Users") };
                let mut request = request(filter, sort, shown[(number + sort.len()) % shown.len()]);
                let mut told = Vec::new();
                let total = tenant
                    .search_all(kind, &request, &mut |found| {
                        told.push(found.json);
                        true
                    })
                    .unwrap();
                let mut stream = tenant.stream(kind, &request).unwrap();
                assert_eq!(stream.total(), total);
                assert!(rest(&mut stream) == told, "{filter} by {sort}");
                // A part of it, also one that is longer than a page may be.
                (request.start_index, request.count) = (Some(3), Some(2_000));
                let mut stream = tenant.stream(kind, &request).unwrap();
                assert!(rest(&mut stream) == told.get(2..).unwrap_or_default(), "{filter} by {sort} from 3");
                request.count = Some(4);
                let page = tenant.search(kind, &request).unwrap();
                let page: Vec<String> = page.resources.into_iter().map(|found| found.json).collect();
                let mut stream = tenant.stream(kind, &request).unwrap();
                assert_eq!((rest(&mut stream), stream.total()), (page, total), "{filter} by {sort} from 3, 4 of them");
            }
        }
        let refused = |kind, filter: &str| tenant.stream(kind, &request(filter, "", "")).unwrap_err().kind();
        assert_eq!(refused(None, "userName ="), ErrorKind::InvalidFilter);
        assert_eq!(refused(Some("Robot"), ""), ErrorKind::UnknownType);
    }
}

#[test]
fn a_stream_is_of_one_state() {
    let (store, tenant) = filled(50, StoreOptions::default());
    let mut stream = tenant.stream(Some("User"), &SearchRequest::default()).unwrap();
    let first = stream.next().unwrap().unwrap().to_owned();
    for number in 0..50 {
        tenant.delete("User", &format!("u{number}"), &WriteOptions::default()).unwrap();
    }
    tenant.create("User", user("late", ""), &with_id("late")).unwrap();
    let all = [vec![first], rest(&mut stream)].concat();
    assert_eq!(all.len(), 50);
    assert!(all.iter().all(|json| !json.contains("late")));
    // One that is given up, and one that outlives its store.
    drop(tenant.stream(None, &SearchRequest::default()).unwrap());
    let mut left = tenant.stream(None, &SearchRequest::default()).unwrap();
    store.close().unwrap();
    drop((store, tenant));
    assert_eq!(left.next().unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn what_runs_is_interrupted_and_what_comes_later_is_not() {
    let (store, tenant) = filled(3_000, StoreOptions::default());
    let everything = SearchRequest::default();
    let cancelled = |outcome: scimdb::Result<()>| assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    let mut seen = 0;
    let mut end = || {
        seen += 1;
        if seen % 10 == 0 {
            store.interrupt();
        }
        true
    };
    cancelled(tenant.search_all(None, &everything, &mut |_| end()).map(drop));
    cancelled(tenant.export(None, &mut |_| end()));
    assert_eq!(seen, 20, "at once");
    cancelled(store.check(&mut |_, _| store.interrupt()).map(drop));
    let mut stream = tenant.stream(None, &everything).unwrap();
    stream.next().unwrap();
    store.interrupt();
    cancelled(stream.next().map(drop));
    cancelled(stream.next().map(drop));
    // A scan without hits tells nobody anything on its way.
    let filter = Some("nickName eq \"nobody\"".to_owned());
    let filtered = SearchRequest { filter, ..SearchRequest::default() };
    let outcome = std::thread::scope(|scope| {
        let scan = scope.spawn(|| {
            loop {
                tenant.search(Some("User"), &filtered)?;
            }
        });
        interrupt_until(&store, || scan.is_finished());
        scan.join().unwrap()
    });
    cancelled(outcome);
    let last = store.sequence().unwrap();
    let outcome = std::thread::scope(|scope| {
        let wait = scope.spawn(|| tenant.changes(last, 1, Duration::from_secs(600)));
        interrupt_until(&store, || wait.is_finished());
        wait.join().unwrap()
    });
    cancelled(outcome.map(drop));
    assert_eq!(tenant.search(None, &everything).unwrap().total_results, 3_001);
    assert_eq!(rest(&mut tenant.stream(None, &everything).unwrap()).len(), 3_001);
    assert!(tenant.changes(last, 1, Duration::from_millis(1)).unwrap().is_empty());
    tenant.create("User", user("late", ""), &with_id("late")).unwrap();
}

/// Interrupts until something ended, which begins on another thread meanwhile.
fn interrupt_until(store: &Store, ended: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ended() {
        assert!(Instant::now() < deadline, "it does not end");
        store.interrupt();
        std::thread::sleep(Duration::from_millis(1));
    }
}
