//! Bulk requests: the examples of RFC 7644 section 3.7 as printed, and what they leave open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use scimdb::engine::{TenantOptions, WriteOptions};
use scimdb::message::{BulkRequest, BulkResponse};
use scimdb::{ErrorKind, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::engine::*;

fn send(tenant: &Tenant, request: &str) -> Value {
    let request = BulkRequest::from_json(request.as_bytes()).unwrap();
    let response = tenant.bulk(request, &WriteOptions::default()).unwrap();
    serde_json::from_str(&response.to_json("https://example.com/v2")).unwrap()
}

fn id_in(result: &Value) -> String {
    result["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn statuses(response: &BulkResponse) -> Vec<u16> {
    response.results.iter().map(|result| result.status).collect()
}

fn post_group(bulk_id: &str, members: &[&str]) -> Value {
    json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": group(bulk_id, members)})
}

fn patch_of(path: String, operations: Value) -> Value {
    let data = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    json!({"method": "PATCH", "path": path, "data": data})
}

/// RFC 7644 section 3.7.1.
#[test]
fn groups_that_are_members_of_each_other() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let response = send(
        &tenant,
        r#"{
     "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
     "Operations": [
       {
         "method": "POST",
         "path": "/Groups",
         "bulkId": "qwerty",
         "data": {
           "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
           "displayName": "Group A",
           "members": [
             {
               "type": "Group",
               "value": "bulkId:ytrewq"
             }
           ]
         }
       },
       {
         "method": "POST",
         "path": "/Groups",
         "bulkId": "ytrewq",
         "data": {
           "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
           "displayName": "Group B",
           "members": [
             {
               "type": "Group",
               "value": "bulkId:qwerty"
             }
           ]
         }
       }
     ]
   }"#,
    );
    let (a, b) = (id_in(&response["Operations"][0]), id_in(&response["Operations"][1]));
    let mut found = tenant.found(Some("Groups"), "displayName sw \"Group\"");
    found.sort();
    let mut expected = [a.clone(), b.clone()];
    expected.sort();
    assert_eq!(found, expected);
    for (group, member) in [(&a, &b), (&b, &a)] {
        let read = tenant.show("Group", group).unwrap();
        let expected = json!([{"value": member, "$ref": format!("/Groups/{member}"), "type": "Group"}]);
        assert_eq!(json_of(&read)["members"], expected);
        let told = response["Operations"].as_array().unwrap().iter().find(|result| id_in(result) == *group).unwrap();
        assert_eq!(told["version"], read.tag.to_string(), "the version told is the one that it still has");
    }
    assert_sound(&store);
}

/// RFC 7644 section 3.7.2.
#[test]
fn a_user_and_its_group_and_a_manager() {
    let tenant = tenant();
    let response = send(
        &tenant,
        r#"{
     "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
     "Operations": [
       {
         "method": "POST",
         "path": "/Users",
         "bulkId": "qwerty",
         "data": {
           "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
           "userName": "Alice"
         }
       },
       {
         "method": "POST",
         "path": "/Groups",
         "bulkId": "ytrewq",
         "data": {
           "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
           "displayName": "Tour Guides",
           "members": [
             {
               "type": "User",
               "value": "bulkId:qwerty"
             }
           ]
         }
       }
     ]
   }"#,
    );
    let results = response["Operations"].as_array().unwrap();
    let (alice, guides) = (id_in(&results[0]), id_in(&results[1]));
    for (result, bulk_id, path) in [(&results[0], "qwerty", "Users"), (&results[1], "ytrewq", "Groups")] {
        assert_eq!([&result["method"], &result["bulkId"], &result["status"]], ["POST", bulk_id, "201"]);
        assert_eq!(result["location"], format!("https://example.com/v2/{path}/{}", id_in(result)));
    }
    assert_eq!(tenant.read("Group", &guides)["members"][0]["value"], alice);
    assert_eq!(tenant.read("User", &alice)["groups"][0]["value"], guides);

    let other = support::engine::tenant();
    let response = send(
        &other,
        r#"{
   "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
   "Operations": [
     {
       "method": "POST",
       "path": "/Users",
       "bulkId": "qwerty",
       "data": {
         "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
         "userName": "Alice"
       }
     },
     {
       "method": "POST",
       "path": "/Users",
       "bulkId": "ytrewq",
       "data": {
         "schemas": [
           "urn:ietf:params:scim:schemas:core:2.0:User",
           "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
         ],
         "userName": "Bob",
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
           "employeeNumber": "11250",
           "manager": {
             "value": "bulkId:qwerty"
           }
         }
       }
     }
   ]
 }"#,
    );
    let bob = other.read("User", &id_in(&response["Operations"][1]));
    assert_eq!(bob[ENTERPRISE]["manager"]["value"], id_in(&response["Operations"][0]));
}

