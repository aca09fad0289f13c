//! The RPC `QueueImport`, whose body is read while it comes.

use bytes::Bytes;
use tonic::{Request, Response, Status, Streaming};

use super::call::{answered, call};
use super::convert::import_job;
use super::proto::{QueueImportRequest, QueueImportResponse, QueueImportSettings};
use super::status::status;
use super::upload::{chunk, settings};
use crate::Result;
use crate::engine::{ImportJob, Scope};
use crate::protocol::import_job_options;
use crate::server::{Call, Feed, Gate, streamed, until};

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
    let QueueImportSettings { tenant, resource_type } = settings(gate, &unnamed, &mut input).await?;
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
        let mut chunk = match chunk(&mut input).await {
            Ok(Some(chunk)) => Bytes::from(chunk),
            Ok(None) => return feed.end().await,
            Err(error) => return feed.broken(error).await,
        };
        // In slices: few messages wait then, which may be large.
        while !chunk.is_empty() {
            if !feed.chunk(chunk.split_to(chunk.len().min(SLICE))).await {
                return;
            }
        }
    }
}
