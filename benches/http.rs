//! What serving costs: get by id, a filtered list and create over HTTP/1.1 and gRPC, from `scimdb serve` in a process of
//! its own, beside the same calls in this process and, if it is told one, beside another SCIM server.
//!
//! `cargo bench --bench http -- --help`. docs/BENCHMARKS.md tells what the figures mean.

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
        pub mod args;
        pub mod figures;
        pub mod grpc;
        pub mod http1;
        pub mod inside;
        pub mod peer;
        pub mod process;
        pub mod run;
        pub mod work;

        /// What may fail.
        pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
    }
}

use support::http::args::Settings;
use support::http::{Outcome, run};

fn main() -> Outcome<()> {
    match Settings::read()? {
        Some(settings) => run::run(&settings),
        None => Ok(()),
    }
}
