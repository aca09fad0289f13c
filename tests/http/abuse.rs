//! What a client may do to the server, and cannot do to others: each is bounded, answered or closed.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::json;

use crate::harness::{message, served, user};

/// A time that a test can wait for, and that a client on a busy machine keeps.
const SHORT: Duration = Duration::from_secs(2);

#[test]
fn who_says_nothing_is_sent_away() {
    let served = served(|options| options.stall_timeout = SHORT);
    let mut silent = served.connect();
    let mut slow = served.connect();
    slow.write("GET /healthz HTTP/1.1\r\nhost: local");
    let mut between = served.connect();
    assert_eq!(between.request("GET", "/healthz", &[], "").status, 200);
    served.is_well();
    assert!(silent.closes());
    assert!(slow.closes());
    assert!(between.closes());
}

#[cfg(target_os = "linux")]
#[test]
fn one_address_does_not_take_every_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let served = served(|options| (options.max_connections, options.max_connections_per_address) = (8, Some(4)));
    let silent: Vec<_> = (0..20).map(|_| served.socket()).collect();
    // All of them come from 127.0.0.1; this one does not.
    let answer = served.runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stream = socket.connect(served.address).await.unwrap();
        stream.write_all(message("GET", "/healthz", &["connection: close"], "").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Who had more than its share was sent away, and has places again once it lets go.
    drop(silent);
    let again = (0..1_000).any(|_| {
        let mut wire = served.connect();
        let sent = wire.stream.write_all(message("GET", "/healthz", &[], "").as_bytes());
        sent.is_ok() && wire.answer().is_some()
    });
    assert!(again);
}

#[test]
fn headers_that_come_a_byte_at_a_time_end() {
    let served = served(|options| options.stall_timeout = SHORT);
    let mut stream = served.socket();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ").unwrap();
    // Every byte is progress, and not enough of it.
    let ended = (0..1_000).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(b"a").is_err()
    });
    assert!(ended);
    served.is_well();
}

#[test]
fn a_client_that_reads_nothing_is_cut_off() {
    let served = served(|options| {
        options.stall_timeout = SHORT;
        options.max_connections = 8;
    });
    for number in 0..200 {
        let body =
            json!({ "schemas": [crate::harness::USER], "userName": format!("u{number}"), "title": "x".repeat(4_000) });
        assert_eq!(served.send("POST", "/scim/v2/Users", &[], &body.to_string()).status, 201);
    }
    let mut streams: Vec<_> = (0..8).map(|_| served.socket()).collect();
    for stream in &mut streams {
        // Eight megabytes of answers: more than the sockets hold.
        let asked = message("GET", "/scim/v2/Users?count=200", &[], "").repeat(10);
        stream.write_all(asked.as_bytes()).unwrap();
    }
    // All places are taken, until they are cut off.
    served.is_well();
}

#[test]
fn headers_have_a_number_and_a_size() {
    let served = served(|_| {});
    for flood in [
        (0..1_000).map(|number| format!("x-{number}: y\r\n")).collect::<String>(),
        format!("x: {}\r\n", "y".repeat(1 << 20)),
        "y".repeat(1 << 20),
    ] {
        let mut wire = served.connect();
        // It may be closed before everything is sent.
        let sent = wire.stream.write_all(format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{flood}\r\n").as_bytes());
        let answer = wire.answer();
        assert!(sent.is_err() || answer.is_none() || answer.is_some_and(|answer| answer.status == 431));
        served.is_well();
    }
    let path = format!("/scim/v2/Users?{}", "a=b&".repeat(10_000));
    let mut wire = served.connect();
    let _ = wire.stream.write_all(message("GET", &path, &[], "").as_bytes());
    let answer = wire.answer();
    assert!(answer.is_none_or(|answer| matches!(answer.status, 400 | 414 | 431)));
    // As many as fit.
    let path = format!("/scim/v2/Users?{}", "a&".repeat(5_000));
    let answer = served.get(&path, &[]);
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    served.is_well();
}

#[test]
fn a_hundred_megabytes_are_refused_while_they_come() {
    let served = served(|_| {});
    let block = vec![b' '; 1 << 20];
    // The length is told: nothing is read before the answer, and the answer is not lost while the client still sends.
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["content-length: 104857600"], ""));
    let sent = (0..100).take_while(|_| wire.stream.write_all(&block).is_ok()).count();
    match wire.answer() {
        Some(answer) => answer.is_error(413),
        None => assert!(sent < 100, "all was sent, and nothing was answered"),
    }
    // It is not.
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["transfer-encoding: chunked"], ""));
    let sent = (0..100).take_while(|_| {
        let stream = &mut wire.stream;
        stream
            .write_all(b"100000\r\n")
            .and_then(|()| stream.write_all(&block))
            .and_then(|()| stream.write_all(b"\r\n"))
            .is_ok()
    });
    let sent = sent.count();
    match wire.answer() {
        Some(answer) => answer.is_error(413),
        None => assert!(sent < 100, "all was sent, and nothing was answered"),
    }
    served.is_well();
}

