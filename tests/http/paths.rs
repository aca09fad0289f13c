//! Endpoints at the paths that profiles name, and tokens that are limited to permissions.

use scimdb::engine::{Scope, TenantOptions, TokenOptions};
use scimdb::message::parse_schema_document;
use serde_json::{Value, json};

use crate::harness::{Answer, Served, USER, bearer, served, user};

const KIND: &str = "urn:example:2.0:Kind";

/// A tenant whose attribute types stand at a path of their own, as in a product that has a server for configuration.
fn acme(served: &Served) {
    let profile = json!({
        "name": "acme",
        "paths": ["/scim/v1", {"path": "/configuration/{tenant}/v2", "resourceTypes": ["Kind"]}],
        "permissions": [
            {"name": "Read reference data", "allows": [{"resourceTypes": ["Kind"], "operations": ["read"]}]},
            {"name": "Create kinds", "allows": [{"resourceTypes": ["Kind"], "operations": ["create"]}]},
            {"name": "Change kinds", "needs": ["Read reference data"],
             "allows": [{"resourceTypes": ["Kind"], "operations": ["replace", "modify"]}]},
        ],
    });
    let documents = json!([
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": KIND, "name": "Kind", "description": "",
         "attributes": [{"name": "label", "type": "string"}]},
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "name": "Kind",
         "endpoint": "/User/Kind", "schema": KIND},
    ]);
    let tenant = served.store.create_tenant("acme", TenantOptions::default()).unwrap();
    tenant.put_schemas(parse_schema_document(documents.to_string().as_bytes()).unwrap()).unwrap();
    let options = TenantOptions::of_profile(profile.to_string().parse().unwrap());
    served.store.configure_tenant("acme", options).unwrap();
}

fn kind(label: &str) -> String {
    json!({"schemas": [KIND], "label": label}).to_string()
}

fn total(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["totalResults"].clone()
}

#[test]
fn an_endpoint_stands_where_its_profile_says() {
    let served = served(|_| {});
    served.get("/scim/v1/Users", &[]).is_error(400);
    acme(&served);
    let created = served.send("POST", "/scim/v1/Users", &[], &user("ann"));
    assert_eq!(created.status, 201, "{created:?}");
    let location = created.header("location").unwrap();
    assert!(location.starts_with("http://localhost/scim/v1/Users/"), "{location}");
    assert_eq!(created.json()["meta"]["location"], location);
    // It is the same tenant by every path.
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let found = served.get(&format!("/scim/acme/v2/Users/{id}"), &[]);
    let there = format!("http://localhost/scim/acme/v2/Users/{id}");
    assert_eq!((found.status, found.header("location")), (200, Some(there.as_str())));
    assert_eq!(total(&served.get("/scim/v1/Users/?filter=userName+eq+%22ann%22", &[])), 1);
    assert_eq!(total(&served.get("/scim/v2/Users", &[])), 0, "the default tenant is another one");
    for path in ["/scim/v1x/Users", "/scim/v3/Users", "/configuration/default/v2/User/Kind", "/configuration"] {
        assert!(matches!(served.get(path, &[]).status, 400 | 404), "{path}");
    }
    // Its own paths stay what they are.
    assert_eq!(served.get("/healthz", &[]).status, 200);
    served.store.configure_tenant("acme", TenantOptions::default()).unwrap();
    served.get("/scim/v1/Users", &[]).is_error(400);
}

#[test]
fn an_endpoint_of_two_segments_has_every_verb() {
    let served = served(|_| {});
    acme(&served);
    let base = "/configuration/acme/v2/User/Kind";
    let created = served.send("POST", base, &[], &kind("a"));
    assert_eq!(created.status, 201, "{created:?}");
    let location = created.header("location").unwrap().to_owned();
    let path = location.strip_prefix("http://localhost").unwrap();
    assert!(path.starts_with(&format!("{base}/")), "{location}");
    assert_eq!(served.get(path, &[]).json()["meta"]["location"], location);
    assert_eq!(served.send("PUT", path, &[], &kind("b")).json()["label"], "b");
    let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "label", "value": "c"}]});
    assert_eq!(served.send("PATCH", path, &[], &patch.to_string()).json()["label"], "c");
    assert_eq!(total(&served.get(&format!("{base}?filter=label+eq+%22c%22"), &[])), 1);
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "label pr"});
    assert_eq!(total(&served.send("POST", &format!("{base}/.search"), &[], &search.to_string())), 1);
    let id = path.rsplit('/').next().unwrap();
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/User/Kind", "bulkId": "k", "data": {"schemas": [KIND], "label": "d"}},
        {"method": "PUT", "path": "/User/Kind/bulkId:k", "data": {"schemas": [KIND], "label": "e"}},
        {"method": "DELETE", "path": format!("/User/Kind/{id}")},
        {"method": "DELETE", "path": format!("/Users/{id}")},
    ]});
    let answer = served.send("POST", "/configuration/acme/v2/Bulk", &[], &bulk.to_string()).json();
    let operations = answer["Operations"].as_array().unwrap();
    let statuses: Vec<&str> = operations.iter().map(|it| it["status"].as_str().unwrap()).collect();
    // Users are at other paths.
    assert_eq!(statuses, ["201", "200", "204", "404"], "{answer}");
    assert!(operations[1]["location"].as_str().unwrap().contains("/configuration/acme/v2/User/Kind/"), "{answer}");
    assert_eq!(served.send("OPTIONS", base, &[], "").header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    served.send("DELETE", base, &[], "").is_error(405);
}

