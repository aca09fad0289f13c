//! The RPC `Import`: newline-delimited JSON in, progress and rejected rows out.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::call::{answered, call};
use super::convert::{given, on_conflict, progress, report};
use super::proto::import_response::Event;
use super::proto::{self, ImportRequest, ImportResponse, ImportRowError, ImportSettings};
use super::status::{problem, status};
use super::upload::{STALL, chunk, settings, stalled};
use crate::engine::{ImportOptions, ImportReport, Importer, Reject, Scope};
use crate::message::{Line, Lines};
use crate::server::{Call, Gate, Session, until};
use crate::{Error, ErrorKind, Result};

/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(200);

/// Messages that wait for the client.
const QUEUE: usize = 64;

type Item = std::result::Result<ImportResponse, Status>;

pub(super) async fn import(
    gate: &Gate,
    request: Request<Streaming<ImportRequest>>,
) -> std::result::Result<Response<ReceiverStream<Item>>, Status> {
    let (metadata, extensions, input) = request.into_parts();
    // The tenant and the scope are known once the settings are.
    let unnamed = call(gate, "ResourceService/Import", Scope::Write, (&metadata, &extensions), "");
    let id = unnamed.id.clone();
    let (sender, receiver) = mpsc::channel(QUEUE);
    let gate = gate.clone();
    // Answered at once: a client may wait for the answer to begin before it sends its settings.
    let call_id = id.clone();
    tokio::spawn(async move {
        if let Err(error) = carry_out(&gate, unnamed, input, &sender).await {
            // A client that is gone needs no status.
            drop(sender.send(Err(status(&error, &call_id))).await);
        }
    });
    Ok(answered(ReceiverStream::new(receiver), &id))
}

async fn carry_out(
    gate: &Gate,
    unnamed: Call,
    mut input: Streaming<ImportRequest>,
    output: &mpsc::Sender<Item>,
) -> Result<()> {
    let settings = settings(gate, &unnamed, &mut input).await?;
    let scope = if settings.restore { Scope::Admin } else { Scope::Write };
    let named = Call { scope, tenant: settings.tenant.clone(), ..unnamed };
    let mut session = gate.open_identified(named).await?;
    let result = until(session.deadline(), feed(&session, settings, input, output)).await.and_then(|fed| fed);
    session.end(result.as_ref().err());
    result
}

async fn feed(
    session: &Session,
    settings: ImportSettings,
    mut input: Streaming<ImportRequest>,
    output: &mpsc::Sender<Item>,
) -> Result<()> {
    let mut feeder = Feeder::start(session, settings).await?;
    let mut lines = Lines::default();
    let mut told = Instant::now();
    loop {
        let next = tokio::select! {
            () = output.closed() => return Err(gone()),
            next = chunk(&mut input) => next?,
        };
        let Some(chunk) = next else { break };
        let rejects = feeder.push(session, lines.feed(&chunk)).await?;
        tell(output, rejects).await?;
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            // Whoever does not read now will read the next one.
            drop(output.try_send(Ok(event(Event::Progress(progress(feeder.report))))));
        }
    }
    let rejects = feeder.push(session, lines.finish().into_iter().collect()).await?;
    tell(output, rejects).await?;
    let (counts, rejects) = feeder.finish(session).await?;
    tell(output, rejects).await?;
    send(output, Event::Report(report(counts))).await
}

/// An importer, and what this face adds to it: lines that are too long to be given to it.
struct Feeder {
    importer: Option<Importer>,
    report: ImportReport,
    too_long: u64,
}

impl Feeder {
    async fn start(session: &Session, settings: ImportSettings) -> Result<Self> {
        let ImportSettings { tenant: _, resource_type, on_conflict: conflict, restore } = settings;
        let caller = session.caller().clone();
        let options = ImportOptions {
            resource_type: given(resource_type),
            on_conflict: on_conflict(conflict)?,
            restore,
            actor: caller.actor().map(str::to_owned),
        };
        let importer = session.gate().work(move || caller.tenant()?.import(options)).await??;
        Ok(Feeder { importer: Some(importer), report: ImportReport::default(), too_long: 0 })
    }

    /// Gives the rows to the importer. Between calls no thread is held: a client may take its time.
    async fn push(&mut self, session: &Session, lines: Vec<Line>) -> Result<Vec<Reject>> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let mut importer = self.importer.take().ok_or_else(ended)?;
        let pushed = session.gate().work(move || {
            let mut rejects = Vec::new();
            let mut too_long = 0;
            for Line { number, bytes } in lines {
                match bytes {
                    Ok(bytes) => importer.push(number, bytes)?,
                    Err(error) => {
                        too_long += 1;
                        rejects.push(Reject { row: number, error, input: Vec::new() });
                    }
                }
            }
            rejects.extend(importer.take_rejects());
            Ok((importer, rejects, too_long))
        });
        let (importer, rejects, too_long) = pushed.await??;
        self.too_long += too_long;
        self.report = self.total(importer.report());
        self.importer = Some(importer);
        Ok(rejects)
    }

    async fn finish(mut self, session: &Session) -> Result<(ImportReport, Vec<Reject>)> {
        let importer = self.importer.take().ok_or_else(ended)?;
        let (report, rejects) = session.gate().work(move || importer.finish()).await??;
        Ok((self.total(report), rejects))
    }

    fn total(&self, report: ImportReport) -> ImportReport {
        let ImportReport { read, created, replaced, skipped, rejected } = report;
        ImportReport { read: read + self.too_long, created, replaced, skipped, rejected: rejected + self.too_long }
    }
}

async fn tell(output: &mpsc::Sender<Item>, rejects: Vec<Reject>) -> Result<()> {
    for reject in rejects {
        // The row itself stays here: the client has it, by its number.
        let Reject { row, error, input: _ } = reject;
        let row_error = ImportRowError { row, problem: Some(problem(&error)) };
        send(output, Event::RowError(row_error)).await?;
    }
    Ok(())
}

async fn send(output: &mpsc::Sender<Item>, told: Event) -> Result<()> {
    let sent = tokio::time::timeout(STALL, output.send(Ok(event(told)))).await;
    sent.map_err(|_| stalled("read"))?.map_err(|_| gone())
}

fn event(event: Event) -> ImportResponse {
    proto::ImportResponse { event: Some(event) }
}

fn gone() -> Error {
    Error::new(ErrorKind::Cancelled, "the client went away")
}

fn ended() -> Error {
    Error::new(ErrorKind::Internal, "the import has ended already")
}
