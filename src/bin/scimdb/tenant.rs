//! `scimdb tenant`: the tenants of a store.

use clap::{Args, Subcommand};
use scimdb::engine::TenantOptions;
use scimdb::profile::Profile;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::{Format, grouped};
use crate::profile::{read_profile, warn};
use crate::session::Session;

/// Create, list, configure and drop tenants
#[derive(Args, Debug)]
pub struct TenantArgs {
    #[command(subcommand)]
    command: TenantCommand,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Create a tenant
    Create {
        /// 1 to 64 of a-z A-Z 0-9 . _ -
        name: String,
        /// What it is to be: strict, entra, okta, activid, absorb, activtrak, or a file with a profile [default: strict]
        #[arg(long, value_name = "NAME|FILE")]
        profile: Option<String>,
    },
    /// List the tenants
    List {
        /// How to write them [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
    },
    /// Change the settings of a tenant
    Configure {
        /// The tenant
        name: String,
        /// What it is to be: strict, entra, okta, activid, absorb, activtrak, or a file with a profile
        #[arg(long, value_name = "NAME|FILE")]
        profile: String,
    },
    /// Remove a tenant with everything in it
    Drop {
        /// The tenant
        name: String,
        /// Says that you mean it
        #[arg(long)]
        yes: bool,
    },
}

pub fn run(args: TenantArgs, session: &mut Session) -> Result<(), Failure> {
    match args.command {
        TenantCommand::Create { name, profile } => {
            let profile = profile.map_or_else(|| Ok(Profile::default()), |profile| read_profile(&profile))?;
            session.open_or_create()?.create_tenant(&name, TenantOptions::of_profile(profile))?;
            session.summary(format_args!("created tenant {name}"));
        }
        TenantCommand::List { output } => return list(output, session),
        TenantCommand::Configure { name, profile } => {
            let options = TenantOptions::of_profile(read_profile(&profile)?);
            let store = session.open()?;
            store.configure_tenant(&name, options)?;
            session.summary(format_args!("changed tenant {name}"));
            warn(&store.tenant(&name)?, session);
        }
        TenantCommand::Drop { name, yes } => {
            if !yes {
                let message = format!("this removes everything of tenant {name}; say --yes if you mean it");
                return Err(Failure::new(Exit::Usage, message));
            }
            session.open()?.drop_tenant(&name)?;
            session.summary(format_args!("dropped tenant {name}"));
        }
    }
    Ok(())
}

fn list(output: Option<Format>, session: &mut Session) -> Result<(), Failure> {
    let tenants = session.open()?.stats()?.tenants;
    let headings = ["name", "profile", "resources"];
    let total = |resources: &[(String, u64)]| resources.iter().map(|(_, count)| count).sum::<u64>();
    match Format::or_default(output, &session.out) {
        Format::Json => {
            for tenant in tenants {
                let total = total(&tenant.resources);
                session.out.line(json!({"name": tenant.name, "profile": tenant.profile, "resources": total}))?;
            }
            Ok(())
        }
        format => {
            let rows = tenants.into_iter().map(|tenant| {
                let total = total(&tenant.resources);
                let total = if format == Format::Table { grouped(total) } else { total.to_string() };
                vec![tenant.name, tenant.profile, total]
            });
            session.out.rows(format, &headings.map(str::to_owned), rows)
        }
    }
}
