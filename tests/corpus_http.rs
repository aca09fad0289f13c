//! The corpus through SCIM's protocol: as a function call, and over HTTP to a server on a loopback port.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/http.rs"]
mod http;
#[path = "support/profiles.rs"]
mod profiles;
#[path = "support/requests.rs"]
mod requests;
#[path = "support/steps.rs"]
mod steps;
mod support;

use std::collections::BTreeMap;

use http::{Answer, Client, Served};
use requests::{ByRequests, Requests};
use scimdb::Store;
use scimdb::engine::{Scope, TenantOptions, TokenOptions, WriteOptions};
use scimdb::message::{ResourceInput, parse_schema_document};
use scimdb::protocol::{AuthenticationScheme, Context, Request, handle};
use serde_json::Value;
use steps::{Sender, Sent, run_steps};
use support::corpus::ResourceOf;
use support::face::{run_filters, run_patches};

/// How requests get to the store.
enum Way {
    Call(Store),
    Socket(Served),
}

/// A way, and the tokens of those who provision, by tenant.
struct Http(Way, BTreeMap<String, String>);

impl Http {
    fn by_call() -> Self {
        Http(Way::Call(Store::open_in_memory(http::with_value_keys()).unwrap()), BTreeMap::new())
    }

    /// To a server that lets anybody in; the clients of steps have tokens all the same.
    fn over_http() -> Self {
        Http(Way::Socket(Served::new(|_| {})), BTreeMap::new())
    }

    fn store(&self) -> &Store {
        match &self.0 {
            Way::Call(store) => store,
            Way::Socket(served) => &served.store,
        }
    }
}

impl Requests for Http {
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String> {
        let mut options = TenantOptions::default();
        options.profile = dialect.parse().unwrap();
        let tenant = self.store().create_tenant(tenant, options).map_err(|error| format!("{error:?}"))?;
        let json = Value::Array(documents.to_vec()).to_string();
        let documents = parse_schema_document(json.as_bytes()).map_err(|error| format!("{error:?}"))?;
        tenant.put_schemas(documents).map_err(|error| format!("{error:?}"))
    }

    /// With ids of their own, which no client of SCIM can give.
    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        let tenant = self.store().tenant(tenant).unwrap();
        for ResourceOf { resource_type, id, body } in resources {
            let input = ResourceInput::from_json(body.to_string().as_bytes()).map_err(|error| format!("{error:?}"))?;
            let options = WriteOptions { id: Some(id.clone()), ..WriteOptions::default() };
            tenant.create(resource_type, input, &options).map_err(|error| format!("{id}: {error:?}"))?;
        }
        Ok(())
    }

    fn endpoint(&mut self, tenant: &str, name: &str) -> String {
        let registry = self.store().tenant(tenant).unwrap().registry().unwrap();
        registry.resource_type(name).map_or_else(|_| format!("/{name}"), |model| model.resource_type().endpoint.clone())
    }

    fn before_locations(&self, tenant: &str) -> String {
        match &self.0 {
            Way::Call(_) => String::new(),
            Way::Socket(_) => self.base(tenant, None),
        }
    }

    fn send(&mut self, tenant: &str, method: &str, target: &str, body: &str) -> Answer {
        match &self.0 {
            Way::Socket(served) => {
                let headers: &[(&str, &str)] =
                    if body.is_empty() { &[] } else { &[("content-type", "application/scim+json")] };
                served.client(tenant).send(method, target, headers, body)
            }
            Way::Call(store) => {
                let request = Request { method, target, headers: &[], body: body.as_bytes() };
                answer(handle(&store.tenant(tenant).unwrap(), &request, &Context::default()))
            }
        }
    }
}

impl Sender for Http {
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String> {
        Requests::open(self, tenant, profile, documents)?;
        let options = TokenOptions::of_scope(Scope::Write);
        let token = self.store().tenant(tenant).unwrap().create_token("provider", options).unwrap();
        self.1.insert(tenant.to_owned(), token.secret);
        Ok(())
    }

    fn close(&mut self, tenant: &str) {
        self.store().drop_tenant(tenant).unwrap();
    }

