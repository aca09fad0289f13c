//! Publication under a scheduler that tries many orders of the threads: commits are published, an index is made from
//! rows, recent writes are handed over to runs, and runs are merged, while readers look. It is the code that a store
//! runs; only the locks are the scheduler's.
//!
//!     RUSTFLAGS='--cfg shuttle' cargo test --no-default-features --lib races
//!
//! `SCIMDB_SCHEDULES` sets how many orders are tried (default 500).
#![cfg(shuttle)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use super::indexer::{Shared, compact_runs, index, make_indexes};
use super::publish::{Publisher, TypeKey, View};
use super::{Coverage, Shelf, TypeView};
use crate::Result;
use crate::engine::options::IndexOptions;
use crate::engine::storage::format::read_sequence;
use crate::engine::storage::keys::{self, Key, RowId};
use crate::engine::storage::records::{ChangeOperation, ChangeRecord};
use crate::engine::storage::{ChangedRow, Location, MemoryMedium, Observer, Reads, Snapshot, Table, Writer};
use crate::engine::{Env, IndexMemory};
use crate::message::builtin;
use crate::model::{Complex, Instant, Registry, Resource, Target, Value, common, stored};

const TENANT: u32 = 1;

/// A commit, as the writer's thread tells it.
struct Commit {
    snapshot: Arc<Snapshot>,
    sequence: u64,
    /// Rows, with their bytes; none: deleted.
    rows: Vec<(RowId, Option<Arc<[u8]>>)>,
    /// All rows that there are then, with their values.
    expected: BTreeMap<u64, String>,
}

/// Notes what the writer tells.
#[derive(Default)]
struct Recorder(StdMutex<Vec<(Arc<Snapshot>, u64, Vec<ChangedRow>)>>);

impl Observer for Recorder {
    fn wants(&self, _: u32, _: u16) -> bool {
        true
    }

    fn committed(&self, snapshot: &Arc<Snapshot>, sequence: u64, rows: Vec<ChangedRow>) {
        self.0.lock().unwrap().push((Arc::clone(snapshot), sequence, rows));
    }

    fn opened(&self, _: &Arc<Snapshot>, _: u64) -> Result<()> {
        Ok(())
    }

    fn withdrawn(&self) {}

    fn returned(&self, _: &Arc<Snapshot>) {}

    fn admit(&self) {}
}

/// A store of rows with a history that is told again in every order.
struct History {
    writer: Arc<Writer>,
    registry: Arc<Registry>,
    kind: u16,
    commits: Vec<Commit>,
}

