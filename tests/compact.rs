//! Compaction: the same store in a smaller file, with nothing left of what was deleted, while others read and write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/script.rs"]
mod script;

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use scimdb::engine::{ReadOptions, WriteOptions};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{group, patch, user, with_id};

fn everything(tenant: &Tenant) -> Vec<String> {
    let mut rows = Vec::new();
    tenant
        .export(None, &mut |row| {
            rows.push(row.to_owned());
            true
        })
        .unwrap();
    rows
}

/// Users and groups, a part of them deleted.
fn fill(tenant: &Tenant) {
    let ids: Vec<String> = (0..300).map(|number| format!("u{number}")).collect();
    for id in &ids {
        let title = format!(r#", "title": "canary-{id}-{}""#, "long ".repeat(200));
        tenant.create("User", user(id, &title), &with_id(id)).unwrap();
    }
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    tenant.create("Group", group("everybody", &members), &with_id("g")).unwrap();
    for (number, id) in ids.iter().enumerate() {
        match number % 3 {
            0 => patch(tenant, "User", id, r#"{"op": "replace", "path": "title", "value": "changed"}"#).unwrap(),
            1 => tenant.delete("User", id, &WriteOptions::default()).unwrap(),
            _ => {}
        }
    }
}

#[test]
fn a_compacted_store_is_the_same_and_smaller() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    fill(&tenant);
    let mut before = (everything(&tenant), tenant.changes(0, 10_000, std::time::Duration::ZERO).unwrap());
    let bytes = store.stats().unwrap().file_bytes;
    #[cfg(unix)]
    std::fs::set_permissions(directory.path().join("store.redb"), std::fs::Permissions::from_mode(0o640)).unwrap();
    // What a crash left of an earlier attempt is in nobody's way.
    std::fs::write(directory.path().join("store.redb.new"), b"torn").unwrap();
    let mut told = (0, 1);
    // Who is told may write: the store does not wait for them.
    store
        .compact(&mut |done, total| {
            if told.0 == 0 {
                tenant.create("User", user("told", ""), &with_id("told")).unwrap();
                tenant.delete("User", "told", &WriteOptions::default()).unwrap();
            }
            told = (done, total);
        })
        .unwrap();
    assert_eq!(told.0, told.1, "everything was copied");
    before.1.extend(tenant.changes(before.1.last().unwrap().sequence, 10, std::time::Duration::ZERO).unwrap());
    assert!(before.1.iter().filter(|change| change.id == "told").count() == 2);
    let smaller = store.stats().unwrap().file_bytes;
    assert!(smaller < bytes, "{bytes} bytes became {smaller}");
    assert_eq!((everything(&tenant), tenant.changes(0, 10_000, std::time::Duration::ZERO).unwrap()), before);
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(directory.path().join("store.redb")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "who may read it, may read it still");
    }
    let mut names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert!(!names.iter().any(|name| name == "store.redb.new"), "{names:?}");
    let file = std::fs::read(directory.path().join("store.redb")).unwrap();
    let has = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("canary-u2-") && !has("canary-u0-") && !has("canary-u1-"), "what is gone leaves no trace");
    // It goes on as ever.
    patch(&tenant, "User", "u2", r#"{"op": "remove", "path": "title"}"#).unwrap();
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    let after = everything(&tenant);
    store.close().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    assert_eq!(everything(&store.tenant("default").unwrap()), after);
    // In memory there is no second file, and nothing else is different.
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    fill(&tenant);
    let before = everything(&tenant);
    store.compact(&mut |_, _| ()).unwrap();
    assert_eq!(everything(&tenant), before);
}

#[test]
fn others_read_and_write_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    fill(&tenant);
    let (done, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (tenant, done, made) = (&tenant, &done, &made);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    let id = format!("w{writer}-{number}");
                    tenant.create("User", user(&id, ""), &with_id(&id)).unwrap();
                    made.fetch_add(1, Ordering::SeqCst);
                    tenant.get("User", &id, &ReadOptions::default()).unwrap();
                }
            });
        }
        let (tenant, done, made) = (&tenant, &done, &made);
        scope.spawn(move || {
            while !done.load(Ordering::SeqCst) {
                let least = made.load(Ordering::SeqCst);
                let seen = everything(tenant).iter().filter(|row| row.contains("\"userName\":\"w")).count();
                assert!(seen >= least, "{seen} of {least}");
            }
        });
        for _ in 0..20 {
            store.compact(&mut |_, _| ()).unwrap();
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    let seen = everything(&tenant).iter().filter(|row| row.contains("\"userName\":\"w")).count();
    assert_eq!(seen, made.load(Ordering::SeqCst));
}

#[test]
fn damage_is_told_and_not_copied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    fill(&store.tenant("default").unwrap());
    store.close().unwrap();
    // A letter in a value: it decodes as ever, and only the checksum of its page tells.
    let mut bytes = std::fs::read(&path).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 10).filter(|at| bytes[*at..].starts_with(b"canary-u2-")).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[*at] = b'C');
    std::fs::write(&path, &bytes).unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let error = store.compact(&mut |_, _| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    assert!(!directory.path().join("store.redb.new").exists());
}

#[cfg(unix)]
#[test]
fn a_link_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (directory.path().join("store.redb"), directory.path().join("elsewhere.redb"));
    Store::open(directory.path(), StoreOptions::default()).unwrap().close().unwrap();
    std::fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    let error = store.compact(&mut |_, _| ()).unwrap_err();
    assert!(error.detail().contains("link"), "{error:?}");
    tenant.create("User", user("after", ""), &with_id("after")).unwrap();
    assert!(std::fs::symlink_metadata(&path).unwrap().is_symlink());
}
