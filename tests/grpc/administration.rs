//! SchemaService and AdminService.

use scimdb::engine::Scope as EngineScope;
use scimdb::grpc::proto::{
    ConfigureTenantRequest, CreateRequest, CreateTenantRequest, CreateTokenRequest, DropTenantRequest,
    GetTenantRequest, ListRequest, ListResourceTypesRequest, ListSchemasRequest, ListTenantsRequest, ListTokensRequest,
    PutSchemasRequest, RemoveSchemaRequest, RevokeTokenRequest, Scope, StatsRequest, TenantSettings,
    TenantStatsRequest,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::harness::{assert_refused, create_user, json_of, list, served, with_token};

#[tokio::test(flavor = "multi_thread")]
async fn tenants_come_and_go() {
    let served = served(|_| {}).await;
    let mut client = served.administration().await;
    let create = |name: &str, profile: &str| CreateTenantRequest {
        tenant: name.into(),
        settings: Some(TenantSettings { profile: profile.into() }),
    };
    client.create_tenant(create("acme", "entra")).await.unwrap();
    assert_refused(&client.create_tenant(create("acme", "")).await.unwrap_err(), Code::AlreadyExists, "ALREADY_EXISTS");
    for (name, profile) in [("", ""), ("a b", ""), ("zenith", "klingon")] {
        let refused = client.create_tenant(create(name, profile)).await.unwrap_err();
        assert_refused(&refused, Code::InvalidArgument, "INVALID_ARGUMENT");
    }
    let tenants = client.list_tenants(ListTenantsRequest {}).await.unwrap().into_inner().tenants;
    assert_eq!(tenants, ["acme", "default"]);

    let acme = || TenantStatsRequest { tenant: "acme".into() };
    assert_eq!(client.tenant_stats(acme()).await.unwrap().into_inner().counts.unwrap().profile, "entra");
    let configure =
        ConfigureTenantRequest { tenant: "acme".into(), settings: Some(TenantSettings { profile: "okta".into() }) };
    client.configure_tenant(configure).await.unwrap();
    assert_eq!(client.tenant_stats(acme()).await.unwrap().into_inner().counts.unwrap().profile, "okta");

    let own = r#"{"name":"ours","extends":"okta","sensitive":["emails"]}"#;
    for profile in [own, "entra"] {
        let settings = Some(TenantSettings { profile: profile.into() });
        let configure = ConfigureTenantRequest { tenant: "acme".into(), settings: settings.clone() };
        client.configure_tenant(configure).await.unwrap();
        let told = client.get_tenant(GetTenantRequest { tenant: "acme".into() }).await.unwrap().into_inner();
        assert_eq!(told.settings, settings);
    }
    for (profile, code, kind) in [
        (r#"{"name":"ours","limits":{"maxPages":1}}"#, Code::InvalidArgument, "INVALID_SYNTAX"),
        (r#"{"name":"ours","sensitive":["emials"]}"#, Code::InvalidArgument, "INVALID_ARGUMENT"),
    ] {
        let settings = Some(TenantSettings { profile: profile.into() });
        let configure = ConfigureTenantRequest { tenant: "acme".into(), settings };
        assert_refused(&client.configure_tenant(configure).await.unwrap_err(), code, kind);
    }

    let mut resources = served.resources().await;
    let mut request = create_user("ann");
    request.tenant = "acme".into();
    resources.create(request).await.unwrap();
    let stats = client.stats(StatsRequest {}).await.unwrap().into_inner();
    let counts = stats.tenants.iter().find(|counts| counts.name == "acme").unwrap();
    let users = counts.resources.iter().find(|count| count.resource_type == "User").unwrap();
    assert_eq!((users.count, stats.tenants.len()), (1, 2));
    assert!(stats.sequence > 0);

    // An empty name drops nothing, not even the default.
    let unnamed = client.drop_tenant(DropTenantRequest::default()).await.unwrap_err();
    assert_refused(&unnamed, Code::InvalidArgument, "INVALID_ARGUMENT");
    client.drop_tenant(DropTenantRequest { tenant: "acme".into() }).await.unwrap();
    let gone = ListRequest { tenant: "acme".into(), ..list("") };
    assert_refused(&resources.list(gone).await.unwrap_err(), Code::NotFound, "UNKNOWN_TENANT");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_listed_and_revoked() {
    let served = served(|options| options.require_tokens = true).await;
    let admin = served.token("default", "operator", EngineScope::Admin);
    let mut client = served.administration().await;
    let request = CreateTokenRequest {
        name: "reader".into(),
        scope: Scope::Read.into(),
        lifetime: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
        ..CreateTokenRequest::default()
    };
    let secret = client.create_token(with_token(&admin, request.clone())).await.unwrap().into_inner().secret;
    let again = client.create_token(with_token(&admin, request.clone())).await.unwrap_err();
    assert_refused(&again, Code::AlreadyExists, "ALREADY_EXISTS");
    let unscoped = CreateTokenRequest { name: "x".into(), scope: 0, ..request.clone() };
    let unscoped = client.create_token(with_token(&admin, unscoped)).await.unwrap_err();
    assert_refused(&unscoped, Code::InvalidArgument, "INVALID_ARGUMENT");
    let lifetime = Some(prost_types::Duration { seconds: -1, nanos: 0 });
    let past = CreateTokenRequest { name: "x".into(), lifetime, ..request };
    let past = client.create_token(with_token(&admin, past)).await.unwrap_err();
    assert_refused(&past, Code::InvalidArgument, "INVALID_ARGUMENT");

    let mut resources = served.resources().await;
    resources.list(with_token(&secret, list(""))).await.unwrap();
    let tokens =
        client.list_tokens(with_token(&admin, ListTokensRequest::default())).await.unwrap().into_inner().tokens;
    let reader = tokens.iter().find(|token| token.name == "reader").unwrap();
    assert_eq!(reader.scope(), Scope::Read);
    let (created, expires) = (reader.created.unwrap(), reader.expires.unwrap());
    assert_eq!(expires.seconds - created.seconds, 3_600);
    assert_eq!(tokens.iter().find(|token| token.name == "operator").unwrap().expires, None);

    let revoke = RevokeTokenRequest { name: "reader".into(), ..RevokeTokenRequest::default() };
    client.revoke_token(with_token(&admin, revoke.clone())).await.unwrap();
    let refused = resources.list(with_token(&secret, list(""))).await.unwrap_err();
    assert_refused(&refused, Code::Unauthenticated, "UNAUTHENTICATED");
    let again = client.revoke_token(with_token(&admin, revoke)).await.unwrap_err();
    assert_refused(&again, Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_type_is_registered_while_the_server_runs() {
    let served = served(|_| {}).await;
    let mut client = served.schemas().await;
    let urn = "urn:example:params:scim:schemas:Device";
    let documents = json!([
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": urn, "name": "Device", "description": "A device",
            "attributes": [{
                "name": "serialNumber", "type": "string", "multiValued": false, "description": "Serial number",
                "required": true, "caseExact": true, "mutability": "readWrite", "returned": "default",
                "uniqueness": "server"
            }]
        },
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "Device", "name": "Device", "endpoint": "/Devices", "description": "A device", "schema": urn
        }
    ]);
    client
        .put_schemas(PutSchemasRequest { json: documents.to_string(), ..PutSchemasRequest::default() })
        .await
        .unwrap();
    let schemas = client.list_schemas(ListSchemasRequest::default()).await.unwrap().into_inner().schemas;
    let schema = schemas.iter().find(|schema| schema.id == urn).unwrap();
    let document: Value = serde_json::from_str(&schema.json).unwrap();
    assert_eq!((schema.name.as_str(), &document["attributes"][0]["name"]), ("Device", &json!("serialNumber")));
    let types = client.list_resource_types(ListResourceTypesRequest::default()).await.unwrap().into_inner();
    let names: Vec<&str> = types.resource_types.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["User", "Group", "Device"]);
    let device = types.resource_types.last().unwrap();
    assert_eq!((device.endpoint.as_str(), device.schema.as_str()), ("/Devices", urn));

    let mut resources = served.resources().await;
    let request = CreateRequest {
        resource_type: "Devices".into(),
        json: json!({ "schemas": [urn], "serialNumber": "A-1" }).to_string(),
        ..CreateRequest::default()
    };
    let created = resources.create(request.clone()).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(json_of(&created)["serialNumber"], "A-1");
    assert_refused(&resources.create(request).await.unwrap_err(), Code::AlreadyExists, "UNIQUENESS");

    let remove = |name: &str| RemoveSchemaRequest { urn_or_name: name.into(), ..RemoveSchemaRequest::default() };
    let in_use = client.remove_schema(remove("Device")).await.unwrap_err();
    assert_refused(&in_use, Code::FailedPrecondition, "IN_USE");
    let unknown = client.remove_schema(remove("Robot")).await.unwrap_err();
    assert_refused(&unknown, Code::NotFound, "UNKNOWN_TYPE");
    let broken = PutSchemasRequest { json: "{}".into(), ..PutSchemasRequest::default() };
    assert_eq!(client.put_schemas(broken).await.unwrap_err().code(), Code::InvalidArgument);
}
