//! Sizes, times, rates, and how the server stops.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use scimdb::engine::Scope;
use scimdb::grpc::proto::ListRequest;
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use tonic::{Code, Request};

use crate::harness::{PATIENCE, Wire, bearer, message, served, user};

#[test]
fn a_body_has_a_size() {
    let served = served(|options| options.max_body_bytes = 1_000);
    // What says from the start that it is larger is not read: it never comes.
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["content-length: 1001", "expect: 100-continue"], ""));
    let answer = wire.answer().unwrap();
    answer.is_error(413);
    assert!(answer.json()["detail"].as_str().unwrap().contains("1000 bytes"), "{answer:?}");
    assert!(wire.closes());
    // What does not say it is read up to there.
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["transfer-encoding: chunked"], ""));
    for _ in 0..3 {
        wire.write(format!("190\r\n{}\r\n", "x".repeat(400)));
    }
    wire.answer().unwrap().is_error(413);
    assert!(wire.closes());
    // In chunks or not, what fits is answered, and told.
    let mut wire = served.connect();
    let body = user("ann");
    wire.write(message("POST", "/scim/v2/Users", &["transfer-encoding: chunked"], ""));
    wire.write(format!("5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", &body[..5], body.len() - 5, &body[5..]));
    assert_eq!(wire.answer().unwrap().status, 201);
    let told = wire.request("GET", "/scim/v2/ServiceProviderConfig", &[], "").json();
    assert_eq!(told["bulk"]["maxPayloadSize"], 1_000);
}

#[test]
fn a_body_has_a_time() {
    let served = served(|options| options.request_timeout = Duration::from_secs(2));
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["content-length: 100"], "") + "{");
    let answer = wire.answer().unwrap();
    answer.is_error(408);
    assert!(wire.closes());
    served.is_well();
}

