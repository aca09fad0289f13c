//! A disk that fails, at every operation, once or for good; and one that gets full. Callers get an error that says so,
//! nothing acknowledged is lost, and the same handle goes on once the disk does.
//!
//! `SCIMDB_FAULT_STRIDE` sets how many of the disk's many writes and reads are left out between two that fail (default
//! 7; 1 for all of them). Syncs, changes of length and openings fail one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::io;

use medium::{Disk, Verb};
use scimdb::engine::{ImportOptions, ReadOptions, WriteOptions};
use scimdb::error::Fault;
use scimdb::{Error, ErrorKind, Store};
use script::{Dump, Ids, PASSWORD, SCRIPT, Secrets, Step, dump, user, with_id};

fn steps() -> impl Iterator<Item = (usize, &'static Step)> {
    SCRIPT.iter().filter(|step| step.name != PASSWORD).enumerate()
}

fn is_of_machine(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Unavailable | ErrorKind::DiskFull)
}

fn assert_sound(store: &Store, about: &str) {
    let report = store.check(&mut |_, _| ()).unwrap_or_else(|error| panic!("{about}: {error:?}"));
    assert_eq!(report.problems, Vec::<String>::new(), "{about}");
}

/// What the store tells after each step, when nothing fails; first before all of them.
fn expected() -> Vec<Dump> {
    let (disk, ids) = (Disk::default(), Ids::default());
    let store = Store::open_on(disk.factory(), ids.options()).unwrap();
    let mut states = vec![dump(&store).unwrap()];
    for (number, step) in steps() {
        ids.set(number);
        (step.run)(&store, &mut Secrets::new()).unwrap_or_else(|error| panic!("{}: {error:?}", step.name));
        states.push(dump(&store).unwrap());
    }
    states
}

/// Goes through the script with a fault to come. False if it was never met.
fn endure(fault: medium::Fault, states: &[Dump]) -> bool {
    let about = format!("{fault:?}");
    let (disk, ids) = (Disk::default(), Ids::default());
    disk.arm(fault);
    let store = match Store::open_on(disk.factory(), ids.options()) {
        Ok(store) => store,
        Err(error) => {
            assert!(is_of_machine(&error), "{about}: opening: {error:?}");
            assert!(disk.mend(), "{about}: opening: {error:?}");
            let store = Store::open_on(disk.factory(), ids.options()).unwrap();
            assert!(dump(&store).unwrap() == states[0], "{about}: opening again");
            return true;
        }
    };
    let mut met = false;
    for (number, step) in steps() {
        let about = format!("{about}: {}", step.name);
        ids.set(number);
        let outcome = (step.run)(&store, &mut Secrets::new());
        let seen = dump(&store);
        for error in outcome.as_ref().err().into_iter().chain(seen.as_ref().err()) {
            assert!(is_of_machine(error), "{about}: {error:?}");
        }
        if let Ok(seen) = &seen {
            let is_after = *seen == states[number + 1];
            assert!(is_after || (outcome.is_err() && *seen == states[number]), "{about}: a wrong answer");
        }
        if outcome.is_ok() && seen.is_ok() {
            continue;
        }
        // While it lasts, no verb takes it for the store's own fault. (The caller may be wrong about what is there.)
        for (_, other) in steps().filter(|_| fault.forever && outcome.is_err()) {
            if let Err(error) = (other.run)(&store, &mut Secrets::new()) {
                assert!(error.row().fault != Fault::Store, "{about}, then {}: {error:?}", other.name);
            }
        }
        met = true;
        assert!(disk.mend(), "{about}: nothing failed, and {outcome:?}");
        if fault.forever && outcome.is_err() && !matches!(fault.verb, Verb::Any | Verb::Sync | Verb::Write) {
            // Steps that need not what fails went through meanwhile: this store is another one by now.
            assert_sound(&store, &about);
            return true;
        }
        let found = dump(&store).unwrap_or_else(|error| panic!("{about}: afterwards: {error:?}"));
        assert_sound(&store, &about);
        ids.set(number);
        if outcome.is_err() && found == states[number] {
            (step.run)(&store, &mut Secrets::new()).unwrap_or_else(|error| panic!("{about}: again: {error:?}"));
        }
        assert!(dump(&store).unwrap() == states[number + 1], "{about}: afterwards");
    }
    met |= disk.mend();
    assert_sound(&store, &about);
    store.close().unwrap();
    let store = Store::open_on(disk.factory(), ids.options()).unwrap();
    assert!(dump(&store).unwrap() == *states.last().unwrap(), "{about}: opened again");
    met
}

fn endure_all(verb: Verb, forever: bool, stride: u64) {
    let states = expected();
    let mut after = 0;
    while endure(medium::Fault { verb, after, forever, error: io::ErrorKind::Other }, &states) {
        after += stride;
    }
    println!("{verb:?}, forever {forever}: {} faults", after / stride);
    assert!(after > 0, "the script never does it");
}

