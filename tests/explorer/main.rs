//! What the explorer's page is made of, over a socket: the page itself, counts, explanations, and who gets them. The
//! page in a browser is tested by `run.sh` beside this file.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/http.rs"]
mod http;

use http::{Client, Served};
use scimdb::engine::{Scope, TenantOptions, TokenOptions};
use serde_json::json;

const EXPLAIN: &str = "/explorer/explain/scim/v2/Users?filter=userName+sw+%22a%22";

fn development() -> Served {
    Served::new(|options| options.development = true)
}

/// A client of every path of a server.
fn root(served: &Served) -> Client {
    Client::new(format!("http://{}", served.address))
}

fn add_user(client: &Client, user_name: &str) {
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name});
    assert_eq!(client.json("POST", "/Users", &user).status, 201);
}

#[test]
fn there_is_nothing_without_development() {
    let served = Served::new(|_| {});
    for path in ["/", "/explorer/stats", EXPLAIN] {
        let answer = root(&served).get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["status"], "404", "{path}");
        assert_eq!(answer.header("server-timing"), None, "{path}");
    }
}

#[test]
fn the_page_is_served_with_a_policy() {
    let served = development();
    let client = root(&served);
    let page = client.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.body.starts_with("<!doctype html>"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    let head = client.send("HEAD", "/", &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for path in ["/", "/explorer/stats"] {
        let refused = client.json("POST", path, &json!({}));
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{path}");
    }
    assert_eq!(client.get("/explorer").status, 404);
}

#[test]
fn searches_are_explained_instead_of_answered() {
    let served = development();
    add_user(&served.client(""), "ann");
    let client = root(&served);
    let by_query = client.get(EXPLAIN);
    assert_eq!((by_query.status, &by_query.json()["total"]), (200, &json!(1)));
    assert!(!by_query.json()["steps"].as_array().unwrap().is_empty());
    let search = json!({"filter": "userName sw \"b\""});
    for endpoint in ["", "/Users"] {
        let target = format!("/explorer/explain/scim/default/v2{endpoint}/.search");
        let by_message = client.json("POST", &target, &search);
        assert_eq!((by_message.status, &by_message.json()["total"]), (200, &json!(0)), "{target}");
    }
    assert_eq!(client.get("/explorer/explain/scim/nowhere/v2/Users").status, 404);
}

#[test]
fn nothing_but_searches_is_explained() {
    let served = development();
    let client = root(&served);
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"});
    let cases = [
        ("POST", "/Users", 405, Some("GET")),
        ("PUT", "/Users/.search", 405, Some("POST")),
        ("DELETE", "/Users/1", 404, None),
        ("POST", "/Bulk", 404, None),
    ];
    for (method, path, status, allow) in cases {
        let answer = client.json(method, &format!("/explorer/explain/scim/v2{path}"), &user);
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{method} {path}");
    }
    assert_eq!(served.client("").get("/Users").json()["totalResults"], 0);
}

#[test]
fn an_error_tells_its_byte() {
    let served = development();
    // Two bytes a letter.
    let search = json!({"filter": "title eq \"éé\" nad active eq true"});
    for path in ["/scim/v2/Users/.search", "/explorer/explain/scim/v2/Users/.search"] {
        let answer = root(&served).json("POST", path, &search);
        assert_eq!((answer.status, answer.header("x-scimdb-error-offset")), (400, Some("16")), "{path}");
        assert!(answer.header("server-timing").unwrap().starts_with("total;dur="), "{path}");
        // The message has no other members than those of RFC 7644 section 3.12.
        let document = answer.json();
        let names: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["schemas", "scimType", "detail", "status"], "{path}");
    }
}

#[test]
fn a_token_sees_what_it_is_for() {
    let served = Served::new(|options| (options.development, options.require_tokens) = (true, true));
    let store = &served.store;
    store.create_tenant("acme", TenantOptions::default()).unwrap();
    let token = |tenant: &str, scope| {
        let options = TokenOptions::of_scope(scope);
        let made = store.tenant(tenant).unwrap().create_token("explorer", options).unwrap();
        root(&served).with_token(&made.secret)
    };
    // The page holds no data: it asks for a token itself.
    assert_eq!(root(&served).get("/").status, 200);
    for path in ["/explorer/stats", "/explorer/stats?tenant=acme", EXPLAIN] {
        assert_eq!(root(&served).get(path).status, 401, "{path}");
    }
    let names = |client: &Client, path: &str| {
        let answer = client.get(path);
        let document = answer.json();
        let tenants = document["tenants"].as_array().into_iter().flatten();
        (answer.status, tenants.map(|tenant| tenant["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let all = vec!["acme".to_owned(), "default".to_owned()];
    assert_eq!(names(&token("default", Scope::Admin), "/explorer/stats"), (200, all));
    let reader = token("acme", Scope::Read);
    assert_eq!(names(&reader, "/explorer/stats"), (403, Vec::new()));
    assert_eq!(names(&reader, "/explorer/stats?tenant=acme"), (200, vec!["acme".to_owned()]));
    assert_eq!(names(&reader, "/explorer/stats?tenant=default"), (403, Vec::new()));
    assert_eq!(reader.get(EXPLAIN).status, 403);
    assert_eq!(reader.get("/explorer/explain/scim/acme/v2/Users").status, 200);
}