/// RFC 7644 section 3.7.3. The printed request has two mistakes that are mended here: the schema of Alice, and the
/// PATCH message, which is no JSON.
fn add_update_and_remove(
    alice: &str,
    bob: &(String, String),
    dave: &(String, String),
    gone: &(String, String),
) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 1, "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": [USER], "userName": alice}},
        {"method": "PUT", "path": format!("/Users/{}", bob.0), "version": bob.1,
            "data": {"schemas": [USER], "id": bob.0, "userName": "Bob"}},
        {"method": "PATCH", "path": format!("/Users/{}", dave.0), "version": dave.1,
            "data": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
                {"op": "remove", "path": "nickName"}, {"op": "add", "path": "userName", "value": "Dave"}]}},
        {"method": "DELETE", "path": format!("/Users/{}", gone.0), "version": gone.1},
    ]})
}

#[test]
fn add_update_and_remove_users() {
    let tenant = tenant();
    let make = |name: &str| {
        let made = tenant.make("User", json!({"schemas": [USER], "userName": name, "nickName": name})).unwrap();
        (made.id, made.tag.to_string())
    };
    let (bob, dave, gone) = (make("robert"), make("david"), make("eve"));
    let response = send(&tenant, &add_update_and_remove("Alice", &bob, &dave, &gone).to_string());
    let results = response["Operations"].as_array().unwrap();
    let told: Vec<[&Value; 2]> = results.iter().map(|result| [&result["method"], &result["status"]]).collect();
    assert_eq!(told, [["POST", "201"], ["PUT", "200"], ["PATCH", "200"], ["DELETE", "204"]]);
    assert_eq!(results[3]["location"], format!("https://example.com/v2/Users/{}", gone.0));
    assert_eq!(results[3].get("version"), None);
    assert_eq!(tenant.found(None, "userName eq \"alice\"").len(), 1);
    assert_eq!(tenant.found(None, "nickName pr"), Vec::<String>::new());
    for (result, (id, _)) in [(&results[1], &bob), (&results[2], &dave)] {
        assert_eq!(result["version"], tenant.show("User", id).unwrap().tag.to_string());
    }

    // Alice is there already: the request stops at once, with nothing but her error.
    let response = send(&tenant, &add_update_and_remove("ALICE", &bob, &dave, &gone).to_string());
    assert_eq!(response["Operations"].as_array().unwrap().len(), 1);
    let failed = &response["Operations"][0];
    assert_eq!([&failed["status"], &failed["response"]["scimType"]], ["409", "uniqueness"]);
    assert_eq!(failed.get("location"), None, "a POST that failed has none");

    // Without failOnErrors the others are tried as well, and fail for reasons of their own: all versions are old.
    let mut request = add_update_and_remove("alice", &bob, &dave, &gone);
    request.as_object_mut().unwrap().remove("failOnErrors");
    let response = send(&tenant, &request.to_string());
    let results = response["Operations"].as_array().unwrap();
    let told: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
    assert_eq!(told, ["409", "412", "412", "404"]);
    assert_eq!(results[1]["location"], format!("https://example.com/v2/Users/{}", bob.0));
}

