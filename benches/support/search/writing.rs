//! Writes with the index on: durable creates by one and by many, beside a bare commit of the storage engine, and what
//! they do to searches.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use scimdb::engine::WriteOptions;
use scimdb::message::ResourceInput;
use scimdb::{Store, Tenant};
use serde_json::{Map, json};

use super::args::Settings;
use super::data::SEED;
use super::load::{settle, tell, tenant};
use super::reading::{Ready, Show};
use super::{Outcome, machine, queries};
use crate::support::people::{Dice, People};
use crate::support::samples::{Samples, Watch, median};

/// Writers at once: those whose rate is measured, and those that write beside searches.
const WRITERS: usize = 64;
const BESIDE: usize = 8;
/// How often the lines that are compared take turns, so that all of them see the same disk.
const ROUNDS: usize = 3;
/// The number of the first user that is created: far above those that were loaded.
const FIRST: usize = 100_000_000;

/// Creates users.
struct Creator<'a> {
    tenant: &'a Tenant,
    people: People,
    next: AtomicUsize,
}

impl<'a> Creator<'a> {
    fn new(tenant: &'a Tenant, first: usize) -> Self {
        Creator { tenant, people: People::new(SEED), next: AtomicUsize::new(first) }
    }

    fn create(&self) -> Outcome<Duration> {
        let person = self.people.person(self.next.fetch_add(1, Ordering::Relaxed));
        let start = Instant::now();
        self.tenant.create("User", ResourceInput::from_json(&person.json)?, &WriteOptions::default())?;
        Ok(start.elapsed())
    }

    /// Creates by so many threads until told to stop, and does something else meanwhile.
    fn beside<T>(&self, writers: usize, work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Samples)> {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let write = |_| {
                scope.spawn(|| -> Outcome<Samples> {
                    let mut samples = Samples::default();
                    while !stop.load(Ordering::Relaxed) {
                        samples.push(self.create()?);
                    }
                    Ok(samples)
                })
            };
            let watch = Watch::start();
            let threads: Vec<_> = (0..writers).map(write).collect();
            let done = work();
            stop.store(true, Ordering::Relaxed);
            let mut all = Samples::default();
            let parts: Vec<_> =
                threads.into_iter().map(|thread| thread.join().map_err(|_| "a writer panicked")).collect();
            watch.stop(&mut all);
            for part in parts {
                all.merge(part??);
            }
            Ok((done?, all))
        })
    }

    fn for_a_while(&self, writers: usize, seconds: f64) -> Outcome<Samples> {
        let sleep = || {
            std::thread::sleep(Duration::from_secs_f64(seconds));
            Ok(())
        };
        Ok(self.beside(writers, sleep)?.1)
    }
}

/// The phase `writes`.
pub fn measure(settings: &Settings) -> Outcome<()> {
    let plan = queries::from_json(&std::fs::read(settings.work.join("plan.json"))?)?;
    let mut bare = Bare::of(&settings.store().join("store.redb"), settings.work.join("control.redb"))?;
    let store = Store::open(settings.store(), settings.options())?;
    settle(&store)?;
    let tenant = tenant(&store)?;
    let creator = Creator::new(&tenant, FIRST);
    let seconds = settings.seconds.max(0.2) * 2.0;
    let mut rounds: [Vec<Samples>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let samples = [
            machine::control(&settings.work, 100)?,
            bare.for_a_while(seconds)?,
            creator.for_a_while(1, seconds)?,
            creator.for_a_while(WRITERS, seconds)?,
        ];
        rounds.iter_mut().zip(samples).for_each(|(rounds, samples)| rounds.push(samples));
    }
    let names =
        ["append 4 KiB and fdatasync", "bare commit of the same rows", "create, one writer", "create, 64 writers"];
    let lines: Vec<_> = names.iter().zip(&rounds).map(|(name, rounds)| line(name, rounds)).collect();
    settle(&store)?;
    let mut ready = Vec::new();
    for query in &plan {
        ready.push((Ready::new(&tenant, query, Show::Ids), Samples::default()));
    }
    let mut all = Samples::default();
    let search = || -> Outcome<()> {
        let (begin, mut turn) = (Instant::now(), 0);
        while begin.elapsed().as_secs_f64() < 8.0 * seconds {
            for (query, samples) in &mut ready {
                let start = Instant::now();
                query.send(turn)?;
                let took = start.elapsed();
                samples.push(took);
                all.push(took);
            }
            turn += 1;
        }
        Ok(())
    };
    let ((), written) = creator.beside(BESIDE, search)?;
    let beside: Map<_, _> =
        ready.iter().map(|(query, samples)| (query.query.id.clone(), machine::percentiles(samples))).collect();
    tell(
        settings,
        &json!({
            "lines": lines,
            "beside": {
                "writers": BESIDE, "creates_per_second": written.per_second(), "create_p50_us": written.percentile(50),
                "searches": machine::percentiles(&all), "queries": beside,
            },
            "memory": machine::memory(),
        }),
    )?;
    Ok(store.close()?)
}

