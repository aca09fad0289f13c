//! What it costs to come in: a get and a search by the Rust call, through the C ABI and each binding, and over gRPC and HTTP,
//! in the same run, on the same users.
//!
//! `cargo bench --bench facade -- --help`; `benches/facade.sh` builds the bindings first. docs/BENCHMARKS.md tells what the
//! figures mean.

// Not every bench needs all of what they share.
#[allow(dead_code)]
mod support {
    pub mod people;
    pub mod samples;
    pub mod search {
        pub mod machine;

        pub use super::http::Outcome;
    }
    pub mod http {
        pub mod http1;
        pub mod process;
        pub mod work;

        /// What may fail.
        pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
    }
    pub mod facade {
        pub mod args;
        pub mod faces;
        pub mod figures;
        pub mod programs;
        pub mod run;
        pub mod users;
    }
}

use support::facade::args::Settings;
use support::facade::run;
use support::http::Outcome;

fn main() -> Outcome<()> {
    match Settings::read()? {
        Some(settings) => run::run(&settings),
        None => Ok(()),
    }
}
