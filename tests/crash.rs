//! Power loss at every write: the store opens on whatever the disk may hold then, and everything that was acknowledged
//! is there, exactly; what was not is there wholly or not at all.
//!
//! `SCIMDB_CRASH_IMAGES` sets how many images are tried (default 4,000), `SCIMDB_CRASH_SEED` which ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::sync::Mutex;

use medium::{Dice, Disk, Event, Fault, Loss, Platter, Verb};
use scimdb::engine::{ReadOptions, WriteOptions};
use scimdb::{ErrorKind, Store, Tenant};
use script::{Dump, Ids, SCRIPT, Secrets, dump, patch, user, with_id};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// What one writer was told, and when.
#[derive(Default)]
struct Told {
    /// The number of events when a step was acknowledged, and what the store then told.
    states: Vec<(usize, Dump, Secrets)>,
}

/// A run of some writers, and everything that happened to the disk.
struct Run {
    log: Vec<Event>,
    writers: Vec<Told>,
    /// Picks out of a dump what a writer is responsible for.
    part: fn(usize, &Dump) -> Dump,
}

impl Run {
    /// Every point of the run, with some images each.
    fn crash(&self, images: u64, seed: u64) -> u64 {
        let mut dice = Dice(seed);
        let mut platter = Platter::default();
        let mut tried = 0;
        let points = self.log.len() as u64 + 1;
        for point in 0..=self.log.len() {
            if let Some(event) = point.checked_sub(1).and_then(|last| self.log.get(last)) {
                platter.apply(event, &mut dice);
            }
            // Nothing is lost where nothing is pending: one image is all there are.
            let wanted = (images * (point as u64 + 1) / points).saturating_sub(tried).max(1);
            let wanted = if platter.is_clean() { 1 } else { wanted };
            for number in 0..wanted {
                let losses = [Loss::Sectors, Loss::Writes, Loss::Tail, Loss::All, Loss::Nothing];
                let loss = losses[if number < 2 { (point + 2 * number as usize) % 5 } else { dice.below(5) }];
                let image = platter.image(loss, &mut dice);
                let about = format!("seed {seed}, event {point} of {}, image {number}, {loss:?}", self.log.len());
                self.survive(image, point, tried.is_multiple_of(8), &about, &mut dice);
                tried += 1;
            }
        }
        tried
    }

    /// The store on an image tells what it must.
    fn survive(&self, image: Vec<u8>, point: usize, again: bool, about: &str, dice: &mut Dice) {
        let disk = Disk::of(image.clone());
        let store = Store::open_on(disk.factory(), Ids::default().options())
            .unwrap_or_else(|error| panic!("{about}: {error:?}"));
        self.compare(&store, point, about);
        // It goes on: a new resource gets a version that none had before.
        let before = store.stats().unwrap().sequence;
        let tenant = store.tenant("default").unwrap();
        let made = tenant.create("User", user("after", ""), &with_id("after")).unwrap();
        assert!(made.tag.version > before, "{about}: version {} after {before}", made.tag.version);
        if !again {
            return;
        }
        store.close().unwrap();
        // Power is lost once more, while the store recovers from the first time.
        let log = disk.log();
        let stop = dice.below(log.len());
        let mut platter = Platter::of(image);
        log[..stop].iter().for_each(|event| platter.apply(event, dice));
        let disk = Disk::of(platter.image(Loss::Sectors, dice));
        let about = format!("{about}, then event {stop} of {}", log.len());
        let store = Store::open_on(disk.factory(), Ids::default().options())
            .unwrap_or_else(|error| panic!("{about}: {error:?}"));
        let tenant = store.tenant("default").unwrap();
        if tenant.get("User", "after", &ReadOptions::default()).is_ok() {
            tenant.delete("User", "after", &WriteOptions::default()).unwrap();
        } else {
            self.compare(&store, point, &about);
        }
    }

    fn compare(&self, store: &Store, point: usize, about: &str) {
        let report = store.check(&mut |_, _| ()).unwrap_or_else(|error| panic!("{about}: {error:?}"));
        assert_eq!(report.problems, Vec::<String>::new(), "{about}");
        let found = dump(store).unwrap_or_else(|error| panic!("{about}: {error:?}"));
        for (writer, told) in self.writers.iter().enumerate() {
            let found = (self.part)(writer, &found);
            // The first state is before any step.
            let acknowledged = told.states.iter().take_while(|(at, ..)| *at <= point).count().max(1);
            let (_, before, _) = &told.states[acknowledged - 1];
            let mut secrets = &told.states[acknowledged - 1].2;
            if found != *before {
                let Some((_, after, known)) = told.states.get(acknowledged) else {
                    panic!("{about}: after the last step: {}", difference(before, &found));
                };
                let both = || format!("{}\nor {}", difference(before, &found), difference(after, &found));
                assert!(found == *after, "{about}: {}", both());
                secrets = known;
            }
            for (name, secret, valid) in secrets {
                assert_eq!(store.authenticate(secret).is_ok(), *valid, "{about}: the token {name}");
            }
        }
    }
}

fn difference(expected: &Dump, found: &Dump) -> String {
    let missing = expected.iter().filter(|(key, value)| found.get(*key) != Some(value));
    let other = found.iter().filter(|(key, value)| expected.get(*key) != Some(value));
    let lines = missing.map(|(k, v)| format!("- {k}: {v}")).chain(other.map(|(k, v)| format!("+ {k}: {v}")));
    lines.take(12).map(|line| line.chars().take(300).collect()).collect::<Vec<String>>().join("\n")
}

