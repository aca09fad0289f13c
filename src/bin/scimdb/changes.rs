//! `scimdb changes`: the change log, which is the audit trail.

use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use scimdb::Tenant;
use scimdb::engine::Change;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Format;
use crate::session::Session;

/// Tell who changed which attributes of what, and when
#[derive(Args, Debug)]
#[command(after_help = "The change log has the names of attributes, and never a value.")]
pub struct ChangesArgs {
    /// Only changes after this sequence number [default: all that there are]
    #[arg(long, value_name = "SEQUENCE")]
    since: Option<u64>,
    /// So many at most, the oldest first
    #[arg(long, value_name = "COUNT")]
    count: Option<u64>,
    /// Only those of this import that was queued
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Only those of this resource type
    #[arg(long = "type", value_name = "TYPE")]
    resource_type: Option<String>,
    /// Only those of the resource with this id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Only those of this actor
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// How to write them [default: a table on a terminal, JSON lines into a pipe]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

/// Changes that are read at a time: a log may be longer than what fits into memory.
const PART: usize = 10_000;

pub fn run(args: ChangesArgs, session: &mut Session) -> Result<(), Failure> {
    let format = Format::or_default(args.output, &session.out);
    let tenant = session.tenant()?;
    let resource_type = match &args.resource_type {
        Some(name) => Some(tenant.registry()?.resource_type(name)?.name().to_owned()),
        None => None,
    };
    let is_wanted = |change: &Change| {
        fits(args.correlation_id.as_ref(), change.correlation_id.as_ref())
            && fits(args.actor.as_ref(), change.actor.as_ref())
            && fits(args.id.as_ref(), Some(&change.id))
            && fits(resource_type.as_ref(), Some(&change.resource_type))
    };
    let since = match args.since {
        Some(since) => since,
        None => tenant.changes_reach_back_to()?,
    };
    if format == Format::Json {
        return each(&tenant, since, args.count, is_wanted, &mut |change| session.out.line(document(&change)));
    }
    let mut rows = Vec::new();
    each(&tenant, since, args.count, is_wanted, &mut |change| {
        rows.push(cells(change));
        Ok(())
    })?;
    let headings = ["sequence", "time", "operation", "type", "id", "attributes", "by", "import"];
    session.out.rows(format, &headings.map(str::to_owned), rows.into_iter())
}

/// Whether a change has what is asked for, if anything is.
fn fits(wanted: Option<&String>, found: Option<&String>) -> bool {
    wanted.is_none() || wanted == found
}

/// Reads the log from a sequence number on, until there were enough.
fn each(
    tenant: &Tenant,
    mut since: u64,
    count: Option<u64>,
    is_wanted: impl Fn(&Change) -> bool,
    write: &mut dyn FnMut(Change) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut left = count.unwrap_or(u64::MAX);
    loop {
        let found = tenant.changes(since, PART, Duration::ZERO)?;
        let Some(last) = found.last().map(|change| change.sequence) else { return Ok(()) };
        since = last;
        let step = found.into_iter().filter(&is_wanted).try_for_each(|change| {
            if left == 0 {
                return ControlFlow::Break(Ok(()));
            }
            left -= 1;
            match write(change) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => ControlFlow::Break(Err(failure)),
            }
        });
        if let ControlFlow::Break(ended) = step {
            return ended;
        }
    }
}

fn cells(change: Change) -> Vec<String> {
    let Change { sequence, time, actor, correlation_id, operation, resource_type, id, attributes } = change;
    vec![
        sequence.to_string(),
        time.to_string(),
        operation.keyword().to_owned(),
        resource_type,
        id,
        attributes.join(", "),
        actor.unwrap_or_default(),
        correlation_id.unwrap_or_default(),
    ]
}

/// A line of JSON, with the names of the C ABI.
fn document(change: &Change) -> String {
    let Change { sequence, time, actor, correlation_id, operation, resource_type, id, attributes } = change;
    json!({
        "sequence": sequence, "time": time.to_string(), "actor": actor, "correlationId": correlation_id,
        "operation": operation.keyword(), "resourceType": resource_type, "id": id, "attributes": attributes,
    })
    .to_string()
}