#[test]
fn bodies_have_a_size_together() {
    let served = served(|options| (options.max_body_bytes, options.max_buffered_bytes) = (1_000, 1_500));
    // Two bodies that are not complete: for one of them there is no place, whichever comes first.
    let mut wires = [900, 700].map(|size| {
        let mut wire = served.connect();
        wire.write(message("POST", "/scim/v2/Users", &["content-length: 1000"], "") + &" ".repeat(size));
        wire.stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        (wire, 1_000 - size)
    });
    let answered = |(wire, _): &(Wire<TcpStream>, usize)| wire.stream.peek(&mut [0]).is_ok();
    let refused = (0..2_000).find_map(|_| wires.iter().position(answered)).expect("a refusal");
    for (wire, _) in &wires {
        wire.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let answer = wires[refused].0.answer().unwrap();
    answer.is_error(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    // A small one has its place.
    assert_eq!(served.send("POST", "/scim/v2/Users", &[], &user("ann")).status, 201);
    let (other, rest) = &mut wires[1 - refused];
    other.write(" ".repeat(*rest));
    other.answer().unwrap().is_error(400);
    served.send("POST", "/scim/v2/Users", &[], &" ".repeat(1_000)).is_error(400);
}

#[test]
fn one_caller_does_not_take_the_place_of_all_bodies() {
    let served = served(|options| (options.max_body_bytes, options.max_buffered_bytes) = (1_000, 8_000));
    let [reader, writer] = [("reads", Scope::Read), ("writes", Scope::Write)]
        .map(|(name, scope)| bearer(&served.token("default", name, scope)));
    // Bodies that are never complete: one has a place.
    let mut wires: Vec<_> = (0..16)
        .map(|_| {
            let mut wire = served.connect();
            let headers = [reader.as_str(), "content-length: 1000"];
            wire.write(message("POST", "/scim/v2/Users/.search", &headers, "") + &" ".repeat(999));
            wire.stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            wire
        })
        .collect();
    let is_answered = |wire: &Wire<TcpStream>| wire.stream.peek(&mut [0]).is_ok();
    let refused = (0..500).any(|_| wires.iter().filter(|wire| is_answered(wire)).count() == 15);
    assert!(refused, "one caller has more than its share");
    // Another caller does not notice.
    assert_eq!(served.send("POST", "/scim/v2/Users", &[&writer], &user("ann")).status, 201);
    let full = served.send("POST", "/scim/v2/Users/.search", &[&reader], &user("ann"));
    full.is_error(503);
    for wire in &mut wires {
        wire.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The one that had a place is complete now.
        let _ = wire.stream.write_all(b" ");
        let status = wire.answer().unwrap().status;
        assert!(matches!(status, 400 | 503), "{status}");
    }
}

#[test]
fn callers_may_send_so_much_a_second() {
    let served = served(|options| {
        (options.rate_limit, options.rate_burst) = (Some(1), Some(3));
        options.require_tokens = true;
    });
    let [one, other] = ["one", "other"].map(|name| served.token("default", name, Scope::Read));
    let mut wire = served.connect();
    let mut refusal = |token: &str| {
        let answers = (0..100).map(|_| wire.request("GET", "/scim/v2/Users", &[&bearer(token)], ""));
        answers.into_iter().find(|answer| answer.status != 200)
    };
    // Its first request makes the token known; from then on it has a rate of its own.
    let refused = refusal(&one).expect("a refusal");
    refused.is_error(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Over gRPC it is the same caller.
    let status = served.runtime.block_on(async {
        let mut client = ResourceServiceClient::connect(format!("http://{}", served.address)).await.unwrap();
        for _ in 0..100 {
            let message = ListRequest { resource_type: "User".into(), ..ListRequest::default() };
            let mut request = Request::new(message);
            request.metadata_mut().insert("authorization", format!("Bearer {one}").parse().unwrap());
            if let Err(status) = client.list(request).await {
                return status;
            }
        }
        panic!("no refusal");
    });
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    // Tokens that nobody knows are one caller, whose rate the known ones do not share.
    let statuses: Vec<u16> =
        (0..100).map(|number| served.get("/scim/v2/Users", &[&bearer(&format!("guess{number}"))]).status).collect();
    assert!(statuses.contains(&401) || statuses.contains(&429), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(served.get("/scim/v2/Users", &[&bearer(&other)]).status, 200);
    let metrics = String::from_utf8(served.get("/metrics", &[]).body).unwrap();
    for face in ["grpc", "http"] {
        let counted =
            metrics.lines().find(|line| line.starts_with(&format!("scimdb_rate_limited_total{{face=\"{face}\"")));
        assert!(counted.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    }
}

#[test]
fn what_reaches_nothing_counts_as_well() {
    for (method, path, status) in [("GET", "/nowhere", 404), ("GET", "/scim//v2", 404), ("POST", "/healthz", 405)] {
        let served = served(|options| (options.rate_limit, options.rate_burst) = (Some(1), Some(3)));
        let mut wire = served.connect();
        let answers: Vec<u16> = (0..100).map(|_| wire.request(method, path, &[], "").status).collect();
        assert!(answers[0] == status && answers.contains(&429), "{method} {path}: {answers:?}");
        // Who asks whether it lives is answered at any time.
        assert_eq!(served.get("/healthz", &[]).status, 200);
    }
}

#[test]
fn a_request_under_way_ends_before_the_server() {
    let mut served = served(|_| {});
    let body = user("ann");
    let mut wire = served.connect();
    let length = format!("content-length: {}", body.len());
    wire.write(message("POST", "/scim/v2/Users", &[&length, "expect: 100-continue"], ""));
    assert_eq!(wire.answer().unwrap().status, 100);
    let mut idle = served.connect();
    assert_eq!(idle.request("GET", "/scim/v2/Users", &[], "").status, 200);
    let mut silent = served.connect();
    served.stop();
    // Connections that nothing goes on in are closed, and nobody is let in any more.
    assert!(idle.closes());
    assert!(silent.closes());
    let alone = (0..1_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        std::net::TcpStream::connect(served.address).is_err()
    });
    assert!(alone);
    wire.write(&body);
    let answer = wire.answer().unwrap();
    assert_eq!((answer.status, answer.header("connection")), (201, Some("close")));
    assert!(wire.closes());
    served.ended();
    assert_eq!(served.store.tenant("default").unwrap().stats().unwrap().resources[0].1, 1);
}

#[test]
fn a_request_that_never_ends_is_cut_off() {
    let mut served = served(|options| options.drain = Duration::from_millis(200));
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["content-length: 10", "expect: 100-continue"], ""));
    assert_eq!(wire.answer().unwrap().status, 100);
    served.stop();
    if let Some(answer) = wire.answer() {
        answer.is_error(503);
    }
    assert!(wire.closes());
    served.ended();
}
