//! Backup: the whole store as it was at one moment, in another place, while others write; durable when it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;
#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use medium::{Dice, Disk, Fault, Loss, Platter, Verb};
use scimdb::message::SearchRequest;
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{Dump, Ids, SCRIPT, Secrets, user, with_id};

fn sound(store: &Store) {
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}

fn create(tenant: &Tenant, id: &str) {
    tenant.create("User", user(id, ""), &with_id(id)).unwrap();
}

/// A store with something of everything, and what it tells.
fn filled(store: &Store) -> Dump {
    let mut secrets = Secrets::new();
    for step in SCRIPT {
        (step.run)(store, &mut secrets).unwrap();
    }
    dump(store)
}

/// What a store tells, but for the state of its indexes.
fn dump(store: &Store) -> Dump {
    let mut dump = script::dump(store).unwrap();
    dump.retain(|key, _| !key.ends_with(": about"));
    for mut tenant in store.stats().unwrap().tenants {
        tenant.indexes.clear();
        dump.insert(tenant.name.clone(), format!("{tenant:?}"));
    }
    dump
}

fn open(path: &Path) -> Store {
    let mut options = StoreOptions::default();
    options.create = false;
    Store::open(path, options).unwrap()
}

#[test]
fn a_backup_is_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("store"), directory.path().join("backup"));
    let mut options = Ids::default().options();
    // Something of the index is on the disk, and stays behind.
    (options.index.from, options.index.durable_from) = (1, 1);
    let store = Store::open(&from, options).unwrap();
    let before = filled(&store);
    assert!(store.wait_for_index(Duration::from_secs(60)).unwrap());
    #[cfg(unix)]
    for (name, mode) in [("store.redb", 0o640), ("", 0o750)] {
        std::fs::set_permissions(from.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut told = (0, 1);
    store.backup(&to, &mut |done, total| told = (done, total)).unwrap();
    assert!(told.0 == told.1 && told.0 > 0);
    assert!(dump(&store) == before);
    let names: Vec<_> = std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["store.redb"]);
    #[cfg(unix)]
    for (name, mode) in [("store.redb", 0o640), ("", 0o750)] {
        assert_eq!(std::fs::metadata(to.join(name)).unwrap().permissions().mode() & 0o777, mode, "who may read it");
    }
    let copy = open(&to);
    assert!(dump(&copy) == before);
    sound(&copy);
    assert!(copy.wait_for_index(Duration::from_secs(60)).unwrap());
    assert!(dump(&copy) == before);
    create(&copy.tenant("default").unwrap(), "later");
    sound(&copy);
    // One in memory has no directory, and is copied into one.
    let store = Store::open_in_memory(Ids::default().options()).unwrap();
    let before = filled(&store);
    let to = directory.path().join("of-memory");
    store.backup(&to, &mut |_, _| ()).unwrap();
    assert!(dump(&open(&to)) == before);
    #[cfg(unix)]
    assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("store"), StoreOptions::default()).unwrap();
    create(&store.tenant("default").unwrap(), "ann");
    let backup = |to: &str| store.backup(directory.path().join(to), &mut |_, _| ()).unwrap_err().kind();
    std::fs::create_dir(directory.path().join("there")).unwrap();
    std::fs::write(directory.path().join("file"), b"mine").unwrap();
    assert_eq!(
        (backup("there"), backup("file"), backup("store")),
        (ErrorKind::AlreadyExists, ErrorKind::AlreadyExists, ErrorKind::AlreadyExists)
    );
    assert_eq!(backup("nowhere/backup"), ErrorKind::InvalidArgument);
    assert!(std::fs::read_dir(directory.path().join("there")).unwrap().next().is_none());
    // The last thing that is told is that all of it is copied.
    let to = directory.path().join("backup");
    store.backup(&to, &mut |_, _| ()).unwrap();
    std::fs::remove_dir_all(&to).unwrap();
    let tenant = store.tenant("default").unwrap();
    let mut import = tenant.import(Default::default()).unwrap();
    for number in 0..5_000 {
        import.push(number, user(&format!("u{number}"), "").to_json().into_bytes()).unwrap();
    }
    import.finish().unwrap();
    let error = store.backup(&to, &mut |_, _| store.interrupt()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    assert!(!to.exists());
    store.backup(&to, &mut |_, _| ()).unwrap();
    sound(&open(&to));
}

