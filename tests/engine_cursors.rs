//! Page cursors (RFC 9865): what they walk over while others write, how long they live, and that nobody forges one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use scimdb::engine::{MemoryMedium, TenantOptions};
use scimdb::message::{SearchPage, SearchRequest, SortOrder};
use scimdb::{Error, ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

/// Users with ties, with and without values, and groups among them.
fn furnished() -> Tenant {
    let tenant = tenant();
    furnish(&tenant, 40);
    tenant
}

fn furnish(tenant: &Tenant, users: u64) {
    for number in 0..users {
        let mut body = user(&format!("user{:02}", number * 17 % users));
        if number % 3 > 0 {
            body["title"] = json!(format!("Title {}", number % 4));
        }
        body["emails"] = json!([{"value": format!("u{number}@example.com"), "type": "work"}]);
        tenant.make("User", body).unwrap();
        if number % 5 == 0 {
            tenant.make("Group", group(&format!("group{number:02}"), &[])).unwrap();
        }
    }
}

fn ids(page: &SearchPage) -> Vec<String> {
    page.resources.iter().map(|resource| resource.id.clone()).collect()
}

fn by_cursor(request: &SearchRequest, cursor: &str) -> SearchRequest {
    SearchRequest { cursor: Some(cursor.to_owned()), ..request.clone() }
}

fn counted(count: i64) -> SearchRequest {
    SearchRequest { count: Some(count), ..SearchRequest::default() }
}

fn refused(tenant: &Tenant, resource_type: Option<&str>, request: &SearchRequest) -> Error {
    tenant.search(resource_type, request).unwrap_err()
}

/// The requests that the tests walk over: sorted and not, both orders, with and without a filter, one type and all.
fn requests() -> Vec<(Option<&'static str>, SearchRequest)> {
    let mut requests = Vec::new();
    for resource_type in [Some("User"), None] {
        for filter in [None, Some("userName pr"), Some("userName eq \"user05\""), Some("title eq \"nobody\"")] {
            for sort_by in [None, Some("userName"), Some("title"), Some("emails"), Some("meta.created")] {
                for sort_order in [SortOrder::Ascending, SortOrder::Descending] {
                    let request = SearchRequest {
                        filter: filter.map(str::to_owned),
                        sort_by: sort_by.map(str::to_owned),
                        sort_order,
                        attributes: vec!["id".to_owned()],
                        ..SearchRequest::default()
                    };
                    requests.push((resource_type, request));
                }
            }
        }
    }
    requests
}

#[test]
fn pages_walk_over_everything_forwards_and_back() {
    let tenant = furnished();
    for (resource_type, request) in requests() {
        let all = tenant.search(resource_type, &SearchRequest { count: Some(1_000), ..request.clone() }).unwrap();
        for size in [1, 3, 8, 1_000] {
            let request = SearchRequest { count: Some(size), ..request.clone() };
            let (mut pages, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = tenant.search(resource_type, &by_cursor(&request, &cursor)).unwrap();
                assert_eq!((page.total_results, page.start_index), (all.total_results, None));
                assert_eq!(page.previous_cursor.is_some(), !pages.is_empty(), "the first page has none before it");
                let next = page.next_cursor.clone();
                pages.push(page);
                let Some(next) = next else { break };
                cursor = next;
            }
            assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), ids(&all), "{resource_type:?} {request:?}");
            // Back again: the same pages, each of which leads on to the one behind it.
            let mut later = pages.pop().unwrap();
            while let Some(cursor) = &later.previous_cursor {
                let page = tenant.search(resource_type, &by_cursor(&request, cursor)).unwrap();
                assert_eq!(ids(&page), ids(&pages.pop().unwrap()));
                let next = by_cursor(&request, page.next_cursor.as_ref().unwrap());
                assert_eq!(ids(&tenant.search(resource_type, &next).unwrap()), ids(&later));
                later = page;
            }
            assert!(pages.is_empty());
        }
    }
}

/// Walks from a page on, and writes something after each page.
fn walk(
    tenant: &Tenant,
    resource_type: Option<&str>,
    request: &SearchRequest,
    backwards: bool,
    write: &mut dyn FnMut(),
) -> Vec<String> {
    let mut page = tenant.search(resource_type, &by_cursor(request, "")).unwrap();
    while let Some(next) = page.next_cursor.as_ref().filter(|_| backwards) {
        page = tenant.search(resource_type, &by_cursor(request, next)).unwrap();
    }
    let mut seen = Vec::new();
    loop {
        let mut shown = ids(&page);
        if backwards {
            shown.reverse();
        }
        seen.extend(shown);
        write();
        let cursor = if backwards { &page.previous_cursor } else { &page.next_cursor };
        let Some(cursor) = cursor else { break };
        page = tenant.search(resource_type, &by_cursor(request, cursor)).unwrap();
    }
    if backwards {
        seen.reverse();
    }
    seen
}

