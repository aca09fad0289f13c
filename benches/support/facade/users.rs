//! The users that everybody is given: a file of the demo's, and who is in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scimdb::engine::ImportOptions;
use scimdb::{Store, StoreOptions};
use serde_json::Value as Json;

use crate::support::http::Outcome;

/// A file of users, and who they are.
pub struct Users {
    pub file: PathBuf,
    pub known: Vec<Known>,
}

/// A user.
pub struct Known {
    pub id: String,
    pub user_name: String,
    /// What finds the user alone.
    pub filter: String,
}

impl Users {
    /// Makes the demo's users, and writes them to a file.
    pub fn make(work: &Path, count: usize) -> Outcome<Users> {
        let (demo, file) = (work.join("demo"), work.join("users.ndjson"));
        let scimdb = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_scimdb"));
            command.arg("--store").arg(&demo).stdin(Stdio::null()).stderr(Stdio::inherit());
            command
        };
        let mut make = scimdb();
        succeed(make.args(["demo", "--groups", "40", "--users", &count.to_string()]).stdout(Stdio::null()))?;
        succeed(scimdb().args(["export", "--type", "User"]).stdout(File::create(&file)?))?;
        let mut known = Vec::with_capacity(count);
        for line in fs::read_to_string(&file)?.lines() {
            let row: Json = serde_json::from_str(line)?;
            let text = |name: &str| row.get(name).and_then(Json::as_str).map(str::to_owned);
            let (id, user_name) = text("id").zip(text("userName")).ok_or("a row without id or userName")?;
            let filter = format!("userName eq {}", Json::String(user_name.clone()));
            known.push(Known { id, user_name, filter });
        }
        fs::remove_dir_all(demo)?;
        Ok(Users { file, known })
    }

    /// The user whose turn it is.
    pub fn turn(&self, number: usize) -> Outcome<&Known> {
        Ok(self.known.get(number % self.known.len().max(1)).ok_or("there are no users")?)
    }

    /// Imports the file into a store.
    pub fn load(&self, store: &Store) -> Outcome<()> {
        let options = ImportOptions { resource_type: Some("User".to_owned()), ..ImportOptions::default() };
        let mut importer = store.tenant(scimdb::engine::DEFAULT_TENANT)?.import(options)?;
        for (number, line) in fs::read(&self.file)?.split(|byte| *byte == b'\n').enumerate() {
            if !line.is_empty() {
                importer.push(number as u64 + 1, line.to_vec())?;
            }
        }
        match importer.finish()?.1.into_iter().next() {
            Some(reject) => Err(format!("user {}: {}", reject.row, reject.error).into()),
            None => Ok(()),
        }
    }

    /// A store on disk with the users in it, for a server.
    pub fn stored(&self, directory: &Path) -> Outcome<()> {
        let store = Store::open(directory, StoreOptions::default())?;
        self.load(&store)?;
        Ok(store.close()?)
    }
}

fn succeed(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
