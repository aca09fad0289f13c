//! `scimdb demo`: a directory of made-up people, the same on every machine, and what can be asked of it.

mod dice;
mod groups;
mod names;
mod people;
mod questions;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use scimdb::engine::ImportOptions;
use scimdb::{Error, Store, Tenant};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Exit, Failure};
use crate::output::{elapsed, grouped};
use crate::progress::Progress;
use crate::session::Session;
use groups::Groups;
use people::People;

/// The directory of the demo's store when none is named.
const DEMO_STORE: &str = "scimdb-demo";

/// Says that a directory is the demo's own, and what was made in it. Only a directory with this file is ever removed.
const MARKER: &str = "demo.toml";

/// Make users and groups, and ask about them
///
/// Makes 100,000 users and 200 groups, the same ones every time, imports them into ./scimdb-demo, and answers filters,
/// sorts and pages over them. The store stays for you to query and serve.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// How many users
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    users: u32,
    /// How many groups
    #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    groups: u32,
    /// The same seed makes the same users
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Make the demo's store anew
    #[arg(long)]
    fresh: bool,
}

/// What stands in the marker.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Made {
    users: u32,
    groups: u32,
    seed: u64,
    complete: bool,
}

impl Made {
    fn text(self) -> String {
        let Made { users, groups, seed, complete } = self;
        format!(
            "# Made by scimdb demo, which may remove this directory.\n\
             users = {users}\ngroups = {groups}\nseed = {seed}\ncomplete = {complete}\n"
        )
    }
}

pub fn run(args: DemoArgs, session: &mut Session) -> Result<(), Failure> {
    let DemoArgs { users, groups, seed, fresh } = args;
    let directory = session.global.store.get_or_insert_with(|| PathBuf::from(DEMO_STORE)).clone();
    let wanted = Made { users, groups, seed, complete: true };
    let store = match reusable(&directory, wanted, fresh)? {
        true => {
            session.out.line(format_args!(
                "The demo of an earlier run is in {}, and is used as it is; --fresh makes it anew.",
                directory.display()
            ))?;
            session.open()?
        }
        false => make(&directory, wanted, session)?,
    };
    session.out.flush()?;
    questions::ask(&store.tenant(&session.global.tenant)?, session)?;
    farewell(&directory, session)
}

/// Whether the directory holds the demo that is wanted. What an interrupted or unwanted run left is removed.
fn reusable(directory: &Path, wanted: Made, fresh: bool) -> Result<bool, Failure> {
    let empty = std::fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none());
    if empty {
        return Ok(false);
    }
    let marker = directory.join(MARKER);
    let here = directory.display();
    let Ok(text) = std::fs::read_to_string(&marker) else {
        let message = format!("{here} is not empty, and not the demo's; name another directory with --store");
        return Err(Failure::new(Exit::Conflict, message));
    };
    let made: Option<Made> = toml::from_str(&text).ok();
    match made {
        Some(made) if made == wanted && !fresh => Ok(true),
        Some(made) if made.complete && !fresh => {
            let (users, groups) = (grouped(made.users.into()), grouped(made.groups.into()));
            let message = format!(
                "{here} holds a demo of {users} users and {groups} groups by seed {}; --fresh makes it anew",
                made.seed
            );
            Err(Failure::new(Exit::Conflict, message))
        }
        _ => {
            // Whoever holds the store keeps it: it is opened before it is removed.
            if let Err(error) = Store::open(directory, scimdb::StoreOptions::default()).and_then(|store| store.close())
                && error.kind() == scimdb::ErrorKind::Locked
            {
                return Err(error.into());
            }
            std::fs::remove_dir_all(directory).map_err(|error| Failure::file(directory, &error))?;
            Ok(false)
        }
    }
}

fn make(directory: &Path, wanted: Made, session: &mut Session) -> Result<Store, Failure> {
    let Made { users, groups, seed, .. } = wanted;
    let mark = |made: Made| {
        let marker = directory.join(MARKER);
        std::fs::write(&marker, made.text()).map_err(|error| Failure::file(&marker, &error))
    };
    std::fs::create_dir_all(directory).map_err(|error| Failure::file(directory, &error))?;
    mark(Made { complete: false, ..wanted })?;
    let store = session.open_or_create()?;
    let tenant = store.tenant(&session.global.tenant)?;
    session.out.line(format_args!(
        "Making {} users and {} groups by seed {seed}, and importing them into {}.",
        grouped(users.into()),
        grouped(groups.into()),
        directory.display()
    ))?;
    session.out.flush()?;
    let started = Instant::now();
    import(&store, &tenant, wanted, session)?;
    mark(wanted)?;
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    let memberships = tenant.stats()?.memberships;
    session.out.line(format_args!(
        "{} users, {} groups and {} memberships are in the store after {}: {} rows/s, durable.",
        grouped(users.into()),
        grouped(groups.into()),
        grouped(memberships),
        elapsed(started.elapsed()),
        grouped((f64::from(users + groups) / seconds) as u64),
    ))?;
    Ok(store)
}

