//! Power loss with an index beside the rows: at every step of both, whatever either medium may hold then, every search
//! answers what was acknowledged. So it does on an index whose files were damaged.
//!
//! `SCIMDB_CRASH_IMAGES` sets how many pairs of images are tried (default 2,000), `SCIMDB_CRASH_SEED` which ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "index_crash/history.rs"]
mod history;
#[path = "support/index_medium.rs"]
mod index_medium;
#[path = "support/medium.rs"]
mod medium;
#[path = "support/script.rs"]
mod script;

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use history::{Answers, Told, ask, open, settle, tell};
use index_medium::{IndexDisk, IndexEvent, IndexImage, IndexLoss, IndexPlatter};
use medium::{Clock, Dice, Disk, Event, Loss, Platter};
use scimdb::Store;
use scimdb::engine::IndexState;
use script::{user, with_id};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// What happened to either medium.
#[derive(Clone)]
enum Happened {
    Rows(Event),
    Index(IndexEvent),
}

/// Everything that happened to both, in one order.
fn timeline(disk: &Disk, index: &IndexDisk) -> Vec<(u64, Happened)> {
    let rows = disk.dated_log().into_iter().map(|(at, event)| (at, Happened::Rows(event)));
    let index = index.dated_log().into_iter().map(|(at, event)| (at, Happened::Index(event)));
    let mut all: Vec<_> = rows.chain(index).collect();
    all.sort_by_key(|(at, _)| *at);
    all
}

/// What both media hold for certain, and may hold.
#[derive(Clone, Default)]
struct Platters {
    rows: Platter,
    index: IndexPlatter,
}

impl Platters {
    fn apply(&mut self, happened: &Happened, dice: &mut Dice) {
        match happened {
            Happened::Rows(event) => self.rows.apply(event, dice),
            Happened::Index(event) => self.index.apply(event),
        }
    }

    fn image(&self, loss: (Loss, IndexLoss), dice: &mut Dice) -> (Vec<u8>, IndexImage) {
        let rows = self.rows.image(loss.0, dice);
        (rows, self.index.image(loss.1, &mut |bound| dice.below(bound)))
    }
}

const LOSSES: [Loss; 5] = [Loss::Sectors, Loss::Writes, Loss::Tail, Loss::All, Loss::Nothing];
const INDEX_LOSSES: [IndexLoss; 4] = [IndexLoss::Any, IndexLoss::Tail, IndexLoss::All, IndexLoss::Nothing];

/// A run of the history, watched.
struct Run {
    events: Vec<(u64, Happened)>,
    told: Told,
    rows: Vec<u8>,
    index: IndexImage,
}

/// Made once, for all tests.
fn run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let clock = Clock::default();
        let (disk, index) = (Disk::default().with_clock(&clock), IndexDisk::default().with_clock(&clock));
        let told = tell(&disk, &index, &clock);
        let events = timeline(&disk, &index);
        let of_index = events.iter().filter(|(_, happened)| matches!(happened, Happened::Index(_))).count();
        println!("{} events, {of_index} of the index, {} states", events.len(), told.states.len());
        assert!(of_index > 20, "the index has files");
        Run { events, told, rows: disk.bytes(), index: index.image() }
    })
}

impl Run {
    /// The states that a store may be in after a crash before an event: the last one acknowledged, or the next.
    fn possible(&self, at: u64) -> &[(u64, Answers)] {
        let acknowledged = self.told.states.iter().take_while(|(told, _)| *told <= at).count().max(1);
        &self.told.states[acknowledged - 1..(acknowledged + 1).min(self.told.states.len())]
    }

