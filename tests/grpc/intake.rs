//! Messages that do not come whole: how long they may take, and what they may take of the memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::{Code, Status};
use tower::Service;

use crate::harness::{Served, assert_refused, create_user, served};

const SOON: Duration = Duration::from_secs(30);

/// A body that the test writes bit by bit.
struct Fed(mpsc::UnboundedReceiver<Bytes>);

impl Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A call that has begun.
struct Begun {
    body: mpsc::UnboundedSender<Bytes>,
    answer: JoinHandle<Response<tonic::body::Body>>,
}

async fn begun(served: &Served, path: &str) -> Begun {
    let mut channel = served.channel().await;
    let (body, receiver) = mpsc::unbounded_channel();
    let request = http::Request::post(format!("http://{}{path}", served.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(Fed(receiver)))
        .unwrap();
    let answer = tokio::spawn(async move {
        std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
        channel.call(request).await.unwrap()
    });
    Begun { body, answer }
}

fn refusal(answer: &Response<tonic::body::Body>) -> Status {
    Status::from_header_map(answer.headers()).expect("a refusal, which is in the headers")
}

/// The begin of a message of 10,000 bytes: `size` bytes of it, with the prefix.
fn part(size: usize) -> Bytes {
    let mut bytes = vec![0];
    bytes.extend(10_000_u32.to_be_bytes());
    bytes.resize(size, b' ');
    bytes.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_ends_is_given_up() {
    let served = served(|options| options.request_timeout = Duration::from_secs(2)).await;
    for path in [
        "/scimdb.v1.ResourceService/Get",
        "/scimdb.v1.ResourceService/Watch",
        "/scimdb.v1.AdminService/ListTenants",
        "/grpc.health.v1.Health/Check",
    ] {
        let silent = begun(&served, path).await;
        let slow = begun(&served, path).await;
        slow.body.send(part(100)).unwrap();
        for Begun { body, answer } in [silent, slow] {
            let answer = timeout(SOON, answer).await.expect("an answer").unwrap();
            assert_refused(&refusal(&answer), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
            drop(body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_have_a_size_together() {
    let served = served(|options| (options.max_body_bytes, options.max_buffered_bytes) = (1_000, 1_500)).await;
    let mut calls = Vec::new();
    for _ in 0..2 {
        let call = begun(&served, "/scimdb.v1.ResourceService/Create").await;
        call.body.send(part(1_400)).unwrap();
        calls.push(call);
    }
    let [mut first, mut second] = <[Begun; 2]>::try_from(calls).ok().unwrap();
    // For one of them there is no place, whichever comes first.
    let (refused, other) = timeout(SOON, async {
        tokio::select! {
            answer = &mut first.answer => (answer.unwrap(), second),
            answer = &mut second.answer => (answer.unwrap(), first),
        }
    })
    .await
    .expect("an answer");
    assert_refused(&refusal(&refused), Code::Unavailable, "UNAVAILABLE");
    let mut client = served.resources().await;
    let name = "x".repeat(300);
    assert_refused(&client.create(create_user(&name)).await.unwrap_err(), Code::Unavailable, "UNAVAILABLE");
    // One that breaks off makes place.
    drop(other.body);
    timeout(SOON, other.answer).await.expect("an answer").unwrap();
    client.create(create_user(&name)).await.unwrap();
}