/// One writer goes through the script.
fn scripted() -> Run {
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    let mut secrets = Secrets::new();
    let mut told = Told::default();
    told.states.push((disk.position(), dump(&store).unwrap(), secrets.clone()));
    for step in SCRIPT {
        (step.run)(&store, &mut secrets).unwrap_or_else(|error| panic!("{}: {error:?}", step.name));
        told.states.push((disk.position(), dump(&store).unwrap(), secrets.clone()));
    }
    store.close().unwrap();
    Run { log: disk.log(), writers: vec![told], part: |_, dump| dump.clone() }
}

/// What a writer of the crowd is responsible for: its own users.
fn own(writer: usize, dump: &Dump) -> Dump {
    let mine = format!("default: User w{writer}-");
    dump.iter().filter(|(key, _)| key.starts_with(&mine)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The same, while others write.
fn own_now(writer: usize, tenant: &Tenant) -> Dump {
    let ids = (0..ROUNDS).map(|round| format!("w{writer}-{round}"));
    let shown = ids.filter_map(|id| {
        let shown = tenant.get("User", &id, &ReadOptions::default()).ok()?;
        Some((format!("default: User {id}"), format!("{:?} {}", shown.tag, shown.json)))
    });
    shown.collect()
}

/// How many users each of the crowd makes.
const ROUNDS: usize = 4;

/// Several writers at a time, whose changes share commits.
fn crowd() -> Run {
    const WRITERS: usize = 6;
    let disk = Disk::default();
    let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
    let start = disk.position();
    let all: Mutex<Vec<(usize, Told)>> = Mutex::default();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (disk, store, all) = (&disk, &store, &all);
            scope.spawn(move || {
                let mut told = Told { states: vec![(start, Dump::new(), Secrets::new())] };
                let tenant = store.tenant("default").unwrap();
                for round in 0..ROUNDS {
                    for step in 0..3 {
                        crowd_step(&tenant, &format!("w{writer}-{round}"), &format!("w{writer}-{}", round / 2), step);
                        let at = disk.position();
                        told.states.push((at, own_now(writer, &tenant), Secrets::new()));
                    }
                }
                all.lock().unwrap().push((writer, told));
            });
        }
    });
    store.close().unwrap();
    let mut writers = all.into_inner().unwrap();
    writers.sort_by_key(|(writer, _)| *writer);
    Run { log: disk.log(), writers: writers.into_iter().map(|(_, told)| told).collect(), part: own }
}

fn crowd_step(tenant: &Tenant, id: &str, older: &str, step: usize) {
    let nick = format!(r#"{{"op": "add", "path": "nickName", "value": "of {id}"}}"#);
    match step {
        0 => drop(tenant.create("User", user(id, ""), &with_id(id)).unwrap()),
        1 => patch(tenant, "User", id, &nick).unwrap(),
        _ => match tenant.delete("User", older, &WriteOptions::default()) {
            Err(error) if error.kind() == ErrorKind::NotFound => patch(tenant, "User", id, &nick).unwrap(),
            other => other.unwrap(),
        },
    }
}

#[test]
fn one_writer_loses_nothing_acknowledged() {
    let images = scripted().crash(setting("SCIMDB_CRASH_IMAGES", 4_000) / 2, setting("SCIMDB_CRASH_SEED", 1));
    println!("{images} images");
}

#[test]
fn writers_who_share_commits_lose_nothing_acknowledged() {
    let images = crowd().crash(setting("SCIMDB_CRASH_IMAGES", 4_000) / 4, setting("SCIMDB_CRASH_SEED", 2));
    println!("{images} images");
}

/// A sync fails, and what it was to write is lost though reads show it; the store recovers and goes on; then power is
/// lost. Nothing may rest on what the failed sync left behind.
#[test]
fn a_failed_sync_and_then_a_power_loss_lose_nothing_acknowledged() {
    let images = setting("SCIMDB_CRASH_IMAGES", 4_000) / 4;
    let syncs = scripted().log.iter().filter(|event| matches!(event, Event::Sync)).count() as u64;
    let mut tried = 0;
    for after in (4..syncs).step_by(7) {
        let disk = Disk::default();
        let store = Store::open_on(disk.factory(), Ids::default().options()).unwrap();
        disk.arm(Fault { verb: Verb::Sync, after: after - 4, forever: false, error: std::io::ErrorKind::Other });
        let mut told = Told { states: vec![(disk.position(), dump(&store).unwrap(), Secrets::new())] };
        let (mut secrets, mut errors) = (Secrets::new(), Vec::new());
        for step in SCRIPT {
            // Later steps may miss what a failed one was to make.
            let failed = (step.run)(&store, &mut secrets);
            errors.extend(failed.err());
            // Once it answered again, the outcome of the failed step is known, and lasts.
            told.states.push((disk.position(), dump(&store).unwrap(), secrets.clone()));
        }
        if !disk.mend() {
            break;
        }
        assert!(errors.first().is_none_or(|error| error.kind() == ErrorKind::Io), "{errors:?}");
        store.close().unwrap();
        let run = Run { log: disk.log(), writers: vec![told], part: |_, dump| dump.clone() };
        tried += run.crash(images * 7 / syncs, setting("SCIMDB_CRASH_SEED", 3) + after);
    }
    println!("{tried} images");
}
