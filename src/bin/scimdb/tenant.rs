//! `scimdb tenant`: the tenants of a store.

use clap::{Args, Subcommand};
use scimdb::engine::TenantOptions;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::{Format, grouped};
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
        /// Whose deviations from the RFC it tolerates: strict, entra, okta
        #[arg(long, default_value = "strict")]
        dialect: String,
    },
    /// List the tenants
    List {
        /// How to write them [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
    },
    /// Change the settings of a tenant
    Set {
        /// The tenant
        name: String,
        /// Whose deviations from the RFC it tolerates: strict, entra, okta
        #[arg(long)]
        dialect: String,
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

fn options(dialect: String) -> TenantOptions {
    let mut options = TenantOptions::default();
    options.dialect = dialect;
    options
}

pub fn run(args: TenantArgs, session: &mut Session) -> Result<(), Failure> {
    match args.command {
        TenantCommand::Create { name, dialect } => {
            session.open_or_create()?.create_tenant(&name, options(dialect))?;
            session.summary(format_args!("created tenant {name}"));
        }
        TenantCommand::List { output } => return list(output, session),
        TenantCommand::Set { name, dialect } => {
            session.open()?.configure_tenant(&name, options(dialect))?;
            session.summary(format_args!("changed tenant {name}"));
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
    let headings = ["name", "dialect", "resources"];
    let total = |resources: &[(String, u64)]| resources.iter().map(|(_, count)| count).sum::<u64>();
    match Format::or_default(output, &session.out) {
        Format::Json => {
            for tenant in tenants {
                let total = total(&tenant.resources);
                session.out.line(json!({"name": tenant.name, "dialect": tenant.dialect, "resources": total}))?;
            }
            Ok(())
        }
        format => {
            let rows = tenants.into_iter().map(|tenant| {
                let total = total(&tenant.resources);
                let total = if format == Format::Table { grouped(total) } else { total.to_string() };
                vec![tenant.name, tenant.dialect, total]
            });
            session.out.rows(format, &headings.map(str::to_owned), rows)
        }
    }
}