/// Each writer's resources come one after the other: a state has them up to one of them, and all that were acknowledged
/// before it was taken.
#[test]
fn others_write_meanwhile() {
    const WRITERS: usize = 3;
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("store"), StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    let (done, made) = (AtomicBool::new(false), Mutex::new([0usize; WRITERS]));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (tenant, done, made) = (&tenant, &done, &made);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    create(tenant, &format!("w{writer}-{number:06}"));
                    made.lock().unwrap()[writer] = number + 1;
                }
            });
        }
        let backups = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..8 {
                let acknowledged = *made.lock().unwrap();
                let to = directory.path().join(format!("backup{round}"));
                // Who is told may write.
                let mut told = |done, total| {
                    if done == total {
                        create(&tenant, &format!("told{round}"));
                    }
                };
                store.backup(&to, &mut told).unwrap();
                let copy = open(&to);
                sound(&copy);
                let mut stream =
                    copy.tenant("default").unwrap().stream(Some("User"), &SearchRequest::default()).unwrap();
                let mut found = [0usize; WRITERS];
                while let Some(json) = stream.next().unwrap() {
                    let row: serde_json::Value = serde_json::from_str(json).unwrap();
                    let Some((writer, number)) = row["id"].as_str().unwrap().split_once('-') else { continue };
                    let writer: usize = writer[1..].parse().unwrap();
                    assert_eq!(number.parse::<usize>().unwrap(), found[writer], "none is left out");
                    found[writer] += 1;
                }
                assert!(
                    (0..WRITERS).all(|writer| found[writer] >= acknowledged[writer]),
                    "{found:?}, {acknowledged:?}"
                );
            }
        }));
        done.store(true, Ordering::SeqCst);
        backups.unwrap();
    });
    sound(&store);
}

/// Power is lost when the backup is told to be done: it is there. Every write and sync of its medium fails: it is told.
#[test]
fn what_is_told_to_be_done_is_durable() {
    let source = Store::open_in_memory(Ids::default().options()).unwrap();
    let before = filled(&source);
    let disk = Disk::default();
    source.backup_on(&disk.factory(), &mut |_, _| ()).unwrap();
    let again = source.backup_on(&disk.factory(), &mut |_, _| ()).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let (mut dice, mut platter) = (Dice(7), Platter::default());
    for event in disk.log() {
        platter.apply(&event, &mut dice);
    }
    for loss in [Loss::All, Loss::Nothing, Loss::Tail, Loss::Sectors, Loss::Writes] {
        let copy =
            Store::open_on(Disk::of(platter.image(loss, &mut dice)).factory(), Ids::default().options()).unwrap();
        assert!(dump(&copy) == before, "{loss:?}");
        sound(&copy);
    }
    for verb in [Verb::Sync, Verb::Write, Verb::SetLen, Verb::Open] {
        let mut after = 0;
        loop {
            let disk = Disk::default();
            disk.arm(Fault { verb, after, forever: true, error: std::io::ErrorKind::Other });
            let outcome = source.backup_on(&disk.factory(), &mut |_, _| ());
            if !disk.mend() {
                outcome.unwrap();
                break;
            }
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{verb:?} after {after}: {error:?}");
            after += if verb == Verb::Write { 7 } else { 1 };
        }
        assert!(after > 0, "{verb:?}: it never does it");
    }
    assert!(dump(&source) == before);
    sound(&source);
}

#[cfg(target_os = "linux")]
#[test]
fn child_that_backs_up() {
    let Some(directory) = child::directory() else { return };
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    create(&store.tenant("default").unwrap(), "ann");
    store.backup(directory.join("backup"), &mut |_, _| ()).unwrap();
    // Where the calls of the system end that count.
    std::fs::remove_file(directory.join("told")).unwrap();
}

/// The file is synced before it gets its name, and both directories before the backup is told to be done.
#[cfg(target_os = "linux")]
#[test]
fn names_are_synced_too() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("told"), b"").unwrap();
    let log = directory.path().join("log");
    let before = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat", "-o"];
    let before = [&before[..], &[log.to_str().unwrap()]].concat();
    let status = child::command("child_that_backs_up", directory.path(), &before).output();
    if !status.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: there is no strace, or it may not be used");
        return;
    }
    let log = std::fs::read_to_string(log).unwrap();
    let home = directory.path().canonicalize().unwrap();
    let home = home.to_str().unwrap();
    let steps = [
        ("sync(", format!("<{home}/backup/store.redb.new>")),
        ("rename", "store.redb.new\"".to_owned()),
        ("sync(", format!("<{home}/backup>")),
        ("sync(", format!("<{home}>")),
        ("unlink", "told\"".to_owned()),
    ];
    let mut lines = log.lines();
    for (call, about) in steps {
        let found = lines.any(|line| line.contains(call) && line.contains(&about));
        assert!(found, "no {call} of {about} after those before it:\n{log}");
    }
}