#[test]
fn references_stand_in_any_order_and_anywhere() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let old = tenant.id_of("Group", group("old", &[]));
    let response = tenant.send_bulk(json!({"Operations": [
        patch_of(format!("/Groups/{old}"), json!([{"op": "add", "path": "members", "value": [{"value": "bulkId:a"}, {"value": "bulkId:u"}]}])),
        patch_of("/Groups/bulkId:b".to_owned(), json!([{"op": "remove", "path": "members[value eq \"bulkId:u\"]"}])),
        post_group("a", &["bulkId:b"]),
        post_group("b", &["bulkId:a", "bulkId:b", "bulkId:u"]),
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": user("ada")},
        {"method": "DELETE", "path": "/Users/bulkId:u"},
    ]}));
    assert_eq!(statuses(&response), [200, 200, 201, 201, 201, 204], "{:?}", response.results);
    let members = |id: &str| tenant.read("Group", id)["members"].as_array().map_or(0, Vec::len);
    let made = tenant.found(Some("Group"), "displayName eq \"a\" or displayName eq \"b\"");
    assert_eq!((members(&old), members(&made[0]) + members(&made[1])), (1, 3), "the user is gone again");
    assert_sound(&store);
}

#[test]
fn what_refers_to_a_failed_operation_fails_too() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let before = tenant.exported();
    let sequence = store.stats().unwrap().sequence;
    // "b" would be made, but its member "c" refers to nobody, and so do all that count on it.
    let response = tenant.send_bulk(json!({"Operations": [
        post_group("a", &["bulkId:b"]),
        post_group("b", &["bulkId:a", "bulkId:c"]),
        post_group("c", &["bulkId:b", "nobody"]),
        post_group("d", &["bulkId:a"]),
    ]}));
    assert_eq!(statuses(&response), [400, 400, 400, 400], "{:?}", response.results);
    assert_eq!(tenant.exported(), before);
    assert_eq!(store.stats().unwrap().sequence, sequence);

    let response = tenant.send_bulk(json!({"failOnErrors": 1, "Operations": [
        post_group("a", &["bulkId:b"]),
        {"method": "DELETE", "path": "/Users/nobody"},
        post_group("b", &["bulkId:a"]),
    ]}));
    assert_eq!(statuses(&response), [404], "what waits is not begun after the last error");
    assert_eq!(tenant.exported(), before);
    assert_sound(&store);
}

#[test]
fn what_is_no_request_is_refused_whole_and_the_rest_one_by_one() {
    let mut options = StoreOptions::default();
    options.max_bulk_operations = 2;
    let tenant = scimdb::Store::open_in_memory(options).unwrap().tenant("default").unwrap();
    let send = |operations: Value| {
        let json = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
        tenant.bulk(BulkRequest::from_json(json.to_string().as_bytes()).unwrap(), &WriteOptions::default())
    };
    let delete = json!({"method": "DELETE", "path": "/Users/nobody"});
    assert_eq!(send(json!([delete, delete, delete])).unwrap_err().kind(), ErrorKind::PayloadTooLarge);
    let response = send(json!([
        {"method": "POST", "path": "/Nothings", "bulkId": "x", "data": {}},
        {"method": "PUT", "path": "/Users/bulkId:unknown", "data": user("ada")}
    ]));
    assert_eq!(statuses(&response.unwrap()), [404, 400]);
    let response = send(
        json!([{"method": "DELETE", "path": "/Users"}, {"method": "POST", "path": "/Users/1", "bulkId": "x", "data": user("ada")}]),
    );
    assert_eq!(statuses(&response.unwrap()), [400, 400]);
    assert_eq!(tenant.found(None, ""), Vec::<String>::new());
}

