//! ProtocolService: all of SCIM's protocol as one RPC; and tokens that are limited to permissions.

use scimdb::engine::{Scope as EngineScope, TenantOptions, TokenOptions};
use scimdb::grpc::proto::protocol_service_client::ProtocolServiceClient;
use scimdb::grpc::proto::{
    CreateTokenRequest, GetRequest, HandleRequest, HandleResponse, Header, ListRequest, ListTokensRequest,
    RegenerateTokenRequest, TenantStatsRequest, WatchRequest,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::harness::{GROUP, Served, assert_refused, create_user, list, served, user, with_token};

fn handle(method: &str, target: &str, body: &str) -> HandleRequest {
    let headers = vec![Header { name: "Content-Type".into(), value: "application/scim+json".into() }];
    let (method, target, body) = (method.to_owned(), target.to_owned(), body.as_bytes().to_vec());
    HandleRequest { method, target, headers, body, base: "https://example.com/scim/".into(), ..Default::default() }
}

fn header<'a>(answer: &'a HandleResponse, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
}

fn json_of(answer: &HandleResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn limited(served: &Served, name: &str, permissions: &[&str]) -> String {
    let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    let options = TokenOptions { permissions, ..TokenOptions::of_scope(EngineScope::Write) };
    served.store.tenant("default").unwrap().create_token(name, options).unwrap().secret
}

fn give_permissions(served: &Served) {
    let profile = json!({"name": "p", "permissions": [
        {"name": "make users", "allows": [{"resourceTypes": ["User"], "operations": ["create"]}]},
        {"name": "read users", "allows": [{"resourceTypes": ["User"], "operations": ["read"]}]},
    ]});
    let options = TenantOptions::of_profile(profile.to_string().parse().unwrap());
    served.store.configure_tenant("default", options).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_as_over_http() {
    let served = served(|options| options.require_tokens = true).await;
    let write = served.token("default", "w", EngineScope::Write);
    let mut client = ProtocolServiceClient::new(served.channel().await);
    let created = client.handle(with_token(&write, handle("POST", "/Users", &user("ann")))).await.unwrap().into_inner();
    assert_eq!(created.status, 201);
    let location = header(&created, "location").unwrap();
    assert!(location.starts_with("https://example.com/scim/Users/"), "{location}");
    let target = location.strip_prefix("https://example.com/scim").unwrap();
    let head = client.handle(with_token(&write, handle("HEAD", target, ""))).await.unwrap().into_inner();
    assert!(head.status == 200 && head.body.is_empty() && header(&head, "content-length").is_some(), "{head:?}");
    // What is wrong with a request is an answer.
    for (method, target, body, status) in
        [("POST", "/Users", user("ann"), 409), ("GET", "/Users/1", String::new(), 404), ("PUT", "/", "{}".into(), 405)]
    {
        let answer = client.handle(with_token(&write, handle(method, target, &body))).await.unwrap().into_inner();
        assert_eq!(answer.status, status, "{method} {target}");
        assert_eq!(json_of(&answer)["status"], status.to_string());
    }
    let large = handle("POST", "/Users", &" ".repeat(2 << 20));
    assert_eq!(client.handle(with_token(&write, large)).await.unwrap().into_inner().status, 413);
    let nowhere = HandleRequest { tenant: "nowhere".into(), ..handle("GET", "/Users", "") };
    let admin = served.token("default", "a", EngineScope::Admin);
    assert_eq!(client.handle(with_token(&admin, nowhere.clone())).await.unwrap().into_inner().status, 404);
    // Who is not let in is no matter of the protocol.
    let unknown = client.handle(handle("GET", "/Users", "")).await.unwrap_err();
    assert_refused(&unknown, Code::Unauthenticated, "UNAUTHENTICATED");
    let elsewhere = client.handle(with_token(&write, nowhere)).await.unwrap_err();
    assert_refused(&elsewhere, Code::PermissionDenied, "FORBIDDEN");
    let read = served.token("default", "r", EngineScope::Read);
    let refused = client.handle(with_token(&read, handle("POST", "/Users", &user("bob")))).await.unwrap_err();
    assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
    assert_eq!(client.handle(with_token(&read, handle("GET", "/Users", ""))).await.unwrap().into_inner().status, 200);
    // The change log names the token.
    let changes = served.store.tenant("default").unwrap().changes(0, 9, std::time::Duration::ZERO).unwrap();
    assert_eq!(changes[0].actor.as_deref(), Some("w"));
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_hold_for_every_service() {
    let served = served(|options| options.require_tokens = true).await;
    give_permissions(&served);
    let (make, read) = (limited(&served, "m", &["make users"]), limited(&served, "r", &["read users"]));
    let mut resources = served.resources().await;
    let made = resources.create(with_token(&make, create_user("ann"))).await.unwrap().into_inner().resource.unwrap();
    let get = || GetRequest { resource_type: "User".into(), id: made.id.clone(), ..GetRequest::default() };
    resources.get(with_token(&read, get())).await.unwrap();
    resources.list(with_token(&read, list("userName eq \"ann\""))).await.unwrap();
    let refused = resources.get(with_token(&make, get())).await.unwrap_err();
    assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
    assert!(refused.message().contains("\"read users\""), "{refused:?}");
    let groups = ListRequest { resource_type: "Group".into(), ..list("") };
    let refused = [
        resources.list(with_token(&make, list(""))).await.unwrap_err(),
        resources.list(with_token(&read, groups)).await.unwrap_err(),
        resources.list(with_token(&read, ListRequest::default())).await.unwrap_err(),
        resources.create(with_token(&read, create_user("bob"))).await.unwrap_err(),
        served.administration().await.tenant_stats(with_token(&read, TenantStatsRequest::default())).await.unwrap_err(),
        {
            let watch = WatchRequest { since: Some(0), ..WatchRequest::default() };
            let mut told = resources.watch(with_token(&read, watch)).await.unwrap().into_inner();
            told.message().await.unwrap_err()
        },
    ];
    for status in refused {
        assert_refused(&status, Code::PermissionDenied, "FORBIDDEN");
    }
    // By the protocol it is an answer, as over HTTP.
    let mut protocol = ProtocolServiceClient::new(served.channel().await);
    let group = json!({"schemas": [GROUP], "displayName": "a"}).to_string();
    let answer = protocol.handle(with_token(&make, handle("POST", "/Groups", &group))).await.unwrap().into_inner();
    assert_eq!((answer.status, json_of(&answer)["status"].as_str()), (403, Some("403")));
    assert!(header(&answer, "www-authenticate").unwrap().contains("insufficient_scope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_with_permissions_are_made_and_regenerated() {
    let served = served(|options| options.require_tokens = true).await;
    give_permissions(&served);
    let admin = served.token("default", "operator", EngineScope::Admin);
    let mut client = served.administration().await;
    let request = |name: &str, permissions: &[&str]| CreateTokenRequest {
        name: name.into(),
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        ..CreateTokenRequest::default()
    };
    let made = client.create_token(with_token(&admin, request("maker", &["make users", "read users"]))).await.unwrap();
    let old = made.into_inner().secret;
    let unknown = client.create_token(with_token(&admin, request("x", &["fly"]))).await.unwrap_err();
    assert_refused(&unknown, Code::InvalidArgument, "INVALID_ARGUMENT");
    let mut resources = served.resources().await;
    resources.create(with_token(&old, create_user("ann"))).await.unwrap();
    let before = client.list_tokens(with_token(&admin, ListTokensRequest::default())).await.unwrap().into_inner();
    let maker = before.tokens.iter().find(|token| token.name == "maker").unwrap();
    assert_eq!(maker.permissions, ["make users", "read users"]);
    let regenerate = |name: &str| RegenerateTokenRequest { name: name.into(), ..RegenerateTokenRequest::default() };
    let new = client.regenerate_token(with_token(&admin, regenerate("maker"))).await.unwrap().into_inner().secret;
    let refused = resources.list(with_token(&old, list(""))).await.unwrap_err();
    assert_refused(&refused, Code::Unauthenticated, "UNAUTHENTICATED");
    resources.list(with_token(&new, list(""))).await.unwrap();
    let after = client.list_tokens(with_token(&admin, ListTokensRequest::default())).await.unwrap().into_inner();
    assert_eq!(after, before, "all but its secret stays");
    let missing = client.regenerate_token(with_token(&admin, regenerate("nobody"))).await.unwrap_err();
    assert_refused(&missing, Code::NotFound, "NOT_FOUND");
    // Who is limited administers nothing.
    let refused = client.regenerate_token(with_token(&new, regenerate("maker"))).await.unwrap_err();
    assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
}
