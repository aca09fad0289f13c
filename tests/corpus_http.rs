//! The corpus through SCIM's protocol: as a function call, and over HTTP to a server on a loopback port.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/http.rs"]
mod http;
#[path = "support/steps.rs"]
mod steps;
mod support;

use std::collections::BTreeMap;

use http::{Answer, Served};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scimdb::engine::{Scope, TenantOptions, TokenOptions, WriteOptions};
use scimdb::message::{ResourceInput, parse_schema_document};
use scimdb::protocol::{AuthenticationScheme, Context, Request, handle};
use scimdb::{Store, StoreOptions};
use serde_json::Value;
use steps::{Sender, Sent, run_steps};
use support::corpus::{Outcome, PatchError, ResourceOf};
use support::face::{Face, Search, run_filters, run_patches};

/// How requests get to the store.
enum Way {
    Call(Store),
    Socket(Served),
}

/// A way, and the tokens of those who provision, by tenant.
struct Http(Way, BTreeMap<String, String>);

impl Http {
    fn by_call() -> Self {
        Http(Way::Call(Store::open_in_memory(StoreOptions::default()).unwrap()), BTreeMap::new())
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

    fn send(&self, tenant: &str, method: &str, target: &str, body: &str) -> Answer {
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

    fn search_with(&self, tenant: &str, search: &Search, more: &[(&str, String)]) -> Answer {
        let mut parameters = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                parameters.push(format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)));
            }
        };
        add("filter", search.filter.clone());
        add("sortBy", search.sort_by.clone());
        add("sortOrder", search.descending.then(|| "descending".to_owned()));
        add("startIndex", search.start_index.map(|index| index.to_string()));
        add("count", search.count.map(|count| count.to_string()));
        for (name, value) in more {
            add(name, Some(value.clone()));
        }
        let endpoint = search.resource_type.as_ref().map_or_else(String::new, |name| self.endpoint(tenant, name));
        let target = format!("{endpoint}/?{}", parameters.join("&"));
        if target.len() < 8_000 {
            return self.send(tenant, "GET", &target, "");
        }
        // What is too long for a URL is posted.
        let mut body = serde_json::Map::new();
        body.extend(search.filter.clone().map(|filter| ("filter".to_owned(), Value::String(filter))));
        self.send(tenant, "POST", &format!("{endpoint}/.search"), &Value::Object(body).to_string())
    }

    fn endpoint(&self, tenant: &str, name: &str) -> String {
        let registry = self.store().tenant(tenant).unwrap().registry().unwrap();
        registry.resource_type(name).map_or_else(|_| format!("/{name}"), |model| model.resource_type().endpoint.clone())
    }
}

/// The byte that a detail blames: `… (at byte 9)`.
fn offset(detail: &str) -> Option<u64> {
    detail.rsplit_once(" (at byte ")?.1.strip_suffix(')')?.parse().ok()
}

fn outcome(answer: &Answer) -> Outcome {
    let json = answer.json();
    if answer.status != 200 {
        return Outcome::Failed {
            scim_type: json["scimType"].as_str().map(str::to_owned),
            offset: offset(json["detail"].as_str().unwrap()),
            detail: json["detail"].as_str().unwrap().to_owned(),
        };
    }
    let ids = json["Resources"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap().to_owned());
    Outcome::Found(ids.collect(), json["totalResults"].as_u64().unwrap())
}

impl Face for Http {
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

    fn search(&mut self, tenant: &str, search: &Search) -> Outcome {
        outcome(&self.search_with(tenant, search, &[]))
    }

    fn walk(&mut self, tenant: &str, search: &Search) -> Option<Outcome> {
        let search = Search { count: Some(2), ..search.clone() };
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.search_with(tenant, &search, &[("cursor", cursor)]);
            let Outcome::Found(page, total) = outcome(&answer) else { return Some(outcome(&answer)) };
            ids.extend(page);
            match answer.json()["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => return Some(Outcome::Found(ids, total)),
            }
        }
    }

    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value {
        let answer = self.send(tenant, "GET", &format!("{}/{id}", self.endpoint(tenant, resource_type)), "");
        assert_eq!(answer.status, 200, "{answer:?}");
        // Locations are those of the endpoint; the corpus has relative ones.
        match &self.0 {
            Way::Call(_) => answer.json(),
            Way::Socket(served) => {
                let base = format!("http://{}/scim/{tenant}/v2", served.address);
                serde_json::from_str(&answer.body.replace(&base, "")).unwrap()
            }
        }
    }

    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError> {
        let target = format!("{}/{id}", self.endpoint(tenant, resource_type));
        let answer = self.send(tenant, "PATCH", &target, &request.to_string());
        if answer.status < 300 {
            return Ok(None);
        }
        let json = answer.json();
        assert_eq!(json["status"], answer.status.to_string());
        let scim_type = json["scimType"].as_str().unwrap_or_default().to_owned();
        Err(PatchError { status: answer.status, scim_type })
    }
}

impl Sender for Http {
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String> {
        Face::open(self, tenant, profile, documents)?;
        let options = TokenOptions { scope: Scope::Write, lifetime: None, subject: None };
        let token = self.store().tenant(tenant).unwrap().create_token("provider", options).unwrap();
        self.1.insert(tenant.to_owned(), token.secret);
        Ok(())
    }

    fn base(&self, tenant: &str) -> String {
        match &self.0 {
            Way::Call(_) => "https://example.com/v2".to_owned(),
            Way::Socket(served) => format!("http://{}/scim/{tenant}/v2", served.address),
        }
    }

    fn deliver(&mut self, sent: &Sent<'_>) -> Answer {
        let Sent { tenant, subject, method, target, headers, body } = *sent;
        match &self.0 {
            Way::Socket(served) => {
                let token = subject.map_or_else(|| self.1[tenant].clone(), |subject| self.token_of(tenant, subject));
                served.client(tenant).with_token(&token).send(method, target, headers, body)
            }
            Way::Call(store) => {
                let request = Request { method, target, headers, body: body.as_bytes() };
                let context = Context {
                    base: self.base(tenant),
                    subject: subject.map(str::to_owned),
                    authentication_schemes: vec![AuthenticationScheme::bearer_token()],
                    ..Context::default()
                };
                answer(handle(&store.tenant(tenant).unwrap(), &request, &context))
            }
        }
    }
}

impl Http {
    /// A new token of the caller that a resource is.
    fn token_of(&self, tenant: &str, subject: &str) -> String {
        let tenant = self.store().tenant(tenant).unwrap();
        let name = format!("token {}", tenant.tokens().unwrap().len());
        let options = TokenOptions { scope: Scope::Write, lifetime: None, subject: Some(subject.to_owned()) };
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
fn filters_by_call() {
    run_filters(&mut Http::by_call());
}

#[test]
fn patches_by_call() {
    run_patches(&mut Http::by_call());
}

#[test]
fn filters_over_http() {
    run_filters(&mut Http::over_http());
}

#[test]
fn patches_over_http() {
    run_patches(&mut Http::over_http());
}