/// RFC 7644 section 3.7: as many changes as possible, whatever fails.
#[test]
fn what_is_no_operation_fails_alone() {
    let store = store();
    let tenant = store.tenant("default").unwrap();
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": user("ada")},
        {"method": "PATCH", "path": "/Users/bulkId:a"},
        {"method": "GET", "path": "/Users/bulkId:a", "bulkId": "x"},
        {"method": "POST", "path": "/Users", "data": user("bob")},
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": user("cyd")},
        {"method": "POST", "path": "/Users", "bulkId": "late"},
        {"method": "DELETE", "path": "/Users/bulkId:late"},
        {"method": "DELETE"},
        post_group("g", &["bulkId:a"]),
    ]);
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
    let response = send(&tenant, &json!({"schemas": schemas, "Operations": operations}).to_string());
    let results = response["Operations"].as_array().unwrap();
    let told: Vec<[&Value; 3]> = results.iter().map(|it| [&it["method"], &it["bulkId"], &it["status"]]).collect();
    let expected = json!([
        ["POST", "a", "201"],
        ["PATCH", null, "400"],
        ["GET", "x", "400"],
        ["POST", null, "400"],
        ["POST", "a", "400"],
        ["POST", "late", "400"],
        ["DELETE", null, "400"],
        ["DELETE", null, "400"],
        ["POST", "g", "201"]
    ]);
    assert_eq!(json!(told), expected);
    let ada = id_in(&results[0]);
    assert_eq!(results[1]["location"], format!("https://example.com/v2/Users/{ada}"));
    assert_eq!(results[1]["response"]["scimType"], "invalidSyntax");
    assert_eq!(results[4]["response"]["scimType"], "invalidValue");
    assert_eq!(results[6]["response"]["detail"], "it refers to the resource of operation 6, which failed");
    assert_eq!(results[7].get("location"), None);
    let members = &tenant.read("Group", &id_in(&results[8]))["members"];
    assert_eq!((members.as_array().unwrap().len(), &members[0]["value"]), (1, &json!(ada)), "the first of the bulkId");
    assert_eq!(tenant.found(Some("User"), ""), [ada]);
    assert_sound(&store);

    // They count for failOnErrors, each in its place.
    let operations = json!([post_group("h", &[]), {"method": "GET", "path": "/Users"}, post_group("i", &[])]);
    let response = tenant.send_bulk(json!({"failOnErrors": 1, "Operations": operations}));
    assert_eq!(statuses(&response), [201, 400]);
}

#[test]
fn what_came_in_a_later_api_version_stays_as_it_is() {
    let store = store();
    let profile = r#"{"name": "p", "apiVersions": {"default": 1}, "attributes": {"User": {"title": {"since": 2}}}}"#;
    store.configure_tenant("default", TenantOptions::of_profile(profile.parse().unwrap())).unwrap();
    let tenant = store.tenant("default").unwrap();
    let title = |id: &str| {
        let read = scimdb::engine::ReadOptions { api_version: Some(2), ..Default::default() };
        let read: Value = serde_json::from_str(&tenant.get("User", id, &read).unwrap().json).unwrap();
        read["title"].clone()
    };
    let bulk = |version: Option<u32>, operation: Value| {
        let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
        let request = json!({"schemas": schemas, "Operations": [operation]}).to_string();
        let options = WriteOptions { api_version: version, ..WriteOptions::default() };
        let response = tenant.bulk(BulkRequest::from_json(request.as_bytes()).unwrap(), &options).unwrap();
        serde_json::from_str::<Value>(&response.to_json("")).unwrap()["Operations"][0].clone()
    };
    let mut data = user("ann");
    data["title"] = json!("boss");
    let made = bulk(Some(2), json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": data}));
    let id = id_in(&made);
    assert_eq!(title(&id), "boss");
    for version in [None, Some(1)] {
        bulk(version, json!({"method": "PUT", "path": format!("/Users/{id}"), "data": user("ann")}));
        assert_eq!(title(&id), "boss");
    }
    bulk(Some(2), json!({"method": "PUT", "path": format!("/Users/{id}"), "data": user("ann")}));
    assert_eq!(title(&id), Value::Null);
}
