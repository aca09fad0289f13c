//! `scimdb profile`: what tenants can be told to be, and what of their data does not fit.

use std::path::Path;

use clap::{Args, Subcommand};
use scimdb::engine::ProfileReport;
use scimdb::profile::Profile;
use scimdb::{Store, Tenant};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::output::{Format, grouped};
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
        /// strict, entra, okta, activid, absorb, activtrak, or a file [default: the profile of the tenant]
        #[arg(value_name = "NAME|FILE")]
        profile: Option<String>,
    },
    /// Write the JSON Schema of profiles to standard output
    Schema,
    /// Say whether a profile can be used, and with --tenant which resources of the tenant it would refuse
    Check {
        /// The name of a built-in profile, or a file; - for standard input [default: the profile of the tenant]
        #[arg(value_name = "NAME|FILE")]
        profile: Option<String>,
        /// How to write what is found [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
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
        ProfileCommand::Schema => session.out.json(Profile::json_schema()),
        ProfileCommand::Check { profile, output } => {
            let profile = profile.map(|profile| read_profile(&profile)).transpose()?;
            if let Some(profile) = profile.as_ref().filter(|_| !session.global.tenant_is_named) {
                Store::try_profile(profile)?;
                let dialect = profile.dialect().name;
                session.summary(format_args!("{} is a sound profile, of the dialect {dialect}", profile.name()));
                return Ok(());
            }
            let report = session.tenant()?.check_profile(profile.as_ref())?;
            tell(&report, output, session)
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
    let document = read_body(file)?;
    Profile::from_json(&document).map_err(|error| Failure::document(&document, error))
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

/// Warns of resources that do not fit the profile that their tenant was given just now.
pub fn warn(tenant: &Tenant, session: &mut Session) {
    let message = match tenant.check_profile(None) {
        Ok(report) if report.refused == 0 => return,
        Ok(ProfileReport { refused, .. }) => format!(
            "warning: {} of {} do not fit the profile: they stay, and are refused when they are written as they are; \
             scimdb profile check --tenant {} lists them",
            if refused == 1 { "1 resource".to_owned() } else { format!("{} resources", grouped(refused)) },
            tenant.name(),
            tenant.name()
        ),
        // The change is done all the same.
        Err(error) => format!("warning: the resources could not be compared with the profile: {error}"),
    };
    session.summary(message);
}

/// Writes what a profile would refuse: the counts and then the first findings as tables, or all as JSON lines.
fn tell(report: &ProfileReport, output: Option<Format>, session: &mut Session) -> Result<(), Failure> {
    let ProfileReport { profile, resources, refused, counts, findings } = report;
    let path = |attribute: &Option<String>| attribute.clone().unwrap_or_default();
    match Format::or_default(output, &session.out) {
        Format::Json => {
            for it in counts {
                let (kind, attribute) = (&it.resource_type, &it.attribute);
                let line = json!({"resourceType": kind, "attribute": attribute, "rule": it.rule, "count": it.count});
                session.out.line(line)?;
            }
            for it in findings {
                let (kind, attribute) = (&it.resource_type, &it.attribute);
                let line = json!({"resourceType": kind, "id": it.id, "attribute": attribute, "rule": it.rule,
                    "detail": it.detail});
                session.out.line(line)?;
            }
        }
        format => {
            if format == Format::Table && !counts.is_empty() {
                let cells = counts.iter().map(|it| {
                    vec![it.resource_type.clone(), path(&it.attribute), it.rule.to_owned(), grouped(it.count)]
                });
                session.out.rows(
                    format,
                    &["resource type", "attribute", "rule", "findings"].map(str::to_owned),
                    cells,
                )?;
            }
            if format == Format::Csv || !findings.is_empty() {
                let headings = ["id", "resource type", "attribute", "rule", "detail"].map(str::to_owned);
                let cells = findings.iter().map(|it| {
                    let cells = [it.id.clone(), it.resource_type.clone(), path(&it.attribute)];
                    cells.into_iter().chain([it.rule.to_owned(), it.detail.clone()]).collect()
                });
                session.out.rows(format, &headings, cells)?;
            }
        }
    }
    let found: u64 = counts.iter().map(|it| it.count).sum();
    if found > findings.len() as u64 {
        session.summary(format_args!("the first {} of {} findings", findings.len(), grouped(found)));
    }
    session.summary(format_args!(
        "{} of {} resources do not fit the profile {profile}",
        grouped(*refused),
        grouped(*resources)
    ));
    if *refused == 0 {
        return Ok(());
    }
    session.out.flush()?;
    let message =
        "the tenant has resources that the profile would refuse; they stay as they are until they are written";
    Err(Failure::new(Exit::Unsound, message))
}
