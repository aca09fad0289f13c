//! Whatever is written, and whatever the threads of the index are at: its runs and recent writes together hold every
//! resource once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::indexer::Shared;
use super::manifest::{self, Manifest};
use super::testing::words;
use super::{Memory, Shelf};
use crate::engine::storage::keys::{self, Key};
use crate::engine::storage::{Counter, Reads, Table, read_counter};
use crate::engine::{IndexState, MediumFactory, MemoryMedium, WriteOptions};
use crate::message::ResourceInput;
use crate::{Store, StoreOptions};

fn options() -> StoreOptions {
    let mut options = StoreOptions::default();
    options.index.from = 20;
    options.index.recent = 8;
    options.index.durable_from = 64;
    options.index.merge_above = 3;
    options
}

/// Compares an index, if there is one, with the rows of the same view.
fn check(store: &Store) -> bool {
    let view = store.inner.view().unwrap();
    let tenant = store.tenant("default").unwrap();
    let (id, kind) = (tenant.state.id, 1);
    let kind = tenant.state.config().unwrap().registry.resource_type("User").map_or(kind, |model| model.number());
    let Some(index) = view.index(id, kind) else { return false };
    let mut rows = BTreeMap::new();
    let prefix = Key::of(id).u16(kind).done();
    view.snapshot
        .scan_prefix(Table::Resources, &prefix, &mut |key, value| {
            rows.insert(keys::resource_row(key).unwrap().row, value.to_vec());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    let overlay = index.overlay();
    let mut found = BTreeMap::new();
    for (live, masked) in index.runs.iter().zip(&overlay.masked) {
        for (doc, row) in (0u32..).zip(live.run.rows()) {
            if !live.dead.bits.has(doc) && masked.binary_search(&doc).is_err() {
                assert!(found.insert(*row, None).is_none(), "row {row} is alive twice");
            }
        }
        assert_eq!(u64::from(live.dead.count), live.dead.bits.count());
    }
    for write in &overlay.writes {
        if let Some(bytes) = &write.stored {
            assert!(found.insert(write.row, Some(bytes.to_vec())).is_none(), "row {} is alive twice", write.row);
        }
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), rows.keys().collect::<Vec<_>>());
    for (row, bytes) in found {
        assert!(bytes.is_none_or(|bytes| rows.get(&row) == Some(&bytes)), "row {row} is stale");
    }
    true
}

fn user(name: &str, title: u32) -> ResourceInput {
    let json = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}","title":"t{title}"}}"#
    );
    ResourceInput::from_json(json.as_bytes()).unwrap()
}

/// Numbers that look random.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn holds_every_resource_once() {
    let medium = MemoryMedium::default();
    let factory: MediumFactory = Arc::new(move || Ok(Box::new(medium.clone())));
    let mut store = Store::open_on(factory.clone(), options()).unwrap();
    let write = WriteOptions::default();
    let mut ids: Vec<(String, String)> = Vec::new();
    let mut state = 7;
    let mut checked = 0;
    for step in 0..1_500u32 {
        let tenant = store.tenant("default").unwrap();
        match draw(&mut state) % 10 {
            0..5 => {
                let name = format!("user{step}");
                let made = tenant.create("User", user(&name, step), &write).unwrap();
                ids.push((made.id, name));
            }
            5..8 if !ids.is_empty() => {
                let at = usize::try_from(draw(&mut state)).unwrap() % ids.len();
                let (id, name) = &ids[at];
                tenant.replace("User", id, user(name, step), &write).unwrap();
            }
            8 if !ids.is_empty() => {
                let at = usize::try_from(draw(&mut state)).unwrap() % ids.len();
                let (id, _) = ids.swap_remove(at);
                tenant.delete("User", &id, &write).unwrap();
            }
            _ => {}
        }
        if step % 7 == 0 {
            checked += u32::from(check(&store));
        }
        if step % 200 == 199 {
            assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
            assert!(check(&store));
            let status = tenant.index_status().unwrap().remove(0);
            assert_eq!((status.state, status.recent), (IndexState::Ready, 0));
            assert_eq!(status.resources, ids.len() as u64);
            assert!(status.runs <= 4);
        }
        if step % 500 == 499 {
            drop(tenant);
            store.close().unwrap();
            store = Store::open_on(factory.clone(), options()).unwrap();
        }
    }
    assert!(checked > 100);
}

fn open(options: StoreOptions) -> Store {
    let medium = MemoryMedium::default();
    Store::open_on(Arc::new(move || Ok(Box::new(medium.clone()))), options).unwrap()
}

