//! What every subcommand shares: the store it works on, where it reads a body from, and where it writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use scimdb::engine::{ReadOptions, ValueKeySource, WriteOptions};
use scimdb::model::VersionMatch;
use scimdb::{Store, StoreOptions, Tenant};

use crate::args::{Cli, Command, Global};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::{
    backup, changes, check, compact, completions, create, delete, demo, explain, export, forget, get, import, jobs,
    keys, patch, profile, query, replace, schema, stats, tenant, token,
};

/// The directory of the store when none is named.
const DEFAULT_STORE: &str = "scimdb-data";

/// Who writes, for the change log.
pub const ACTOR: &str = "command line";

/// Bytes of a resource or message that a command reads at most: stops a wrong file from filling the memory.
const MAX_BODY_BYTES: u64 = 64 << 20;

/// Carries out what was asked.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { global, command } = cli;
    let mut session = Session { global, out: Out::new() };
    match command {
        Command::Demo(args) => demo::run(args, &mut session),
        #[cfg(feature = "server")]
        Command::Serve(args) => crate::serve::run(*args, &mut session),
        Command::Import(args) => import::run(args, &mut session),
        Command::Jobs(args) => jobs::run(args, &mut session),
        Command::Changes(args) => changes::run(args, &mut session),
        Command::Export(args) => export::run(args, &mut session),
        Command::Query(args) => query::run(args, &mut session),
        Command::Explain(args) => explain::run(args, &mut session),
        Command::Get(args) => get::run(args, &mut session),
        Command::Create(args) => create::run(args, &mut session),
        Command::Replace(args) => replace::run(args, &mut session),
        Command::Patch(args) => patch::run(args, &mut session),
        Command::Delete(args) => delete::run(args, &mut session),
        Command::Forget(args) => forget::run(args, &mut session),
        Command::Tenant(args) => tenant::run(args, &mut session),
        Command::Profile(args) => profile::run(args, &mut session),
        Command::Schema(args) => schema::run(args, &mut session),
        Command::Token(args) => token::run(args, &mut session),
        Command::Keys(args) => keys::run(args, &mut session),
        Command::Stats(args) => stats::run(args, &mut session),
        Command::Check(args) => check::run(args, &mut session),
        Command::Compact(args) => compact::run(args, &mut session),
        Command::Backup(args) => backup::run(args, &mut session),
        Command::Completions(args) => completions::run(args, &mut session),
    }?;
    session.out.flush()
}

/// A run of the command line.
pub struct Session {
    pub global: Global,
    pub out: Out,
}

impl Session {
    /// The directory of the store.
    pub fn directory(&self) -> PathBuf {
        self.global.store.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_STORE))
    }

    /// How the store is opened.
    pub fn store_options(&self) -> StoreOptions {
        let mut options = StoreOptions::default();
        // The limit of a page guards servers; here the caller is the owner.
        options.max_page = u64::MAX;
        options.cache_bytes = usize::try_from(self.global.cache).unwrap_or(64) << 20;
        options.keep_changes = self.global.keep_changes;
        options.value_keys = self.global.value_keys.clone().map(ValueKeySource::File);
        options
    }

    /// Opens the store, and makes it where there is none.
    pub fn open_or_create(&self) -> Result<Store, Failure> {
        Ok(Store::open(self.directory(), self.store_options())?)
    }

    /// Opens the store, which must be there.
    pub fn open(&self) -> Result<Store, Failure> {
        let directory = self.directory();
        if !directory.is_dir() {
            let message = format!(
                "there is no store in {}; name one with --store, or make one with import or create",
                directory.display()
            );
            return Err(Failure::new(Exit::NotFound, message));
        }
        let mut options = self.store_options();
        options.create = false;
        Ok(Store::open(directory, options)?)
    }

    /// Opens the tenant of a store, which must be there.
    pub fn tenant(&self) -> Result<Tenant, Failure> {
        Ok(self.open()?.tenant(&self.global.tenant)?)
    }

    /// Opens the tenant, and makes the store where there is none; a tenant other than the first is made on purpose only.
    pub fn tenant_or_create(&self) -> Result<Tenant, Failure> {
        Ok(self.open_or_create()?.tenant(&self.global.tenant)?)
    }

    /// Says something about what was done, on standard error and behind the results, unless it is to be quiet.
    pub fn summary(&mut self, text: impl std::fmt::Display) {
        if !self.global.quiet {
            // Results that cannot be written are told at the end.
            let _ = self.out.flush();
            crate::output::note(text);
        }
    }
}

/// Reads a whole body from a file, or from standard input for `-`.
pub fn read_body(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let read = match file == Path::new("-") {
        true => io::stdin().lock().take(MAX_BODY_BYTES + 1).read_to_end(&mut body),
        false => File::open(file).and_then(|file| file.take(MAX_BODY_BYTES + 1).read_to_end(&mut body)),
    };
    read.map_err(|error| Failure::file(file, &error))?;
    if body.len() as u64 > MAX_BODY_BYTES {
        let message = format!("{} is larger than {} MiB", file.display(), MAX_BODY_BYTES >> 20);
        return Err(Failure::new(Exit::Request, message));
    }
    Ok(body)
}

/// Makes a file that only its owner can read, since passwords or their hashes may stand in it.
pub fn private_file(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| Failure::file(path, &error))
}

/// Which attributes an answer shows, and which version it is about: flags of the single-resource commands.
#[derive(clap::Args, Clone, Debug)]
pub struct AnswerArgs {
    /// The attributes to show, separated by commas
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    pub attributes: Vec<String>,
    /// The attributes not to show, separated by commas
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    pub excluded_attributes: Vec<String>,
}

impl AnswerArgs {
    pub fn read_options(self) -> ReadOptions {
        let AnswerArgs { attributes, excluded_attributes } = self;
        ReadOptions { attributes, excluded_attributes, ..ReadOptions::default() }
    }

    pub fn write_options(self, if_match: Option<&str>) -> WriteOptions {
        let AnswerArgs { attributes, excluded_attributes } = self;
        WriteOptions { attributes, excluded_attributes, ..write_options(if_match) }
    }
}

/// How a command writes: in the name of the command line.
pub fn write_options(if_match: Option<&str>) -> WriteOptions {
    WriteOptions {
        if_match: if_match.map(VersionMatch::parse),
        actor: Some(ACTOR.to_owned()),
        ..WriteOptions::default()
    }
}
