//! What the bench is asked to do.

use std::path::PathBuf;

use super::Outcome;

const HELP: &str = "\
Measures search: makes users, loads them, checks every answer against a scan of its own, and times the queries.

usage: cargo bench --no-default-features --bench search -- [OPTIONS]

  --users N          how many users (100000)
  --input FILE       takes the first N users of an NDJSON file instead of making them
  --write FILE       writes the users as NDJSON for others to load, and does nothing else
  --queries Q1,Q3    only these queries (all)
  --rounds N         so often each query, instead of for --seconds
  --seconds S        how long each query is repeated, and each round of writers runs (0.5)
  --cache-mib N      the store's cache (its default)
  --quick            only the load and the queries: no deletes, recent writes, writers, growth or kill
  --unmerged         queries the index as the load left it, before parts are merged while nobody writes
  --keep DIR         works in DIR and leaves the store there (a directory for temporary files, removed at the end)
  --json FILE        writes every figure as JSON
  --peers FILE       shows the figures of benches/peers/run.sh beside
";

/// What the bench is asked to do.
#[derive(Clone)]
pub struct Settings {
    pub users: usize,
    pub input: Option<PathBuf>,
    pub write: Option<PathBuf>,
    pub queries: Vec<String>,
    pub rounds: Option<usize>,
    pub seconds: f64,
    pub cache_mib: Option<usize>,
    pub quick: bool,
    pub unmerged: bool,
    pub keep: Option<PathBuf>,
    pub json: Option<PathBuf>,
    pub peers: Option<PathBuf>,
    /// What a child process is to do, and where: the parent measures nothing itself, so that its own memory and that of
    /// an earlier phase are in no figure.
    pub phase: Option<String>,
    pub work: PathBuf,
}

impl Settings {
    /// Reads the arguments; none when only help was asked for.
    pub fn read() -> Outcome<Option<Self>> {
        let mut settings = Settings {
            users: 100_000,
            input: None,
            write: None,
            queries: Vec::new(),
            rounds: None,
            seconds: 0.5,
            cache_mib: None,
            quick: false,
            unmerged: false,
            keep: None,
            json: None,
            peers: None,
            phase: None,
            work: PathBuf::new(),
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
                "--users" => settings.users = value()?.replace('_', "").parse()?,
                "--input" => settings.input = Some(value()?.into()),
                "--write" => settings.write = Some(value()?.into()),
                "--queries" => settings.queries = value()?.split(',').map(str::to_owned).collect(),
                "--rounds" => settings.rounds = Some(value()?.parse()?),
                "--seconds" => settings.seconds = value()?.parse()?,
                "--cache-mib" => settings.cache_mib = Some(value()?.parse()?),
                "--quick" => settings.quick = true,
                "--unmerged" => settings.unmerged = true,
                "--keep" => settings.keep = Some(value()?.into()),
                "--json" => settings.json = Some(value()?.into()),
                "--peers" => settings.peers = Some(value()?.into()),
                "--phase" => settings.phase = Some(value()?),
                "--work" => settings.work = value()?.into(),
                other => return Err(format!("there is no option {other}\n\n{HELP}").into()),
            }
        }
        Ok(Some(settings))
    }

    /// Where the users are.
    pub fn data(&self) -> PathBuf {
        self.input.clone().unwrap_or_else(|| self.work.join("users.ndjson"))
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.work.join("store")
    }

    /// The options of the store.
    pub fn options(&self) -> scimdb::StoreOptions {
        let mut options = scimdb::StoreOptions::default();
        if let Some(mebibytes) = self.cache_mib {
            options.cache_bytes = mebibytes << 20;
        }
        options
    }
}