#[test]
fn the_change_log_stays_short_whatever_the_changes_are() {
    let mut options = options();
    options.keep_changes = Some(100);
    let store = open(options);
    let tenant = store.tenant("default").unwrap();
    let write = WriteOptions::default();
    let ids: Vec<String> =
        (0..150).map(|n| tenant.create("User", user(&format!("user{n}"), n), &write).unwrap().id).collect();
    assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
    let changes = || read_counter(&*store.inner.view().unwrap().snapshot, tenant.state.id, Counter::Changes).unwrap();
    for turn in 0..3u32 {
        for step in 0..300 {
            let n = (step % 5) as usize;
            match turn {
                0 => drop(tenant.replace("User", &ids[n], user(&format!("user{n}"), step), &write).unwrap()),
                _ => {
                    let made = tenant.create("User", user("brief", step), &write).unwrap();
                    tenant.delete("User", &made.id, &write).unwrap();
                }
            }
        }
        assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
        for step in 0..20 {
            tenant.replace("User", &ids[0], user("user0", step), &write).unwrap();
        }
        let left = changes();
        assert!(left <= 100 + 4 * 64 + 20, "{left} changes after turn {turn}");
        assert!(check(&store));
    }
}

#[test]
fn nothing_is_left_of_what_came_and_went() {
    let store = open(options());
    let tenant = store.tenant("default").unwrap();
    let write = WriteOptions::default();
    for n in 0..150 {
        tenant.create("User", user(&format!("user{n}"), n), &write).unwrap();
    }
    assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
    for step in 0..20u32 {
        // Some are gone before a run holds them, and some after it.
        let made = (0..20).map(|n| tenant.create("User", user(&format!("brief{n}"), step), &write).unwrap().id);
        let made: Vec<String> = made.collect();
        if step % 2 == 0 {
            assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
        }
        made.iter().for_each(|id| tenant.delete("User", id, &write).unwrap());
        assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
        let view = store.inner.view().unwrap();
        let kind = tenant.state.config().unwrap().registry.resource_type("User").unwrap().number();
        let index = view.index(tenant.state.id, kind).unwrap();
        let buried: usize = index.runs.iter().map(|live| live.run.tombstones().len()).sum();
        assert!(buried <= 40, "{buried} tombstones after turn {step}");
        assert!(check(&store));
    }
}

#[test]
fn nobody_stores_over_what_another_stored() {
    let store = open(options());
    let tenant = store.tenant("default").unwrap();
    let write = WriteOptions::default();
    for n in 0..150 {
        tenant.create("User", user(&format!("user{n}"), n), &write).unwrap();
    }
    assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
    let kind = tenant.state.config().unwrap().registry.resource_type("User").unwrap().number();
    let key = (tenant.state.id, kind);
    let load = || manifest::load(&*store.inner.view().unwrap().snapshot, key).unwrap();
    let stored = load().unwrap();
    assert!(!stored.runs.is_empty());
    let other = Manifest { applied: 9, runs: vec![900] };
    let save = |old: &Manifest| manifest::save(&store.inner.writer, key, old, &other).unwrap();
    assert!(!save(&Manifest::default()));
    assert!(!save(&other));
    assert_eq!(load(), Some(stored.clone()));

    // In doubt, what a manifest names stays.
    let publisher = Arc::clone(&store.inner.publisher);
    let shelf = Shelf::new(Arc::new(Memory::default()));
    let shared = Shared::new(publisher, Arc::clone(&store.inner.writer), shelf, Box::new(|_, _| Ok(None)));
    let run = || words(&[(&[b"a".to_vec()], false)]);
    shared.shelf.write(900, run()).unwrap();
    shared.shelf.write(901, run()).unwrap();
    shared.doubt([900, 901]);
    assert!(save(&stored));
    shared.keep(run(), true, 1).unwrap();
    let left = shared.shelf.numbers().unwrap();
    assert!(left.contains(&900) && !left.contains(&901), "{left:?}");

    // The index that is in use is not what the disk tells any more: it is made again.
    for n in 0..150 {
        tenant.create("User", user(&format!("late{n}"), n), &write).unwrap();
    }
    assert!(store.wait_for_index(Duration::from_secs(20)).unwrap());
    assert!(check(&store));
    assert!(load().is_some_and(|now| !now.runs.is_empty() && !now.runs.contains(&900)));
}