    /// Wants a store to answer as one of the states. Gives those that it can be.
    fn compare<'s>(
        &self,
        store: &Store,
        states: &'s [(u64, Answers)],
        part: usize,
        about: &str,
    ) -> &'s [(u64, Answers)] {
        let got = ask(store, |number| part == 0 || number % 3 == part - 1);
        let fits = |(_, answers): &(u64, Answers)| got.iter().all(|(number, answer)| answers[*number] == *answer);
        let Some(first) = states.iter().position(fits) else {
            let (number, answer) = got.iter().find(|(number, answer)| states[0].1[*number] != *answer).unwrap();
            panic!("{about}: search {number}: {answer:?}\ninstead of {:?}", states[0].1[*number]);
        };
        let last = states.iter().rposition(fits).unwrap();
        &states[first..=last]
    }

    /// A store on what a crash left.
    fn survive(&self, (rows, index): (Vec<u8>, IndexImage), at: u64, again: bool, about: &str, dice: &mut Dice) {
        let clock: Clock = AtomicU64::new(0).into();
        let disk = Disk::of(rows.clone()).with_clock(&clock);
        let index_disk = IndexDisk::of(&index).with_clock(&clock);
        let store = open(&disk, &index_disk).unwrap_or_else(|error| panic!("{about}: {error:?}"));
        let states = self.compare(&store, self.possible(at), 1 + dice.below(3), &format!("{about}, at once"));
        settle(&store);
        let states =
            self.compare(&store, states, if again { 0 } else { 1 + dice.below(3) }, &format!("{about}, settled"));
        if !again {
            // It goes on.
            let tenant = store.tenant("default").unwrap();
            tenant.create("User", user("after", ""), &with_id("after")).unwrap();
            let found = scimdb::message::SearchRequest {
                filter: Some("emails.value sw \"after@\"".to_owned()),
                ..Default::default()
            };
            assert_eq!(tenant.search(Some("User"), &found).unwrap().total_results, 1, "{about}");
            return;
        }
        // Power is lost once more, while the index is being made again.
        store.close().unwrap();
        let events = timeline(&disk, &index_disk);
        let stop = dice.below(events.len() + 1);
        let mut platters = Platters { rows: Platter::of(rows), index: durable(&index) };
        events[..stop].iter().for_each(|(_, happened)| platters.apply(happened, dice));
        let (rows, index) = platters.image((Loss::Sectors, INDEX_LOSSES[dice.below(4)]), dice);
        let about = format!("{about}, then event {stop} of {}", events.len());
        let store = open(&Disk::of(rows), &IndexDisk::of(&index)).unwrap_or_else(|error| panic!("{about}: {error:?}"));
        self.compare(&store, states, 0, &format!("{about}, at once"));
        settle(&store);
        self.compare(&store, states, 0, &format!("{about}, settled"));
    }

    /// A part of the images.
    fn crash(&self, images: u64, seed: u64, part: usize, parts: usize) -> u64 {
        let mut dice = Dice(seed);
        let mut platters = Platters::default();
        let mut tried = 0;
        let points = self.events.len() as u64 + 1;
        for point in 0..=self.events.len() {
            if let Some((_, happened)) = point.checked_sub(1).and_then(|last| self.events.get(last)) {
                platters.apply(happened, &mut dice);
            }
            let at = self.events.get(point).map_or(u64::MAX, |(at, _)| *at);
            let wanted = (images * (point as u64 + 1) / points).saturating_sub(tried);
            for number in 0..wanted {
                // Every kind of loss at one medium with every kind at the other.
                let kind = tried as usize * parts + part;
                let loss = (LOSSES[kind % 5], INDEX_LOSSES[kind / 5 % 4]);
                let image = platters.image(loss, &mut dice);
                let about = format!(
                    "SCIMDB_CRASH_SEED={seed}, event {point} of {}, image {number}, {loss:?}",
                    self.events.len()
                );
                self.survive(image, at, tried.is_multiple_of(8), &about, &mut dice);
                tried += 1;
            }
        }
        tried
    }
}