    fn base(&self, tenant: &str, at: Option<&str>) -> String {
        match &self.0 {
            Way::Call(_) => format!("https://example.com{}", at.unwrap_or("/v2")),
            Way::Socket(served) => served.base(tenant, at),
        }
    }

    fn deliver(&mut self, sent: &Sent<'_>) -> Answer {
        let Sent { tenant, subject, permissions, at, method, target, headers, body } = *sent;
        match &self.0 {
            Way::Socket(served) => {
                let is_usual = subject.is_none() && permissions.is_empty();
                let token = if is_usual { self.1[tenant].clone() } else { self.token_of(tenant, subject, permissions) };
                Client::new(served.base(tenant, at)).with_token(&token).send(method, target, headers, body)
            }
            Way::Call(store) => {
                let request = Request { method, target, headers, body: body.as_bytes() };
                let context = Context {
                    base: self.base(tenant, at),
                    subject: subject.map(str::to_owned),
                    authentication_schemes: vec![AuthenticationScheme::bearer_token()],
                    ..Context::default()
                };
                let tenant = store.tenant(tenant).unwrap().limited_to(&permissions.into());
                let tenant = at.map_or_else(|| tenant.clone(), |at| tenant.clone().standing_at(at));
                answer(handle(&tenant, &request, &context))
            }
        }
    }
}

impl Http {
    /// A new token of the caller that a resource is, or that is limited to permissions.
    fn token_of(&self, tenant: &str, subject: Option<&str>, permissions: &[String]) -> String {
        let tenant = self.store().tenant(tenant).unwrap();
        let name = format!("token {}", tenant.tokens().unwrap().len());
        let options = TokenOptions {
            subject: subject.map(str::to_owned),
            permissions: permissions.to_vec(),
            ..TokenOptions::of_scope(Scope::Write)
        };
        tenant.create_token(&name, options).unwrap().secret
    }
}

fn answer(response: scimdb::protocol::Response) -> Answer {
    let headers = response.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Answer { status: response.status, headers, body: response.body }
}

/// Runs every step of a folder both ways, over HTTP to a server that wants tokens.
fn run_both(folder: &str) {
    let called = run_steps(&mut Http::by_call(), folder);
    let server = Served::new(|options| options.require_tokens = true);
    let sent = run_steps(&mut Http(Way::Socket(server), BTreeMap::new()), folder);
    assert_eq!(called.len(), sent.len());
    for (called, sent) in called.iter().zip(&sent) {
        assert_eq!(called, sent, "an answer is the same by whatever way");
    }
}

#[test]
fn steps_by_call_and_over_http() {
    run_both("http");
}

#[test]
fn what_entra_id_sends() {
    run_both("idp/entra");
}

#[test]
fn what_okta_sends() {
    run_both("idp/okta");
}

#[test]
fn what_onelogin_sends() {
    run_both("idp/onelogin");
}

#[test]
fn the_system_activid() {
    run_both("seeds/activid");
}

#[test]
fn the_system_absorb() {
    run_both("seeds/absorb");
}

#[test]
fn the_system_activtrak() {
    run_both("seeds/activtrak");
}

#[test]
fn filters_by_call() {
    run_filters(&mut ByRequests(Http::by_call()));
}

#[test]
fn patches_by_call() {
    run_patches(&mut ByRequests(Http::by_call()));
}

#[test]
fn filters_over_http() {
    run_filters(&mut ByRequests(Http::over_http()));
}

#[test]
fn patches_over_http() {
    run_patches(&mut ByRequests(Http::over_http()));
}

#[test]
fn what_is_sensitive_may_not_stand_in_a_url() {
    profiles::what_is_sensitive_may_not_stand_in_a_url(&mut Http::by_call());
    profiles::what_is_sensitive_may_not_stand_in_a_url(&mut Http::over_http());
}

#[test]
fn a_profile_lowers_the_limits_that_are_announced_and_kept() {
    profiles::a_profile_lowers_the_limits(&mut Http::by_call());
    profiles::a_profile_lowers_the_limits(&mut Http::over_http());
}
