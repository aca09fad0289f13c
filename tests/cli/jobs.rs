//! Imports that are queued, and the change log of what they did.

use serde_json::json;

use super::{GROUP, Sandbox};

#[test]
fn imports_that_were_queued_go_on_and_are_told() {
    let sandbox = Sandbox::new();
    sandbox.run_with(&["create", "Group", "-"], &format!(r#"{{"schemas": ["{GROUP}"], "displayName": "g"}}"#)).ok();
    let group = sandbox.run(&["query", "--type", "Group", "--output", "json"]).lines()[0]["id"].clone();
    assert_eq!(sandbox.run(&["jobs", "--output", "json"]).ok(), "");
    let store = scimdb::Store::open(sandbox.path("scimdb-data"), scimdb::StoreOptions::default()).unwrap();
    let body = json!({"users": [{"userName": "a"}, {"externalId": "x"}], "group": {"value": group}}).to_string();
    let tenant = store.tenant("default").unwrap();
    let queued = tenant.queue_import(scimdb::engine::ImportJobOptions::default(), &mut body.as_bytes()).unwrap();
    store.close().unwrap();
    let id = queued.correlation_id.as_str();
    let followed = sandbox.run(&["jobs", "--follow", id, "--output", "json"]);
    let told = followed.lines()[0].clone();
    assert!(followed.fails(7).contains("1 users failed"));
    assert_eq!((&told["status"], &told["imported"], &told["failed"]), (&json!("done"), &json!(1), &json!(1)));
    assert_eq!((&told["failures"][0]["row"], &told["failures"][0]["externalId"]), (&json!(2), &json!("x")));
    assert_eq!(sandbox.run(&["jobs", id]).lines(), [told]);
    let table = sandbox.run(&["jobs", id, "--output", "table"]).ok();
    assert!(table.contains("why it failed") && table.contains("done"), "{table}");
    sandbox.run(&["jobs", "1P5FOESDK44J6Q0QAHK2"]).fails(4);
    // What an auditor asks for.
    let audited = sandbox.run(&["changes", "--correlation-id", id, "--type", "user"]).lines();
    assert_eq!((audited.len(), &audited[0]["operation"]), (1, &json!("create")), "{audited:?}");
    assert_eq!(audited[0]["correlationId"], json!(id));
    let all = sandbox.run(&["changes"]).lines();
    assert_eq!(all.len(), 3, "the group, the user, the membership: {all:?}");
    let since = all[0]["sequence"].to_string();
    assert_eq!(sandbox.run(&["changes", "--since", &since, "--count", "1"]).lines(), [all[1].clone()]);
    assert_eq!(sandbox.run(&["changes", "--actor", "nobody"]).ok(), "");
    let table = sandbox.run(&["changes", "--output", "table", "--id", all[1]["id"].as_str().unwrap()]).ok();
    assert!(table.contains("operation") && table.contains("create"), "{table}");
    sandbox.run(&["changes", "--since", "1000000"]).fails(3);
}
