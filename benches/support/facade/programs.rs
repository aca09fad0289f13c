//! Faces that are programs of their own. Each measures itself, and tells a line of JSON for every form in which it makes the calls.

use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::args::Program;
use super::faces::Cost;
use super::users::Users;
use crate::support::http::Outcome;

/// Runs a program: its rows, by their names, in the order in which it tells them.
pub fn measure(program: &Program, users: &Users) -> Outcome<Vec<(String, Cost)>> {
    let Program { name, command } = program;
    let (first, rest) = command.split_first().ok_or("an empty command")?;
    let mut run = Command::new(first);
    run.args(rest).arg(&users.file).stdin(Stdio::null()).stderr(Stdio::inherit());
    let told = run.output().map_err(|error| format!("{name}: {first}: {error}"))?;
    let text = String::from_utf8_lossy(&told.stdout);
    if told.status.success() {
        rows(name, &text)
    } else {
        Err(format!("{name} ended with {}, and told {text:?}", told.status).into())
    }
}

/// The rows that a program tells. A form has a row of its own beside the plain one, which alone has the name that goals go by.
fn rows(face: &str, told: &str) -> Outcome<Vec<(String, Cost)>> {
    let mut rows: Vec<(String, Cost)> = Vec::new();
    for line in told.lines().filter(|line| line.starts_with('{')) {
        let json: Json = serde_json::from_str(line).map_err(|error| format!("{face} tells {line}: {error}"))?;
        let name = match json.get("form") {
            None => face.to_owned(),
            Some(form) => format!("{face}, {}", form.as_str().ok_or(format!("{face} tells a form that is no text"))?),
        };
        if rows.iter().any(|(known, _)| *known == name) {
            return Err(format!("{face} tells {name} twice").into());
        }
        let number = |member: &str| json.get(member).and_then(Json::as_f64).ok_or(format!("{name} tells no {member}"));
        let cost = Cost { get: number("get_ns")?, search: number("search_ns")? };
        rows.push((name, cost));
    }
    if rows.is_empty() { Err(format!("{face} tells no figures: {told:?}").into()) } else { Ok(rows) }
}
