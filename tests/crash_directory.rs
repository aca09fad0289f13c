//! Failures of a real file system: a limit on the size of files, and a disk that is full. The same handle goes on once
//! there is room.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;
#[path = "support/script.rs"]
mod script;

use std::path::Path;
use std::process::Command;

use scimdb::engine::{ReadOptions, WriteOptions};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{user, with_id};

fn create(tenant: &Tenant, number: usize) -> scimdb::Result<()> {
    let id = format!("u{number}");
    let title = format!(r#", "title": "{}""#, "long ".repeat(2_000));
    tenant.create("User", user(&id, &title), &with_id(&id)).map(drop)
}

/// Writes until the file system refuses, makes room, and goes on. The number of users made.
fn fill(directory: &Path, kind: ErrorKind, make_room: &mut dyn FnMut() -> bool) {
    let store = Store::open(directory, StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    let mut made = 0;
    let error = loop {
        match create(&tenant, made) {
            Ok(()) => made += 1,
            Err(error) => break error,
        }
        assert!(made < 10_000, "it never gets full");
    };
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(made > 10, "{made} users fit");
    // It can be read, and a reader that holds a state does not stop the writer from recovering.
    let mut seen = 0;
    let outcome = tenant.export(Some("User"), &mut |_| {
        seen += 1;
        if seen == 1 {
            assert_eq!(create(&tenant, made).unwrap_err().kind(), kind);
            assert!(tenant.get("User", "u0", &ReadOptions::default()).is_ok());
        }
        true
    });
    match outcome {
        Ok(()) => assert_eq!(seen, made),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
    }
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    assert_eq!(store.stats().unwrap().tenants[0].resources[0].1, made as u64);
    // There is no room for a second file, or there is: the first one stays, or the second one is as good.
    if let Err(error) = store.compact(&mut |_, _| ()) {
        assert_eq!(error.kind(), kind, "{error:?}");
    }
    assert!(!directory.join("store.redb.new").exists());
    // So with a backup, which is whole or not there.
    let backup = directory.join("backup");
    match store.backup(&backup, &mut |_, _| ()) {
        Ok(()) => std::fs::remove_dir_all(&backup).unwrap(),
        Err(error) => assert_eq!(error.kind(), kind, "{error:?}"),
    }
    assert!(!backup.exists());
    assert_eq!(store.stats().unwrap().tenants[0].resources[0].1, made as u64);
    if make_room() {
        create(&tenant, made).unwrap();
        tenant.delete("User", "u0", &WriteOptions::default()).unwrap();
        assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    }
    store.close().unwrap();
    let store = Store::open(directory, StoreOptions::default()).unwrap();
    assert_eq!(store.stats().unwrap().tenants[0].resources[0].1, made as u64);
}

#[test]
fn child_whose_files_are_limited() {
    let Some(directory) = child::directory() else { return };
    fill(&directory, ErrorKind::Io, &mut || {
        let process = std::process::id().to_string();
        let lifted = Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited"]).status();
        let lifted = lifted.is_ok_and(|status| status.success());
        if !lifted {
            println!("SKIPPED: there is no prlimit to lift the limit with");
        }
        lifted
    });
}

#[test]
fn a_limit_on_files_stops_writes_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    // Only the soft limit, in blocks of 512 or 1,024 bytes; and without the signal that would end the process.
    let limited = r#"trap '' XFSZ; ulimit -S -f 6000; exec "$0" "$@""#;
    let status = child::command("child_whose_files_are_limited", directory.path(), &["sh", "-c", limited]).status();
    assert!(status.unwrap().success());
}

#[test]
fn child_on_a_small_disk() {
    let Some(directory) = child::directory() else { return };
    fill(&directory, ErrorKind::DiskFull, &mut || {
        let mut remount = Command::new("mount");
        remount.args(["-o", "remount,size=64m"]).arg(&directory).status().unwrap().success()
    });
}

#[test]
fn a_full_disk_stops_writes_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mounted =
        format!(r#"mount -t tmpfs -o size=5m none '{}' && echo mounted && exec "$0" "$@""#, directory.path().display());
    let before = ["unshare", "--mount", "--user", "--map-root-user", "sh", "-c", &mounted];
    let output = child::command("child_on_a_small_disk", directory.path(), &before).output();
    let Some(output) = output.ok().filter(|output| output.stdout.starts_with(b"mounted")) else {
        println!("SKIPPED: no file system can be mounted here");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