/// A platter on which all of an image is durable.
fn durable(image: &IndexImage) -> IndexPlatter {
    let disk = IndexDisk::default();
    let mut platter = IndexPlatter::default();
    disk.fill(image);
    disk.log().iter().for_each(|event| platter.apply(event));
    platter
}

#[test]
fn a_power_loss_leaves_right_answers() {
    let images = setting("SCIMDB_CRASH_IMAGES", 2_000).div_ceil(2);
    println!("{} images", run().crash(images, setting("SCIMDB_CRASH_SEED", 1), 0, 2));
}

#[test]
fn another_power_loss_leaves_right_answers() {
    let images = setting("SCIMDB_CRASH_IMAGES", 2_000) / 2;
    println!("{} images", run().crash(images, setting("SCIMDB_CRASH_SEED", 2), 1, 2));
}

/// What may be done to the bytes of a file.
fn damages(bytes: &[u8], dice: &mut Dice) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all = vec![("removed".to_owned(), None), ("emptied".to_owned(), Some(Vec::new()))];
    if bytes.is_empty() {
        return all;
    }
    for length in [bytes.len() - 1, bytes.len() / 2, dice.below(bytes.len())] {
        all.push((format!("cut to {length}"), Some(bytes[..length].to_vec())));
    }
    for at in [0, bytes.len() - 1, dice.below(bytes.len()), dice.below(bytes.len()), dice.below(bytes.len())] {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << dice.below(8);
        all.push((format!("flipped at {at} of {}", bytes.len()), Some(flipped)));
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    all.push(("made longer".to_owned(), Some(longer)));
    all
}

#[test]
fn a_damaged_index_is_made_again_and_answers_stay_right() {
    let run = run();
    let last = &run.told.states[run.told.states.len() - 1..];
    let mut dice = Dice(setting("SCIMDB_CRASH_SEED", 3));
    let mut tried = 0;
    let mut check = |image: &IndexImage, about: &str| {
        tried += 1;
        let (disk, index) = (Disk::of(run.rows.clone()), IndexDisk::of(image));
        let store = open(&disk, &index).unwrap_or_else(|error| panic!("{about}: {error:?}"));
        run.compare(&store, last, 0, &format!("{about}, at once"));
        settle(&store);
        run.compare(&store, last, 0, &format!("{about}, settled"));
        let status = store.tenant("default").unwrap().index_status().unwrap();
        let users = status.iter().find(|status| status.resource_type == "User").unwrap();
        assert_eq!((users.state, users.recent), (IndexState::Ready, 0), "{about}");
        store.close().unwrap();
        // What was made again is sound.
        let store = open(&disk, &index).unwrap();
        run.compare(&store, last, 1, &format!("{about}, opened again"));
        store.close().unwrap();
    };
    check(&run.index, "nothing damaged");
    check(&IndexImage::new(), "all removed");
    for (name, files) in &run.index {
        let mut without = run.index.clone();
        without.remove(name);
        check(&without, &format!("{name} removed"));
        for (path, bytes) in files {
            for (what, damaged) in damages(bytes, &mut dice) {
                let mut image = run.index.clone();
                let directory = image.get_mut(name).unwrap();
                match damaged {
                    Some(bytes) => directory.insert(path.clone(), bytes),
                    None => directory.remove(path),
                };
                check(&image, &format!("{name}/{} {what}", path.display()));
            }
        }
    }
    println!("{tried} damaged indexes");
    assert!(tried > 20, "the index has files");
}

/// Nothing of this test is left to chance: as many events in any order of the threads.
#[test]
fn the_history_rests_on_files() {
    let run = run();
    assert!(!run.index.is_empty(), "the last state has durable runs");
    let renamed = run
        .events
        .iter()
        .filter(|(_, happened)| matches!(happened, Happened::Index(IndexEvent::RemoveDirectory { .. })));
    assert!(renamed.count() > 0, "parts were merged");
    assert_eq!(run.events.last().unwrap().0 + 1, run.events.len() as u64, "every tick is an event");
}
