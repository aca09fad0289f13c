//! The RPC `Watch`: the change log from a sequence number on, with heartbeats.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::call::{answered, call};
use super::convert::{change, duration};
use super::proto;
use super::status::status;
use crate::engine::{Change, Scope};
use crate::server::{Gate, Session, until};
use crate::{Error, ErrorKind, Result};

/// How often a silent stream says that it lives, unless the client says otherwise.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The least and the most that a client may ask for.
const HEARTBEATS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// Changes of a message at most.
const BATCH: usize = 500;

/// Messages that wait for the client.
const QUEUE: usize = 4;

/// How long a client may read nothing of what waits for it: its stream is one that others cannot have.
const STALL: Duration = Duration::from_secs(60);

/// How long to wait before changes are looked for again when nobody can tell that there are some.
const PAUSE: Duration = Duration::from_millis(200);

type Item = std::result::Result<proto::WatchResponse, Status>;

pub(super) async fn watch(
    gate: &Gate,
    request: Request<proto::WatchRequest>,
) -> std::result::Result<Response<ReceiverStream<Item>>, Status> {
    let (metadata, extensions, message) = request.into_parts();
    let call = call(gate, "ResourceService/Watch", Scope::Read, (&metadata, &extensions), &message.tenant);
    let id = call.id.clone();
    let session = gate.open(call).await.map_err(|error| status(&error, &id))?;
    // The place beyond the queue is for how the stream ends, which is told to who reads nothing too.
    let (sender, receiver) = mpsc::channel(QUEUE + 1);
    tokio::spawn(follow(session, message, sender));
    Ok(answered(ReceiverStream::new(receiver), &id))
}

async fn follow(mut session: Session, message: proto::WatchRequest, sender: mpsc::Sender<Item>) {
    // It is free: nobody else has sent anything yet.
    let last = sender.clone().try_reserve_owned();
    let result = until(session.deadline(), tell(&session, message, &sender)).await;
    match result.and_then(|told| told) {
        Ok(()) => session.end(None),
        Err(error) => {
            session.end(Some(&error));
            if let Ok(last) = last {
                last.send(Err(status(&error, session.id())));
            }
        }
    }
}

/// Tells changes until the client goes away, which is how a watch ends.
async fn tell(session: &Session, message: proto::WatchRequest, sender: &mpsc::Sender<Item>) -> Result<()> {
    let proto::WatchRequest { tenant: _, since, heartbeat, resource_types } = message;
    let heartbeat = match heartbeat {
        None => HEARTBEAT,
        Some(given) => duration("heartbeat", given)?.clamp(HEARTBEATS.0, HEARTBEATS.1),
    };
    let mut stop = session.gate().stop();
    let mut position = match since {
        Some(since) => since,
        None => latest(session).await?,
    };
    let mut greeted = false;
    let mut wake: Option<watch::Receiver<u64>> = None;
    let mut silent_until = Instant::now() + heartbeat;
    loop {
        let before = position;
        let found = changes(session, position).await?;
        let more = !found.is_empty();
        if let Some(last) = found.last() {
            position = last.sequence;
        }
        let told: Vec<proto::Change> = found
            .into_iter()
            .filter(|found| {
                resource_types.is_empty()
                    || resource_types.iter().any(|name| name.eq_ignore_ascii_case(&found.resource_type))
            })
            .map(change)
            .collect();
        if !told.is_empty() || !greeted || Instant::now() >= silent_until {
            let response = proto::WatchResponse { changes: told, sequence: position };
            let sent = tokio::select! {
                sent = tokio::time::timeout(STALL, sender.send(Ok(response))) => sent.map_err(|_| stalled(before))?,
                () = stop.stopped(), if sender.capacity() == 0 => return Err(stopping(before)),
            };
            if sent.is_err() {
                return Ok(());
            }
            greeted = true;
            silent_until = Instant::now() + heartbeat;
        }
        if stop.is_stopped() {
            return Err(stopping(position));
        }
        if more {
            continue;
        }
        let mut feed = match wake.take() {
            Some(feed) => feed,
            None => session.changes_after(position)?,
        };
        let lives = tokio::select! {
            () = sender.closed() => return Ok(()),
            () = stop.stopped() => return Err(stopping(position)),
            () = tokio::time::sleep_until(silent_until) => true,
            lives = later_than(&mut feed, position) => lives,
        };
        wake = lives.then_some(feed);
    }
}

/// Waits until a feed knows of a change after a position. False if it has ended, after a pause: whoever waits then
/// asks the store, which says why.
async fn later_than(feed: &mut watch::Receiver<u64>, position: u64) -> bool {
    if feed.wait_for(|sequence| *sequence > position).await.is_ok() {
        return true;
    }
    tokio::time::sleep(PAUSE).await;
    false
}

/// The changes after a position, for a caller who is still welcome.
async fn changes(session: &Session, position: u64) -> Result<Vec<Change>> {
    let (recheck, caller) = (session.recheck(), session.caller().clone());
    session
        .gate()
        .work(move || {
            recheck()?;
            caller.tenant()?.changes(position, BATCH, Duration::ZERO)
        })
        .await?
}

async fn latest(session: &Session) -> Result<u64> {
    let caller = session.caller().clone();
    session.gate().work(move || caller.store().sequence()).await?
}

fn stalled(position: u64) -> Error {
    let detail = format!("nothing was read for {} seconds: watch again, since {position}", STALL.as_secs());
    Error::new(ErrorKind::Cancelled, detail)
}

fn stopping(position: u64) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the server is stopping: watch again, since {position}"))
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Extensions};

    use super::*;
    use crate::message::ResourceInput;
    use crate::server::{ServeOptions, Stopper};
    use crate::{Store, StoreOptions};

    #[tokio::test]
    async fn a_watch_that_nobody_reads_ends_with_the_server() {
        let (stopper, stop) = Stopper::new();
        let store = Store::open_in_memory(StoreOptions::default()).unwrap();
        let gate = Gate::new(store, ServeOptions::default(), stop);
        let nothing = (&tonic::metadata::MetadataMap::new(), &Extensions::default());
        let session = gate.open(call(&gate, "Test", Scope::Read, nothing, "")).await.unwrap();
        // More changes than a message has, and one message that waits.
        for number in 0..=BATCH {
            let input =
                format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u{number}"}}"#);
            let input = ResourceInput::from_json(input.as_bytes()).unwrap();
            session.caller().tenant().unwrap().create("User", input, &session.caller().write_options()).unwrap();
        }
        let (sender, mut receiver) = mpsc::channel(2);
        let message = proto::WatchRequest { since: Some(0), ..proto::WatchRequest::default() };
        let followed = tokio::spawn(follow(session, message, sender.clone()));
        while sender.capacity() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Time to come to the next message.
        tokio::time::sleep(Duration::from_millis(100)).await;
        stopper.drain();
        gate.idle().await;
        followed.await.unwrap();
        drop(sender);
        assert_eq!(receiver.recv().await.unwrap().unwrap().changes.len(), BATCH);
        // It ends with where to go on.
        let status = receiver.recv().await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().ends_with("since 500"), "{status:?}");
        assert!(receiver.recv().await.is_none());
    }
}
