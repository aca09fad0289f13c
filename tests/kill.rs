//! A writer that is killed while it writes: what it was told is durable is there, and nobody is locked out.
//!
//! `SCIMDB_KILL_ROUNDS` sets how often (default 5).
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;
#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use medium::Dice;
use scimdb::engine::{ImportOptions, ReadOptions, WriteOptions};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use script::{patch, user, with_id};

/// Rows of an import that a writer makes in one commit.
const ROWS: usize = 20;

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

/// The process that is killed: tells what it is about to do, and when it was acknowledged.
#[test]
fn child_that_writes() {
    let Some(directory) = child::directory() else { return };
    let round = std::env::var("SCIMDB_KILL_ROUND").unwrap();
    let store = Store::open(directory, StoreOptions::default()).unwrap();
    let tenant = store.tenant("default").unwrap();
    std::thread::scope(|scope| {
        // Every other round is cut short while the file is written anew.
        if round.ends_with(['1', '3', '5', '7', '9']) {
            scope.spawn(|| {
                loop {
                    store.compact(&mut |_, _| ()).unwrap();
                    // Writers wait meanwhile, and have their turn.
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
        for writer in 0..3 {
            let (tenant, round) = (&tenant, &round);
            scope.spawn(move || {
                for number in 0.. {
                    write_some(tenant, &format!("r{round}-{writer}-{number}"), number);
                }
            });
        }
    });
}

fn write_some(tenant: &Tenant, id: &str, number: usize) {
    let acknowledged = |verb: &str, act: &mut dyn FnMut()| {
        say(&format!("try {verb} {id}"));
        act();
        say(&format!("done {verb} {id}"));
    };
    if number % 10 == 9 {
        return acknowledged("import", &mut || {
            let mut import = tenant.import(ImportOptions::default()).unwrap();
            for row in 0..ROWS {
                let json = user(&format!("{id}-{row}"), "").to_json();
                let json = json.replacen('{', &format!(r#"{{"id":"{id}-{row}","#), 1);
                import.push(row as u64, json.into_bytes()).unwrap();
            }
            assert_eq!(import.finish().unwrap().0.created, ROWS as u64);
        });
    }
    acknowledged("create", &mut || drop(tenant.create("User", user(id, ""), &with_id(id)).unwrap()));
    acknowledged("modify", &mut || {
        patch(tenant, "User", id, r#"{"op": "add", "path": "nickName", "value": "changed"}"#).unwrap();
    });
    if number.is_multiple_of(3) {
        acknowledged("delete", &mut || tenant.delete("User", id, &WriteOptions::default()).unwrap());
    }
}

/// What the children said of each id: the verbs that were tried, and how many of them were acknowledged.
type Said = BTreeMap<String, (Vec<String>, usize)>;

fn hear(said: &mut Said, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        // The first line of the harness may stand before the first of ours.
        [.., "try", verb, id] => said.entry(id.to_owned()).or_default().0.push(verb.to_owned()),
        ["done", _, id] => said.get_mut(id).unwrap().1 += 1,
        _ => {}
    }
}

/// Whether a user is there, and changed.
fn look(tenant: &Tenant, id: &str) -> Option<bool> {
    match tenant.get("User", id, &ReadOptions::default()) {
        Ok(found) => Some(found.json.contains("changed")),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{id}: {error:?}");
            None
        }
    }
}

/// Everything that was said is so.
fn compare(tenant: &Tenant, said: &Said) {
    for (id, (tried, done)) in said {
        if tried[0] == "import" {
            let rows = (0..ROWS).filter(|row| look(tenant, &format!("{id}-{row}")).is_some()).count();
            assert!(rows == ROWS || (*done == 0 && rows == 0), "{rows} rows of the import {id}, {done} acknowledged");
            continue;
        }
        let states = [None, Some(false), Some(true), None];
        let found = look(tenant, id);
        let possible = &states[*done..=tried.len()];
        assert!(possible.contains(&found), "{id}: {found:?}, where {tried:?} were tried and {done} acknowledged");
    }
}

fn hold_is_told(directory: &Path, process: u32) {
    let error = Store::open(directory, StoreOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error:?}");
    assert!(error.detail().contains(&format!("process {process}")), "{error}");
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    let rounds: usize = std::env::var("SCIMDB_KILL_ROUNDS").map_or(5, |text| text.parse().expect("a number"));
    let directory = tempfile::tempdir().unwrap();
    let mut dice = Dice(std::process::id().into());
    let mut said = Said::new();
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let mut writer = child::command("child_that_writes", directory.path(), &[])
            .env("SCIMDB_KILL_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let wanted = 20 + dice.below(300);
        for _ in 0..wanted {
            let line = lines.next().expect("the writer ended by itself").unwrap();
            hear(&mut said, &line);
        }
        if round % 10 == 0 {
            hold_is_told(directory.path(), writer.id());
        }
        std::thread::sleep(Duration::from_micros(dice.below(3_000) as u64));
        writer.kill().unwrap();
        writer.wait().unwrap();
        // What it said before it died; the last line may be cut short.
        for line in lines.map_while(Result::ok) {
            hear(&mut said, &line);
        }
        let started = Instant::now();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        slowest = slowest.max(started.elapsed());
        assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
        compare(&store.tenant("default").unwrap(), &said);
        store.close().unwrap();
    }
    assert!(slowest < Duration::from_secs(20), "opening took {slowest:?}");
    println!("{rounds} rounds, {} ids, slowest opening {slowest:?}", said.len());
}
