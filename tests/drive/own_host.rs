//! What only a binding does: it opens stores, lets bearers in, and answers requests of a host's web server.

use serde_json::{Value, json};

use crate::driven::{Answer, Driven};
use crate::own::{Step, Tenant, must, must_fail, user};

pub const STEPS: &[Step] = &[
    ("who writes, and where", options),
    ("tokens, and who their bearers are", tokens),
    ("handle lets bearers in", bearers),
    ("handle answers whatever is sent", whatever),
    ("a store opened anew, with options", opened),
];

fn options(driven: &mut Driven) -> Result<(), String> {
    const BASE: &str = "https://example.com/scim";
    let mut tenant = Tenant::new(driven, "own-options")?;
    let options = json!({"base": BASE, "actor": "é, a host"});
    let made = tenant.create("User", &user("a"), options.clone())?;
    let located = |found: &Value| found["meta"]["location"].as_str().is_some_and(|location| location.starts_with(BASE));
    must(located(&made), &made)?;
    let found = tenant.get("User", &made["id"], json!({"base": BASE})).json()?;
    must(located(&found), &found)?;
    let operations = json!([{"op": "add", "path": "title", "value": "t"}]);
    tenant.patch("User", &made["id"], operations, options.clone()).json()?;
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": "b", "data": user("b")}]});
    let done = tenant.ask("bulk", json!({"request": body.to_string(), "options": options.clone()})).json()?;
    let location = &done["Operations"][0]["location"];
    must(location.as_str().is_some_and(|location| location.starts_with(BASE)), &done)?;
    tenant.ask("import", json!({"chunks": [user("c").to_string()], "options": {"actor": "é, a host"}})).json()?;
    tenant.ask("delete", json!({"type": "User", "id": made["id"], "options": options}));
    let told = tenant.ask("changes", json!({"since": 0, "max": 10, "wait_ms": 0})).json()?;
    let changes = told["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    must(changes.len() == 5 && changes.iter().all(|change| change["actor"] == "é, a host"), &told)
}

fn token(tenant: &mut Tenant<'_>, name: &str, options: Value) -> Result<String, String> {
    let made = tenant.ask("token_create", json!({"name": name, "options": options})).json()?;
    made["secret"].as_str().map(str::to_owned).ok_or_else(|| made.to_string())
}

fn tokens(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-tokens")?;
    let made = tenant.create("User", &user("me"), json!({}))?;
    let options = json!({"scope": "read", "lifetimeSeconds": 3_600, "subject": made["id"]});
    let secret = token(&mut tenant, "reader", options)?;
    let found = tenant.driven.ask("authenticate", json!({"secret": secret})).json()?;
    must(found["scope"] == "read" && found["tenant"] == "own-tokens" && found["subject"] == made["id"], &found)?;
    must_fail(&tenant.driven.ask("authenticate", json!({"secret": "nobody's"})), "UNAUTHENTICATED")?;
    let again = json!({"name": "reader", "options": {}});
    must_fail(&tenant.ask("token_create", again), "ALREADY_EXISTS")?;
    let nobody = json!({"name": "other", "options": {"subject": "nobody"}});
    must_fail(&tenant.ask("token_create", nobody), "NOT_FOUND")
}

fn bearers(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-bearers")?;
    let reader = token(&mut tenant, "reader", json!({"scope": "read"}))?;
    let writer = token(&mut tenant, "writer", json!({"scope": "write"}))?;
    let body = user("a").to_string();
    let cases = [
        (None, "GET", "", 401),
        (Some("nobody's".to_owned()), "GET", "", 401),
        (Some(reader.clone()), "GET", "", 200),
        (Some(reader), "POST", body.as_str(), 403),
        (Some(writer), "POST", body.as_str(), 201),
    ];
    for (secret, method, body, status) in cases {
        let mut headers = vec![json!(["Content-Type", "application/scim+json"])];
        headers.extend(secret.map(|secret| json!(["Authorization", format!("Bearer {secret}")])));
        let request = json!({
            "tenant": "own-bearers", "method": method, "target": "/Users", "headers": headers, "body": body,
            "context": {"authenticate": true},
        });
        // The engine lets nobody in: that is the face's.
        let answer = tenant.driven.ask_alone("handle", request);
        let Answer::Ok(answer) = &answer else { return Err(format!("{answer:?}")) };
        must(answer["status"] == status, format!("{method} is answered with {answer}, not {status}"))?;
    }
    Ok(())
}

fn whatever(driven: &mut Driven) -> Result<(), String> {
    let mut tenant = Tenant::new(driven, "own-whatever")?;
    let json_type = json!(["content-type", "application/scim+json"]);
    let cases = [
        // No UTF-8.
        (
            json!({"method": "POST", "target": "/Users", "headers": [json_type], "body_base64": "eyJ1c2VyTmFtZSI6Iv8ifQ=="}),
            400,
        ),
        (json!({"method": "POST", "target": "/Users", "headers": [], "body": ""}), 400),
        (json!({"method": "BREW", "target": "/Users", "headers": []}), 405),
        (json!({"method": "GET", "target": "", "headers": []}), 200),
        (json!({"method": "GET", "target": "/nothing/at/all", "headers": []}), 404),
        (json!({"method": "GET", "target": "/Users?filter=%zz", "headers": []}), 400),
        (
            json!({"method": "GET", "target": "/Users?filter=title+eq+%22%C3%A9%22", "headers": [["accept", "*/*"]]}),
            200,
        ),
        (
            json!({"method": "POST", "target": "/Users", "headers": [json_type],
            "body": user(&"x".repeat(3_000)).to_string(), "context": {"maxBodyBytes": 1_000}}),
            413,
        ),
        (json!({"method": "OPTIONS", "target": "/Users", "headers": []}), 204),
    ];
    for (mut request, status) in cases {
        if request.get("context").is_none() {
            request["context"] = json!({"base": "https://example.com/scim", "actor": "a host"});
        }
        let asked = request.to_string();
        let answer = tenant.ask("handle", request);
        let Answer::Ok(answer) = &answer else { return Err(format!("{asked}: {answer:?}")) };
        must(answer["status"] == status, format!("{asked} is answered with {answer}, not {status}"))?;
    }
    let nowhere = json!({"tenant": "nowhere", "method": "GET", "target": "/Users", "headers": [], "context": {}});
    let answer = tenant.driven.ask("handle", nowhere);
    let Answer::Ok(answer) = &answer else { return Err(format!("{answer:?}")) };
    must(answer["status"] == 404, answer)
}

fn opened(driven: &mut Driven) -> Result<(), String> {
    driven.open_tenant("own-before", "strict", &[])?;
    driven.ask("stats", json!({})).json()?;
    let options = json!({"defaultPage": 2, "maxPage": 3, "maxBulkOperations": 1, "keepChanges": 2});
    if let Answer::Error(error) = driven.ask("open", json!({"options": options})) {
        return Err(error.to_string());
    }
    let gone = driven.ask("get", json!({"tenant": "own-before", "type": "User", "id": "x", "options": {}}));
    must_fail(&gone, "UNKNOWN_TENANT")?;
    let mut tenant = Tenant { driven, name: "default" };
    for number in 0..5 {
        tenant.create("User", &user(&format!("u{number}")), json!({}))?;
    }
    let page = tenant.search(Some("User"), json!({}))?;
    must(page["itemsPerPage"] == 2 && page["totalResults"] == 5, &page)?;
    let page = tenant.search(Some("User"), json!({"count": 10}))?;
    must(page["itemsPerPage"] == 3, &page)?;
    must_fail(&tenant.ask("changes", json!({"since": 0, "max": 10, "wait_ms": 0})), "OUT_OF_RANGE")
}
