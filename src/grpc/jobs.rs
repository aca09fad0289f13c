//! The RPC `QueueImport`, whose body is read while it comes, and what imports are told as.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming};

use super::call::{answered, call};
use super::convert::timestamp;
use super::import::{lost, stalled};
use super::proto;
use super::proto::queue_import_request::Part;
use super::proto::{ImportJobFailure, ImportJobStatus, QueueImportRequest, QueueImportResponse, QueueImportSettings};
use super::status::status;
use crate::engine::{ImportJob, JobFailure, JobStatus, Scope};
use crate::protocol::import_job_options;
use crate::server::{Call, Feed, Gate, streamed, until};
use crate::{Error, ErrorKind, Result};

/// How long the settings may take to come, and how long a client may send nothing.
const SETTINGS: Duration = Duration::from_secs(10);
const STALL: Duration = Duration::from_secs(60);

/// What taking in a body takes of the memory that bodies share: a chunk of users, one of them, and a message. What came
/// and was not read yet is messages of the client, which counts one by one.
const HELD: usize = 3 << 20;
/// Bytes that are passed on at a time.
const SLICE: usize = 64 << 10;

pub(super) async fn queue_import(
    gate: &Gate,
    request: Request<Streaming<QueueImportRequest>>,
) -> std::result::Result<Response<QueueImportResponse>, Status> {
    let (metadata, extensions, input) = request.into_parts();
    // The tenant is known once the settings are.
    let unnamed = call(gate, "ResourceService/QueueImport", Scope::Write, (&metadata, &extensions), "");
    let id = unnamed.id.clone();
    match carry_out(gate, unnamed, input).await {
        Ok(job) => Ok(answered(QueueImportResponse { job: Some(import_job(job)) }, &id)),
        Err(error) => Err(status(&error, &id)),
    }
}

async fn carry_out(gate: &Gate, unnamed: Call, mut input: Streaming<QueueImportRequest>) -> Result<ImportJob> {
    let began = Instant::now();
    let settings = match settings(gate, &unnamed, &mut input).await {
        Ok(settings) => settings,
        Err(error) => {
            gate.refused_since(&unnamed, began, &error);
            return Err(error);
        }
    };
    let QueueImportSettings { tenant, resource_type } = settings;
    let named = Call { tenant, ..unnamed };
    let mut held = gate.body(&named);
    let mut session = gate.open_identified(named).await?;
    let result = async {
        held.hold(HELD)?;
        let (feed, mut body) = streamed();
        let caller = session.caller().clone();
        let work = session.gate().thread(move || {
            let _held = held;
            let tenant = caller.tenant()?;
            let resource_type = if resource_type.is_empty() { "User" } else { &resource_type };
            let options = import_job_options(&tenant, resource_type, caller.actor().map(str::to_owned))?;
            tenant.queue_import(options, &mut body)
        });
        until(session.deadline(), fed(work, input, feed)).await?
    };
    let result = result.await;
    session.end(result.as_ref().err());
    result
}

async fn settings(gate: &Gate, call: &Call, input: &mut Streaming<QueueImportRequest>) -> Result<QueueImportSettings> {
    gate.identify(call).await?;
    let first = tokio::time::timeout(SETTINGS, input.message())
        .await
        .map_err(|_| Error::new(ErrorKind::DeadlineExceeded, "the import's settings did not come"))?;
    match first.map_err(|error| lost(&error))?.and_then(|request| request.part) {
        Some(Part::Settings(settings)) => Ok(settings),
        Some(Part::Chunk(_)) | None => {
            Err(Error::new(ErrorKind::InvalidArgument, "the first message of an import must be its settings"))
        }
    }
}

/// Passes the body on while it comes. The answer may be known before: nobody waits for the rest then.
async fn fed(
    work: impl Future<Output = Result<Result<ImportJob>>>,
    input: Streaming<QueueImportRequest>,
    feed: Feed,
) -> Result<ImportJob> {
    tokio::pin!(work);
    tokio::select! {
        answer = &mut work => answer?,
        () = send(input, feed) => work.await?,
    }
}

async fn send(mut input: Streaming<QueueImportRequest>, feed: Feed) {
    loop {
        let chunk = match tokio::time::timeout(STALL, input.message()).await {
            Ok(Ok(Some(QueueImportRequest { part: Some(Part::Chunk(chunk)) }))) => chunk,
            Ok(Ok(Some(_))) => {
                let detail = "after its settings, an import is chunks alone";
                return feed.broken(Error::new(ErrorKind::InvalidArgument, detail)).await;
            }
            Ok(Ok(None)) => return feed.end().await,
            Ok(Err(error)) => return feed.broken(lost(&error)).await,
            Err(_) => return feed.broken(stalled("sent")).await,
        };
        // In slices: few messages wait then, which may be large.
        let mut chunk = Bytes::from(chunk);
        while !chunk.is_empty() {
            if !feed.chunk(chunk.split_to(chunk.len().min(SLICE))).await {
                return;
            }
        }
    }
}

/// An import as it is told.
pub(super) fn import_job(job: ImportJob) -> proto::ImportJob {
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
    let status = match status {
        JobStatus::Importing => ImportJobStatus::Importing,
        JobStatus::Done => ImportJobStatus::Done,
        JobStatus::Failed => ImportJobStatus::Failed,
    };
    let failure = |JobFailure { row, external_id, detail }| ImportJobFailure { row, external_id, detail };
    proto::ImportJob {
        correlation_id,
        status: status.into(),
        import_size,
        processed,
        failed,
        already_existed,
        imported,
        created: Some(timestamp(created)),
        finished: finished.map(timestamp),
        group,
        actor,
        resource_type,
        reason,
        failures: failures.into_iter().map(failure).collect(),
    }
}
