//! Progress bars: on standard error, and only where that is a terminal.

use std::fmt;
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use scimdb::engine::IndexState;
use scimdb::{Error, Store, Tenant};

use crate::output::grouped;
use crate::session::Session;

/// Progress of something that is read, written or counted.
pub struct Progress {
    bar: ProgressBar,
    rows: u64,
}

impl Progress {
    /// Over this many things; none: their number is not known.
    pub fn of_rows(session: &Session, what: &str, total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{prefix} {wide_bar} {human_pos}/{human_len}, {rate}, {eta} left",
            None => "{prefix} {spinner} {human_pos}, {rate}, {elapsed}",
        };
        Progress::new(session, what, total, template)
    }

    /// Over the bytes of a file; none: their number is not known. Rows are counted beside them.
    pub fn of_bytes(session: &Session, what: &str, total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{prefix} {wide_bar} {bytes}/{total_bytes}, {msg}, {eta} left",
            None => "{prefix} {spinner} {bytes}, {msg}, {elapsed}",
        };
        Progress::new(session, what, total, template)
    }

    fn new(session: &Session, what: &str, total: Option<u64>, template: &str) -> Self {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        };
        let shown = std::io::stderr().is_terminal() && !session.global.quiet;
        bar.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
                let _ = write!(text, "{}/s", grouped(state.per_sec() as u64));
            };
            bar.set_style(style.progress_chars("━╸─").with_key("rate", rate));
        }
        bar.set_prefix(what.to_owned());
        bar.set_message("0 rows");
        if shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Progress { bar, rows: 0 }
    }

    /// What is read through the answer moves the bar.
    pub fn reader(&self, file: File) -> impl Read + use<> {
        self.bar.wrap_read(file)
    }

    /// The same for standard input.
    pub fn stdin(&self) -> impl Read + use<> {
        self.bar.wrap_read(std::io::stdin())
    }

    /// Counts a row beside the bytes.
    pub fn row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(1_000) && !self.bar.is_hidden() {
            let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
            let rate = (self.rows as f64 / seconds) as u64;
            self.bar.set_message(format!("{} rows, {} rows/s", grouped(self.rows), grouped(rate)));
        }
    }

    /// Counts a thing.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Tells where it stands, and of how many.
    pub fn at(&self, position: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(position);
    }

    /// Says what is happening now.
    pub fn say(&self, what: &str) {
        self.bar.set_prefix(what.to_owned());
    }

    /// Waits until what was written is in the index, so that the next command finds it on the disk.
    pub fn index(self, store: &Store, tenant: &Tenant) -> Result<(), Error> {
        self.say("indexing");
        let total: u64 = tenant.stats()?.resources.iter().map(|(_, count)| count).sum();
        loop {
            let done = store.wait_for_index(Duration::from_millis(200))?;
            let status = tenant.index_status()?;
            if done || status.iter().any(|index| index.state == IndexState::Failed) {
                self.finish();
                return Ok(());
            }
            self.at(status.iter().map(|index| index.resources).sum(), total);
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
