//! Who is let in, and how far.

use scimdb::daemon::Server;
use scimdb::engine::{Scope, TenantOptions};
use scimdb::grpc::proto::{
    ImportRequest, ImportSettings, ListRequest, ListTenantsRequest, StatsRequest, StreamListRequest,
    TenantStatsRequest, import_request::Part,
};
use scimdb::server::ServeOptions;
use scimdb::{ErrorKind, Store, StoreOptions};
use tonic::{Code, Request};

use crate::harness::{assert_refused, create_user, list, served, user, with_token};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_needs_a_token_of_its_scope() {
    let served = served(|options| options.require_tokens = true).await;
    let [read, write, admin] = [("r", Scope::Read), ("w", Scope::Write), ("a", Scope::Admin)]
        .map(|(name, scope)| served.token("default", name, scope));
    let mut resources = served.resources().await;
    let mut administration = served.administration().await;

    assert_refused(&resources.list(list("")).await.unwrap_err(), Code::Unauthenticated, "UNAUTHENTICATED");
    let unknown = resources.list(with_token("no-such-token", list(""))).await.unwrap_err();
    assert_refused(&unknown, Code::Unauthenticated, "UNAUTHENTICATED");
    let mut other_scheme = Request::new(list(""));
    other_scheme.metadata_mut().insert("authorization", format!("Basic {read}").parse().unwrap());
    assert_refused(&resources.list(other_scheme).await.unwrap_err(), Code::Unauthenticated, "UNAUTHENTICATED");
    let stream = resources.stream_list(StreamListRequest::default()).await.unwrap_err();
    assert_refused(&stream, Code::Unauthenticated, "UNAUTHENTICATED");

    resources.list(with_token(&read, list(""))).await.unwrap();
    let refused = resources.create(with_token(&read, create_user("x"))).await.unwrap_err();
    assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
    resources.create(with_token(&write, create_user("x"))).await.unwrap();
    let refused = administration.list_tenants(with_token(&write, ListTenantsRequest {})).await.unwrap_err();
    assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
    administration.list_tenants(with_token(&admin, ListTenantsRequest {})).await.unwrap();

    // A revoked token is refused from then on.
    served.store.tenant("default").unwrap().revoke_token("r").unwrap();
    let revoked = resources.list(with_token(&read, list(""))).await.unwrap_err();
    assert_refused(&revoked, Code::Unauthenticated, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_reaches_its_own_tenant_only() {
    let served = served(|options| options.require_tokens = true).await;
    for name in ["acme", "zenith"] {
        served.store.create_tenant(name, TenantOptions::default()).unwrap();
    }
    let acme = served.token("acme", "provisioner", Scope::Write);
    let admin = served.token("default", "operator", Scope::Admin);
    let mut client = served.resources().await;
    let within = |tenant: &str| ListRequest { tenant: tenant.into(), ..list("") };

    let mut request = create_user("ann");
    request.tenant = "acme".into();
    client.create(with_token(&acme, request)).await.unwrap();
    // Whether the other tenant exists is not told.
    for tenant in ["zenith", "nowhere", "", "default"] {
        let refused = client.list(with_token(&acme, within(tenant))).await.unwrap_err();
        assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
    }
    for (tenant, total) in [("acme", 1), ("zenith", 0)] {
        let page = client.list(with_token(&admin, within(tenant))).await.unwrap().into_inner();
        assert_eq!(page.total_results, total, "{tenant}");
    }
    let mut administration = served.administration().await;
    let request = TenantStatsRequest { tenant: "acme".into() };
    administration.tenant_stats(with_token(&acme, request)).await.unwrap();
    let refused = administration.stats(with_token(&acme, StatsRequest {})).await.unwrap_err();
    assert_refused(&refused, Code::PermissionDenied, "FORBIDDEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_log_names_the_token() {
    let served = served(|_| {}).await;
    let write = served.token("default", "entra", Scope::Write);
    served.resources().await.create(with_token(&write, create_user("ann"))).await.unwrap();
    let changes = served.store.tenant("default").unwrap().changes(0, 10, std::time::Duration::ZERO).unwrap();
    assert_eq!(changes.last().unwrap().actor.as_deref(), Some("entra"));
    // Without tokens required, one that is sent is still checked.
    let refused = served.resources().await.list(with_token("wrong", list(""))).await.unwrap_err();
    assert_refused(&refused, Code::Unauthenticated, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_restores_needs_admin() {
    let served = served(|options| options.require_tokens = true).await;
    let write = served.token("default", "w", Scope::Write);
    let admin = served.token("default", "a", Scope::Admin);
    let parts = |restore: bool| {
        let settings = ImportSettings { resource_type: "User".into(), restore, ..ImportSettings::default() };
        let parts = [Part::Settings(settings), Part::Chunk(user("ann").into_bytes())];
        tokio_stream::iter(parts.map(|part| ImportRequest { part: Some(part) }))
    };
    let mut client = served.resources().await;
    // Whom nobody knows is refused before the first message.
    let unknown = client.import(parts(false)).await.unwrap_err();
    assert_refused(&unknown, Code::Unauthenticated, "UNAUTHENTICATED");
    let mut answers = client.import(with_token(&write, parts(true))).await.unwrap().into_inner();
    assert_refused(&answers.message().await.unwrap_err(), Code::PermissionDenied, "FORBIDDEN");
    for (secret, restore) in [(&write, false), (&admin, true)] {
        let mut answers = client.import(with_token(secret, parts(restore))).await.unwrap().into_inner();
        while answers.message().await.unwrap().is_some() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_to_other_machines_without_tls_and_tokens() {
    let mut options = ServeOptions::default();
    options.address = "0.0.0.0:0".parse().unwrap();
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let Err(error) = Server::bind(store, options).await else { panic!("it listens") };
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.detail().contains("tls-certificate") && error.detail().contains("require-tokens"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_slowed_down_by_its_own_address() {
    let served = served(|options| {
        options.require_tokens = true;
        options.forwarded_headers = true;
        (options.rate_limit, options.rate_burst) = (Some(1), Some(4));
    })
    .await;
    let right = served.token("default", "r", Scope::Read);
    let mut client = served.resources().await;
    let from = |address: &str, secret: &str| {
        let mut request = with_token(secret, list(""));
        request.metadata_mut().insert("x-forwarded-for", address.parse().unwrap());
        request
    };
    // A right token is counted once for each call, from the first on.
    for _ in 0..4 {
        client.list(from("192.0.2.1", &right)).await.unwrap();
    }
    // Its bucket fills while a slow machine goes on.
    let mut codes = Vec::new();
    while !codes.contains(&Code::ResourceExhausted) {
        codes.push(client.list(from("192.0.2.1", &right)).await.map_or_else(|status| status.code(), |_| Code::Ok));
    }
    for _ in 0..4 {
        let refused = client.list(from("192.0.2.1", "wrong")).await.unwrap_err();
        assert_refused(&refused, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    let mut codes = Vec::new();
    while !codes.contains(&Code::ResourceExhausted) {
        codes.push(client.list(from("192.0.2.1", "wrong")).await.unwrap_err().code());
    }
    // Once there were too many, not even a right one is tested, unless it is known or comes from elsewhere.
    let other = served.token("default", "other", Scope::Read);
    let refused = client.list(from("192.0.2.1", &other)).await.unwrap_err();
    assert_refused(&refused, Code::ResourceExhausted, "TOO_MANY_REQUESTS");
    client.list(from("192.0.2.2", &other)).await.unwrap();
    client.list(from("192.0.2.1", &other)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tokens_are_none() {
    let served = served(|options| options.require_tokens = true).await;
    let right = served.token("default", "r", Scope::Read);
    let mut request = with_token(&right, list(""));
    request.metadata_mut().append("authorization", format!("Bearer {right}").parse().unwrap());
    let refused = served.resources().await.list(request).await.unwrap_err();
    assert_refused(&refused, Code::Unauthenticated, "UNAUTHENTICATED");
}
