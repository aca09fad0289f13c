//! What of the protocol no sequence of requests in the corpus shows: limits, the length of a HEAD, scopes, errors for hosts,
//! and what docs/HTTP.md says of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use scimdb::engine::{Scope, Tenant};
use scimdb::error::ERROR_TABLE;
use scimdb::protocol::{Context, Request, Response, answer_error, handle, required_scope, too_large, try_handle};
use scimdb::{ErrorKind, Store, StoreOptions};

fn tenant() -> Tenant {
    Store::open_in_memory(StoreOptions::default()).unwrap().tenant("default").unwrap()
}

fn send(tenant: &Tenant, method: &str, target: &str, body: &str, context: &Context) -> Response {
    handle(tenant, &Request { method, target, headers: &[], body: body.as_bytes() }, context)
}

#[test]
fn a_body_above_the_limit_is_refused_by_the_limit() {
    let tenant = tenant();
    let context = Context { max_body_bytes: 128, ..Context::default() };
    let user = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}"#;
    let padded = |bytes: usize| user.to_owned() + &" ".repeat(bytes - user.len());
    assert_eq!(send(&tenant, "POST", "/Users", &padded(128), &context).status, 201);
    let refused = send(&tenant, "POST", "/Users", &padded(129), &context);
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains("128 bytes"), "{}", refused.body);
    // A host that does not read it tells the same.
    assert_eq!(answer_error(&too_large(128)), refused);
    let config = send(&tenant, "GET", "/ServiceProviderConfig", "", &context);
    assert!(config.body.contains("\"maxPayloadSize\":128"), "{}", config.body);
}

#[test]
fn what_a_host_turns_off_is_not_advertised() {
    let mut options = StoreOptions::default();
    (options.max_bulk_operations, options.max_page) = (0, 7);
    let tenant = Store::open_in_memory(options).unwrap().tenant("default").unwrap();
    let config = send(&tenant, "GET", "/ServiceProviderConfig", "", &Context::default()).body;
    for part in [
        r#""bulk":{"supported":false"#,
        r#""maxResults":7"#,
        r#""defaultPageSize":7,"maxPageSize":7"#,
        r#""authenticationSchemes":[]"#,
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    assert_eq!(send(&tenant, "POST", "/Bulk", "{}", &Context::default()).status, 501);
}

#[test]
fn head_tells_the_length_of_the_body_that_get_has() {
    let tenant = tenant();
    for target in ["/Users", "/Users/nobody", "/Schemas", "/ServiceProviderConfig", "/Users?filter=x"] {
        let get = send(&tenant, "GET", target, "", &Context::default());
        let head = send(&tenant, "HEAD", target, "", &Context::default());
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{target}");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{target}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{target}");
    }
    // What has no body has no length of one.
    let body = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}"#;
    let created = send(&tenant, "POST", "/Users", body, &Context::default());
    let (target, tag) = (created.header("location").unwrap(), created.header("etag").unwrap());
    let headers = [("If-None-Match", tag)];
    let unchanged =
        handle(&tenant, &Request { method: "HEAD", target, headers: &headers, body: b"" }, &Context::default());
    assert_eq!((unchanged.status, unchanged.header("content-length")), (304, None));
}

#[test]
fn hosts_may_look_at_errors() {
    let tenant = tenant();
    let request = Request { method: "GET", target: "/Users/nobody", headers: &[], body: b"" };
    let error = try_handle(&tenant, &request, &Context::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(answer_error(&error), handle(&tenant, &request, &Context::default()));
    // A method that is not allowed is an answer, since it needs a header.
    let request = Request { method: "PUT", target: "/Users", ..request };
    let answer = try_handle(&tenant, &request, &Context::default()).unwrap();
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, POST, OPTIONS")));
}

#[test]
fn only_what_writes_needs_more_than_reading() {
    let cases = [
        ("GET", "/Users", Scope::Read),
        ("HEAD", "/Me", Scope::Read),
        ("OPTIONS", "/Bulk", Scope::Read),
        ("POST", "/.search", Scope::Read),
        ("POST", "/Users/.search/?x=1", Scope::Read),
        ("POST", "/Users/%2Esearch", Scope::Read),
        ("POST", "/Users", Scope::Write),
        ("POST", "/Bulk", Scope::Write),
        ("POST", "/Users/%ff", Scope::Write),
        // An endpoint may have two segments.
        ("POST", "/User/Kind/.search", Scope::Read),
        ("POST", "/User/Kind/1/.search", Scope::Write),
        ("PUT", "/Users/.search", Scope::Write),
        ("PATCH", "/Users/1", Scope::Write),
        ("DELETE", "/Users/1", Scope::Write),
        ("get", "/Users", Scope::Write),
    ];
    for (method, target, scope) in cases {
        assert_eq!(required_scope(method, target), scope, "{method} {target}");
    }
}

#[test]
fn a_method_is_not_repeated_where_it_could_be_anything() {
    let long = "X".repeat(10_000);
    for method in [long.as_str(), "a\nb", "", "<script>"] {
        let answer = send(&tenant(), method, "/Users", "", &Context::default());
        assert_eq!(answer.status, 405);
        assert!(answer.body.contains("this method"), "{}", answer.body);
    }
}

/// docs/HTTP.md, whose table of errors follows from the one table.
fn document() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/HTTP.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_document_names_every_error() {
    let document = document();
    let mut rows: Vec<_> = ERROR_TABLE.iter().collect();
    rows.sort_by_key(|row| (row.status, row.code));
    let begins = rows.iter().map(|row| {
        let scim_type = row.scim_type.map(|name| format!("`{name}`")).unwrap_or_default();
        format!("| {} | {scim_type} | `{}` | ", row.status, row.name)
    });
    let begins: Vec<String> = begins.collect();
    let after = document.split("| status | `scimType` | kind | when |\n|---|---|---|---|\n").nth(1).expect("the table");
    let table: Vec<&str> = after.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(table.len(), begins.len(), "one row for each kind");
    for (row, begin) in table.iter().zip(&begins) {
        assert!(row.starts_with(begin) && row.len() > begin.len() + 4, "{row}\nshould begin\n{begin}");
    }
}

#[test]
fn the_document_shows_the_example_that_compiles() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocol/mod.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let docs = source.lines().map_while(|line| line.strip_prefix("//!"));
    let docs: Vec<&str> = docs.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let shown: Vec<String> = docs.iter().filter(|line| !line.starts_with('#')).map(|line| (*line).to_owned()).collect();
    let example = document();
    let example = example.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert!(shown.join("\n").contains(example.trim_end()), "src/protocol/mod.rs has another example");
}