#[test]
fn what_does_not_change_is_told_once_whatever_is_written_meanwhile() {
    let mut dice = 7u64;
    let mut roll = move |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    for (resource_type, request) in requests() {
        for backwards in [false, true].into_iter().filter(|_| request.filter.is_none()) {
            let tenant = furnished();
            let request = SearchRequest { count: Some(4), ..request.clone() };
            let whole = SearchRequest { count: Some(1_000), ..request.clone() };
            let all = ids(&tenant.search(resource_type, &whole).unwrap());
            let users = ids(&tenant.search(Some("User"), &counted(1_000)).unwrap());
            let (mut changed, mut made) = (HashSet::new(), 0);
            let seen = walk(&tenant, resource_type, &request, backwards, &mut || {
                let id = &users[roll(users.len() as u64) as usize];
                match roll(4) {
                    0 if tenant.drop_resource("User", id).is_ok() => drop(changed.insert(id.clone())),
                    1 => {
                        made += 1;
                        tenant.make("User", user(&format!("user{:02}n{made}", roll(40)))).unwrap();
                    }
                    _ => {
                        let title = format!("Title {}", roll(6));
                        let name = format!("user{:02}x{made}", roll(40));
                        made += 1;
                        let operations = json!([{"op": "replace", "value": {"title": title, "userName": name}}]);
                        if tenant.patch("User", id, operations).is_ok() {
                            changed.insert(id.clone());
                        }
                    }
                }
                assert!(made < 500, "the walk does not end");
            });
            let unchanged = |ids: Vec<String>| ids.into_iter().filter(|id| !changed.contains(id) && all.contains(id));
            let expected: Vec<String> = unchanged(all.clone()).collect();
            assert!(!changed.is_empty() && expected.len() >= 10);
            assert_eq!(unchanged(seen).collect::<Vec<_>>(), expected, "{backwards} {resource_type:?} {request:?}");
        }
    }
}

#[test]
fn a_page_whose_side_is_gone_turns_back() {
    let tenant = tenant();
    let people: Vec<String> = (0..6).map(|number| tenant.id_of("User", user(&format!("u{number}")))).collect();
    for sort_by in [None, Some("userName".to_owned())] {
        let request = SearchRequest { sort_by, ..counted(2) };
        let next = |page: &SearchPage| {
            tenant.search(Some("User"), &by_cursor(&request, page.next_cursor.as_ref().unwrap())).unwrap()
        };
        let previous = |page: &SearchPage| {
            tenant.search(Some("User"), &by_cursor(&request, page.previous_cursor.as_ref().unwrap())).unwrap()
        };
        let first = next(&tenant.search(Some("User"), &by_cursor(&request, "")).unwrap());
        let middle = &people[2..4];
        assert_eq!(ids(&first), middle);
        let others: Vec<Value> =
            people.iter().filter(|id| !middle.contains(id)).map(|id| tenant.read("User", id)).collect();
        others.iter().for_each(|user| tenant.drop_resource("User", user["id"].as_str().unwrap()).unwrap());
        for empty in [next(&first), previous(&first)] {
            assert_eq!((ids(&empty), empty.total_results), (Vec::new(), 2));
            assert_ne!(empty.next_cursor.is_some(), empty.previous_cursor.is_some());
        }
        let (behind, before) = (next(&first), previous(&first));
        assert_eq!(ids(&previous(&behind)), middle);
        assert_eq!(ids(&next(&before)), middle);
        assert_eq!(previous(&behind).next_cursor, None);
        // The same again, sorted: rows of their own, at the same places.
        for user in &others {
            let options = scimdb::engine::WriteOptions {
                id: Some(user["id"].as_str().unwrap().to_owned()),
                ..scimdb::engine::WriteOptions::default()
            };
            tenant.create("User", input(user.clone()), &options).unwrap();
        }
    }
}

