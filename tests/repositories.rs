//! Searches that ask the repositories of the host, in the profile of ActivID (document 001, Search for Users).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use scimdb::engine::{Repositories, RepositoryQuery, TenantOptions, WriteOptions};
use scimdb::message::ResourceInput;
use scimdb::protocol::{Context, Request, Response, handle};
use scimdb::{ErrorKind, Result, Store, StoreOptions, Tenant};
use serde_json::{Value, json};

/// What was asked, and what is told.
#[derive(Default)]
struct Ldap {
    asked: Mutex<Vec<(String, Option<String>, u64)>>,
    users: Vec<Value>,
}

impl Repositories for Ldap {
    fn search(&self, query: &RepositoryQuery<'_>) -> Result<Vec<String>> {
        let asked = (query.tenant.to_owned(), query.filter.map(str::to_owned), query.count);
        self.asked.lock().unwrap().push(asked);
        Ok(self.users.iter().map(Value::to_string).collect())
    }
}

fn external(name: &str) -> Value {
    json!({
        "id": "0", "externalId": name, "userName": name, "name": {"givenName": name}, "displayName": name,
        "userType": "LDAP", "active": true,
        "groups": [{"type": "Group", "display": "Full Time Employees", "value": "USG_FTEMP"}],
        "urn:hid:scim:api:idp:2.0:UserAttribute": {"attributes": [
            {"name": "FIRSTNAME", "type": "string", "value": name, "readOnly": false}]}
    })
}

fn post(tenant: &Tenant, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let request = Request { method: "POST", target: "/Users/.search", headers: &[], body: body.as_bytes() };
    let Response { status, body, .. } = handle(tenant, &request, &Context::default());
    (status, serde_json::from_str(&body).unwrap())
}

fn tenant(store: &Store) -> Tenant {
    let tenant = store.create_tenant("acme", TenantOptions::of_profile("activid".parse().unwrap())).unwrap();
    let create = |resource_type: &str, body: Value| {
        let input = ResourceInput::from_json(body.to_string().as_bytes()).unwrap();
        tenant.create(resource_type, input, &WriteOptions::default()).unwrap();
    };
    create("Group", json!({"id": "USG_FTEMP", "displayName": "Full Time Employees"}));
    create(
        "User",
        json!({
            "externalId": "bound", "name": {"givenName": "B", "familyName": "Ound"}, "groups": [{"value": "USG_FTEMP"}]
        }),
    );
    tenant
}

#[test]
fn what_is_not_bound_is_found_where_it_is_asked_for() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = tenant(&store);
    // An empty repository by default.
    let filter = "groups.value eq USG_FTEMP and usertype eq LDAP";
    let (status, found) = post(&tenant, &json!({"filter": filter, "count": 100, "searchRepositories": true}));
    assert_eq!((status, &found["totalResults"]), (200, &json!(0)), "{found}");

    let other = {
        let mut other = external("other");
        other["groups"][0]["value"] = json!("USG_OTHER");
        other
    };
    let ldap = Arc::new(Ldap { users: vec![external("ou1user2"), other], ..Ldap::default() });
    store.set_repositories(Some(Arc::<Ldap>::clone(&ldap)));
    let (status, found) = post(&tenant, &json!({"filter": filter, "count": 100, "searchRepositories": true}));
    assert_eq!((status, &found["totalResults"]), (200, &json!(1)), "{found}");
    assert_eq!(*ldap.asked.lock().unwrap(), [("acme".to_owned(), Some(filter.to_owned()), 100)]);
    let user = &found["Resources"][0];
    for (pointer, expected) in [
        ("/id", json!("0")),
        ("/externalId", json!("ou1user2")),
        ("/userType", json!("LDAP")),
        ("/groups/0/value", json!("USG_FTEMP")),
        ("/groups/0/type", json!("Group")),
        ("/meta/location", json!("/Users/0")),
        ("/meta/version", json!("1")),
        ("/urn:hid:scim:api:idp:2.0:UserAttribute/attributes/0/value", json!("ou1user2")),
    ] {
        assert_eq!(user.pointer(pointer), Some(&expected), "{pointer}: {user}");
    }
    assert_eq!(user.pointer("/meta/created"), None);

    // Those of the store come first, and the page has room for no more than it says.
    let (_, found) =
        post(&tenant, &json!({"filter": "groups.value eq USG_FTEMP", "count": 1, "searchRepositories": true}));
    assert_eq!((&found["totalResults"], &found["itemsPerPage"]), (&json!(2), &json!(1)), "{found}");
    assert_eq!(found["Resources"][0]["externalId"], "bound");
    let asked = ldap.asked.lock().unwrap().len();
    let (_, found) = post(&tenant, &json!({"filter": "groups.value eq USG_FTEMP"}));
    assert_eq!(found["totalResults"], 1, "repositories are not searched: {found}");
    assert_eq!(ldap.asked.lock().unwrap().len(), asked);
}

#[test]
fn what_needs_repositories_says_so() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let tenant = tenant(&store);
    let (status, error) = post(&tenant, &json!({"filter": "userType eq LDAP"}));
    assert_eq!((status, &error["scimType"]), (400, &json!("invalidFilter")), "{error}");
    assert!(error["detail"].as_str().unwrap().contains("searchRepositories"), "{error}");
    let (status, error) = post(&tenant, &json!({"startIndex": 1, "searchRepositories": true}));
    assert_eq!((status, &error["scimType"]), (400, &json!("invalidValue")), "{error}");
    assert_eq!(post(&tenant, &json!({"startIndex": 0, "searchRepositories": true})).0, 200);

    // What the host tells wrongly is its fault, and is told as such.
    store.set_repositories(Some(Arc::new(Ldap { users: vec![json!({"active": "maybe"})], ..Ldap::default() })));
    let request = scimdb::message::SearchRequest { search_repositories: true, ..Default::default() };
    assert_eq!(tenant.search(Some("User"), &request).unwrap_err().kind(), ErrorKind::Internal);
}
