//! `scimdb stats`: counts of a store.

use clap::Args;
use scimdb::engine::{StoreStats, TenantStats};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output::{Format, grouped};
use crate::session::Session;

/// Count what the store holds
#[derive(Args, Debug)]
pub struct StatsArgs {
    /// How to write it [default: a table on a terminal, JSON into a pipe]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

pub fn run(args: StatsArgs, session: &mut Session) -> Result<(), Failure> {
    let StoreStats { file_bytes, sequence, tenants } = session.open()?.stats()?;
    let format = Format::or_default(args.output, &session.out);
    if format == Format::Json {
        let tenants: Vec<Value> = tenants.into_iter().map(tenant_json).collect();
        return session
            .out
            .json(&json!({"fileBytes": file_bytes, "sequence": sequence, "tenants": tenants}).to_string());
    }
    let mut rows = Vec::new();
    for TenantStats { name, dialect, resources, memberships, changes } in tenants {
        let counts =
            resources.into_iter().chain([("memberships".to_owned(), memberships), ("changes".to_owned(), changes)]);
        rows.extend(counts.map(|(what, count)| {
            let count = if format == Format::Table { grouped(count) } else { count.to_string() };
            vec![name.clone(), dialect.clone(), what, count]
        }));
    }
    session.out.rows(format, &["tenant", "dialect", "what", "count"].map(str::to_owned), rows.into_iter())?;
    let size = indicatif::BinaryBytes(file_bytes);
    session.summary(format_args!("{size} on disk, change sequence {}", grouped(sequence)));
    Ok(())
}

fn tenant_json(tenant: TenantStats) -> Value {
    let TenantStats { name, dialect, resources, memberships, changes } = tenant;
    let resources: Map<String, Value> = resources.into_iter().map(|(name, count)| (name, count.into())).collect();
    json!({"name": name, "dialect": dialect, "resources": resources, "memberships": memberships, "changes": changes})
}
