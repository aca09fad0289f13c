//! A disk that tests can look into: it records what is written and synced, makes the images that a power loss could
//! leave, fails when told to, and gets full.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use scimdb::engine::{Medium, MediumFactory};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
/// What a file system allocates.
const BLOCK: u64 = 4096;

/// SplitMix64: small, fast, and the same everywhere.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// Counts the events of several media, so that they can be told in one order.
pub type Clock = Arc<AtomicU64>;

/// What happened to the disk.
#[derive(Clone, Debug)]
pub enum Event {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// The sync failed: what was written before may be on the disk or not, and will not be tried again, though reads
    /// show it. (So does Linux.)
    FailedSync,
}

/// The verbs that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Read,
    Write,
    SetLen,
    Sync,
    Len,
    /// Opening the disk again.
    Open,
    /// Whatever comes.
    Any,
}

/// A failure to come.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub verb: Verb,
    /// How many times the verb succeeds before.
    pub after: u64,
    /// Whether it goes on failing.
    pub forever: bool,
    pub error: io::ErrorKind,
}

#[derive(Default)]
struct State {
    /// What reads show.
    bytes: Vec<u8>,
    log: Vec<Event>,
    /// When each event happened.
    ticks: Vec<u64>,
    clock: Clock,
    fault: Option<Fault>,
    /// Whether the fault was met.
    met: bool,
    /// Blocks that the disk has room for.
    quota: Option<usize>,
    blocks: HashSet<u64>,
}

impl State {
    fn record(&mut self, event: Event) {
        self.ticks.push(self.clock.fetch_add(1, Ordering::SeqCst));
        self.log.push(event);
    }

    fn check(&mut self, verb: Verb) -> io::Result<()> {
        let Some(fault) = &mut self.fault else { return Ok(()) };
        if fault.verb != verb && fault.verb != Verb::Any {
            return Ok(());
        }
        if fault.after > 0 {
            fault.after -= 1;
            return Ok(());
        }
        let error = fault.error;
        if !fault.forever {
            self.fault = None;
        }
        self.met = true;
        Err(error.into())
    }

    fn allocate(&mut self, offset: u64, length: usize) -> io::Result<()> {
        for block in offset / BLOCK..(offset + length as u64).div_ceil(BLOCK) {
            if self.quota.is_some_and(|quota| self.blocks.len() >= quota) && !self.blocks.contains(&block) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.blocks.insert(block);
        }
        Ok(())
    }
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    /// A disk with these bytes on it.
    pub fn of(bytes: Vec<u8>) -> Self {
        Disk(Arc::new(Mutex::new(State { bytes, ..State::default() })))
    }

    /// Its events are counted by a clock that others have too.
    pub fn with_clock(self, clock: &Clock) -> Self {
        self.state().clock = Arc::clone(clock);
        self
    }

