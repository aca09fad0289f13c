//! The command line of scimdb: one file per subcommand, over the public API of the crate and nothing else.
//!
//! `args` says what can be asked, `config` puts flags, environment and file together, `failure` holds the exit codes,
//! `output` is the only way to standard output.

mod args;
mod backup;
mod cells;
mod changes;
mod check;
mod compact;
mod completions;
mod config;
mod create;
mod delete;
mod demo;
mod explain;
mod export;
mod failure;
mod forget;
mod get;
mod import;
mod jobs;
mod keys;
mod output;
mod patch;
mod profile;
mod progress;
mod query;
mod replace;
mod schema;
#[cfg(feature = "server")]
mod serve;
mod session;
mod stats;
mod tenant;
mod token;

use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match config::parse(std::env::args_os().collect()) {
        Ok(cli) => session::run(cli),
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