impl History {
    fn new() -> History {
        let registry = Arc::new(builtin::registry().unwrap());
        let kind = registry.resource_type("User").unwrap().number();
        let medium = MemoryMedium::default();
        let location = Location::Medium(Arc::new(move || Ok(Box::new(medium.clone()))));
        let recorder = Arc::new(Recorder::default());
        let env = Env::new(|| Instant::from_unix(1_700_000_000, 0).unwrap(), || "id".to_owned());
        let writer =
            Arc::new(Writer::start(location, 1 << 20, env, Arc::clone(&recorder) as Arc<dyn Observer>).unwrap());
        // What each commit writes: rows and their values.
        let script: &[&[(u64, Option<&str>)]] = &[
            &[(1, Some("a")), (2, Some("b")), (3, Some("c"))],
            &[(4, Some("d")), (1, Some("a2"))],
            &[(2, None), (5, Some("e"))],
            &[(1, Some("a3"))],
            &[(2, Some("again")), (4, None)],
            &[(3, Some("c2")), (1, None)],
        ];
        for part in script {
            let rows: Vec<(u64, Option<String>)> =
                part.iter().map(|(row, value)| (*row, value.map(str::to_owned))).collect();
            let change = move |txn: &mut crate::engine::storage::Transaction<'_>| {
                for (row, value) in rows {
                    let version = txn.next_sequence();
                    let (at, id) = (RowId { row, kind }, format!("r{row}"));
                    let key = keys::resource(TENANT, at);
                    let operation = match value {
                        Some(value) => {
                            txn.put(Table::Resources, key, bytes(row, version, value));
                            txn.put(Table::Ids, keys::id(TENANT, &id), keys::location(at, ""));
                            ChangeOperation::Modify
                        }
                        None => {
                            txn.delete(Table::Resources, key);
                            txn.delete(Table::Ids, keys::id(TENANT, &id));
                            ChangeOperation::Delete
                        }
                    };
                    // An index catches up by the change log.
                    let (time, attributes) = (txn.now(), Vec::new());
                    let record =
                        ChangeRecord { time, operation, kind, id, actor: None, correlation_id: None, attributes };
                    txn.put(Table::Changes, Key::of(TENANT).u64(version).done(), record.encode());
                }
                Ok(())
            };
            writer.write(change).unwrap();
        }
        let mut expected = BTreeMap::new();
        let told = std::mem::take(&mut *recorder.0.lock().unwrap());
        let commits = told.into_iter().zip(script).map(|((snapshot, sequence, rows), part)| {
            for (row, value) in *part {
                match value {
                    Some(value) => expected.insert(*row, (*value).to_owned()),
                    None => expected.remove(row),
                };
            }
            let rows = rows.into_iter().map(|row| (row.at, row.stored)).collect();
            Commit { snapshot, sequence, rows, expected: expected.clone() }
        });
        let commits = commits.collect();
        History { writer, registry, kind, commits }
    }

    fn key(&self) -> TypeKey {
        (TENANT, self.kind)
    }

    /// What a view must tell: the rows after the commit at which it stands, each once. Gives that commit's number.
    fn check(&self, view: &View) -> usize {
        let sequence = read_sequence(&*view.snapshot).unwrap();
        let (number, commit) = self.commits.iter().enumerate().find(|(_, commit)| commit.sequence == sequence).unwrap();
        let mut rows = Vec::new();
        let prefix = Key::of(TENANT).u16(self.kind).done();
        let mut visit = |key: &[u8], _: &[u8]| {
            rows.extend(keys::resource_row(key).map(|at| at.row));
            Ok(ControlFlow::Continue(()))
        };
        view.snapshot.scan_prefix(Table::Resources, &prefix, &mut visit).unwrap();
        assert_eq!(rows, commit.expected.keys().copied().collect::<Vec<_>>(), "the snapshot is that of the commit");
        if let Some(index) = view.index(TENANT, self.kind) {
            assert_eq!(self.held(index), commit.expected, "commit {number}");
        }
        number
    }

    /// What the runs and recent writes of an index hold.
    fn held(&self, index: &TypeView) -> BTreeMap<u64, String> {
        let overlay = index.overlay();
        let mut held = BTreeMap::new();
        let leaf = index.catalog.leaf(Target::whole(common::EXTERNAL_ID)).unwrap();
        for (live, masked) in index.runs.iter().zip(&overlay.masked) {
            let Coverage::Column(column) = live.run.column(leaf) else { panic!("every run knows the attribute") };
            for (doc, row) in (0u32..).zip(live.run.rows()) {
                if live.dead.bits.has(doc) || masked.contains(&doc) {
                    continue;
                }
                let value = column.value(column.ords.get(doc).unwrap());
                let twice = held.insert(*row, String::from_utf8(value.to_vec()).unwrap());
                assert_eq!(twice, None, "row {row} is alive twice");
            }
        }
        let model = self.registry.type_by_number(self.kind).unwrap();
        for write in &overlay.writes {
            let Some(bytes) = &write.stored else { continue };
            let resource = stored::decode(bytes, model).unwrap();
            let Some(Value::String(value)) = resource.attributes.get(common::EXTERNAL_ID).cloned() else { panic!() };
            assert_eq!(held.insert(write.row, value), None, "row {} is alive twice", write.row);
        }
        held
    }
}

