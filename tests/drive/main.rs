//! Runs tests/corpus through a driver: a program in another language that uses scimdb, by a binding or by gRPC, and answers
//! one line of JSON for each request. Everything is asked of the engine in this process, too, and the answers must be the
//! same.
//!
//!     cargo test --test drive -- python3 bindings/python/tests/driver.py
//!     cargo test --test drive -- --grpc python3 tests/clients/python/driver.py
//!     cargo test --test drive -- --self
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod core;
mod driven;
mod faces;
#[path = "../support/http.rs"]
mod http;
mod names;
mod own;
mod own_errors;
mod own_host;
mod parts;
mod peer;
#[path = "../support/profiles.rs"]
mod profiles;
mod report;
#[path = "../support/requests.rs"]
mod requests;
#[path = "../support/steps.rs"]
mod steps;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

use core::Core;
use driven::{Driven, Kind};
use http::Served;
use peer::{Peer as _, Process};
use scimdb::engine::{Scope, TokenOptions};
use serde_json::json;

const HELP: &str = "\
Runs the corpus through a driver, a program that answers requests of one line on its standard input.

usage: cargo test --test drive -- [OPTIONS] COMMAND…
       cargo test --test drive -- [OPTIONS] --self

  --grpc       the driver is a client of gRPC: a server is started, whose address and token it finds in SCIMDB_ADDRESS and
               SCIMDB_TOKEN
  --only PART  only this part, which may be said more than once: own, filter, patch, handle, http, idp, seeds
  --self       the driver is this program, with the engine behind it
";

/// The name of the token that a client of gRPC has, and so who writes.
const ACTOR: &str = "driver";

/// What was asked for.
#[derive(Default)]
struct Settings {
    is_grpc: bool,
    is_engine: bool,
    only: Vec<String>,
    command: Vec<String>,
}

fn settings() -> Result<Option<Settings>, String> {
    let mut settings = Settings::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--grpc" => settings.is_grpc = true,
            "--only" => settings.only.push(arguments.next().ok_or("--only needs a part")?),
            "--self" => {
                let program = std::env::current_exe().map_err(|error| error.to_string())?;
                settings.command = vec![program.to_string_lossy().into_owned(), "--engine".to_owned()];
            }
            "--engine" => settings.is_engine = true,
            option if option.starts_with("--") => return Err(format!("there is no option {option}\n\n{HELP}")),
            _ => {
                settings.command = std::iter::once(argument).chain(arguments).collect();
                break;
            }
        }
    }
    Ok(Some(settings))
}

fn main() -> ExitCode {
    let outcome = match settings() {
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(settings)) if settings.is_engine => answer_as_driver().map(|()| true),
        Ok(Some(settings)) => drive(&settings),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Drives, and tells what was found: whether all is well.
fn drive(settings: &Settings) -> Result<bool, String> {
    let served = settings.is_grpc.then(|| Served::new(|options| options.require_tokens = true));
    let options = || TokenOptions::of_scope(Scope::Admin);
    let mut environment = Vec::new();
    if let Some(served) = &served {
        let tenant = served.store.tenant("default").map_err(|error| error.to_string())?;
        let token = tenant.create_token(ACTOR, options()).map_err(|error| error.to_string())?;
        environment.extend([("SCIMDB_ADDRESS", served.address.to_string()), ("SCIMDB_TOKEN", token.secret)]);
    }
    let process = Process::start(&settings.command, &environment)?;
    let mut driven = Driven::new(Box::new(process), |kind| {
        if kind == Kind::Binding {
            return Core::new("binding", None);
        }
        let core = Core::new("grpc", Some(ACTOR.to_owned()));
        // The two stores count the same.
        core.store().tenant("default").unwrap().create_token(ACTOR, options()).unwrap();
        core
    })?;
    if settings.is_grpc != (driven.kind() == Kind::Grpc) {
        return Err("a driver of gRPC needs --grpc, and no other does".to_owned());
    }
    let ended = parts::run(&mut driven, &settings.only);
    print!("{}", driven.report.told());
    ended?;
    let (passed, failed, unsupported) = driven.report.totals();
    Ok(passed > 0 && failed == 0 && (unsupported == 0 || driven.kind() == Kind::Grpc))
}

/// Answers requests on standard input, by the engine: proves the runner.
fn answer_as_driver() -> Result<(), String> {
    let mut core = Core::new("binding", None);
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let request = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        let answer = core.ask(&request).unwrap_or_else(|problem| json!({"error": problem}));
        writeln!(output, "{answer}").and_then(|()| output.flush()).map_err(|error| error.to_string())?;
    }
    Ok(())
}
