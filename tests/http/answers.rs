//! What every answer has: ids, locations, encodings, and a connection that goes on.

use std::io::Read;

use scimdb::engine::Scope;

use crate::harness::{Served, bearer, message, served, user};

fn people(served: &Served, count: usize) {
    for number in 0..count {
        assert_eq!(served.send("POST", "/scim/v2/Users", &[], &user(&format!("user{number}"))).status, 201);
    }
}

#[test]
fn requests_have_ids() {
    let served = served(|_| {});
    let own = served.get("/scim/v2/Users", &["x-request-id: entra-1f"]);
    assert_eq!(own.header("x-request-id"), Some("entra-1f"));
    let made: Vec<_> = (0..3).map(|_| served.get("/scim/v2/Nowhere", &[])).collect();
    let made: Vec<_> = made.iter().map(|answer| answer.header("x-request-id").unwrap()).collect();
    assert!(made[0] != made[1] && made[1] != made[2] && !made[0].is_empty(), "{made:?}");
    // What would not fit into a line of the log is not taken.
    for bad in ["x".repeat(65), "a b".to_owned(), "\u{e9}".to_owned()] {
        let answer = served.get("/healthz", &[&format!("x-request-id: {bad}")]);
        assert!(!answer.header("x-request-id").unwrap().contains(&bad), "{answer:?}");
    }
}

