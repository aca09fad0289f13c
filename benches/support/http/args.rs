//! What the bench is asked to do.

use std::path::PathBuf;

use super::Outcome;

const HELP: &str = "\
Measures serving: loads a store, starts `scimdb serve` on it, and calls it over HTTP/1.1 and gRPC.

usage: cargo bench --bench http -- [OPTIONS]

  --users N            how many users (100000)
  --seconds S          how long each line is measured (3)
  --connections N      connections of the lines that ask for the rate (32)
  --threads N          threads of the client of HTTP/1.1 that share them (1)
  --calls N            calls under way at one time over gRPC, on four connections (64)
  --only WORDS         only lines whose name has one of these, with commas between: get,list
  --faces NAMES        only these of inside, http, grpc, peer
  --quiet              the server logs warnings alone; by default it logs every call, as users have it
  --no-token           calls have no bearer token; by default each has one, and the server wants it
  --peer-command TEXT  starts another SCIM server without authentication, stopped at the end; {port} is a free port:
                       'scim2-server --port {port}'
  --peer URL           or: one that runs already, http://127.0.0.1:8080/v2
  --peer-users N       how many users it is given, one by one (1000)
  --peer-connections N connections of the lines that ask for its rate: a test server lets few wait (4)
  --json FILE          writes every figure as JSON
  --keep DIR           works in DIR and leaves the store there; takes the one that is there, if it has as many users
";

/// What the bench is asked to do.
#[derive(Clone)]
pub struct Settings {
    pub users: usize,
    pub seconds: f64,
    pub connections: usize,
    pub threads: usize,
    pub calls: usize,
    pub only: Vec<String>,
    pub faces: Vec<String>,
    pub quiet: bool,
    pub no_token: bool,
    pub peer_command: Option<String>,
    pub peer: Option<String>,
    pub peer_users: usize,
    pub peer_connections: usize,
    pub json: Option<PathBuf>,
    pub keep: Option<PathBuf>,
}

impl Settings {
    /// Reads the arguments; none when only help was asked for.
    pub fn read() -> Outcome<Option<Self>> {
        let mut settings = Settings {
            users: 100_000,
            seconds: 3.0,
            connections: 32,
            threads: 1,
            calls: 64,
            only: Vec::new(),
            faces: Vec::new(),
            quiet: false,
            no_token: false,
            peer_command: None,
            peer: None,
            peer_users: 1_000,
            peer_connections: 4,
            json: None,
            keep: None,
        };
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
                "--seconds" => settings.seconds = value()?.parse()?,
                "--connections" => settings.connections = value()?.parse::<usize>()?.max(1),
                "--threads" => settings.threads = value()?.parse::<usize>()?.max(1),
                "--calls" => settings.calls = value()?.parse::<usize>()?.max(1),
                "--only" => settings.only = value()?.split(',').map(str::to_owned).collect(),
                "--faces" => settings.faces = value()?.split(',').map(str::to_owned).collect(),
                "--quiet" => settings.quiet = true,
                "--no-token" => settings.no_token = true,
                "--peer-command" => settings.peer_command = Some(value()?),
                "--peer" => settings.peer = Some(value()?),
                "--peer-users" => settings.peer_users = value()?.parse::<usize>()?.max(10),
                "--peer-connections" => settings.peer_connections = value()?.parse::<usize>()?.max(2),
                "--json" => settings.json = Some(value()?.into()),
                "--keep" => settings.keep = Some(value()?.into()),
                other => return Err(format!("there is no option {other}\n\n{HELP}").into()),
            }
        }
        Ok(Some(settings))
    }

    /// Whether a line is to be measured.
    pub fn wants(&self, line: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| line.contains(word.as_str()))
    }

    /// Whether a face is to be measured.
    pub fn faces(&self, face: &str) -> bool {
        self.faces.is_empty() || self.faces.iter().any(|name| name == face)
    }
}
