//! Many tenants in one store: memory, threads and open files stay bounded, and a large tenant beside the small ones is
//! not slowed by them. Of many that are large enough for an index, those that nobody uses give theirs up.
//!
//! `SCIMDB_TENANTS` sets how many small tenants there are (default 200), `SCIMDB_TENANT_USERS` how many users each has
//! (default 60), `SCIMDB_LARGE_USERS` how many the large one has (default 3,000), `SCIMDB_OWN_SCHEMAS` which part of the
//! tenants has schemas of its own (default every 20th). 10,000 tenants of 200 shall take no more than 1 GB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use scimdb::engine::{ImportOptions, IndexState, TenantOptions};
use scimdb::message::{SearchRequest, SortOrder};
use scimdb::{Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::{USER, Verbs};
use support::index;

/// What a process holds is told of all its tests together: they run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

fn person(number: u64) -> Value {
    let family = ["Smith", "Jones", "Brown", "Wilson"][number as usize % 4];
    json!({"schemas": [USER], "userName": format!("user{number}@example.com"), "title": format!("Title {}", number % 7),
        "displayName": format!("{family} {number}"), "name": {"familyName": family, "givenName": format!("G{number}")},
        "active": !number.is_multiple_of(3), "emails": [{"value": format!("user{number}@example.com"), "type": "work"}]})
}

fn load(tenant: &Tenant, users: u64) {
    let options = ImportOptions { resource_type: Some("User".to_owned()), ..ImportOptions::default() };
    let mut import = tenant.import(options).unwrap();
    for number in 0..users {
        import.push(number, person(number).to_string().into_bytes()).unwrap();
    }
    assert_eq!(import.finish().unwrap().0.created, users);
}

/// What the process holds, as far as the operating system tells.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    #[allow(dead_code, reason = "it is printed")]
    resident: u64,
    peak: u64,
    threads: usize,
    files: usize,
}

impl Held {
    fn now() -> Held {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB"));
            line.map_or(0, |number| number.trim().parse::<u64>().unwrap() << 10)
        };
        let entries = |path: &str| std::fs::read_dir(path).map_or(0, Iterator::count);
        Held {
            resident: kilobytes("VmRSS:"),
            peak: kilobytes("VmHWM:"),
            threads: entries("/proc/self/task"),
            files: entries("/proc/self/fd"),
        }
    }
}

/// The time in the middle, of some searches and of some creates.
fn times(tenant: &Tenant, name: &str) -> (Duration, Duration) {
    let searches = [
        SearchRequest { filter: Some("displayName sw \"smith 1\"".to_owned()), ..SearchRequest::default() },
        SearchRequest {
            filter: Some("title eq \"Title 3\" and active eq true".to_owned()),
            ..SearchRequest::default()
        },
        SearchRequest {
            sort_by: Some("name.familyName".to_owned()),
            sort_order: SortOrder::Descending,
            attributes: vec!["id".to_owned()],
            ..SearchRequest::default()
        },
    ];
    let middle = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let timed = |work: &dyn Fn(usize)| {
        let time = |number| {
            let started = Instant::now();
            work(number);
            started.elapsed()
        };
        middle((0..150).map(time).collect())
    };
    let search = timed(&|number| {
        tenant.search(Some("User"), &searches[number % searches.len()]).unwrap();
    });
    let create = timed(&|number| {
        tenant.make("User", json!({"schemas": [USER], "userName": format!("{name}-{number}")})).unwrap();
    });
    (search, create)
}

/// What a tenant of its own needs beside the built-in schemas.
fn own_schema(number: u64) -> Value {
    json!([{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": format!("urn:example:own:{number}"),
        "name": "Own", "attributes": [{"name": "badge", "type": "string", "multiValued": false}]}])
}

#[test]
fn many_small_tenants_cost_little_and_do_not_slow_a_large_one() {
    let _alone = alone();
    let (tenants, users) = (setting("SCIMDB_TENANTS", 200), setting("SCIMDB_TENANT_USERS", 60));
    let own = setting("SCIMDB_OWN_SCHEMAS", 20);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let large = store.tenant("default").unwrap();
    load(&large, setting("SCIMDB_LARGE_USERS", 3_000));
    index::settle(&store);
    let _ = times(&large, "first");
    let alone = times(&large, "alone");
    index::settle(&store);
    let before = Held::now();
    println!("the large tenant alone: search {:?}, create {:?}; {before:?}", alone.0, alone.1);
    let started = Instant::now();
    for number in 0..tenants {
        let tenant = store.create_tenant(&format!("tenant-{number}"), TenantOptions::default()).unwrap();
        // Some have schemas of their own.
        if number % own == 0 {
            tenant.register(own_schema(number)).unwrap();
        }
        load(&tenant, users);
        if number % (tenants / 10).max(1) == 0 {
            println!("{number} tenants after {:?}: {:?}", started.elapsed(), Held::now());
        }
    }
    println!("loaded in {:?}", started.elapsed());
    let started = Instant::now();
    for number in 0..tenants {
        let tenant = store.tenant(&format!("tenant-{number}")).unwrap();
        let found = tenant.page(Some("User"), "name.familyName eq \"smith\"").unwrap();
        assert_eq!(found.total_results, users.div_ceil(4));
        tenant.make("User", person(users)).unwrap();
    }
    println!("a search and a create in each: {:?}", started.elapsed());
    let started = Instant::now();
    index::settle(&store);
    assert_eq!(store.stats().unwrap().tenants.len() as u64, tenants + 1);
    println!("settled, and counted all: {:?}", started.elapsed());
    let after = Held::now();
    let beside = times(&large, "beside");
    println!("the large tenant beside them: search {:?}, create {:?}; {after:?}", beside.0, beside.1);
    assert!(after.peak <= 1 << 30, "{after:?}");
    assert_eq!((after.threads, after.files), (before.threads, before.files), "they do not grow with tenants");
    let limit = |time: Duration| time * 4 + Duration::from_millis(2);
    assert!(beside.0 <= limit(alone.0) && beside.1 <= limit(alone.1), "{beside:?}, but alone {alone:?}");
}