#[test]
fn a_refusal_arrives_though_the_body_is_on_its_way() {
    let served = served(|options| options.max_body_bytes = 1_000);
    // Larger than what the sockets hold: a reset would lose the answer.
    for _ in 0..5 {
        let mut wire = served.connect();
        wire.write(message("POST", "/scim/v2/Users", &[], &" ".repeat(8 << 20)));
        wire.answer().expect("an answer").is_error(413);
    }
}

#[test]
fn bulks_and_json_have_an_end() {
    let served = served(|_| {});
    let operation = json!({ "method": "DELETE", "path": "/Users/x" });
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": vec![operation; 10_000] });
    served.send("POST", "/scim/v2/Bulk", &[], &bulk.to_string()).is_error(413);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        served.send("POST", "/scim/v2/Users", &[], &deep).is_error(400);
        let inside = format!("{{\"schemas\":[\"{}\"],\"userName\":{deep}}}", crate::harness::USER);
        served.send("POST", "/scim/v2/Users", &[], &inside).is_error(400);
        let half = open.repeat(100_000);
        served.send("POST", "/scim/v2/Users/.search", &[], &half).is_error(400);
    }
    let filter = format!("{}userName pr{}", "(".repeat(100_000), ")".repeat(100_000));
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
    served.send("POST", "/scim/v2/Users/.search", &[], &search.to_string()).is_error(400);
    served.is_well();
}

#[test]
fn a_request_is_one_whatever_it_says_of_its_length() {
    let served = served(|_| {});
    let hidden = "GET /scim/v2/Users/hidden HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let body = user("ann");
    // Both: the chunks count, and nothing follows in this connection.
    let mut wire = served.connect();
    wire.write(format!(
        "POST /scim/v2/Users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n{hidden}",
        body.len()
    ));
    assert_eq!(wire.answer().unwrap().status, 201);
    assert!(wire.closes());
    for head in [
        "content-length: 4\r\ncontent-length: 5\r\n",
        "content-length: +4\r\n",
        "content-length: -1\r\n",
        "content-length: 4x\r\n",
        "content-length: 99999999999999999999999\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, gzip\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length : 4\r\n",
        "x: y\r\n folded\r\n",
        "x y: z\r\n",
    ] {
        let mut wire = served.connect();
        wire.write(format!("POST /scim/v2/Users HTTP/1.1\r\nhost: localhost\r\n{head}\r\n{hidden}"));
        let answer = wire.answer();
        assert!(answer.as_ref().is_none_or(|answer| matches!(answer.status, 400 | 413 | 501)), "{head}: {answer:?}");
        assert!(wire.closes(), "{head}");
    }
    // Chunks that are none.
    for chunk in ["x\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "1\r\nab"] {
        let mut wire = served.connect();
        wire.write(message("POST", "/scim/v2/Users", &["transfer-encoding: chunked"], "") + chunk + hidden);
        let answer = wire.answer();
        assert!(answer.as_ref().is_none_or(|answer| answer.status >= 400), "{chunk}: {answer:?}");
        assert!(wire.closes(), "{chunk}");
    }
    served.is_well();
}

#[test]
fn paths_lead_nowhere_else() {
    let served = served(|_| {});
    for path in [
        "/scim/v2/../../etc/passwd",
        "/scim/v2/%2e%2e/%2e%2e/etc/passwd",
        "/scim/v2/Users/..%2f..%2fetc%2fpasswd",
        "/scim/..%2f..%2fdefault/v2/Users",
        "/scim/../v2/Users",
        "/scim/%00/v2/Users",
        "/scim/default%00/v2/Users",
        "/scim/v2/Users/%00",
        "/scim/v2/Users%00",
        "/scim/v2//Users",
        "/scim//v2/Users",
        "//scim/v2/Users",
        "/scim/v2/Users/%ff",
        "/scim/%ff/v2/Users",
        "/scim/v2/Users/..;/x",
        "/metrics/../scim/v2/Users",
        "/healthz/",
        "/favicon.ico",
    ] {
        let answer = served.get(path, &[]);
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        answer.is_error(answer.status);
    }
    served.get("/scim/v2/Users?filter=userName%20eq%20%22%00%22", &[]);
    // No URL has these.
    for path in ["/scim/v2/Users/\0", "/scim/v2/Users\r\nx", "*", "\\scim\\v2", "http://"] {
        let mut wire = served.connect();
        wire.write(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        let answer = wire.answer();
        assert!(answer.as_ref().is_none_or(|answer| (400..500).contains(&answer.status)), "{path:?}: {answer:?}");
    }
    served.is_well();
}

#[test]
fn bytes_that_are_no_http_are_closed() {
    let served = served(|_| {});
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"HELO there\r\n\r\n",
        b"GET\r\n\r\n",
    ] {
        let mut stream = served.socket();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 400"), "{said:?}");
    }
    // So are those who go away in the middle.
    for part in ["GET /scim", "POST /scim/v2/Users HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"] {
        let mut stream = served.socket();
        stream.write_all(part.as_bytes()).unwrap();
    }
    served.is_well();
}