#[test]
fn a_type_with_a_path_of_its_own_is_nowhere_else() {
    let served = served(|_| {});
    acme(&served);
    assert_eq!(served.send("POST", "/configuration/acme/v2/User/Kind", &[], &kind("a")).status, 201);
    assert_eq!(served.send("POST", "/scim/v1/Users", &[], &user("ann")).status, 201);
    for path in ["/scim/v1/User/Kind", "/scim/acme/v2/User/Kind/1", "/configuration/acme/v2/Users"] {
        served.get(path, &[]).is_error(404);
    }
    let names = |base: &str| {
        let found = served.get(&format!("{base}/ResourceTypes"), &[]).json();
        let found = found["Resources"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned());
        found.collect::<Vec<_>>()
    };
    assert_eq!(names("/scim/v1"), ["User", "Group"]);
    assert_eq!(names("/configuration/acme/v2"), ["Kind"]);
    served.get("/scim/v1/ResourceTypes/Kind", &[]).is_error(404);
    // A search of everything finds what stands there.
    for base in ["/scim/v1", "/scim/acme/v2", "/configuration/acme/v2"] {
        assert_eq!(total(&served.get(base, &[])), 1, "{base}");
        assert_eq!(served.get(&format!("{base}/ServiceProviderConfig"), &[]).status, 200);
    }
    let mixed = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/User/Kind", "bulkId": "k", "data": {"schemas": [KIND], "label": "d"}}]});
    let answer = served.send("POST", "/scim/v1/Bulk", &[], &mixed.to_string()).json();
    assert_eq!(answer["Operations"][0]["status"], "404", "{answer}");
}

#[test]
fn a_token_of_another_tenant_does_not_pass_by_a_path() {
    let served = served(|options| options.require_tokens = true);
    acme(&served);
    let (own, other) = (served.token("acme", "a", Scope::Read), served.token("default", "b", Scope::Write));
    assert_eq!(served.get("/scim/v1/Users", &[&bearer(&own)]).status, 200);
    served.get("/scim/v1/Users", &[&bearer(&other)]).is_error(403);
    served.get("/scim/v1/Users", &[]).is_error(401);
    served.send("POST", "/scim/v1/Users", &[&bearer(&own)], &user("ann")).is_error(403);
}

#[test]
fn a_token_does_what_its_permissions_allow() {
    let served = served(|options| options.require_tokens = true);
    acme(&served);
    let tenant = served.store.tenant("acme").unwrap();
    let token = |name: &str, scope: Scope, permissions: &[&str]| {
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        let options = TokenOptions { permissions, ..TokenOptions::of_scope(scope) };
        bearer(&tenant.create_token(name, options).unwrap().secret)
    };
    let base = "/configuration/acme/v2/User/Kind";
    let create = token("create", Scope::Write, &["Create kinds"]);
    let created = served.send("POST", base, &[&create], &kind("a"));
    assert_eq!(created.status, 201, "{created:?}");
    let path = created.header("location").unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let refused = served.get(&path, &[&create]);
    refused.is_error(403);
    assert!(refused.json()["detail"].as_str().unwrap().contains("\"Read reference data\""), "{refused:?}");
    assert!(refused.header("www-authenticate").unwrap().contains("insufficient_scope"));
    served.send("PUT", &path, &[&token("change", Scope::Write, &["Change kinds"])], &kind("b")).is_error(403);
    let both = token("both", Scope::Write, &["Change kinds", "Read reference data"]);
    assert_eq!(served.send("PUT", &path, &[&both], &kind("b")).status, 200);
    served.send("DELETE", &path, &[&both], "").is_error(403);
    served.get("/scim/acme/v2/Users", &[&both]).is_error(403);
    served.get("/scim/acme/v2", &[&both]).is_error(403);
    assert_eq!(total(&served.get("/configuration/acme/v2", &[&both])), 1);
    assert_eq!(served.get("/scim/acme/v2/Schemas", &[&both]).status, 200);
    // The scope holds as well.
    let read = token("read", Scope::Read, &["Create kinds", "Read reference data"]);
    served.send("POST", base, &[&read], &kind("c")).is_error(403);
    // Each operation of a bulk request is looked at alone.
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/User/Kind", "bulkId": "k", "data": {"schemas": [KIND], "label": "d"}},
        {"method": "DELETE", "path": path.strip_prefix("/configuration/acme/v2").unwrap()}]});
    let answer = served.send("POST", "/configuration/acme/v2/Bulk", &[&create], &bulk.to_string()).json();
    assert_eq!(answer["Operations"][0]["status"], "201", "{answer}");
    assert_eq!(answer["Operations"][1]["status"], "403", "{answer}");
    let users = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"schemas": [USER], "userName": "ann"}}]});
    let answer = served.send("POST", "/scim/v1/Bulk", &[&create], &users.to_string()).json();
    assert_eq!(answer["Operations"][0]["status"], "403", "{answer}");
}