fn bytes(row: u64, version: u64, value: String) -> Vec<u8> {
    let time = Instant::from_unix(1_700_000_000, 0).unwrap();
    let attributes: Complex = [(common::EXTERNAL_ID, Value::String(value))].into_iter().collect();
    stored::encode(&Resource { id: format!("r{row}"), version, created: time, last_modified: time, attributes })
}

/// One order of everything.
fn race(history: &Arc<History>, asked_at_once: bool) {
    let mut options = IndexOptions::default();
    (options.from, options.recent, options.merge_above, options.durable_from) = (0, 1, 1, u32::MAX);
    let publisher = Arc::new(Publisher::new(options));
    let first = &history.commits[0];
    publisher.opened(&first.snapshot, first.sequence).unwrap();
    if asked_at_once {
        publisher.request(history.key(), None);
    }
    let registry = Arc::clone(&history.registry);
    let schemas = Box::new(move |_: &Snapshot, _| Ok(Some(Arc::clone(&registry))));
    let shelf = Shelf::new(Arc::new(IndexMemory::default()));
    let shared = Arc::new(Shared::new(Arc::clone(&publisher), Arc::clone(&history.writer), shelf, schemas));
    let acknowledged = Arc::new(AtomicUsize::new(0));

    let indexer = thread::spawn({
        let shared = Arc::clone(&shared);
        move || index(&shared)
    });
    let compactor = thread::spawn({
        let shared = Arc::clone(&shared);
        move || compact_runs(&shared)
    });
    let maker = thread::spawn({
        let shared = Arc::clone(&shared);
        move || make_indexes(&shared)
    });
    let writer = thread::spawn({
        let (history, publisher, acknowledged) =
            (Arc::clone(history), Arc::clone(&publisher), Arc::clone(&acknowledged));
        move || {
            for (number, commit) in history.commits.iter().enumerate().skip(1) {
                let change = |(at, bytes): &(RowId, Option<Arc<[u8]>>)| {
                    let stored = bytes.clone().filter(|_| publisher.wants(TENANT, at.kind));
                    ChangedRow { tenant: TENANT, at: *at, stored, is_deleted: bytes.is_none() }
                };
                let rows = commit.rows.iter().map(change).collect();
                publisher.committed(&commit.snapshot, commit.sequence, rows);
                acknowledged.store(number, Ordering::SeqCst);
            }
        }
    });
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (history, publisher, acknowledged) =
                (Arc::clone(history), Arc::clone(&publisher), Arc::clone(&acknowledged));
            thread::spawn(move || {
                let mut last = 0;
                for turn in 0..4 {
                    if turn == 1 {
                        publisher.request(history.key(), None);
                    }
                    let known = acknowledged.load(Ordering::SeqCst);
                    let seen = history.check(&publisher.view().unwrap());
                    assert!(seen >= known, "commit {known} was acknowledged, and {seen} is shown");
                    assert!(seen >= last, "commit {last} was shown before, and now {seen}");
                    last = seen;
                }
            })
        })
        .collect();
    writer.join().unwrap();
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    // All that was committed gets into runs, and nobody waits for ever.
    assert!(publisher.wait_until_idle(Duration::from_secs(3_600)));
    let view = publisher.view().unwrap();
    assert_eq!(history.check(&view), history.commits.len() - 1);
    let made = view.index(TENANT, history.kind).unwrap();
    assert_eq!(made.recent_writes(), 0);
    publisher.close();
    indexer.join().unwrap();
    compactor.join().unwrap();
    maker.join().unwrap();
}

fn schedules() -> usize {
    std::env::var("SCIMDB_SCHEDULES").map_or(500, |count| count.parse().expect("a number"))
}

#[test]
fn nothing_is_lost_or_doubled_in_any_order() {
    let history = Arc::new(History::new());
    shuttle::check_random(move || race(&history, true), schedules());
}

#[test]
fn nor_where_few_switches_make_the_race() {
    let history = Arc::new(History::new());
    shuttle::check_pct(move || race(&history, false), schedules(), 3);
}