#[test]
fn cursors_outlive_the_process() {
    let medium = MemoryMedium::default();
    let (env, hand) = env();
    let open = || {
        let (medium, mut options) = (medium.clone(), StoreOptions::default());
        options.env = env.clone();
        Store::open_on(Arc::new(move || Ok(Box::new(medium.clone()))), options).unwrap()
    };
    let store = open();
    let tenant = store.tenant("default").unwrap();
    furnish(&tenant, 20);
    let request = SearchRequest { sort_by: Some("userName".to_owned()), ..counted(6) };
    let first = tenant.search(Some("User"), &by_cursor(&request, "")).unwrap();
    let second = by_cursor(&request, &first.next_cursor.unwrap());
    let expected = ids(&tenant.search(Some("User"), &second).unwrap());
    store.close().unwrap();
    drop((tenant, store));

    let store = open();
    let tenant = store.tenant("default").unwrap();
    assert_eq!(ids(&tenant.search(Some("User"), &second).unwrap()), expected);
    // They expire all the same, and not before their time.
    hand.store(599_000, Ordering::SeqCst);
    tenant.search(Some("User"), &second).unwrap();
    hand.store(602_000, Ordering::SeqCst);
    let error = refused(&tenant, Some("User"), &second);
    assert_eq!((error.kind(), error.scim_type()), (ErrorKind::ExpiredCursor, Some("expiredCursor")));
    assert_sound(&store);
    // Another store has another key.
    let other = self::tenant();
    furnish(&other, 20);
    assert_eq!(refused(&other, Some("User"), &second).kind(), ErrorKind::InvalidCursor);
}

#[test]
fn each_page_gives_time_anew() {
    let (env, hand) = env();
    let mut options = StoreOptions::default();
    (options.env, options.cursor_ttl) = (env, Duration::from_secs(30));
    let tenant = Store::open_in_memory(options).unwrap().tenant("default").unwrap();
    furnish(&tenant, 10);
    let mut page = tenant.search(None, &by_cursor(&counted(2), "")).unwrap();
    let old = page.next_cursor.clone().unwrap();
    let mut found = page.resources.len();
    while let Some(cursor) = &page.next_cursor {
        hand.fetch_add(25_000, Ordering::SeqCst);
        page = tenant.search(None, &by_cursor(&counted(2), cursor)).unwrap();
        found += page.resources.len();
    }
    assert_eq!(found, 12);
    assert_eq!(refused(&tenant, None, &by_cursor(&counted(2), &old)).kind(), ErrorKind::ExpiredCursor);
}

#[test]
fn a_cursor_is_for_its_own_search_only() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let other = store.create_tenant("other", TenantOptions::default()).unwrap();
    furnish(&tenant, 12);
    furnish(&other, 12);
    let request = SearchRequest { filter: Some("id pr".to_owned()), ..counted(5) };
    let cursor = tenant.search(Some("User"), &by_cursor(&request, "")).unwrap().next_cursor.unwrap();
    let good = by_cursor(&request, &cursor);
    let texts = |text: &str| vec![text.to_owned()];
    let wrong = [
        (&other, Some("User"), good.clone()),
        (&tenant, Some("Group"), good.clone()),
        (&tenant, None, good.clone()),
        (&tenant, Some("User"), SearchRequest { filter: None, ..good.clone() }),
        (&tenant, Some("User"), SearchRequest { filter: Some("userName pr".to_owned()), ..good.clone() }),
        (&tenant, Some("User"), SearchRequest { sort_by: Some("userName".to_owned()), ..good.clone() }),
        (&tenant, Some("User"), SearchRequest { sort_order: SortOrder::Descending, ..good.clone() }),
        (&tenant, Some("User"), SearchRequest { attributes: texts("id"), ..good.clone() }),
        (&tenant, Some("User"), SearchRequest { excluded_attributes: texts("emails"), ..good.clone() }),
    ];
    let mut told = BTreeSet::new();
    let mut refuse = |tenant: &Tenant, resource_type: Option<&str>, request: &SearchRequest| {
        let error = refused(tenant, resource_type, request);
        assert_eq!((error.kind(), error.scim_type()), (ErrorKind::InvalidCursor, Some("invalidCursor")), "{request:?}");
        assert_eq!((error.status(), error.attribute()), (400, Some("cursor")));
        told.insert(error.detail().to_owned());
    };
    for (tenant, resource_type, request) in &wrong {
        refuse(tenant, *resource_type, request);
    }
    for index in 0..cursor.len() {
        for letter in ["A", "z", "_", "=", "%", "é"] {
            let mut forged = cursor.clone();
            forged.replace_range(index..=index, letter);
            if forged != cursor {
                refuse(&tenant, Some("User"), &by_cursor(&request, &forged));
            }
        }
        refuse(&tenant, Some("User"), &by_cursor(&request, &cursor[..index.max(1)]));
    }
    refuse(&tenant, Some("User"), &by_cursor(&request, &format!("{cursor}A")));
    refuse(&tenant, Some("User"), &by_cursor(&request, &"A".repeat(1 << 20)));
    assert_eq!(told.len(), 1, "whatever is wrong with a cursor, the answer is the same: {told:?}");

    // The name of the endpoint and the address it was reached by do not matter.
    let expected = ids(&tenant.search(Some("User"), &good).unwrap());
    let elsewhere = SearchRequest { base: "https://example.com/v2".to_owned(), ..good.clone() };
    let page = tenant.search(Some("/Users"), &elsewhere).unwrap();
    assert_eq!(ids(&page), expected);
    let location = |resource| json_of(resource)["meta"]["location"].as_str().unwrap().to_owned();
    assert!(page.resources.iter().map(location).all(|at| at.starts_with("https://example.com/v2/Users/")));
    // By offset or by cursor.
    for cursor in ["", &cursor] {
        let both = SearchRequest { start_index: Some(1), ..by_cursor(&request, cursor) };
        assert_eq!(refused(&tenant, Some("User"), &both).kind(), ErrorKind::InvalidCursor);
    }
    // Everything else is checked as ever.
    assert_eq!(refused(&tenant, Some("Thing"), &good).kind(), ErrorKind::UnknownType);
    let filter = by_cursor(&SearchRequest { filter: Some("(".to_owned()), ..counted(5) }, "");
    assert_eq!(refused(&tenant, Some("User"), &filter).kind(), ErrorKind::InvalidFilter);
}

