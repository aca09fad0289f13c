//! Bulk requests: what counts as a reference to another operation, and passwords that operations set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::engine::{ENTERPRISE, USER, Verbs, group, tenant, user};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn post(bulk_id: &str, endpoint: &str, data: Value) -> Value {
    json!({"method": "POST", "path": format!("/{endpoint}"), "bulkId": bulk_id, "data": data})
}

fn patch(path: &str, operations: Value) -> Value {
    json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": operations}})
}

#[test]
fn a_bulk_id_is_a_reference_only_where_an_id_can_stand() {
    let tenant = tenant();
    let boss = "bulkId:boss";
    let mut report =
        json!({"schemas": [USER, ENTERPRISE], "userName": "report", "displayName": boss, "password": boss});
    report[ENTERPRISE] = json!({"department": boss, "manager": {"value": boss}});
    let response = tenant.send_bulk(json!({"Operations": [
        post("report", "Users", report),
        post("boss", "Users", user("boss")),
        post("team", "Groups", group(boss, &[boss, "bulkId:report"])),
        patch("/Groups/bulkId:team", json!([
            {"op": "remove", "path": "members[value eq \"bulkId:report\"]"},
            {"op": "replace", "path": "displayName", "value": "bulkId:nobody"},
        ])),
        patch("/Users/bulkId:report", json!([
            {"op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": "bulkId:report"},
            {"op": "add", "value": {"title": "bulkId:nobody"}},
        ])),
    ]}));
    let statuses: Vec<u16> = response.results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [201, 201, 201, 200, 200], "{response:?}");
    let id = |name: &str| tenant.found(Some("User"), &format!("userName eq \"{name}\"")).remove(0);
    let (report, team) = (id("report"), tenant.found(Some("Group"), "").remove(0));
    let shown = tenant.read("User", &report);
    assert_eq!((&shown["displayName"], &shown["title"]), (&json!(boss), &json!("bulkId:nobody")));
    assert_eq!(shown[ENTERPRISE]["department"], boss);
    assert_eq!(shown[ENTERPRISE]["manager"]["value"], *report);
    assert!(tenant.verify_password("User", &report, boss).unwrap());
    let team = tenant.read("Group", &team);
    assert_eq!(team["displayName"], "bulkId:nobody");
    assert_eq!(team["members"].as_array().unwrap().len(), 1);
    assert_eq!(team["members"][0]["value"], *id("boss"));
}

#[test]
fn an_unknown_bulk_id_is_not_repeated() {
    let tenant = tenant();
    let response = tenant.send_bulk(json!({"Operations": [
        post("team", "Groups", group("team", &["bulkId:secret"])),
        json!({"method": "DELETE", "path": "/Users/bulkId:secret"}),
        patch("/Groups/bulkId:team", json!([{"op": "remove", "path": "members[value eq \"bulkId:secret\"]"}])),
    ]}));
    for (index, result) in response.results.iter().enumerate() {
        let error = result.error.as_ref().unwrap();
        assert!(!error.detail().contains("secret"), "{error}");
        assert!(error.detail().contains(&format!("operation {} refers", index + 1)), "{error}");
    }
}

#[test]
fn each_password_of_a_bulk_request_is_set() {
    let tenant = tenant();
    let ids: Vec<String> = (0..4).map(|i| tenant.id_of("User", user(&format!("u{i}")))).collect();
    let set = |id: &String| {
        patch(&format!("/Users/{id}"), json!([{"op": "add", "path": "password", "value": format!("of {id}")}]))
    };
    let mut operations: Vec<Value> = ids.iter().map(set).collect();
    // The last one that is set counts, and a refused one stops no other.
    operations
        .push(patch(&format!("/Users/{}", ids[0]), json!([{"op": "replace", "path": "password", "value": "new"}])));
    operations
        .push(patch(&format!("/Users/{}", ids[1]), json!([{"op": "replace", "path": "password", "value": "\u{0}"}])));
    let response = tenant.send_bulk(json!({"Operations": operations}));
    let statuses: Vec<u16> = response.results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 400]);
    assert!(tenant.verify_password("User", &ids[0], "new").unwrap());
    for id in &ids[1..] {
        assert!(tenant.verify_password("User", id, &format!("of {id}")).unwrap());
    }
}
