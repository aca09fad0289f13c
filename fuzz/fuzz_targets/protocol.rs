//! Whatever a client sends, `handle` answers: never a panic, never a fault of the store's, and always either no body or
//! JSON; what is refused is told by SCIM's Error message.
//!
//! An input is one request or several, which NUL bytes part. A request is written as HTTP writes it: a line with the
//! method and the target, lines with headers, an empty line, the body.
#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use scimdb::engine::{Scope, Tenant, TenantOptions, WriteOptions};
use scimdb::message::ResourceInput;
use scimdb::protocol::{Context, Request, Response, handle, required_scope};
use scimdb::{Store, StoreOptions};
use serde_json::Value;

/// Requests of one input at most: what comes behind them is as good at the head of another input.
const MOST_REQUESTS: usize = 4;

static STORE: LazyLock<Store> =
    LazyLock::new(|| Store::open_in_memory(StoreOptions::default()).expect("a store in memory"));

/// The tenant, as long as no input changed anything in it: to make one takes most of the time of an input.
static TENANT: Mutex<Option<Tenant>> = Mutex::new(None);

fuzz_target!(|input: &[u8]| {
    let mut kept = TENANT.lock().expect("nobody else holds it");
    let tenant = kept.get_or_insert_with(tenant);
    let requests = input.split(|byte| *byte == 0).take(MOST_REQUESTS);
    if requests.fold(false, |changed, request| send(tenant, request) || changed) {
        *kept = None;
        STORE.drop_tenant("fuzzed").expect("a tenant that is there");
    }
});

/// A tenant with a user, `u`, and a group, `g`, that it is in: the same for every input, so that a crash comes again.
fn tenant() -> Tenant {
    let tenant = STORE.create_tenant("fuzzed", TenantOptions::default()).expect("a tenant");
    let resources: [(&str, &str, &[u8]); 2] = [
        ("User", "u", include_bytes!("../fixtures/user.json")),
        (
            "Group",
            "g",
            br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G","members":[{"value":"u"}]}"#,
        ),
    ];
    for (name, id, json) in resources {
        let input = ResourceInput::from_json(json).expect("a resource");
        let options = WriteOptions { id: Some(id.to_owned()), ..WriteOptions::default() };
        tenant.create(name, input, &options).expect("a sound resource");
    }
    tenant
}

/// Sends a request; tells whether it may have changed something.
fn send(tenant: &Tenant, request: &[u8]) -> bool {
    let end = request.windows(2).position(|pair| pair == b"\n\n").unwrap_or(request.len());
    let (head, body) = request.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split('\n');
    let (method, target) = lines.next().unwrap_or_default().split_once(' ').unwrap_or_default();
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let context = Context {
        base: "https://example.com/v2".to_owned(),
        // The last header decides who calls, so that both answers of /Me are tried.
        subject: headers.last().filter(|(name, _)| *name == "me").map(|_| "u".to_owned()),
        max_body_bytes: 2_048,
        ..Context::default()
    };
    let request = Request { method, target, headers: &headers, body: body.get(2..).unwrap_or_default() };
    let response = handle(tenant, &request, &context);
    check(method, &response);
    response.status < 300 && required_scope(method, target) > Scope::Read
}

fn check(method: &str, response: &Response) {
    let Response { status, headers, body } = response;
    assert!(matches!(status, 200 | 201 | 204 | 304 | 400..=499 | 501), "{response:?}");
    for (name, value) in headers {
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name} cannot be sent: {response:?}");
    }
    if *status == 405 {
        assert!(response.header("allow").is_some(), "{response:?}");
    }
    if method == "HEAD" || matches!(status, 204 | 304) {
        assert!(body.is_empty(), "{response:?}");
        return;
    }
    assert!(
        matches!(response.header("content-type"), Some("application/scim+json" | "application/json")),
        "{response:?}"
    );
    let json: Value = serde_json::from_str(body).expect("a body is JSON");
    if *status >= 400 {
        assert_eq!(json["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error", "{response:?}");
        assert_eq!(json["status"], status.to_string(), "{response:?}");
        assert!(json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{response:?}");
    }
}
