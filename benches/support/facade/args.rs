//! What the bench is asked to do.

use std::path::PathBuf;

use crate::support::http::Outcome;

const HELP: &str = "\
Measures what a get and a search cost through each face, beside the call in Rust.

usage: cargo bench --bench facade -- [OPTIONS]

  --users N            how many users, made by `scimdb demo` (10000)
  --rounds N           how often each face is measured, in turns; the least is told (3)
  --face NAME=COMMAND  a face in a program of its own, which is given the file of users and prints a line of JSON with get_ns and
                       search_ns: 'Python=python3 bindings/python/bench/bench.py'. A further line with a form, such as
                       \"form\": \"dict\", is a row of its own: 'Python, dict'
  --json FILE          writes every figure as JSON
";

/// A face that is another program.
#[derive(Clone)]
pub struct Program {
    pub name: String,
    pub command: Vec<String>,
}

/// What the bench is asked to do.
pub struct Settings {
    pub users: usize,
    pub rounds: usize,
    pub programs: Vec<Program>,
    pub json: Option<PathBuf>,
}

impl Settings {
    /// Reads the arguments; none when only help was asked for.
    pub fn read() -> Outcome<Option<Self>> {
        let mut settings = Settings { users: 10_000, rounds: 3, programs: Vec::new(), json: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let name = argument.clone();
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match argument.as_str() {
                // Cargo adds this to the arguments of every bench.
                "--bench" => {}
                "--help" | "-h" => {
                    print!("{HELP}");
                    return Ok(None);
                }
                "--users" => settings.users = value()?.replace('_', "").parse::<usize>()?.max(100),
                "--rounds" => settings.rounds = value()?.parse::<usize>()?.max(1),
                "--face" => {
                    let program = program(&value()?)?;
                    // The least of two programs would be told as one.
                    if settings.programs.iter().any(|known| known.name == program.name) {
                        return Err(format!("there are two faces {}", program.name).into());
                    }
                    settings.programs.push(program);
                }
                "--json" => settings.json = Some(value()?.into()),
                other => return Err(format!("there is no option {other}\n\n{HELP}").into()),
            }
        }
        Ok(Some(settings))
    }
}

fn program(text: &str) -> Outcome<Program> {
    let (name, command) = text.split_once('=').ok_or("a face is NAME=COMMAND")?;
    let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if command.is_empty() {
        Err(format!("{name} has no command").into())
    } else {
        Ok(Program { name: name.into(), command })
    }
}
