//! Loads the users: durable and searchable, as `import --restore` does.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use scimdb::engine::ImportOptions;
use scimdb::{Store, Tenant};
use serde_json::json;

use super::args::Settings;
use super::{Outcome, data, machine};

/// Waits until the index has everything that was written.
pub fn settle(store: &Store) -> Outcome<()> {
    if !store.wait_for_index(std::time::Duration::from_secs(600))? {
        return Err("the index was not made within ten minutes".into());
    }
    Ok(())
}

/// Waits until there are no more parts to be merged, as there are not while nobody writes.
pub fn rest(store: &Store) -> Outcome<()> {
    let parts = || -> Outcome<u32> { Ok(tenant(store)?.index_status()?.iter().map(|index| index.runs).sum()) };
    let (mut last, mut since) = (parts()?, Instant::now());
    while last > 1 && since.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(200));
        let now = parts()?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// The tenant that everything is in.
pub fn tenant(store: &Store) -> Outcome<Tenant> {
    Ok(store.tenant(scimdb::engine::DEFAULT_TENANT)?)
}

/// Writes what a phase measured where the parent finds it.
pub fn tell(settings: &Settings, figures: &serde_json::Value) -> Outcome<()> {
    Ok(std::fs::write(settings.work.join("phase.json"), figures.to_string())?)
}

/// The phase `load`.
pub fn load(settings: &Settings) -> Outcome<()> {
    let mut progress = Progress::new(settings.users);
    let start = Instant::now();
    let store = Store::open(settings.store(), settings.options())?;
    let mut importer = tenant(&store)?.import(ImportOptions { restore: true, ..ImportOptions::default() })?;
    let mut read = 0_u64;
    let users = data::each_line(&settings.data(), settings.users, &mut |number, line| {
        read += line.len() as u64;
        importer.push(number as u64 + 1, line)?;
        progress.at(number);
        Ok(())
    })?;
    let (report, rejects) = importer.finish()?;
    if let Some(reject) = rejects.into_iter().next() {
        return Err(format!("user {}: {}", reject.row, reject.error).into());
    }
    let durable = start.elapsed().as_secs_f64();
    progress.done();
    settle(&store)?;
    let seconds = start.elapsed().as_secs_f64();
    let memory = machine::memory();
    let parts =
        |store: &Store| -> Outcome<u32> { Ok(tenant(store)?.index_status()?.iter().map(|index| index.runs).sum()) };
    let loaded = parts(&store)?;
    if !settings.unmerged {
        rest(&store)?;
    }
    let merged = parts(&store)?;
    let (before, _) = machine::bytes(&settings.store())?;
    let start = Instant::now();
    store.compact(&mut |_, _| ())?;
    let compacting = start.elapsed().as_secs_f64();
    store.close()?;
    drop(store);
    let (file, index) = machine::bytes(&settings.store())?;
    tell(
        settings,
        &json!({
            "users": users, "created": report.created, "seconds": seconds, "durable_seconds": durable,
            "users_per_second": users as f64 / seconds, "input_bytes": read, "store_bytes": file, "index_bytes": index,
            "store_bytes_before": before, "compact_seconds": compacting, "parts_loaded": loaded, "parts": merged,
            "memory": memory,
        }),
    )
}

/// A line on the terminal that tells how far the load is.
struct Progress {
    users: usize,
    start: Instant,
    shown: Option<Instant>,
}

impl Progress {
    fn new(users: usize) -> Self {
        let now = Instant::now();
        Progress { users, start: now, shown: std::io::stderr().is_terminal().then_some(now) }
    }

    fn at(&mut self, number: usize) {
        const WIDTH: usize = 40;
        if number.is_multiple_of(256)
            && let Some(shown) = &mut self.shown
            && shown.elapsed() > Duration::from_millis(200)
        {
            *shown = Instant::now();
            let rate = number as f64 / self.start.elapsed().as_secs_f64();
            let left = (self.users - number) as f64 / rate.max(1.0);
            let full = number * WIDTH / self.users.max(1);
            let bar = "━".repeat(full) + &"─".repeat(WIDTH - full);
            eprint!("\r  {bar} {number}/{} users, {rate:.0}/s, {left:.0} s left  ", self.users);
            let _ = std::io::stderr().flush();
        }
    }

    fn done(&mut self) {
        if self.shown.take().is_some() {
            eprint!("\r{:100}\r", "");
        }
    }
}
