//! A file that was damaged from outside: opening or checking it says so, and nothing panics.
//!
//! `SCIMDB_FLIPS` sets how many bytes are tried behind the header (default 600).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::collections::BTreeMap;

use medium::{Dice, Disk};
use redb::{ReadableDatabase, TableDefinition};
use scimdb::{ErrorKind, Store, StoreOptions};
use script::{Dump, Ids, SCRIPT, Secrets, dump};

/// Where the storage engine's header ends.
const HEADER: usize = 320;

/// Where the header tells which of two commits is the last one. Flipped, it undoes that commit, as a crash before the end
/// of the commit would: nothing in the file tells the two apart.
const LAST_COMMIT: usize = 9;

/// The bytes of a store that went through the script, closed or as a crash leaves them; what it tells, and what it told
/// before the last step.
fn written(closed: bool) -> (Vec<u8>, [Dump; 2]) {
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    let mut before = Dump::new();
    for step in SCRIPT {
        before = dump(&store).unwrap();
        (step.run)(&store, &mut Secrets::new()).unwrap();
    }
    let after = dump(&store).unwrap();
    if closed {
        store.close().unwrap();
    }
    (disk.bytes(), [after, before])
}

/// What became of a damaged store.
fn outcome(bytes: Vec<u8>, possible: &[Dump], about: &str) -> &'static str {
    let disk = Disk::of(bytes);
    let store = match Store::open_on(disk.factory(), Ids::default().options()) {
        Ok(store) => store,
        Err(error) => {
            let known = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::UnknownFormat);
            assert!(known, "{about}: opening: {error:?}");
            return "refused";
        }
    };
    let seen = dump(&store);
    if let Err(error) = &seen {
        // A name that changed leads nowhere.
        let known = [ErrorKind::Corrupt, ErrorKind::NotFound, ErrorKind::UnknownTenant, ErrorKind::UnknownType];
        assert!(known.contains(&error.kind()), "{about}: reading: {error:?}");
    }
    match store.check(&mut |_, _| ()) {
        Ok(report) if report.problems.is_empty() => {}
        Ok(_) => return "found",
        Err(error) => panic!("{about}: checking: {error:?}"),
    }
    assert!(seen.is_ok_and(|seen| possible.contains(&seen)), "{about}: a wrong answer that no check finds");
    "harmless"
}

#[test]
fn flipped_bits_are_found_or_harmless() {
    let flips: usize = std::env::var("SCIMDB_FLIPS").map_or(600, |text| text.parse().expect("a number"));
    let mut dice = Dice(7);
    for closed in [true, false] {
        let (bytes, told) = written(closed);
        // Pages that hold something.
        let filled: Vec<usize> = (0..bytes.len() / 4096).filter(|page| is_filled(&bytes, *page)).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let behind = (0..flips / 2).map(|_| HEADER);
        for position in (0..HEADER).chain(behind) {
            let position = match position {
                HEADER => filled[dice.below(filled.len())] * 4096 + dice.below(4096),
                position => position,
            };
            let bit = dice.below(8);
            let possible = if position == LAST_COMMIT { &told[..] } else { &told[..1] };
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << bit;
            let about = format!("closed {closed}, bit {bit} of byte {position}");
            *counts.entry(outcome(damaged, possible, &about)).or_default() += 1;
        }
        println!("closed {closed}: {counts:?}");
        assert!(counts["refused"] > 0 && counts["found"] > 0 && counts["harmless"] > 0);
    }
}

fn is_filled(bytes: &[u8], page: usize) -> bool {
    bytes[page * 4096..(page + 1) * 4096].iter().any(|byte| *byte != 0)
}

#[test]
fn what_is_no_store_is_refused() {
    let (bytes, told) = written(true);
    for (name, bytes) in [
        ("text", b"not a store at all\n".repeat(1_000)),
        ("zeros with something in them", [vec![0; 9_000], vec![1], vec![0; 3_287]].concat()),
        ("half a store", bytes[..bytes.len() / 2].to_vec()),
        ("a store without its beginning", bytes[4096..].to_vec()),
    ] {
        assert_eq!(outcome(bytes, &told[..1], name), "refused", "{name}");
    }
}

#[test]
fn a_store_of_another_format_is_refused() {
    const META: TableDefinition<&[u8], &[u8]> = TableDefinition::new("meta");
    // Formats to come may keep other things in tables of the same names.
    const OTHER: TableDefinition<u64, &str> = TableDefinition::new("resources");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let version = 2u64.to_be_bytes();
    let database = redb::Database::create(&file).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(&b"format"[..], &version[..]).unwrap();
    txn.open_table(OTHER).unwrap().insert(1, "x").unwrap();
    txn.commit().unwrap();
    drop(database);
    let error = Store::open(directory.path(), StoreOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownFormat, "{error:?}");
    assert!(error.detail().contains("format 2") && error.detail().contains("format 1"), "{error}");
    // And it is as it was.
    let database = redb::Database::open(&file).unwrap();
    let txn = database.begin_read().unwrap();
    assert_eq!(txn.open_table(META).unwrap().get(&b"format"[..]).unwrap().unwrap().value(), version);
    assert_eq!(txn.list_tables().unwrap().count(), 2);
}
