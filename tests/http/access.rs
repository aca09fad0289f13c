//! Who is let in, how far, and before what is read.

use scimdb::engine::{Scope, TenantOptions, TokenOptions};
use serde_json::json;

use crate::harness::{USER, bearer, message, served, user};

#[test]
fn a_token_is_asked_for_before_a_byte_of_the_body() {
    let served = served(|options| options.require_tokens = true);
    let refused = "Bearer realm=\"scimdb\", error=\"invalid_token\"";
    for (header, challenge) in [
        ("x-nothing: 1", "Bearer realm=\"scimdb\""),
        ("authorization: Bearer wrong", refused),
        ("authorization: Basic dXNlcjpwYXNz", refused),
        ("authorization: Bearer \u{fe}", refused),
    ] {
        let mut wire = served.connect();
        // The body never comes.
        let expect = [header, "content-length: 1000", "expect: 100-continue"];
        wire.write(message("POST", "/scim/v2/Users", &expect, ""));
        let answer = wire.answer().unwrap();
        answer.is_error(401);
        assert_eq!(answer.header("www-authenticate"), Some(challenge), "{header}");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(wire.closes());
    }
    served.get("/scim/v2/Users", &[]).is_error(401);
    // Whether a tenant exists is not told either.
    served.get("/scim/nowhere/v2/Users", &[]).is_error(401);
}

#[test]
fn a_body_that_waits_to_be_asked_for_is() {
    let served = served(|options| options.require_tokens = true);
    let token = bearer(&served.token("default", "w", Scope::Write));
    let body = user("ann");
    let mut wire = served.connect();
    let length = format!("content-length: {}", body.len());
    wire.write(message("POST", "/scim/v2/Users", &[&token, &length, "expect: 100-continue"], ""));
    assert_eq!(wire.answer().unwrap().status, 100);
    wire.write(&body);
    assert_eq!(wire.answer().unwrap().status, 201);
    // The connection goes on.
    assert_eq!(wire.request("GET", "/scim/v2/Users", &[&token], "").json()["totalResults"], 1);
}

#[test]
fn each_method_needs_its_scope() {
    let served = served(|options| options.require_tokens = true);
    let [read, write] =
        [("r", Scope::Read), ("w", Scope::Write)].map(|(name, scope)| bearer(&served.token("default", name, scope)));
    let created = served.send("POST", "/scim/v2/Users", &[&write], &user("ann")).json();
    let path = format!("/scim/v2/Users/{}", created["id"].as_str().unwrap());
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] }).to_string();
    let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "title", "value": "x" }] });
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "1", "data": { "schemas": [USER], "userName": "eve" } }] });
    for (method, path, body) in [
        ("GET", "/scim/v2/Users", ""),
        ("HEAD", path.as_str(), ""),
        ("OPTIONS", "/scim/v2/Users", ""),
        ("POST", "/scim/v2/Users/.search", search.as_str()),
        ("POST", "/scim/v2/.search", search.as_str()),
    ] {
        let answer = served.send(method, path, &[&read], body);
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
    }
    let changes = [
        ("POST", "/scim/v2/Users", user("bob")),
        ("PUT", path.as_str(), user("ann")),
        ("PATCH", path.as_str(), patch.to_string()),
        ("POST", "/scim/v2/Bulk", bulk.to_string()),
        ("DELETE", path.as_str(), String::new()),
    ];
    for (method, path, body) in &changes {
        let answer = served.send(method, path, &[&read], body);
        answer.is_error(403);
        assert!(answer.header("www-authenticate").unwrap().contains("insufficient_scope"), "{answer:?}");
    }
    for (method, path, body) in &changes {
        let answer = served.send(method, path, &[&write], body);
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
    }
}

#[test]
fn a_token_reaches_its_own_tenant_only() {
    let served = served(|options| options.require_tokens = true);
    for name in ["acme", "zenith"] {
        served.store.create_tenant(name, TenantOptions::default()).unwrap();
    }
    let acme = bearer(&served.token("acme", "provisioner", Scope::Write));
    let admin = bearer(&served.token("default", "operator", Scope::Admin));
    assert_eq!(served.get("/scim/acme/v2/Users", &[&acme]).status, 200);
    for path in ["/scim/zenith/v2/Users", "/scim/nowhere/v2/Users", "/scim/v2/Users", "/scim/default/v2/Users"] {
        served.get(path, &[&acme]).is_error(403);
    }
    assert_eq!(served.get("/scim/zenith/v2/Users", &[&admin]).status, 200);
    served.get("/scim/nowhere/v2/Users", &[&admin]).is_error(404);
}

#[test]
fn a_token_that_was_revoked_or_has_expired_is_refused() {
    let served = served(|options| options.require_tokens = true);
    let tenant = served.store.tenant("default").unwrap();
    let token = bearer(&served.token("default", "w", Scope::Write));
    // It is revoked while the body comes in.
    let mut wire = served.connect();
    let body = user("ann");
    let length = format!("content-length: {}", body.len());
    wire.write(message("POST", "/scim/v2/Users", &[&token, &length, "expect: 100-continue"], ""));
    assert_eq!(wire.answer().unwrap().status, 100);
    tenant.revoke_token("w").unwrap();
    wire.write(&body);
    wire.answer().unwrap().is_error(401);
    let lifetime = Some(std::time::Duration::from_millis(1));
    let options = TokenOptions { lifetime, ..TokenOptions::of_scope(Scope::Read) };
    let expired = bearer(&tenant.create_token("short", options).unwrap().secret);
    std::thread::sleep(std::time::Duration::from_millis(50));
    served.get("/scim/v2/Users", &[&expired]).is_error(401);
}

#[test]
fn a_token_that_is_sent_is_checked_even_where_none_is_needed() {
    let served = served(|_| {});
    assert_eq!(served.get("/scim/v2/Users", &[]).status, 200);
    let right = bearer(&served.token("default", "r", Scope::Read));
    assert_eq!(served.get("/scim/v2/Users", &[&right]).status, 200);
    served.get("/scim/v2/Users", &["authorization: Bearer wrong"]).is_error(401);
    served.get("/scim/v2/Users", &["authorization: \u{ff}"]).is_error(401);
    // Which of two is meant, nobody can say.
    served.get("/scim/v2/Users", &[&right, &right]).is_error(401);
}