/// How many tenants' users have an index that is open.
fn open(store: &Store, names: &[String]) -> usize {
    let is_open = |name: &&String| {
        let status = store.tenant(name).unwrap().index_status().unwrap();
        assert!(status.iter().all(|status| status.state != IndexState::Failed), "{status:?}");
        status.iter().any(|status| status.state == IndexState::Ready)
    };
    names.iter().filter(is_open).count()
}

/// Waits until something holds, for as long as a machine under load may need.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn indexes_that_nobody_uses_make_room_for_others() {
    const TENANTS: usize = 300;
    const OPEN: usize = 24;
    const USERS: u64 = 25;
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::default();
    index::tiny(&mut options);
    options.index.durable_from = 40;
    options.index.max_open = OPEN;
    options.index.idle = Duration::ZERO;
    let store = Store::open(folder.path(), options.clone()).unwrap();
    let names: Vec<String> = (0..TENANTS).map(|number| format!("tenant-{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let tenant = store.create_tenant(name, TenantOptions::default()).unwrap();
        // Every tenth has an index on disk.
        load(&tenant, if number.is_multiple_of(10) { USERS * 2 } else { USERS });
    }
    let of_all = |store: &Store, title: &str, expected: &dyn Fn(usize) -> u64| {
        for (number, name) in names.iter().enumerate() {
            let page = store.tenant(name).unwrap().page(Some("User"), title).unwrap();
            assert_eq!(page.total_results, expected(number), "{name}");
        }
    };
    let users = |number: usize| if number.is_multiple_of(10) { USERS * 2 } else { USERS };
    // Files that are being written are open, too.
    index::settle(&store);
    let before = Held::now();
    let third = |number: usize| (0..users(number)).filter(|user| user % 7 == 3).count() as u64;
    of_all(&store, "title eq \"title 3\"", &third);
    index::settle(&store);
    assert!((1..=OPEN).contains(&open(&store, &names)));
    // Those that were searched last are open; one that is asked for comes, and the others stay right.
    let first = store.tenant(&names[0]).unwrap();
    let is_open = |tenant: &Tenant| tenant.index_status().unwrap().iter().any(|of| of.state == IndexState::Ready);
    let search = |tenant: &Tenant| tenant.page(Some("User"), "title co \"3\"").unwrap().total_results;
    until("it is opened", || {
        assert_eq!(search(&first), third(0));
        is_open(&first)
    });
    // Who is used stays open while all others come and go; writes count as uses, and are never lost.
    for (turn, name) in names.iter().enumerate().skip(1) {
        let tenant = store.tenant(name).unwrap();
        tenant.make("User", json!({"schemas": [USER], "userName": "late", "title": "Title 3"})).unwrap();
        assert_eq!(search(&tenant), third(turn) + 1);
        let name = format!("late-{turn}");
        first.make("User", json!({"schemas": [USER], "userName": name, "title": "Title 3"})).unwrap();
        assert_eq!(search(&first), third(0) + turn as u64);
    }
    assert!(is_open(&first));
    index::settle(&store);
    let after = Held::now();
    assert!(open(&store, &names) <= OPEN);
    assert_eq!((after.threads, after.files), (before.threads, before.files), "they do not grow with indexes");
    let late = |number: usize| third(number) + if number == 0 { TENANTS as u64 - 1 } else { 1 };
    of_all(&store, "title eq \"title 3\"", &late);
    store.close().unwrap();
    drop((first, store));
    let store = Store::open(folder.path(), options).unwrap();
    of_all(&store, "title co \"3\" and title pr", &late);
    index::settle(&store);
    assert!((1..=OPEN).contains(&open(&store, &names)));
    of_all(&store, "title co \"3\" and title pr", &late);
}

#[test]
fn indexes_in_memory_stay_within_their_bytes() {
    let _alone = alone();
    let mut options = StoreOptions::default();
    index::tiny(&mut options);
    options.index.durable_from = 10_000;
    options.index.max_memory = 400_000;
    options.index.idle = Duration::ZERO;
    let store = Store::open_in_memory(options).unwrap();
    let names: Vec<String> = (0..60).map(|number| format!("tenant-{number}")).collect();
    for name in &names {
        load(&store.create_tenant(name, TenantOptions::default()).unwrap(), 100);
    }
    let bytes = || -> u64 {
        let of = |name: &String| -> u64 {
            store.tenant(name).unwrap().index_status().unwrap().iter().map(|status| status.bytes).sum()
        };
        names.iter().map(of).sum()
    };
    for turn in 0..3 {
        for name in &names {
            let tenant = store.tenant(name).unwrap();
            let made = json!({"schemas": [USER], "userName": format!("late-{turn}"), "title": "Late"});
            tenant.make("User", made).unwrap();
            let found = tenant.page(Some("User"), "title eq \"late\"").unwrap();
            assert_eq!(found.total_results, turn + 1);
        }
        index::settle(&store);
        let count = open(&store, &names);
        println!("{count} are open: {} bytes", bytes());
        assert!((1..names.len()).contains(&count) && bytes() <= 400_000, "{count} open, {} bytes", bytes());
    }
}
