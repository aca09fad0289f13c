//! Imports that are queued: larger than any other body, and told how far they are.

use scimdb::engine::{Scope, TenantOptions};
use serde_json::Value;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{PATIENCE, Served, Wire, bearer, message, served};

const PATH: &str = "/scim/acme/v2/Users/.import";
const GROUP: &str = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g"}"#;

/// A server whose tenant `acme` has imports, and the id of a group there.
fn importing() -> (Served, String) {
    let served = served(|options| options.max_body_bytes = 2_000);
    let profile = r#"{"name": "acme", "endpoints": ["import"]}"#.parse().unwrap();
    served.store.create_tenant("acme", TenantOptions::of_profile(profile)).unwrap();
    let made = served.send("POST", "/scim/acme/v2/Groups", &[], GROUP);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    (served, id)
}

fn chunked(wire: &mut Wire<TcpStream>, text: &str) {
    wire.write(format!("{:x}\r\n{text}\r\n", text.len()));
}

fn head() -> String {
    message("POST", PATH, &["transfer-encoding: chunked", "content-type: application/scim+json"], "")
}

fn ended(served: &Served, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let told = served.get(&format!("{PATH}/{id}"), &[]);
        assert_eq!(told.status, 200, "{told:?}");
        let told = told.json();
        if told["status"] != "importing" {
            return told;
        }
        assert!(told["nbProcessed"].is_u64() && began.elapsed() < PATIENCE, "{told}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_import_is_larger_than_any_other_body() {
    let (served, group) = importing();
    let mut wire = served.connect();
    wire.write(head());
    chunked(&mut wire, r#"{"users": ["#);
    const COUNT: usize = 10_000;
    for part in 0..COUNT / 100 {
        let users: String = (part * 100..part * 100 + 100)
            .map(|n| format!(r#"{{"userName": "u{n}", "externalId": "bb0_{n}"}}, "#))
            .collect();
        chunked(&mut wire, &users);
    }
    chunked(&mut wire, &format!(r#"{{"userName": "U7"}}, {{"title": "x"}}], "group": {{"value": "{group}"}}}}"#));
    wire.write("0\r\n\r\n");
    let answer = wire.answer().unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let told = answer.json();
    let id = told["correlationId"].as_str().unwrap();
    assert_eq!(told["schemas"][0], "urn:hid:scim:api:idp:2.0:user:ImportResponse");
    assert_eq!((&told["meta"]["resourceType"], &told["meta"]["version"]), (&"UserImportResponse".into(), &"1".into()));
    assert_eq!(told["meta"]["location"].as_str(), answer.header("location"));
    assert!(answer.header("location").unwrap().ends_with(&format!("{PATH}/{id}")), "{answer:?}");
    let told = ended(&served, id);
    let expected = format!(
        r#"{{"schemas":["urn:hid:scim:api:idp:2.0:user:ImportResponse"],"correlationId":"{id}","status":"done","importSize":{},"nbFailed":1,"nbAlreadyExisted":1,"nbImported":{COUNT}}}"#,
        COUNT + 2
    );
    assert_eq!(told, serde_json::from_str::<Value>(&expected).unwrap());
    // The connection goes on, and other bodies are held to their limit.
    wire.request("POST", "/scim/acme/v2/Users", &[], &" ".repeat(3_000)).is_error(413);
    served.get(&format!("{PATH}/1P5FOESDK44J6Q0QAHK2"), &[]).is_error(404);
    served.get(&format!("/scim/acme/v2/Groups/.import/{id}"), &[]).is_error(404);
    served.get(PATH, &[]).is_error(405);
}

#[test]
fn an_import_that_is_wrong_or_breaks_off_leaves_nothing() {
    let (served, group) = importing();
    let tenant = served.store.tenant("acme").unwrap();
    let entries = || served.store.check(&mut |_, _| ()).unwrap().entries;
    let before = entries();
    let users: String = (0..5_000).map(|n| format!(r#"{{"userName": "u{n}"}}, "#)).collect();
    // It is answered before it has come.
    let mut wire = served.connect();
    wire.write(head());
    chunked(&mut wire, &format!(r#"{{"users": [{users}7,"#));
    wire.answer().unwrap().is_error(400);
    assert!(wire.closes());
    // Its client goes away.
    let mut wire = served.connect();
    wire.write(head());
    chunked(&mut wire, &format!(r#"{{"group": {{"value": "{group}"}}, "users": [{users}"#));
    drop(wire);
    served.send("POST", PATH, &[], r#"{"users": [], "group": {"value": "nobody"}}"#).is_error(400);
    served.send("POST", PATH, &["content-type: text/xml"], "{}").is_error(415);
    let began = Instant::now();
    while entries() > before {
        assert!(began.elapsed() < PATIENCE, "what was taken in is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(tenant.import_jobs().unwrap(), []);
    served.is_well();
}

#[test]
fn imports_are_for_those_who_may_write_and_where_the_profile_has_them() {
    let (served, _) = importing();
    let reader = served.token("acme", "reader", Scope::Read);
    let empty = r#"{"users": [], "group": {"value": "x"}}"#;
    served.send("POST", PATH, &[&bearer(&reader)], empty).is_error(403);
    served.send("POST", PATH, &["authorization: Bearer unknown"], empty).is_error(401);
    // The default tenant has none: there it is a resource, which does not exist and takes no POST.
    served.send("POST", "/scim/v2/Users/.import", &[], empty).is_error(405);
    served.get("/scim/v2/Users/.import", &[]).is_error(404);
    served.get("/scim/v2/Users/.import/1P5FOESDK44J6Q0QAHK2", &[]).is_error(404);
    served.send("POST", "/scim/acme/v2/Robots/.import", &[], empty).is_error(404);
    served.send("POST", "/scim/nobody/v2/Users/.import", &[], empty).is_error(404);
}

#[test]
fn imports_stand_where_their_type_stands_and_are_counted_by_their_status() {
    let served = served(|_| {});
    let profile = r#"{"name": "acme", "endpoints": ["import"], "paths": [
        "/scim/v1", {"path": "/groups/{tenant}", "resourceTypes": ["Group"]}]}"#;
    served.store.create_tenant("acme", TenantOptions::of_profile(profile.parse().unwrap())).unwrap();
    let group = served.send("POST", "/groups/acme/Groups", &[], GROUP).json()["id"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"users": [], "group": {{"value": "{group}"}}}}"#);
    served.send("POST", "/groups/acme/Users/.import", &[], &body).is_error(404);
    assert_eq!(served.store.tenant("acme").unwrap().import_jobs().unwrap(), []);
    let queued = served.send("POST", "/scim/v1/Users/.import", &[], &body);
    assert_eq!(queued.status, 202, "{queued:?}");
    served.send("POST", "/scim/v2/Users/.import", &[], &body).is_error(405);
    let metrics = String::from_utf8(served.get("/metrics", &[]).body).unwrap();
    for code in ["202", "404", "405"] {
        let label = format!(r#"method="POST",status="{code}""#);
        assert!(metrics.contains(&label), "{code}: {metrics}");
    }
}