fn import(store: &Store, tenant: &Tenant, wanted: Made, session: &Session) -> Result<(), Failure> {
    let Made { users, groups, seed, .. } = wanted;
    // The demo's rows bring ids, by which groups name their members, and dates, which make the past worth asking about.
    let options = ImportOptions { restore: true, actor: Some("demo".to_owned()), ..ImportOptions::default() };
    let mut importer = tenant.import(options)?;
    let progress = Progress::of_rows(session, "importing", Some(u64::from(users) + u64::from(groups)));
    let mut row = 0;
    let mut push = |resource: Value| {
        row += 1;
        progress.step();
        importer.push(row, resource.to_string().into_bytes())?;
        importer.take_rejects().into_iter().next().map_or(Ok(()), |reject| Err(reject.error))
    };
    let mut dice = dice::Dice::new(seed);
    let mut groups = Groups::new(groups, &mut dice);
    for person in People::new(users, dice)? {
        push(person.json())?;
        groups.join(&person);
    }
    groups.rows().try_for_each(&mut push)?;
    progress.say("committing");
    let (_, rejects) = importer.finish()?;
    progress.index(store, tenant)?;
    match rejects.into_iter().next() {
        Some(reject) => Err(own_fault(reject.error)),
        None => Ok(()),
    }
}

/// The demo's rows are ours: one that is refused is our mistake.
fn own_fault(error: Error) -> Failure {
    Failure::new(Exit::Internal, format!("a row of the demo was refused: {}", crate::failure::sentence(&error)))
}

fn farewell(directory: &Path, session: &mut Session) -> Result<(), Failure> {
    // As this program was called, so that the lines work where the reader stands.
    let program =
        std::env::args_os().next().map_or_else(|| "scimdb".to_owned(), |name| name.to_string_lossy().into_owned());
    let scimdb = format!("{} --store {}", quoted(&program), quoted(&directory.to_string_lossy()));
    let lines = [
        String::new(),
        format!("All of it stays in {}. Ask more of it:", directory.display()),
        format!("  {scimdb} query 'name.familyName eq \"Nguyen\" and active eq false'"),
        format!(
            "  {scimdb} query 'emails[type eq \"home\" and value sw \"smith\"]' --sort-by name.givenName --count 10"
        ),
        format!("  {scimdb} query --type Group 'displayName sw \"Site\"' --output json"),
        format!("  {scimdb} stats"),
    ];
    lines.iter().try_for_each(|line| session.out.line(line))?;
    #[cfg(feature = "server")]
    {
        session.out.line("Serve it by SCIM over HTTP and by gRPC, on loopback:")?;
        session.out.line(format_args!("  {scimdb} serve"))?;
    }
    Ok(())
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+=:@%".contains(&b));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_reads_back() {
        let made = Made { users: 5, groups: 40, seed: u64::from(u32::MAX), complete: true };
        assert_eq!(toml::from_str::<Made>(&made.text()).unwrap(), made);
    }

    #[test]
    fn the_same_seed_makes_the_same_rows() {
        let rows = |seed| {
            let mut dice = dice::Dice::new(seed);
            let mut groups = Groups::new(40, &mut dice);
            let people: Vec<String> = People::new(300, dice)
                .unwrap()
                .map(|person| {
                    groups.join(&person);
                    person.json().to_string()
                })
                .collect();
            (people, groups.rows().map(|row| row.to_string()).collect::<Vec<_>>())
        };
        let (people, groups) = rows(42);
        assert_eq!((&people, &groups), (&rows(42).0, &rows(42).1));
        assert_ne!(people, rows(43).0);
        // Fixed for good: a change here changes what every reader of the documentation sees.
        let digest = blake3::hash([people, groups].concat().join("\n").as_bytes()).to_hex();
        assert_eq!(digest.as_str().get(..16), Some("b73d0cf7e3feb41f"));
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("target/release/scimdb"), "target/release/scimdb");
        assert_eq!(quoted("my store's"), "'my store'\\''s'");
    }
}
