//! `scimdb keys`: the keys of values that are encrypted at rest.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use scimdb::engine::{ValueKey, ValueKeySource};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::output::{Format, elapsed, grouped};
use crate::session::{Session, private_file};

/// List, add and rotate the keys of values that are encrypted at rest (--value-keys)
#[derive(Args, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List the keys of the file by name, the current one first
    List {
        /// How to write them [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
    },
    /// Add a new random key to the file, which is made if it is missing: it becomes the current one
    Add {
        /// What it is called: 1 to 32 of a-z A-Z 0-9 . _ -
        id: String,
    },
    /// Seal everything in the store by the current key, so that the others can be removed from the file
    Rotate,
}

pub fn run(args: KeysArgs, session: &mut Session) -> Result<(), Failure> {
    let Some(file) = session.global.value_keys.clone() else {
        return Err(Failure::new(Exit::Usage, "name the file of the keys with --value-keys".to_owned()));
    };
    match args.command {
        KeysCommand::List { output } => list(&file, output, session),
        KeysCommand::Add { id } => {
            add(&file, &id)?;
            session.summary(format_args!("{id} is the current key of {}; now run scimdb keys rotate", file.display()));
            Ok(())
        }
        KeysCommand::Rotate => {
            let started = Instant::now();
            let count = session.open()?.rotate_value_keys()?;
            let count = grouped(count);
            session.summary(format_args!("{count} resources were sealed again in {}", elapsed(started.elapsed())));
            Ok(())
        }
    }
}

fn list(file: &Path, output: Option<Format>, session: &mut Session) -> Result<(), Failure> {
    let keys = ValueKeySource::File(file.to_owned()).read()?;
    let keys = keys.iter().enumerate().map(|(index, key)| (key.id.clone(), index == 0));
    match Format::or_default(output, &session.out) {
        Format::Json => {
            for (id, current) in keys {
                let line: Value = json!({"id": id, "current": current});
                session.out.line(line)?;
            }
            Ok(())
        }
        format => {
            let rows = keys.map(|(id, current)| vec![id, if current { "yes" } else { "" }.to_owned()]);
            session.out.rows(format, &["id", "current"].map(str::to_owned), rows)
        }
    }
}

fn add(file: &Path, id: &str) -> Result<(), Failure> {
    let old = if file.exists() { ValueKeySource::File(file.to_owned()).read()? } else { Vec::new() };
    let mut keys = vec![ValueKey::generate(id)];
    keys.extend(old);
    // What would not be read again must not take the place of what is there.
    let keys = ValueKeySource::Keys(keys).read()?;
    let entries: Vec<Value> = keys.iter().map(|key| json!({"id": key.id, "key": STANDARD.encode(key.key)})).collect();
    let text = format!("{:#}\n", json!({"keys": entries}));
    let new = PathBuf::from(format!("{}.new", file.display()));
    let mut made = private_file(&new)?;
    let written = made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).and_then(|()| fs::rename(&new, file));
    written.map_err(|error| Failure::file(file, &error))
}
