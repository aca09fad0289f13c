//! Readers that check what must always hold, while writers write and the indexer works: nothing torn, lost, doubled or
//! stale; totals are the sum of the pages; order holds.
//!
//! `SCIMDB_STRESS_SECONDS` sets for how long (default 4), `SCIMDB_SEED` which writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use scimdb::message::{SearchPage, SearchRequest, SortOrder};
use scimdb::{Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::{GROUP, USER, Verbs, assert_sound, json_of};
use support::index;
use support::random::Dice;

/// Users that stay, and whose attributes change in pairs.
const MARKERS: usize = 60;
/// Threads that change them, each its own.
const WRITERS: usize = 2;

/// What the threads share.
struct Scene {
    tenant: Tenant,
    ids: Vec<String>,
    /// For each marker, the last change that was acknowledged.
    acknowledged: Vec<AtomicU64>,
    /// The group whose members are either the even markers or the odd ones.
    group: String,
    stop: AtomicBool,
    searches: AtomicU64,
    writes: AtomicU64,
}

impl Scene {
    fn new(store: &Store) -> Scene {
        let tenant = store.tenant("default").unwrap();
        let ids: Vec<String> = (0..MARKERS).map(|number| tenant.id_of("User", marker(number, 0))).collect();
        let group = tenant.id_of("Group", json!({"schemas": [GROUP], "displayName": "half", "members": half(&ids, 0)}));
        Scene {
            tenant,
            ids,
            acknowledged: (0..MARKERS).map(|_| AtomicU64::new(0)).collect(),
            group,
            stop: AtomicBool::new(false),
            searches: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn search(&self, filter: &str, more: SearchRequest) -> SearchPage {
        self.searches.fetch_add(1, Ordering::Relaxed);
        self.tenant.search(Some("User"), &SearchRequest { filter: Some(filter.to_owned()), ..more }).unwrap()
    }

    fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }
}

/// A marker after some changes. Its user name and what tells that it is one stay.
fn marker(number: usize, change: u64) -> Value {
    let value = pair(number, change);
    json!({"schemas": [USER], "userName": format!("marker-{number:03}"), "userType": "marker", "title": value,
        "nickName": value, "emails": [{"value": value, "type": "work"}, {"value": format!("{value}-2"), "type": "home"}]})
}

/// Even changes and odd ones lie far apart in any order.
fn pair(number: usize, change: u64) -> String {
    let side = if change.is_multiple_of(2) { "a" } else { "z" };
    format!("{side}-{number:03}-{change:08}")
}

fn half(ids: &[String], odd: usize) -> Value {
    ids.iter().skip(odd).step_by(2).map(|id| json!({ "value": id })).collect()
}

/// What a resource shows.
struct Shown {
    id: String,
    json: Value,
}

/// The resources of a page: none twice, and none torn.
fn shown(page: &SearchPage) -> Vec<Shown> {
    let all: Vec<Shown> =
        page.resources.iter().map(|resource| Shown { id: resource.id.clone(), json: json_of(resource) }).collect();
    let ids: BTreeSet<&str> = all.iter().map(|shown| shown.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "a page shows no resource twice");
    for Shown { json, .. } in &all {
        assert_eq!(json["title"], json["nickName"], "both were written at once: {json}");
        assert_eq!(json["title"], json["emails"][0]["value"], "both were written at once: {json}");
    }
    all
}

#[test]
fn readers_never_see_a_write_torn_lost_doubled_or_late() {
    let seconds = setting("SCIMDB_STRESS_SECONDS", 4);
    let seed = setting("SCIMDB_SEED", 1);
    let mut options = StoreOptions::default();
    index::tiny(&mut options);
    let store = Store::open_in_memory(options).unwrap();
    let scene = Scene::new(&store);
    index::settle(&store);
    thread::scope(|scope| {
        let scene = &scene;
        // A thread that fails ends the others.
        let spawn = |work: Box<dyn Fn() + Send>| {
            scope.spawn(move || {
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
                scene.stop.store(true, Ordering::Relaxed);
                outcome.unwrap();
            });
        };
        for writer in 0..WRITERS {
            spawn(Box::new(move || change_markers(scene, writer, &mut Dice(seed + writer as u64))));
        }
        spawn(Box::new(move || swap_halves(scene)));
        spawn(Box::new(move || come_and_go(scene, &mut Dice(seed + 100))));
        spawn(Box::new(move || look_for_changes(scene, &mut Dice(seed + 200))));
        spawn(Box::new(move || look_at_all(scene, &mut Dice(seed + 300))));
        spawn(Box::new(move || turn_pages(scene, &mut Dice(seed + 400))));
        scope.spawn(move || {
            let end = Instant::now() + Duration::from_secs(seconds);
            while scene.goes_on() && Instant::now() < end {
                thread::sleep(Duration::from_millis(20));
            }
            scene.stop.store(true, Ordering::Relaxed);
        });
    });
    index::settle(&store);
    let all =
        shown(&scene.search("userType eq \"marker\"", SearchRequest { count: Some(1_000), ..Default::default() }));
    for (number, shown) in all.iter().enumerate() {
        assert_eq!(shown.json["title"], pair(number, scene.acknowledged[number].load(Ordering::SeqCst)));
    }
    assert_sound(&store);
    let (searches, writes) = (scene.searches.load(Ordering::SeqCst), scene.writes.load(Ordering::SeqCst));
    println!("{searches} searches, {writes} writes, {:?}", index::runs(&scene.tenant));
    assert!(searches > 100 && writes > 100, "{searches} searches, {writes} writes");
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

/// Changes markers, both values at once, and tells when it was acknowledged. Each writer has markers of its own.
fn change_markers(scene: &Scene, writer: usize, dice: &mut Dice) {
    while scene.goes_on() {
        let number = dice.below(MARKERS / WRITERS) * WRITERS + writer;
        let change = scene.acknowledged[number].load(Ordering::SeqCst) + 1;
        let value = pair(number, change);
        let id = &scene.ids[number];
        if dice.one_in(2) {
            scene.tenant.put("User", id, marker(number, change)).unwrap();
        } else {
            let operations = json!([
                {"op": "replace", "path": "title", "value": value},
                {"op": "replace", "path": "nickName", "value": value},
                {"op": "replace", "path": "emails", "value": marker(number, change)["emails"]},
            ]);
            scene.tenant.patch("User", id, operations).unwrap();
        }
        scene.acknowledged[number].store(change, Ordering::SeqCst);
        scene.wrote();
    }
}

/// Changes all the members of a group at once.
fn swap_halves(scene: &Scene) {
    for turn in 1.. {
        if !scene.goes_on() {
            break;
        }
        let members = half(&scene.ids, turn % 2);
        scene
            .tenant
            .patch("Group", &scene.group, json!([{"op": "replace", "path": "members", "value": members}]))
            .unwrap();
        scene.wrote();
        thread::sleep(Duration::from_millis(5));
    }
}

/// Makes users and deletes them: those that are there, are found, and those that are gone, are not.
fn come_and_go(scene: &Scene, dice: &mut Dice) {
    let mut there: Vec<(String, u64)> = Vec::new();
    for number in 0.. {
        if !scene.goes_on() {
            break;
        }
        let value = format!("t-{number:08}");
        let body = json!({"schemas": [USER], "userName": format!("passing-{number}"), "userType": "passing",
            "title": value, "nickName": value, "emails": [{"value": value}]});
        there.push((scene.tenant.id_of("User", body), number));
        scene.wrote();
        let found =
            scene.search(&format!("nickName eq \"{value}\" and userType eq \"passing\""), SearchRequest::default());
        assert_eq!(found.total_results, 1, "{value} was acknowledged before");
        if there.len() > 40 || dice.one_in(3) {
            let (id, gone) = there.swap_remove(dice.below(there.len()));
            scene.tenant.drop_resource("User", &id).unwrap();
            scene.wrote();
            let found = scene.search(&format!("title eq \"t-{gone:08}\""), SearchRequest::default());
            assert_eq!(found.total_results, 0, "{id} was deleted before");
        }
        let all = scene.search("userType eq \"passing\"", SearchRequest { count: Some(1_000), ..Default::default() });
        let found: BTreeSet<String> = shown(&all).into_iter().map(|shown| shown.id).collect();
        let expected: BTreeSet<String> = there.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(found, expected, "nobody else makes or deletes them");
    }
}

/// A search that began after a write was acknowledged sees it, or a later one.
fn look_for_changes(scene: &Scene, dice: &mut Dice) {
    while scene.goes_on() {
        let number = dice.below(MARKERS);
        let known = scene.acknowledged[number].load(Ordering::SeqCst);
        let part = format!("-{number:03}-");
        let filter = match dice.below(4) {
            0 => format!("nickName co \"{part}\" and userType eq \"marker\""),
            1 => format!("nickName sw \"a{part}\" or nickName sw \"z{part}\""),
            2 => format!("emails[type eq \"work\" and value co \"{part}\"]"),
            _ => format!("not (userType ne \"marker\") and title co \"{part}\""),
        };
        let page = scene.search(&filter, SearchRequest::default());
        let found = shown(&page);
        assert_eq!((page.total_results, found.len()), (1, 1), "{filter}");
        let title = found[0].json["title"].as_str().unwrap();
        let change: u64 = title.rsplit('-').next().unwrap().parse().unwrap();
        assert!(change >= known, "{title}, though change {known} was acknowledged before the search");
        assert_eq!(title, pair(number, change));
        // The next change may have come meanwhile, but never the one before.
        if known >= 2 {
            let last = pair(number, known - 2);
            let old = format!("title le \"{last}\" and title sw \"{}\"", &last[..6]);
            let stale = scene.search(&format!("({old}) and not (title eq \"x\")"), SearchRequest::default());
            assert_eq!(stale.total_results, 0, "{old}");
        }
    }
}

/// All markers are there in every search, in order; a group's members change at once.
fn look_at_all(scene: &Scene, dice: &mut Dice) {
    while scene.goes_on() {
        let sort_order = if dice.one_in(2) { SortOrder::Ascending } else { SortOrder::Descending };
        let sort_by = dice.pick(&["title", "emails", "emails.value", "nickName"]).to_owned();
        let more = SearchRequest { sort_by: Some(sort_by), sort_order, count: Some(1_000), ..Default::default() };
        let page = scene.search("userType eq \"marker\"", more);
        let found = shown(&page);
        assert_eq!((page.total_results, found.len()), (MARKERS as u64, MARKERS), "all markers");
        let titles: Vec<&str> = found.iter().map(|shown| shown.json["title"].as_str().unwrap()).collect();
        let in_order = match sort_order {
            SortOrder::Ascending => titles.is_sorted(),
            SortOrder::Descending => titles.iter().rev().is_sorted(),
        };
        assert!(in_order, "{titles:?}");

        let torn = scene.search("title sw \"a\" and not (nickName sw \"a\")", SearchRequest::default());
        assert_eq!(torn.total_results, 0, "both sides change at once");
        let none = SearchRequest { count: Some(0), ..Default::default() };
        let total = scene.search("title sw \"a\" or nickName sw \"z\"", none).total_results;
        assert_eq!(total, MARKERS as u64, "a marker is on one side");

        let members = scene.search(&format!("groups.value eq \"{}\"", scene.group), SearchRequest::default());
        let numbers: BTreeSet<usize> = members
            .resources
            .iter()
            .map(|found| scene.ids.iter().position(|id| *id == found.id).unwrap() % 2)
            .collect();
        assert_eq!((members.total_results, numbers.len()), (MARKERS as u64 / 2, 1), "one half of them");
    }
}

/// Pages in an order that does not change hold all markers, each once, whatever else is written between them.
fn turn_pages(scene: &Scene, dice: &mut Dice) {
    let filter = "userType eq \"marker\"";
    let mut expected = scene.ids.clone();
    while scene.goes_on() {
        let descending = dice.one_in(2);
        let sort_order = if descending { SortOrder::Descending } else { SortOrder::Ascending };
        let sort_by = dice.pick(&["userName", "", "meta.created"]);
        let sort_by = Some(sort_by.to_owned()).filter(|path| !path.is_empty());
        let count = 1 + dice.below(MARKERS) as i64;
        let request = SearchRequest { sort_by: sort_by.clone(), sort_order, count: Some(count), ..Default::default() };
        let mut got = Vec::new();
        while got.len() < MARKERS {
            let page =
                scene.search(filter, SearchRequest { start_index: Some(got.len() as i64 + 1), ..request.clone() });
            assert_eq!(page.total_results, MARKERS as u64);
            assert!(!page.resources.is_empty(), "the total says that there are more than {}", got.len());
            got.extend(shown(&page).into_iter().map(|shown| shown.id));
        }
        expected.sort_by_key(|id| scene.ids.iter().position(|known| known == id));
        if descending && sort_by.as_deref() == Some("userName") {
            expected.reverse();
        }
        // Markers that were made in the same millisecond keep the order of their creation.
        let loose = descending && sort_by.as_deref() == Some("meta.created");
        if loose {
            got.sort();
            expected.sort();
        }
        assert_eq!(got, expected, "pages of {count} by {sort_by:?}, {sort_order:?}");
    }
}