    /// Everything that happened, and when.
    pub fn dated_log(&self) -> Vec<(u64, Event)> {
        let state = self.state();
        state.ticks.iter().copied().zip(state.log.iter().cloned()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What `Store::open_on` takes.
    pub fn factory(&self) -> MediumFactory {
        let disk = self.clone();
        Arc::new(move || {
            disk.state().check(Verb::Open)?;
            Ok(Box::new(disk.clone()))
        })
    }

    /// The bytes as reads show them.
    pub fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// How many events there were.
    pub fn position(&self) -> usize {
        self.state().log.len()
    }

    /// Everything that happened.
    pub fn log(&self) -> Vec<Event> {
        self.state().log.clone()
    }

    /// Makes a verb fail.
    pub fn arm(&self, fault: Fault) {
        let mut state = self.state();
        state.fault = Some(fault);
        state.met = false;
    }

    /// Lets the disk work for a moment, whatever is to fail.
    pub fn paused<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let fault = self.state().fault.take();
        let made = meanwhile();
        self.state().fault = fault;
        made
    }

    /// Mends the disk; tells whether the fault was met.
    pub fn mend(&self) -> bool {
        let mut state = self.state();
        state.fault = None;
        state.met
    }

    /// Gives the disk room for some blocks of 4,096 bytes beside those that are taken; none: without limit.
    pub fn leave_room(&self, blocks: Option<usize>) {
        let mut state = self.state();
        let length = state.bytes.len() as u64;
        if state.blocks.is_empty() {
            state.blocks = (0..length.div_ceil(BLOCK)).collect();
        }
        state.quota = blocks.map(|blocks| state.blocks.len() + blocks);
    }
}

impl Medium for Disk {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.state();
        state.check(Verb::Len)?;
        Ok(state.bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        state.check(Verb::Read)?;
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(state.bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        state.check(Verb::SetLen)?;
        state.bytes.resize(usize::try_from(length).unwrap(), 0);
        state.blocks.retain(|block| *block < length.div_ceil(BLOCK));
        state.record(Event::SetLen(length));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.check(Verb::Write)?;
        state.allocate(offset, data.len())?;
        put(&mut state.bytes, offset, data);
        state.record(Event::Write(offset, data.to_vec()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        let outcome = state.check(Verb::Sync);
        state.record(if outcome.is_ok() { Event::Sync } else { Event::FailedSync });
        outcome
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let start = usize::try_from(offset).unwrap();
    if bytes.len() < start + data.len() {
        bytes.resize(start + data.len(), 0);
    }
    bytes[start..start + data.len()].copy_from_slice(data);
}

/// What is on the disk for certain, and what a power loss may leave of the rest.
#[derive(Clone, Default)]
pub struct Platter {
    durable: Vec<u8>,
    pending: Vec<Event>,
}

/// How much of what was not synced a power loss leaves.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    All,
    Nothing,
    /// Everything up to some write, a part of that, and nothing after it.
    Tail,
    /// Some of the writes, whole.
    Writes,
    /// Some of the sectors.
    Sectors,
}

impl Platter {
    /// A platter with these bytes.
    pub fn of(durable: Vec<u8>) -> Self {
        Platter { durable, pending: Vec::new() }
    }

    /// Lets something happen.
    pub fn apply(&mut self, event: &Event, dice: &mut Dice) {
        match event {
            Event::Sync => {
                self.durable = self.image(Loss::Nothing, dice);
                self.pending.clear();
            }
            Event::FailedSync => {
                self.durable = self.image(Loss::Sectors, dice);
                self.pending.clear();
            }
            other => self.pending.push(other.clone()),
        }
    }

    /// Whether there is anything to lose.
    pub fn is_clean(&self) -> bool {
        self.pending.is_empty()
    }

    /// What a power loss leaves.
    pub fn image(&self, loss: Loss, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let percent = 5 + dice.below(91);
        let last = dice.below(self.pending.len().max(1));
        for (index, event) in self.pending.iter().enumerate() {
            let (whole, torn) = match loss {
                Loss::All => break,
                Loss::Nothing => (true, false),
                Loss::Tail => (index < last, index == last),
                Loss::Writes => (dice.below(100) < percent, false),
                Loss::Sectors => (false, true),
            };
            match event {
                Event::SetLen(length) if whole || (torn && dice.below(100) < percent) => {
                    bytes.resize(usize::try_from(*length).unwrap(), 0);
                }
                Event::Write(offset, data) if whole || torn => {
                    for (index, sector) in data.chunks(SECTOR).enumerate() {
                        let offset = offset + (index * SECTOR) as u64;
                        // Beyond the end of a file whose new length was lost there is nothing.
                        let fits = offset + sector.len() as u64 <= bytes.len() as u64 || matches!(loss, Loss::Nothing);
                        if fits && (whole || dice.below(100) < percent) {
                            put(&mut bytes, offset, sector);
                        }
                    }
                }
                _ => {}
            }
        }
        bytes
    }
}
