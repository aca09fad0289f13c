//! The run: makes the users, and measures every face in turns.

use serde_json::json;

use super::args::Settings;
use super::faces;
use super::figures::Figures;
use super::programs;
use super::users::Users;
use crate::support::http::Outcome;
use crate::support::http::process::Process;
use crate::support::search::machine;

pub fn run(settings: &Settings) -> Outcome<()> {
    let work = tempfile::tempdir()?;
    let mut about = machine::about();
    let users = Users::make(work.path(), settings.users)?;
    users.stored(&work.path().join("store"))?;
    if let Some(about) = about.as_object_mut() {
        about.insert("users".to_owned(), json!(users.known.len()));
        about.insert("rounds".to_owned(), json!(settings.rounds));
    }
    let mut figures = Figures::default();
    for _ in 0..settings.rounds {
        figures.add("Rust", faces::rust(&users)?);
        for program in &settings.programs {
            for (name, cost) in programs::measure(program, &users)? {
                figures.add(&name, cost);
            }
        }
        // A server that logs warnings alone, and lets anybody in; it is there no longer than it is measured.
        let server = Process::serve(&work.path().join("store"), work.path(), true, false)?;
        figures.add("gRPC", faces::grpc(server.address, &users)?);
        figures.add("HTTP", faces::http(server.address, &users)?);
    }
    if let Some(path) = &settings.json {
        std::fs::write(path, format!("{:#}\n", figures.json(&about)))?;
    }
    println!("{about}\n{}", figures.table());
    Ok(())
}
