//! Imports that were queued, and how far they are.

use std::ffi::c_char;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answers::json;
use super::buf::scimdb_buf;
use super::code::scimdb_code;
use super::error::scimdb_error;
use super::guard::answer;
use super::life::scimdb_store;
use super::verbs::Verb;
use super::{options, text};
use crate::Result;
use crate::engine::{ImportJob, JobFailure};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobJson {
    correlation_id: String,
    status: &'static str,
    resource_type: String,
    import_size: u64,
    processed: u64,
    imported: u64,
    already_existed: u64,
    failed: u64,
    group: String,
    actor: Option<String>,
    created: String,
    finished: Option<String>,
    reason: Option<String>,
    failures: Vec<FailureJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureJson {
    row: u64,
    external_id: Option<String>,
    detail: String,
}

#[derive(Serialize)]
struct JobsJson {
    jobs: Vec<JobJson>,
}

fn told(job: ImportJob) -> JobJson {
    let ImportJob {
        correlation_id,
        status,
        import_size,
        processed,
        failed,
        already_existed,
        imported,
        created,
        finished,
        group,
        actor,
        resource_type,
        reason,
        failures,
    } = job;
    let failure = |JobFailure { row, external_id, detail }| FailureJson { row, external_id, detail };
    JobJson {
        correlation_id,
        status: status.keyword(),
        resource_type,
        import_size,
        processed,
        imported,
        already_existed,
        failed,
        group,
        actor,
        created: created.to_string(),
        finished: finished.map(|finished| finished.to_string()),
        reason,
        failures: failures.into_iter().map(failure).collect(),
    }
}

/// One import.
pub(super) fn job(job: ImportJob) -> Result<String> {
    json(&told(job))
}

/// Imports.
pub(super) fn jobs(jobs: Vec<ImportJob>) -> Result<String> {
    json(&JobsJson { jobs: jobs.into_iter().map(told).collect() })
}

/// Whether an import that [`job`] told has ended.
pub(super) fn is_finished(told: &str) -> bool {
    #[derive(Deserialize)]
    struct Ended {
        finished: Option<String>,
    }
    serde_json::from_str(told).is_ok_and(|Ended { finished }| finished.is_some())
}

/// Options of looking at an import.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct JobOptions {
    wait_seconds: Option<f64>,
}

/// How long an import is waited for.
pub(super) fn wait(text: Option<&str>) -> Result<Duration> {
    let JobOptions { wait_seconds } = options::parse(text)?;
    Ok(options::seconds("waitSeconds", wait_seconds)?.unwrap_or_default())
}

/// Tells how far an import is that was queued, by its correlationId: an object with correlationId, status (importing, done,
/// failed), resourceType, importSize, processed, imported, alreadyExisted, failed, group, actor, created, finished, reason, and
/// the array failures of objects with row, externalId and detail. Options: waitSeconds (how long to wait until it has ended; 0):
/// then it is told as it stands. scimdb_interrupt ends a wait with SCIMDB_CANCELLED, scimdb_close with SCIMDB_UNAVAILABLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_job_get(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    correlation_id: *const c_char,
    correlation_id_n: usize,
    options: *const c_char,
    options_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            let id = text::required(correlation_id, correlation_id_n, "correlation_id")?;
            let wait = wait(text::optional(options, options_n, "options")?)?;
            store.call(Verb::JobGet { tenant, id, wait })
        })
    }
}

/// The imports of a tenant that were queued, in the order in which they came, the last thousand of those that have ended: an
/// object with the array jobs, of objects as scimdb_job_get tells them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scimdb_job_list(
    db: *const scimdb_store,
    tenant: *const c_char,
    tenant_n: usize,
    out: *mut scimdb_buf,
    err: *mut *mut scimdb_error,
) -> scimdb_code {
    // SAFETY: by the conventions of the header.
    unsafe {
        answer(db, out, err, |store| {
            let tenant = text::optional(tenant, tenant_n, "tenant")?;
            store.call(Verb::JobList { tenant })
        })
    }
}
