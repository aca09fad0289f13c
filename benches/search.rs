//! Search on a real directory: load, open, the queries of queries.json, the same after deletes, with recent writes,
//! beside writers, after a kill, and growth; every answer checked against a scan that shares no code with the engine.
//!
//! `cargo bench --no-default-features --bench search -- --help`. docs/BENCHMARKS.md tells what the figures mean.

mod support {
    pub mod people;
    pub mod samples;
    pub mod search {
        pub mod args;
        pub mod data;
        pub mod load;
        pub mod machine;
        pub mod oracle;
        pub mod queries;
        pub mod reading;
        pub mod run;
        pub mod table;
        pub mod writing;

        /// What may fail.
        pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
    }
}

use support::search::args::Settings;
use support::search::{Outcome, load, reading, run, writing};

fn main() -> Outcome<()> {
    let Some(settings) = Settings::read()? else { return Ok(()) };
    match settings.phase.as_deref() {
        None => run::run(&settings),
        Some("load") => load::load(&settings),
        Some("read") => reading::read(&settings, reading::Before::Nothing),
        Some("deletes") => reading::read(&settings, reading::Before::Deletes),
        Some("recent") => reading::read(&settings, reading::Before::Updates),
        Some("open") => reading::open_only(&settings),
        Some("writes") => writing::measure(&settings),
        Some("killed") => writing::until_killed(&settings),
        Some(other) => Err(format!("there is no phase {other}").into()),
    }
}
