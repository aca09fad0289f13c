//! Measures the queries of ../queries.json on other stores: each tuned, each with the same users.
//!
//! `run.sh` makes the users and calls this; README.md tells the settings.

mod data;
mod measure;
mod openldap;
mod postgres;
mod sql;
mod sqlite;

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

/// What may fail.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What is asked for.
pub struct Settings {
    pub users: usize,
    pub data: PathBuf,
    pub work: PathBuf,
    pub seconds: f64,
}

/// Whether this process is root's, whom some servers refuse.
pub fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("/proc")) == 0
}

fn main() -> Outcome<()> {
    let mut settings = Settings { users: 100_000, data: "users.ndjson".into(), work: ".".into(), seconds: 0.5 };
    let (mut out, mut only) = (PathBuf::from("results.json"), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--users" => settings.users = value.replace('_', "").parse()?,
            "--data" => settings.data = value.into(),
            "--work" => settings.work = value.into(),
            "--seconds" => settings.seconds = value.parse()?,
            "--only" => only = value.split(',').map(str::to_owned).collect(),
            "--out" => out = value.into(),
            _ => return Err(format!("there is no option {name}").into()),
        }
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    let drawn = data::Drawn::of(&settings.data, settings.users)?;
    let mut peers = Map::new();
    if wanted("sqlite") {
        eprintln!("SQLite");
        peers.insert("SQLite".to_owned(), sqlite::run(&settings, &drawn)?.to_json());
    }
    if wanted("postgres") {
        match postgres::programs() {
            Some(programs) => {
                eprintln!("PostgreSQL");
                let peer = postgres::measure_all(&settings, &programs, &drawn)?;
                peers.insert("PostgreSQL".to_owned(), peer.to_json());
            }
            None => eprintln!("PostgreSQL is not installed and left out: apt-get install postgresql"),
        }
    }
    if wanted("openldap") {
        match openldap::is_installed() {
            true => {
                eprintln!("OpenLDAP");
                peers.insert("OpenLDAP".to_owned(), openldap::run(&settings, &drawn)?.to_json());
            }
            false => eprintln!("OpenLDAP is not installed and left out: apt-get install slapd"),
        }
    }
    agree(&peers)?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().and_then(|load| load.parse::<f64>().ok());
    let report = json!({"users": settings.users, "load": load, "peers": peers});
    std::fs::write(&out, format!("{report:#}\n"))?;
    eprintln!("the totals of all agree; {} is written", out.display());
    Ok(())
}

/// Sees to it that all of them found as many users.
fn agree(peers: &Map<String, Json>) -> Outcome<()> {
    let mut totals: Map<String, Json> = Map::new();
    for (name, peer) in peers {
        for (id, query) in peer["queries"].as_object().ok_or("a store without queries")? {
            let total = totals.entry(id.clone()).or_insert_with(|| query["total"].clone());
            if *total != query["total"] {
                return Err(format!("{id}: {name} found {} users, others {total}", query["total"]).into());
            }
        }
    }
    Ok(())
}