/// The median of some rounds.
fn line(name: &str, rounds: &[Samples]) -> serde_json::Value {
    let middle = |figure: &dyn Fn(&Samples) -> f64| median(rounds.iter().map(figure));
    json!({
        "name": name,
        "p50_us": middle(&|samples| samples.percentile(50)),
        "p99_us": middle(&|samples| samples.percentile(99)),
        "per_second": middle(&Samples::per_second),
        "cpu_us": middle(&Samples::processor_each),
    })
}

/// The phase `killed`: writes until the parent kills this process.
pub fn until_killed(settings: &Settings) -> Outcome<()> {
    let store = Store::open(settings.store(), settings.options())?;
    let tenant = tenant(&store)?;
    let creator = Creator::new(&tenant, FIRST * 2);
    creator.create()?;
    println!("writing");
    std::io::stdout().flush()?;
    // The parent may die itself: then this must not write for ever.
    creator.for_a_while(BESIDE, 30.0).map(drop)
}

/// What one create costs the storage engine at the least: a commit, with the store's own settings, of as many rows of
/// the same size to the same tables, in a copy of the store's file.
struct Bare {
    path: PathBuf,
    engine: Database,
    /// Table, key and value of a row of each, and where the next key comes from.
    rows: Vec<(&'static str, Vec<u8>, Vec<u8>, Place)>,
    dice: Dice,
}

/// Where the next row of a table goes.
#[derive(Clone, Copy)]
enum Place {
    /// Behind the last one.
    End,
    /// Anywhere.
    Any,
    /// Over the one that is there.
    Same,
}

/// The tables that a create of a user writes to: docs/FORMAT.md.
const TABLES: [(&str, Place); 7] = [
    ("meta", Place::Same),
    ("resources", Place::End),
    ("ids", Place::Any),
    ("unique", Place::Any),
    ("external_ids", Place::Any),
    ("changes", Place::End),
    ("counters", Place::Same),
];

/// The tenant's number stays at the front of a key.
const PREFIX: usize = 4;

fn definition(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

impl Bare {
    fn of(file: &Path, path: PathBuf) -> Outcome<Self> {
        std::fs::copy(file, &path)?;
        let engine = Database::open(&path)?;
        let read = engine.begin_read()?;
        let mut rows = Vec::new();
        for (name, place) in TABLES {
            if let Some((key, value)) = read.open_table(definition(name))?.last()? {
                rows.push((name, key.value().to_vec(), value.value().to_vec(), place));
            }
        }
        drop(read);
        Ok(Bare { path, engine, rows, dice: Dice::new(SEED) })
    }

    fn for_a_while(&mut self, seconds: f64) -> Outcome<Samples> {
        let (watch, mut samples) = (Watch::start(), Samples::default());
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        while Instant::now() < end {
            for (_, key, _, place) in &mut self.rows {
                match place {
                    Place::Same => {}
                    Place::Any => key.iter_mut().skip(PREFIX).for_each(|byte| *byte = self.dice.next() as u8),
                    Place::End => {
                        // One more, as a number of many bytes.
                        for byte in key.iter_mut().skip(PREFIX).rev() {
                            *byte = byte.wrapping_add(1);
                            if *byte != 0 {
                                break;
                            }
                        }
                    }
                }
            }
            let start = Instant::now();
            self.commit()?;
            samples.push(start.elapsed());
        }
        watch.stop(&mut samples);
        Ok(samples)
    }

    fn commit(&self) -> Outcome<()> {
        let mut txn = self.engine.begin_write()?;
        txn.set_durability(Durability::Immediate)?;
        txn.set_quick_repair(true);
        for (name, key, value, _) in &self.rows {
            txn.open_table(definition(name))?.insert(key.as_slice(), value.as_slice())?;
        }
        Ok(txn.commit()?)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
