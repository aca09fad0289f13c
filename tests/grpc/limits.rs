//! Deadlines, sizes, numbers, and how the server stops.

use std::time::{Duration, Instant};

use scimdb::grpc::proto::protocol_service_client::ProtocolServiceClient;
use scimdb::grpc::proto::{
    HandleRequest, ImportRequest, ImportSettings, StreamListRequest, WatchRequest, import_request::Part,
};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::harness::{assert_refused, create_user, list, served};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_kept() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    // The client's own timer is left out of it: only the metadata tells the server.
    let mut request = Request::new(WatchRequest::default());
    request.metadata_mut().insert("grpc-timeout", "300m".parse().unwrap());
    let started = Instant::now();
    let mut answers = client.watch(request).await.unwrap().into_inner();
    let ended = timeout(SOON, async {
        loop {
            if let Err(status) = answers.message().await {
                return status;
            }
        }
    });
    assert_refused(&ended.await.unwrap(), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    assert!(started.elapsed() < SOON);

    // A call that is too late already is not begun.
    let mut request = Request::new(list(""));
    request.metadata_mut().insert("grpc-timeout", "1n".parse().unwrap());
    let code = client.list(request).await.unwrap_err().code();
    assert!(matches!(code, Code::DeadlineExceeded | Code::Cancelled), "{code:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_a_size() {
    let served = served(|options| options.max_message_bytes = 10_000).await;
    let mut client = served.resources().await;
    let large = client.create(create_user(&"x".repeat(10_000))).await.unwrap_err();
    assert_eq!(large.code(), Code::OutOfRange, "{large:?}");
    for number in 0..40 {
        client.create(create_user(&format!("user{number}"))).await.unwrap();
    }
    // What does not fit into a message is refused with what to do, and streams anyway.
    let refused = client.list(list("")).await.unwrap_err();
    assert_refused(&refused, Code::InvalidArgument, "TOO_MANY");
    let mut protocol = ProtocolServiceClient::new(served.channel().await);
    let get = |target: &str| HandleRequest { method: "GET".into(), target: target.into(), ..HandleRequest::default() };
    let answer = protocol.handle(get("/Users")).await.unwrap().into_inner();
    assert!(answer.status == 400 && String::from_utf8_lossy(&answer.body).contains("tooMany"), "{answer:?}");
    assert_eq!(protocol.handle(get("/Users?count=1")).await.unwrap().into_inner().status, 200);
    let all = StreamListRequest { resource_type: "User".into(), ..StreamListRequest::default() };
    let mut answers = client.stream_list(all).await.unwrap().into_inner();
    let mut count = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        count += answer.resources.len();
    }
    assert_eq!(count, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_counted() {
    let served = served(|options| options.max_streams = 2).await;
    let mut client = served.resources().await;
    let mut watches = Vec::new();
    for _ in 0..2 {
        watches.push(client.watch(WatchRequest::default()).await.unwrap().into_inner());
    }
    let refused = client.watch(WatchRequest::default()).await.unwrap_err();
    assert_refused(&refused, Code::Unavailable, "UNAVAILABLE");
    // Calls that are no streams are not held up.
    client.list(list("")).await.unwrap();
    watches.pop();
    timeout(SOON, async {
        while client.watch(WatchRequest::default()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("a watch that was dropped makes place");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_calls_end() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let mut watch = client.watch(WatchRequest::default()).await.unwrap().into_inner();
    watch.message().await.unwrap();
    let mut health = HealthClient::new(served.channel().await);
    let mut states = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(states.message().await.unwrap().unwrap().status, 1);
    // An import that is under way.
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let settings = ImportSettings { resource_type: "User".into(), ..ImportSettings::default() };
    sender.send(ImportRequest { part: Some(Part::Settings(settings)) }).await.unwrap();
    let mut answers = client.import(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    // The server has read the settings once it works on the first row.
    let row = |name: &str| ImportRequest { part: Some(Part::Chunk((crate::harness::user(name) + "\n").into_bytes())) };
    sender.send(row("ann")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;

    let (address, store) = (served.address, served.store.clone());
    let task = served.stop();
    assert_eq!(timeout(SOON, states.message()).await.unwrap().unwrap().unwrap().status, 2, "health says so first");
    let ended = timeout(SOON, async {
        loop {
            if let Err(status) = watch.message().await {
                return status;
            }
        }
    });
    assert_refused(&ended.await.unwrap(), Code::Unavailable, "UNAVAILABLE");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody is let in any more");
    assert!(!task.is_finished(), "the import goes on");

    sender.send(row("bob")).await.unwrap();
    drop(sender);
    let mut last = None;
    while let Some(answer) = timeout(SOON, answers.message()).await.unwrap().unwrap() {
        last = answer.event;
    }
    assert!(format!("{last:?}").contains("created: 2"), "{last:?}");
    timeout(SOON, task).await.expect("the server ends").unwrap().unwrap();
    assert_eq!(store.tenant("default").unwrap().stats().unwrap().resources[0].1, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_forever() {
    let served = served(|options| options.drain = Duration::from_millis(300)).await;
    let mut client = served.resources().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let settings = ImportSettings { resource_type: "User".into(), ..ImportSettings::default() };
    sender.send(ImportRequest { part: Some(Part::Settings(settings)) }).await.unwrap();
    let mut answers = client.import(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let task = served.stop();
    timeout(Duration::from_secs(3), task).await.expect("the drain time ends").unwrap().unwrap();
    let cut = timeout(SOON, answers.message()).await.expect("the connection is closed");
    assert!(cut.is_err());
    drop(sender);
}