fn stride() -> u64 {
    std::env::var("SCIMDB_FAULT_STRIDE").map_or(7, |text| text.parse().expect("a number"))
}

#[test]
fn syncs_fail_once() {
    endure_all(Verb::Sync, false, 1);
}

#[test]
fn syncs_fail_for_good() {
    endure_all(Verb::Sync, true, 1);
}

#[test]
fn writes_fail_once() {
    endure_all(Verb::Write, false, stride());
}

#[test]
fn writes_fail_for_good() {
    endure_all(Verb::Write, true, stride());
}

#[test]
fn reads_fail() {
    endure_all(Verb::Read, false, stride());
    endure_all(Verb::Read, true, stride());
}

#[test]
fn changes_of_length_and_openings_fail() {
    for verb in [Verb::SetLen, Verb::Len, Verb::Open] {
        endure_all(verb, false, 1);
        endure_all(verb, true, 1);
    }
}

#[test]
fn the_disk_goes_and_comes_back() {
    endure_all(Verb::Any, true, 2 * stride());
}

#[test]
fn a_full_disk_can_be_read_and_goes_on_when_there_is_room() {
    for room in [0, 3, 10, 40, 200] {
        let disk = Disk::default();
        let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
        let tenant = store.tenant("default").unwrap();
        let create = |name: &str| tenant.create("User", user(name, ""), &with_id(name)).map(drop);
        create("first").unwrap();
        disk.leave_room(Some(room));
        let mut made = 1;
        let error = loop {
            match create(&format!("u{made}")) {
                Ok(()) => made += 1,
                Err(error) => break error,
            }
            assert!(made < 10_000, "it never gets full");
        };
        assert_eq!(error.kind(), ErrorKind::DiskFull, "{error:?}");
        assert_eq!(create("late").unwrap_err().kind(), ErrorKind::DiskFull);
        assert_eq!(store.stats().unwrap().tenants[0].resources[0].1, made);
        assert_sound(&store, "full");
        // A delete needs some room too; it is made or it is not.
        let kept = match tenant.delete("User", "first", &WriteOptions::default()) {
            Ok(()) => 0,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::DiskFull, "{error:?}");
                1
            }
        };
        assert_eq!(store.stats().unwrap().tenants[0].resources[0].1, made - 1 + kept);
        disk.leave_room(None);
        create("late").unwrap();
        assert_sound(&store, "with room again");
        assert_eq!(store.stats().unwrap().tenants[0].resources[0].1, made + kept);
    }
}

#[test]
fn a_disk_is_called_full_only_when_it_is() {
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    for (error, kind) in [(io::ErrorKind::StorageFull, ErrorKind::DiskFull), (io::ErrorKind::Other, ErrorKind::Io)] {
        disk.arm(medium::Fault { verb: Verb::Write, after: 0, forever: false, error });
        let failed = tenant.create("User", user("ann", ""), &with_id("ann")).unwrap_err();
        assert_eq!(failed.kind(), kind, "{failed:?}");
    }
    tenant.create("User", user("ann", ""), &with_id("ann")).unwrap();
}

/// The writer recovers while a reader holds the state from before.
#[test]
fn a_reader_outlives_a_recovery() {
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    let tenant = store.tenant("default").unwrap();
    for name in ["a", "b", "c"] {
        tenant.create("User", user(name, ""), &with_id(name)).unwrap();
    }
    let mut shown = 0;
    let outcome = tenant.export(None, &mut |_| {
        shown += 1;
        if shown == 1 {
            disk.arm(medium::Fault { verb: Verb::Sync, after: 0, forever: false, error: io::ErrorKind::Other });
            tenant.delete("User", "b", &WriteOptions::default()).unwrap_err();
            assert!(disk.mend());
            tenant.get("User", "b", &ReadOptions::default()).unwrap();
            tenant.create("User", user("d", ""), &with_id("d")).unwrap();
        }
        true
    });
    // The old state may be gone for a reader; it is never another state.
    match outcome {
        Ok(()) => assert_eq!(shown, 3),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable),
    }
    assert_sound(&store, "afterwards");
}

/// The last handle may be one that a change on its way holds.
#[test]
fn a_store_whose_handles_go_while_it_writes_is_closed() {
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    let mut import = store.tenant("default").unwrap().import(ImportOptions::default()).unwrap();
    for row in 0..4_100 {
        import.push(row, user(&format!("u{row}"), "").to_json().into_bytes()).unwrap();
    }
    drop((import, store));
    std::thread::sleep(std::time::Duration::from_millis(100));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut synced = disk.position();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(200));
        if disk.position() == synced {
            break;
        }
        synced = disk.position();
        assert!(std::time::Instant::now() < deadline);
    }
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    assert_sound(&store, "opened again");
}
