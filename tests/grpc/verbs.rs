//! The unary RPCs of ResourceService, and the details of their errors.

use scimdb::grpc::proto::{
    BulkRequest, CreateRequest, DeleteRequest, ExplainRequest, ForgetRequest, GetRequest, ListRequest, PatchRequest,
    ReplaceRequest, SortOrder,
};
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{GROUP, PATCH_OP, USER, assert_refused, create_user, json_of, list, served, user, user_names};

fn get(id: &str) -> GetRequest {
    GetRequest { resource_type: "User".into(), id: id.into(), ..GetRequest::default() }
}

fn patch(id: &str, operations: Value) -> PatchRequest {
    let json = json!({ "schemas": [PATCH_OP], "Operations": operations }).to_string();
    PatchRequest { resource_type: "User".into(), id: id.into(), json, ..PatchRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_lives_from_create_to_delete() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let mut request = create_user("bjensen");
    request.json =
        json!({ "schemas": [USER], "userName": "bjensen", "externalId": "701984", "active": true }).to_string();
    let created = client.create(request).await.unwrap().into_inner().resource.unwrap();
    assert_eq!((created.resource_type.as_str(), created.external_id.as_deref()), ("User", Some("701984")));
    assert_eq!(created.location, format!("/Users/{}", created.id));
    assert_eq!(created.created, created.last_modified);
    let document = json_of(&created);
    assert_eq!(document["id"], created.id.as_str());
    assert_eq!(document["meta"]["version"], created.version.as_str());

    let found = client.get(get(&created.id)).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(found, created);
    let narrow = GetRequest { attributes: vec!["userName".into()], ..get(&created.id) };
    let found = client.get(narrow).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(json_of(&found).get("active"), None);

    let replace = ReplaceRequest {
        resource_type: "/Users".into(),
        id: created.id.clone(),
        json: user("barbara"),
        if_match: created.version.clone(),
        ..ReplaceRequest::default()
    };
    let replaced = client.replace(replace.clone()).await.unwrap().into_inner();
    assert!(replaced.changed);
    let replaced = replaced.resource.unwrap();
    assert_eq!(json_of(&replaced)["userName"], "barbara");
    assert_eq!(json_of(&replaced).get("active"), None, "what a replace leaves out is cleared");
    assert_ne!(replaced.version, created.version);

    // The version is stale now.
    let stale = client.replace(replace).await.unwrap_err();
    assert_refused(&stale, Code::Aborted, "VERSION_MISMATCH");

    let operations = json!([{ "op": "add", "path": "nickName", "value": "Babs" }]);
    let patched = client.patch(patch(&created.id, operations.clone())).await.unwrap().into_inner();
    assert!(patched.changed);
    assert_eq!(json_of(&patched.resource.clone().unwrap())["nickName"], "Babs");
    let again = client.patch(patch(&created.id, operations)).await.unwrap().into_inner();
    assert!(!again.changed);
    assert_eq!(again.resource.unwrap().version, patched.resource.unwrap().version);

    let delete = DeleteRequest { resource_type: "User".into(), id: created.id.clone(), ..DeleteRequest::default() };
    client.delete(delete.clone()).await.unwrap();
    assert_refused(&client.get(get(&created.id)).await.unwrap_err(), Code::NotFound, "NOT_FOUND");
    assert_refused(&client.delete(delete).await.unwrap_err(), Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_is_forgotten() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let json = json!({ "schemas": [USER], "userName": "bjensen", "externalId": "701984" }).to_string();
    let created = client.create(CreateRequest { json, ..create_user("bjensen") }).await.unwrap().into_inner();
    let id = created.resource.unwrap().id;
    let forget =
        ForgetRequest { resource_type: "User".into(), external_id: "701984".into(), ..ForgetRequest::default() };
    assert_refused(&client.forget(forget.clone()).await.unwrap_err(), Code::FailedPrecondition, "IN_USE");
    let delete = DeleteRequest { resource_type: "User".into(), id, ..DeleteRequest::default() };
    client.delete(delete).await.unwrap();
    assert_eq!(client.forget(forget.clone()).await.unwrap().into_inner().resources, 1);
    assert_refused(&client.forget(forget).await.unwrap_err(), Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_exact_and_sorted() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    for name in ["dora", "Ada", "carl", "bob", "eve"] {
        client.create(create_user(name)).await.unwrap();
    }
    let sorted = ListRequest {
        sort_by: "userName".into(),
        sort_order: SortOrder::Descending.into(),
        start_index: 2,
        count: Some(2),
        ..list("")
    };
    let page = client.list(sorted).await.unwrap().into_inner();
    assert_eq!((page.total_results, page.start_index), (5, 2));
    assert_eq!(user_names(&page.resources), ["dora", "carl"]);
    let page = client.list(list("userName eq \"ADA\" or userName sw \"e\"")).await.unwrap().into_inner();
    assert_eq!((page.total_results, user_names(&page.resources)), (2, vec!["Ada".to_owned(), "eve".to_owned()]));
    let count = ListRequest { count: Some(0), ..list("") };
    let page = client.list(count).await.unwrap().into_inner();
    assert_eq!((page.total_results, page.resources.len()), (5, 0));
    // Every resource type at once.
    let everything = ListRequest { filter: "userName eq \"eve\"".into(), ..ListRequest::default() };
    assert_eq!(client.list(everything).await.unwrap().into_inner().total_results, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_lead_from_page_to_page() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    for name in ["dora", "Ada", "carl", "bob", "eve"] {
        client.create(create_user(name)).await.unwrap();
    }
    let at = |cursor: &str| ListRequest {
        sort_by: "userName".into(),
        count: Some(2),
        cursor: Some(cursor.into()),
        ..list("userName pr")
    };
    let first = client.list(at("")).await.unwrap().into_inner();
    assert_eq!((first.total_results, first.start_index, first.previous_cursor.as_str()), (5, 0, ""));
    assert_eq!(user_names(&first.resources), ["Ada", "bob"]);
    // A write between two pages moves nothing that stands still.
    client.create(create_user("aaron")).await.unwrap();
    let second = client.list(at(&first.next_cursor)).await.unwrap().into_inner();
    assert_eq!((second.total_results, user_names(&second.resources)), (6, vec!["carl".into(), "dora".into()]));
    let third = client.list(at(&second.next_cursor)).await.unwrap().into_inner();
    assert_eq!((user_names(&third.resources), third.next_cursor.as_str()), (vec!["eve".into()], ""));
    let back = client.list(at(&second.previous_cursor)).await.unwrap().into_inner();
    assert_eq!(user_names(&back.resources), ["Ada", "bob"]);
    assert_ne!(back.previous_cursor, "", "aaron stands before them now");

    let wrong = [
        (ListRequest { filter: String::new(), ..at(&first.next_cursor) }, "INVALID_CURSOR", "invalidCursor"),
        (ListRequest { start_index: 1, ..at(&first.next_cursor) }, "INVALID_CURSOR", "invalidCursor"),
        (ListRequest { count: Some(3), ..at(&first.next_cursor) }, "INVALID_COUNT", "invalidCount"),
        (at("forged"), "INVALID_CURSOR", "invalidCursor"),
    ];
    for (request, reason, scim_type) in wrong {
        let refused = client.list(request).await.unwrap_err();
        assert_refused(&refused, Code::InvalidArgument, reason);
        assert_eq!(refused.get_details_error_info().unwrap().metadata["scimType"], scim_type);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_how_and_refuses_what_list_refuses() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    for name in ["ada", "bob"] {
        client.create(create_user(name)).await.unwrap();
    }
    let explain = |search| ExplainRequest { search: Some(search) };
    let told = client.explain(explain(list("userName eq \"bob\""))).await.unwrap().into_inner();
    assert_eq!(told.total_results, 1);
    assert_eq!(told.steps.first().unwrap().depth, 0);
    assert!(told.text.lines().count() > told.steps.len() && told.text.contains("1 result"), "{}", told.text);
    let all = client.explain(ExplainRequest { search: None }).await.unwrap().into_inner();
    assert_eq!(all.total_results, 2);
    let wrong = client.explain(explain(list("userName zz 1"))).await.unwrap_err();
    assert_refused(&wrong, Code::InvalidArgument, "INVALID_FILTER");
    let elsewhere = ListRequest { tenant: "nowhere".into(), ..list("") };
    assert_refused(&client.explain(explain(elsewhere)).await.unwrap_err(), Code::NotFound, "UNKNOWN_TENANT");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_tell_what_is_wrong_and_where() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let wrong = client.list(list("userName zz \"a\"")).await.unwrap_err();
    assert_refused(&wrong, Code::InvalidArgument, "INVALID_FILTER");
    let info = wrong.get_details_error_info().unwrap();
    let said = |key: &str| info.metadata.get(key).map(String::as_str);
    assert_eq!((said("scimType"), said("status"), said("offset")), (Some("invalidFilter"), Some("400"), Some("9")));
    assert!(wrong.metadata().get("x-request-id").is_some());

    client.create(create_user("bjensen")).await.unwrap();
    let taken = client.create(create_user("BJensen")).await.unwrap_err();
    assert_refused(&taken, Code::AlreadyExists, "UNIQUENESS");
    let info = taken.get_details_error_info().unwrap();
    assert_eq!(info.metadata.get("attribute").map(String::as_str), Some("userName"));
    assert_eq!(taken.get_details_bad_request().unwrap().field_violations[0].field, "userName");
    assert!(!taken.message().to_lowercase().contains("bjensen"), "errors do not repeat values: {}", taken.message());

    let mut broken = create_user("x");
    broken.json = "{\"userName\":".into();
    assert_refused(&client.create(broken).await.unwrap_err(), Code::InvalidArgument, "INVALID_SYNTAX");
    let mut unknown = create_user("x");
    unknown.resource_type = "Robot".into();
    assert_refused(&client.create(unknown).await.unwrap_err(), Code::NotFound, "UNKNOWN_TYPE");
    let mut elsewhere = create_user("x");
    elsewhere.tenant = "nowhere".into();
    assert_refused(&client.create(elsewhere).await.unwrap_err(), Code::NotFound, "UNKNOWN_TENANT");
    let order = ListRequest { sort_order: 7, ..list("") };
    assert_refused(&client.list(order).await.unwrap_err(), Code::InvalidArgument, "INVALID_ARGUMENT");
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_of_reads_and_deletes() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let created = client.create(create_user("bjensen")).await.unwrap().into_inner().resource.unwrap();
    let unchanged = GetRequest { if_none_match: created.version.clone(), ..get(&created.id) };
    assert_refused(&client.get(unchanged).await.unwrap_err(), Code::FailedPrecondition, "NOT_MODIFIED");
    let delete = DeleteRequest {
        resource_type: "User".into(),
        id: created.id.clone(),
        if_match: "W/\"0\"".into(),
        ..DeleteRequest::default()
    };
    assert_refused(&client.delete(delete).await.unwrap_err(), Code::Aborted, "VERSION_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_carries_scim_messages() {
    let served = served(|_| {}).await;
    let mut client = served.resources().await;
    let group = json!({ "schemas": [GROUP], "displayName": "Guides", "members": [{ "value": "bulkId:u" }] });
    let request = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group },
            { "method": "POST", "path": "/Users", "bulkId": "u", "data": { "schemas": [USER], "userName": "ann" } },
            { "method": "POST", "path": "/Users", "bulkId": "v", "data": { "schemas": [USER], "userName": "Ann" } },
            { "method": "GET", "path": "/Users" },
        ]
    });
    let answer = client.bulk(BulkRequest { json: request.to_string(), ..BulkRequest::default() }).await.unwrap();
    let answer: Value = serde_json::from_str(&answer.into_inner().json).unwrap();
    let statuses: Vec<&str> =
        answer["Operations"].as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "201", "409", "400"], "{answer}");
    let member = ListRequest { resource_type: "Group".into(), ..ListRequest::default() };
    let groups = client.list(member).await.unwrap().into_inner().resources;
    let ann = client.list(list("userName eq \"ann\"")).await.unwrap().into_inner().resources;
    assert_eq!(json_of(&groups[0])["members"][0]["value"], ann[0].id.as_str());
}