#[test]
fn counts_do_not_grow() {
    let (env, _) = env();
    let mut options = StoreOptions::default();
    (options.env, options.default_page, options.max_page) = (env, 3, 10);
    let tenant = Store::open_in_memory(options).unwrap().tenant("default").unwrap();
    furnish(&tenant, 40);
    let search = |count: Option<i64>, cursor: &str| {
        let request = SearchRequest { count, ..SearchRequest::default() };
        tenant.search(Some("User"), &by_cursor(&request, cursor))
    };
    let next = |count, cursor: &str| {
        let page = search(count, cursor).unwrap();
        (page.resources.len(), page.next_cursor.unwrap())
    };
    let (length, cursor) = next(Some(5), "");
    assert_eq!(length, 5);
    assert_eq!(next(Some(5), &cursor).0, 5);
    assert_eq!(next(None, &cursor).0, 5, "as the first request asked");
    // Fewer are fine, and do not bind the next page.
    let (length, fewer) = next(Some(2), &cursor);
    assert_eq!((length, next(Some(5), &fewer).0), (2, 5));
    for count in [6, 1_000, i64::MAX] {
        let error = search(Some(count), &cursor).unwrap_err();
        assert_eq!((error.kind(), error.scim_type()), (ErrorKind::InvalidCount, Some("invalidCount")));
    }
    // Without a count, and with one that is cut down.
    let (length, cursor) = next(None, "");
    assert_eq!((length, next(None, &cursor).0), (3, 3));
    assert_eq!(search(Some(4), &cursor).unwrap_err().kind(), ErrorKind::InvalidCount);
    let (length, cursor) = next(Some(500), "");
    assert_eq!((length, next(Some(500), &cursor).0), (10, 10));
    // Only the number of results.
    for (count, cursor) in [(0, ""), (-1, ""), (0, cursor.as_str())] {
        let page = search(Some(count), cursor).unwrap();
        assert_eq!((page.total_results, page.resources.len()), (40, 0));
        assert_eq!((page.next_cursor, page.previous_cursor), (None, None));
    }
}

#[test]
fn the_message_is_the_rfcs() {
    let tenant = furnished();
    let request = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["userName"], "filter": "userName sw \"user0\"", "cursor": "", "count": 4}"#;
    let request = SearchRequest::from_json(request).unwrap();
    let first: Value = serde_json::from_str(&tenant.search(Some("User"), &request).unwrap().to_json()).unwrap();
    assert_eq!((&first["totalResults"], &first["itemsPerPage"]), (&json!(10), &json!(4)));
    assert_eq!((first.get("startIndex"), first.get("previousCursor")), (None, None));
    let second = by_cursor(&request, first["nextCursor"].as_str().unwrap());
    let second: Value = serde_json::from_str(&tenant.search(Some("User"), &second).unwrap().to_json()).unwrap();
    assert!(second["previousCursor"].is_string() && second["nextCursor"].is_string());
    let last = by_cursor(&request, second["nextCursor"].as_str().unwrap());
    let last: Value = serde_json::from_str(&tenant.search(Some("User"), &last).unwrap().to_json()).unwrap();
    assert_eq!((last.get("nextCursor"), &last["itemsPerPage"]), (None, &json!(2)));
}
