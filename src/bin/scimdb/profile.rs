//! `scimdb profile`: what tenants can be told to be.

use std::path::Path;

use clap::{Args, Subcommand};
use scimdb::profile::Profile;
use scimdb::{Store, StoreOptions};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::output::Format;
use crate::session::{Session, read_body};

/// List, show and check the profiles of tenants
#[derive(Args, Debug)]
pub struct ProfileArgs {
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
enum ProfileCommand {
    /// List the profiles that are built in
    List {
        /// How to write them [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
    },
    /// Write a profile's document to standard output
    Show {
        /// strict, entra, okta, or a file [default: the profile of the tenant]
        #[arg(value_name = "NAME|FILE")]
        profile: Option<String>,
    },
    /// Read a file with a profile, and say whether it can be used
    Check {
        /// The file; - for standard input
        file: String,
    },
}

pub fn run(args: ProfileArgs, session: &mut Session) -> Result<(), Failure> {
    match args.command {
        ProfileCommand::List { output } => list(output, session),
        ProfileCommand::Show { profile } => {
            let profile = match profile {
                Some(profile) => read_profile(&profile)?,
                None => (*session.tenant()?.profile()?).clone(),
            };
            session.out.json(profile.document())
        }
        ProfileCommand::Check { file } => {
            let profile = Profile::from_json(&read_body(Path::new(&file))?)?;
            session.summary(format_args!(
                "{} is a sound profile, of the dialect {}",
                profile.name(),
                profile.dialect().name
            ));
            // Its paths are those of a tenant's resource types. Here there are the built-in ones.
            let scratch = Store::open_in_memory(StoreOptions::default())?;
            let registry = scratch.tenant("default")?.registry()?;
            if let Err(error) = profile.check_paths(&registry) {
                session.summary(format_args!("only for a tenant with schemas of its own: {error}"));
            }
            Ok(())
        }
    }
}

/// The profile of a name that is built in, or of a file.
pub fn read_profile(text: &str) -> Result<Profile, Failure> {
    if let Some(profile) = Profile::builtin(text) {
        return Ok(profile.clone());
    }
    let file = Path::new(text);
    if text != "-" && !file.exists() {
        let names: Vec<&str> = Profile::builtins().iter().map(Profile::name).collect();
        let message = format!("there is no profile {text} ({}), and no file of that name", names.join(", "));
        return Err(Failure::new(Exit::Request, message));
    }
    Ok(Profile::from_json(&read_body(file)?)?)
}

fn list(output: Option<Format>, session: &mut Session) -> Result<(), Failure> {
    match Format::or_default(output, &session.out) {
        Format::Json => {
            for profile in Profile::builtins() {
                let line: Value = json!({"name": profile.name(), "description": profile.description()});
                session.out.line(line)?;
            }
            Ok(())
        }
        format => {
            let cells = |profile: &Profile| vec![profile.name().to_owned(), profile.description().to_owned()];
            let rows = Profile::builtins().iter().map(cells);
            session.out.rows(format, &["name", "description"].map(str::to_owned), rows)
        }
    }
}
