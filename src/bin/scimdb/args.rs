//! What can be asked on the command line. The flags of a subcommand stand in its own file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    backup, changes, check, compact, completions, create, delete, demo, explain, export, forget, get, import, jobs,
    keys, patch, profile, query, replace, schema, stats, tenant, token,
};

/// An embedded SCIM 2.0 store: the SQLite of identity.
#[derive(Debug, Parser)]
#[command(
    name = "scimdb",
    version,
    max_term_width = 100,
    after_help = "Every flag can also be set in the environment (SCIMDB_STORE) or in a TOML file (store = \"…\"); \
                  flags win over the environment, the environment wins over the file.\n\
                  docs/CLI.md describes all of it, exit codes included."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The flags of every subcommand.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The directory of the store [default: scimdb-data, and scimdb-demo for the demo]
    #[arg(long, short, global = true, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// The tenant
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    pub tenant: String,
    /// Whether it is named on the command line itself.
    #[arg(skip)]
    pub tenant_is_named: bool,
    /// The configuration file [default: scimdb.toml in the current directory, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// MiB of the store's pages to keep in memory
    #[arg(long, global = true, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub cache: u32,
    /// Changes of each tenant to keep in the change log; older ones are trimmed as changes come [default: all]
    #[arg(long, global = true, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub keep_changes: Option<u64>,
    /// The file with the keys of values that are encrypted at rest, for stores whose profiles name any
    #[arg(long, global = true, value_name = "FILE")]
    pub value_keys: Option<PathBuf>,
    /// No progress bars, no summaries: only results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::DemoArgs),
    #[cfg(feature = "server")]
    Serve(Box<crate::serve::ServeArgs>),
    Import(import::ImportArgs),
    Jobs(jobs::JobsArgs),
    Changes(changes::ChangesArgs),
    Export(export::ExportArgs),
    Query(query::QueryArgs),
    Explain(explain::ExplainArgs),
    Get(get::GetArgs),
    Create(create::CreateArgs),
    Replace(replace::ReplaceArgs),
    Patch(patch::PatchArgs),
    Delete(delete::DeleteArgs),
    Forget(forget::ForgetArgs),
    Tenant(tenant::TenantArgs),
    Profile(profile::ProfileArgs),
    Schema(schema::SchemaArgs),
    Token(token::TokenArgs),
    Keys(keys::KeysArgs),
    Stats(stats::StatsArgs),
    Check(check::CheckArgs),
    Compact(compact::CompactArgs),
    Backup(backup::BackupArgs),
    Completions(completions::CompletionsArgs),
}
