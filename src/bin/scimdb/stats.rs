//! `scimdb stats`: counts of a store.

use std::time::Duration;

use clap::Args;
use scimdb::engine::{IndexStatus, StoreStats, TenantStats};
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

/// How long to wait for indexes.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn run(args: StatsArgs, session: &mut Session) -> Result<(), Failure> {
    let store = session.open()?;
    // Indexes are opened when they are needed. Those on disk are there at once; one that has to be made is told so.
    store.wait_for_index(PATIENCE)?;
    let StoreStats { file_bytes, sequence, tenants } = store.stats()?;
    let format = Format::or_default(args.output, &session.out);
    if format == Format::Json {
        let tenants: Vec<Value> = tenants.into_iter().map(tenant_json).collect();
        return session
            .out
            .json(&json!({"fileBytes": file_bytes, "sequence": sequence, "tenants": tenants}).to_string());
    }
    let (mut rows, mut indexes) = (Vec::new(), Vec::new());
    for TenantStats { name, profile, resources, memberships, changes, indexes: of_tenant } in tenants {
        indexes.extend(of_tenant.into_iter().map(|index| index_cells(&name, &index)));
        let counts =
            resources.into_iter().chain([("memberships".to_owned(), memberships), ("changes".to_owned(), changes)]);
        rows.extend(counts.map(|(what, count)| {
            let count = if format == Format::Table { grouped(count) } else { count.to_string() };
            vec![name.clone(), profile.clone(), what, count]
        }));
    }
    session.out.rows(format, &["tenant", "profile", "what", "count"].map(str::to_owned), rows.into_iter())?;
    // A file of CSV has one header.
    if format == Format::Table && !indexes.is_empty() {
        let headings = ["tenant", "index", "state", "resources", "runs", "dead", "recent", "size", "applied"];
        session.out.rows(format, &headings.map(str::to_owned), indexes.into_iter())?;
    }
    let size = indicatif::BinaryBytes(file_bytes);
    session.summary(format_args!("{size} on disk, change sequence {}", grouped(sequence)));
    Ok(())
}

fn index_cells(tenant: &str, index: &IndexStatus) -> Vec<String> {
    vec![
        tenant.to_owned(),
        index.resource_type.clone(),
        index.state.keyword().to_owned(),
        grouped(index.resources),
        grouped(index.runs.into()),
        grouped(index.dead),
        grouped(index.recent),
        indicatif::BinaryBytes(index.bytes).to_string(),
        grouped(index.applied),
    ]
}

fn tenant_json(tenant: TenantStats) -> Value {
    let TenantStats { name, profile, resources, memberships, changes, indexes } = tenant;
    let resources: Map<String, Value> = resources.into_iter().map(|(name, count)| (name, count.into())).collect();
    let indexes: Map<String, Value> =
        indexes.into_iter().map(|index| (index.resource_type.clone(), index_json(&index))).collect();
    json!({
        "name": name, "profile": profile, "resources": resources, "memberships": memberships, "changes": changes,
        "indexes": indexes,
    })
}

fn index_json(index: &IndexStatus) -> Value {
    json!({
        "state": index.state.keyword(), "resources": index.resources, "runs": index.runs, "dead": index.dead,
        "recent": index.recent, "bytes": index.bytes, "applied": index.applied,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use scimdb::engine::IndexState;

    #[test]
    fn an_index_is_told_in_tables_and_in_json() {
        let mut index = IndexStatus::default();
        (index.resource_type, index.state) = ("User".to_owned(), IndexState::Building);
        (index.resources, index.runs, index.bytes) = (12_345, 3, 2 << 20);
        let cells = index_cells("acme", &index);
        assert_eq!(cells, ["acme", "User", "building", "12,345", "3", "0", "0", "2.00 MiB", "0"]);
        let json = index_json(&index);
        assert_eq!(
            (&json["state"], &json["resources"], &json["bytes"]),
            (&json!("building"), &json!(12_345), &json!(2 << 20))
        );
    }
}
