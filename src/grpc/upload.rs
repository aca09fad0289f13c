//! What streams have in common that bring an import: settings first, then chunks; and what is told of a client that goes
//! away or says nothing. What becomes of the chunks is not known here.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tonic::{Code, Status, Streaming};

use super::proto::{
    ImportRequest, ImportSettings, QueueImportRequest, QueueImportSettings, import_request, queue_import_request,
};
use crate::server::{Call, Gate};
use crate::{Error, ErrorKind, Result};

/// How long the settings may take to come: a stream without them counts nowhere.
const SETTINGS: Duration = Duration::from_secs(10);

/// How long a client may send nothing, or read nothing of what waits for it: its stream is one that others cannot have.
pub(super) const STALL: Duration = Duration::from_secs(60);

/// A message of such a stream.
pub(super) trait Upload {
    /// What the first one says.
    type Settings;

    /// The settings, of the first one.
    fn settings(self) -> Option<Self::Settings>;

    /// A part of what is imported, of all others.
    fn chunk(self) -> Option<Vec<u8>>;
}

impl Upload for ImportRequest {
    type Settings = ImportSettings;

    fn settings(self) -> Option<ImportSettings> {
        match self.part? {
            import_request::Part::Settings(settings) => Some(settings),
            import_request::Part::Chunk(_) => None,
        }
    }

    fn chunk(self) -> Option<Vec<u8>> {
        match self.part? {
            import_request::Part::Chunk(chunk) => Some(chunk),
            import_request::Part::Settings(_) => None,
        }
    }
}

impl Upload for QueueImportRequest {
    type Settings = QueueImportSettings;

    fn settings(self) -> Option<QueueImportSettings> {
        match self.part? {
            queue_import_request::Part::Settings(settings) => Some(settings),
            queue_import_request::Part::Chunk(_) => None,
        }
    }

    fn chunk(self) -> Option<Vec<u8>> {
        match self.part? {
            queue_import_request::Part::Chunk(chunk) => Some(chunk),
            queue_import_request::Part::Settings(_) => None,
        }
    }
}

/// Finds out who calls, and what the settings are. A call that gets no further is counted as refused.
pub(super) async fn settings<M: Upload>(gate: &Gate, call: &Call, input: &mut Streaming<M>) -> Result<M::Settings> {
    let began = Instant::now();
    let settings = identified(gate, call, input).await;
    if let Err(error) = &settings {
        gate.refused_since(call, began, error);
    }
    settings
}

async fn identified<M: Upload>(gate: &Gate, call: &Call, input: &mut Streaming<M>) -> Result<M::Settings> {
    gate.identify(call).await?;
    let first = timeout(SETTINGS, input.message())
        .await
        .map_err(|_| Error::new(ErrorKind::DeadlineExceeded, "the import's settings did not come"))?;
    first
        .map_err(|error| lost(&error))?
        .and_then(Upload::settings)
        .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the first message of an import must be its settings"))
}

/// The chunk that comes next; none at the end.
pub(super) async fn chunk<M: Upload>(input: &mut Streaming<M>) -> Result<Option<Vec<u8>>> {
    let next = timeout(STALL, input.message()).await.map_err(|_| stalled("sent"))?;
    let Some(message) = next.map_err(|error| lost(&error))? else { return Ok(None) };
    let wrong = || Error::new(ErrorKind::InvalidArgument, "after its settings, an import is chunks alone");
    message.chunk().map(Some).ok_or_else(wrong)
}

/// What became of a client that does not send any more.
fn lost(status: &Status) -> Error {
    match status.code() {
        Code::OutOfRange => {
            Error::new(ErrorKind::PayloadTooLarge, "a chunk is larger than messages of this server may be")
        }
        _ => Error::new(ErrorKind::Cancelled, format!("the import broke off: {}", status.message())),
    }
}

/// That a client neither did this nor went away.
pub(super) fn stalled(what: &str) -> Error {
    let detail = format!("nothing was {what} for {} seconds: import the rows that are missing again", STALL.as_secs());
    Error::new(ErrorKind::Cancelled, detail)
}
