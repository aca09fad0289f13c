//! `scimdb jobs`: the imports that were queued, and how far they are.

use std::time::Duration;

use clap::Args;
use scimdb::engine::{ImportJob, JobFailure, JobStatus};
use scimdb::{Store, Tenant};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::output::{Format, grouped};
use crate::progress::Progress;
use crate::session::Session;

/// Tell how far the imports are that were queued
#[derive(Args, Debug)]
#[command(after_help = "While a command has the store open, its imports go on: --follow carries one to its end.\n\
    Exit code 7 says that some users of it failed.")]
pub struct JobsArgs {
    /// One import, by its correlation id, with the users that failed [default: all of them]
    #[arg(value_name = "ID", conflicts_with = "follow")]
    id: Option<String>,
    /// Wait until an import has ended
    #[arg(long, value_name = "ID")]
    follow: Option<String>,
    /// How to write them [default: a table on a terminal, JSON lines into a pipe]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

/// How often the bar moves.
const GLANCE: Duration = Duration::from_millis(200);

pub fn run(args: JobsArgs, session: &mut Session) -> Result<(), Failure> {
    let JobsArgs { id, follow, output } = args;
    let store = session.open()?;
    let tenant = store.tenant(&session.global.tenant)?;
    let format = Format::or_default(output, &session.out);
    match (id, follow) {
        (Some(id), _) => one(tenant.import_job(&id)?, format, session),
        (None, Some(id)) => {
            let job = followed(&store, &tenant, &id, session)?;
            let failed = job.failed;
            one(job, format, session)?;
            match failed {
                0 => Ok(()),
                count => Err(Failure::new(Exit::Rejects, format!("{} users failed", grouped(count)))),
            }
        }
        (None, None) => list(tenant.import_jobs()?, format, session),
    }
}

/// Waits for an import. Other commands that write have to wait, since this one has the store.
fn followed(store: &Store, tenant: &Tenant, id: &str, session: &Session) -> Result<ImportJob, Failure> {
    let mut job = tenant.import_job(id)?;
    let progress = Progress::of_rows(session, "importing", Some(job.import_size));
    while job.status == JobStatus::Importing {
        progress.at(job.processed, job.import_size);
        job = tenant.wait_for_import(id, GLANCE)?;
    }
    progress.index(store, tenant)?;
    Ok(job)
}

fn list(jobs: Vec<ImportJob>, format: Format, session: &mut Session) -> Result<(), Failure> {
    if format == Format::Json {
        return jobs.into_iter().try_for_each(|job| session.out.line(document(&job)));
    }
    let headings =
        ["id", "status", "users", "processed", "imported", "existed", "failed", "group", "by", "queued", "ended"];
    let rows = jobs.into_iter().map(|job| cells(&job, format));
    session.out.rows(format, &headings.map(str::to_owned), rows)
}

fn cells(job: &ImportJob, format: Format) -> Vec<String> {
    let count = |count: u64| if format == Format::Table { grouped(count) } else { count.to_string() };
    let mut cells = vec![job.correlation_id.clone(), job.status.keyword().to_owned()];
    cells.extend([job.import_size, job.processed, job.imported, job.already_existed, job.failed].map(count));
    cells.extend([
        job.group.clone(),
        job.actor.clone().unwrap_or_default(),
        job.created.to_string(),
        job.finished.map(|finished| finished.to_string()).unwrap_or_default(),
    ]);
    cells
}

/// One import, and the users of it that failed.
fn one(job: ImportJob, format: Format, session: &mut Session) -> Result<(), Failure> {
    if format != Format::Table {
        return list(vec![job], format, session);
    }
    let (failures, reason) = (job.failures.clone(), job.reason.clone());
    list(vec![job], format, session)?;
    if !failures.is_empty() {
        let row = |JobFailure { row, external_id, detail }| vec![grouped(row), external_id.unwrap_or_default(), detail];
        let headings = ["user", "externalId", "why it failed"].map(str::to_owned);
        session.out.rows(format, &headings, failures.into_iter().map(row))?;
    }
    if let Some(reason) = reason {
        session.summary(format_args!("it could not go on: {reason}"));
    }
    Ok(())
}

fn document(job: &ImportJob) -> Value {
    let failure = |JobFailure { row, external_id, detail }: &JobFailure| json!({"row": row, "externalId": external_id, "detail": detail});
    json!({
        "correlationId": job.correlation_id, "status": job.status.keyword(), "resourceType": job.resource_type,
        "importSize": job.import_size, "processed": job.processed, "imported": job.imported,
        "alreadyExisted": job.already_existed, "failed": job.failed, "group": job.group, "actor": job.actor,
        "created": job.created.to_string(), "finished": job.finished.map(|finished| finished.to_string()),
        "reason": job.reason, "failures": job.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}