#[test]
fn large_answers_are_compressed_for_who_asks() {
    let served = served(|_| {});
    people(&served, 30);
    let plain = served.get("/scim/v2/Users", &[]);
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept, Accept-Encoding")));
    let packed = served.get("/scim/v2/Users", &["accept-encoding: br;q=1, gzip"]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < plain.body.len() / 3, "{} of {}", packed.body.len(), plain.body.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    // Neither for who does not want it, nor where it is not worth it.
    for header in ["accept-encoding: gzip;q=0", "accept-encoding: identity"] {
        assert_eq!(served.get("/scim/v2/Users", &[header]).body, plain.body);
    }
    let small = served.get("/scim/v2/Users?count=1", &["accept-encoding: gzip"]);
    assert_eq!((small.header("content-encoding"), small.header("vary")), (None, Some("Accept")));
    // HEAD tells what GET would.
    let mut wire = served.connect();
    for (header, encoding) in [("x: y", None), ("accept-encoding: gzip", Some("gzip"))] {
        let head = wire.request("HEAD", "/scim/v2/Users", &[header], "");
        assert_eq!((head.status, head.header("content-encoding")), (200, encoding));
        if encoding.is_none() {
            assert_eq!(head.header("content-length"), Some(plain.body.len().to_string().as_str()));
        }
    }
}

#[test]
fn head_has_no_body() {
    let served = served(|_| {});
    let mut wire = served.connect();
    for path in ["/scim/v2/Users", "/scim/v2/Users/missing", "/nowhere", "/healthz", "/metrics"] {
        // The next answer would be taken for the body.
        let head = wire.request("HEAD", path, &[], "");
        let get = wire.request("GET", path, &[], "");
        assert_eq!(head.status, get.status, "{path}");
        if path != "/metrics" {
            assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        }
    }
}

#[test]
fn locations_are_what_clients_call_the_server() {
    let plainly = |served: &Served, name: &str, headers: &[&str]| {
        let answer = served.send("POST", "/scim/v2/Users", headers, &user(name));
        let location = answer.header("location").unwrap().to_owned();
        assert_eq!(answer.json()["meta"]["location"], location.as_str());
        location.rsplit_once("/Users/").unwrap().0.to_owned()
    };
    let forwarded = ["x-forwarded-host: id.example.com", "x-forwarded-proto: https"];
    let plain = served(|_| {});
    assert_eq!(plainly(&plain, "a", &forwarded), "http://localhost/scim/v2");
    let believing = served(|options| (options.forwarded_headers, options.require_tokens) = (true, true));
    let token = bearer(&believing.token("default", "w", Scope::Write));
    let location =
        |served: &Served, name: &str, headers: &[&str]| plainly(served, name, &[headers, &[&token]].concat());
    assert_eq!(location(&believing, "a", &forwarded), "https://id.example.com/scim/v2");
    let standard = ["forwarded: for=192.0.2.1;proto=https;host=id.example.com:8443"];
    assert_eq!(location(&believing, "b", &standard), "https://id.example.com:8443/scim/v2");
    assert_eq!(location(&believing, "c", &["x-forwarded-host: a/b"]), "http://localhost/scim/v2");
    // One of them the client wrote: which one, nobody knows.
    assert_eq!(location(&believing, "d", &[forwarded[0], standard[0]]), "http://localhost/scim/v2");
    let public = served(|options| options.public_url = Some("https://public.example.com/id".into()));
    assert_eq!(plainly(&public, "a", &forwarded), "https://public.example.com/id/scim/v2");
}

#[test]
fn a_request_names_one_host() {
    let served = served(|_| {});
    for head in [
        "GET /scim/v2/Users HTTP/1.1\r\n\r\n",
        "GET /scim/v2/Users HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET /scim/v2/Users HTTP/1.1\r\nhost: a/b\r\n\r\n",
        "GET http://a@localhost/scim/v2/Users HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\n\r\n",
    ] {
        let mut wire = served.connect();
        wire.write(head);
        wire.answer().unwrap().is_error(400);
    }
    // HTTP/1.0 has no hosts; locations are relative then.
    let mut wire = served.connect();
    wire.write("GET /scim/v2/ServiceProviderConfig HTTP/1.0\r\n\r\n");
    let answer = wire.answer().unwrap();
    assert_eq!(answer.json()["meta"]["location"], "/scim/v2/ServiceProviderConfig");
}

#[test]
fn headers_that_are_no_text_are_not_passed_over() {
    let served = served(|_| {});
    let created = served.send("POST", "/scim/v2/Users", &[], &user("ann")).json();
    let path = format!("/scim/v2/Users/{}", created["id"].as_str().unwrap());
    for header in ["if-match: \"\u{e9}\"", "if-none-match: \"\u{e9}\"", "content-encoding: \u{e9}"] {
        served.send("PUT", &path, &[header], &user("bob")).is_error(400);
        served.send("DELETE", &path, &[header], "").is_error(400);
    }
    served.send("DELETE", &path, &["if-match: W/\"1\"", "if-match: \"\u{e9}\""], "").is_error(400);
    let mut wire = served.connect();
    let (head, body) = (format!("PUT {path} HTTP/1.1\r\nhost: localhost"), user("bob"));
    wire.write(format!("{head}\r\ncontent-type: text/\u{e9}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    wire.answer().unwrap().is_error(400);
    // What the protocol does not read may be anything.
    let read = served.get(&path, &["user-agent: \u{e9}", "accept: \u{e9}"]);
    assert_eq!((read.status, &read.json()["userName"]), (200, &"ann".into()));
}

#[test]
fn bodies_come_in_chunks_or_plainly() {
    let served = served(|_| {});
    for coding in ["gzip, chunked", "chunked, chunked", "identity, chunked"] {
        let mut wire = served.connect();
        wire.write(message("POST", "/scim/v2/Users", &[&format!("transfer-encoding: {coding}")], ""));
        wire.answer().unwrap().is_error(501);
        assert!(wire.closes(), "{coding}");
    }
    // A chunk that is none is no client who went away.
    for chunk in ["x\r\n", "1\r\nab\r\n", "ffffffffffffffffff\r\n"] {
        let mut wire = served.connect();
        wire.write(message("POST", "/scim/v2/Users", &["transfer-encoding: chunked"], "") + chunk);
        wire.answer().unwrap().is_error(400);
        assert!(wire.closes(), "{chunk}");
    }
    let mut wire = served.connect();
    wire.write(message("POST", "/scim/v2/Users", &["transfer-encoding: Chunked"], "") + "5\r\n{\"a");
    wire.stream.shutdown(std::net::Shutdown::Write).unwrap();
    if let Some(answer) = wire.answer() {
        answer.is_error(408);
    }
}

#[test]
fn a_connection_goes_on() {
    let served = served(|_| {});
    let mut wire = served.connect();
    for number in 0..100 {
        let created = wire.request("POST", "/scim/v2/Users", &[], &user(&format!("u{number}")));
        assert_eq!((created.status, created.header("connection")), (201, None));
        let id = created.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(wire.request("GET", &format!("/scim/v2/Users/{id}"), &[], "").status, 200);
        // Refusals do not end it either, if their bodies were read or had none.
        wire.request("POST", "/scim/v2/Users", &[], "{").is_error(400);
        wire.request("GET", "/scim/v2/Nothing", &[], "").is_error(404);
    }
    // Requests that are sent together are answered in their order.
    let both = message("GET", "/scim/v2/Users?count=1", &[], "") + &message("GET", "/healthz", &[], "");
    wire.write(both);
    assert_eq!(wire.answer().unwrap().json()["totalResults"], 100);
    assert_eq!(wire.answer().unwrap().body, b"ok\n");
}

#[test]
fn help_is_where_the_configuration_says() {
    let served = served(|options| options.documentation_url = Some("https://example.com/help".into()));
    let told = served.get("/scim/v2/ServiceProviderConfig", &[]).json();
    assert_eq!(told["documentationUri"], "https://example.com/help");
    assert_eq!(told["authenticationSchemes"][0]["type"], "oauthbearertoken");
}
