//! A process that is killed while it carries out imports, again and again: in the end every user is there once, every
//! member is, and the counts say so.
//!
//! `SCIMDB_KILL_USERS` sets how many users there are (default 30,000).
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/child.rs"]
mod child;
#[path = "support/medium.rs"]
mod medium;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use medium::Dice;
use scimdb::engine::{ImportJobOptions, JobStatus, WriteOptions};
use scimdb::message::{ResourceInput, SearchRequest};
use scimdb::{Store, StoreOptions, Tenant};

const TENANTS: [&str; 2] = ["default", "other"];

fn users() -> usize {
    std::env::var("SCIMDB_KILL_USERS").map_or(30_000, |text| text.parse().expect("a number"))
}

/// An import of users, made as it is read.
struct Body {
    from: usize,
    to: usize,
    text: Vec<u8>,
}

impl Body {
    fn new(from: usize, to: usize) -> Self {
        Body { from, to, text: br#"{"group":{"value":"USG_FTEMP"},"users":["#.to_vec() }
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.text.is_empty() && self.from <= self.to {
            let (n, comma) = (self.from, if self.from + 1 < self.to { "," } else { "" });
            self.from += 1;
            self.text = match n == self.to {
                true => b"]}".to_vec(),
                false => {
                    format!(r#"{{"userName":"u{n}","externalId":"bb0_{n}","name":{{"familyName":"last{n}"}}}}{comma}"#)
                        .into_bytes()
                }
            };
        }
        let count = self.text.as_slice().read(into)?;
        self.text.drain(..count);
        Ok(count)
    }
}

/// The process that is killed: queues what is not queued yet, and tells how far it is.
#[test]
fn child_that_imports() {
    let Some(directory) = child::directory() else { return };
    let store = Store::open(directory, StoreOptions::default()).unwrap();
    let mut out = std::io::stdout();
    // The first line of the harness may stand before the first of ours.
    writeln!(out).unwrap();
    for tenant in TENANTS.map(|name| store.tenant(name).unwrap()) {
        // Two imports, which share some users.
        for part in tenant.import_jobs().unwrap().len()..2 {
            let (from, to) = [(0, users()), (users() - 1_000, users() + 9_000)][part];
            tenant.queue_import(ImportJobOptions::default(), &mut Body::new(from, to)).unwrap();
            writeln!(out, "queued").unwrap();
        }
    }
    loop {
        let jobs: Vec<_> = TENANTS.iter().flat_map(|name| store.tenant(name).unwrap().import_jobs().unwrap()).collect();
        let processed: u64 = jobs.iter().map(|job| job.processed).sum();
        let all = jobs.iter().all(|job| job.is_finished());
        writeln!(out, "{} {processed}", if all { "all" } else { "at" }).unwrap();
        out.flush().unwrap();
        std::thread::sleep(Duration::from_millis(if all { 60_000 } else { 2 }));
    }
}

/// Everything that is there, by `userName`.
fn names(tenant: &Tenant, filter: &str) -> Vec<String> {
    let request = SearchRequest {
        filter: Some(filter.to_owned()),
        attributes: vec!["userName".to_owned()],
        ..SearchRequest::default()
    };
    let mut names = Vec::new();
    let mut stream = tenant.stream(Some("User"), &request).unwrap();
    while let Some(json) = stream.next().unwrap() {
        names.push(json.split(r#""userName":""#).nth(1).unwrap().split('"').next().unwrap().to_owned());
    }
    names
}

#[test]
fn a_killed_import_goes_on_and_imports_nobody_twice() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    store.create_tenant(TENANTS[1], Default::default()).unwrap();
    for tenant in TENANTS.map(|name| store.tenant(name).unwrap()) {
        let json = br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"imported"}"#;
        let options = WriteOptions { id: Some("USG_FTEMP".to_owned()), ..WriteOptions::default() };
        tenant.create("Group", ResourceInput::from_json(json).unwrap(), &options).unwrap();
    }
    store.close().unwrap();
    let mut dice = Dice(std::process::id().into());
    let (mut kills, mut before) = (0, 0);
    loop {
        let mut importer =
            child::command("child_that_imports", directory.path(), &[]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(importer.stdout.take().unwrap()).lines();
        let mut all = false;
        // At first while imports come in, then somewhere behind a commit, so that the next one comes further.
        while kills > 1 && !all {
            let Some(Ok(line)) = lines.next() else { panic!("the importer ended by itself") };
            all = line.starts_with("all");
            let processed = line.strip_prefix("at ").map_or(0, |count| count.parse().unwrap());
            if processed > before {
                before = processed;
                break;
            }
        }
        std::thread::sleep(Duration::from_millis(dice.below(if kills > 1 { 400 } else { 2_000 }) as u64));
        importer.kill().unwrap();
        importer.wait().unwrap();
        if all {
            break;
        }
        kills += 1;
    }
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    assert_eq!(store.check(&mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    let expected: BTreeSet<String> = (0..users() + 9_000).map(|n| format!("u{n}")).collect();
    for tenant in TENANTS.map(|name| store.tenant(name).unwrap()) {
        for filter in ["userName pr", r#"groups.value eq "USG_FTEMP""#] {
            let found = names(&tenant, filter);
            assert_eq!(found.len(), expected.len(), "{filter}: nobody twice");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{filter}");
        }
        let counts: Vec<_> = tenant
            .import_jobs()
            .unwrap()
            .iter()
            .map(|job| (job.status, job.import_size, job.processed, job.failed, job.already_existed, job.imported))
            .collect();
        let all = users() as u64;
        let first = (JobStatus::Done, all, all, 0, 0, all);
        assert_eq!(counts, [first, (JobStatus::Done, 10_000, 10_000, 0, 1_000, 9_000)]);
    }
    println!("killed {kills} times");
    assert!(kills > 1, "it was to be killed in the middle");
}
