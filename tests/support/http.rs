//! A client of SCIM over HTTP/1.1, and a server for it.
#![allow(dead_code)]

use std::net::SocketAddr;

use scimdb::daemon::Server;
use scimdb::engine::{ValueKey, ValueKeySource};
use scimdb::server::ServeOptions;
use scimdb::{Store, StoreOptions};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// A server on a free port of loopback, and its store. It ends when it is dropped.
pub struct Served {
    pub store: Store,
    pub address: SocketAddr,
    _runtime: Runtime,
    _stop: oneshot::Sender<()>,
}

impl Served {
    pub fn new(change: impl FnOnce(&mut ServeOptions)) -> Served {
        Served::of(Store::open_in_memory(with_value_keys()).unwrap(), change)
    }

    /// A server of a store of the test's own.
    pub fn of(store: Store, change: impl FnOnce(&mut ServeOptions)) -> Served {
        let mut options = ServeOptions::default();
        options.address.set_port(0);
        change(&mut options);
        let runtime = Runtime::new().unwrap();
        let (stop, stopped) = oneshot::channel();
        let address = runtime.block_on(async {
            let server = Server::bind(store.clone(), options).await.unwrap();
            let address = server.address();
            tokio::spawn(server.serve(async { drop(stopped.await) }));
            address
        });
        Served { store, address, _runtime: runtime, _stop: stop }
    }

    /// The URL of a tenant's endpoint: the usual one, or the one at a path.
    pub fn base(&self, tenant: &str, at: Option<&str>) -> String {
        match at {
            Some(path) => format!("http://{}{path}", self.address),
            None => format!("http://{}/scim/{tenant}/v2", self.address),
        }
    }

    /// A client of a tenant's endpoint.
    pub fn client(&self, tenant: &str) -> Client {
        let path = if tenant.is_empty() { "/scim/v2".to_owned() } else { format!("/scim/{tenant}/v2") };
        Client::new(format!("http://{}{path}", self.address))
    }
}

/// Options of a store that can encrypt values.
pub fn with_value_keys() -> StoreOptions {
    let key = ValueKey { id: "k1".to_owned(), key: [7; 32] };
    let mut options = StoreOptions::default();
    options.value_keys = Some(ValueKeySource::Keys(vec![key]));
    options
}

/// A client that keeps its connection.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Client {
    pub fn new(base: String) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .build();
        Client { agent: config.new_agent(), base, token: None }
    }

    /// The same with a bearer token.
    pub fn with_token(mut self, token: &str) -> Client {
        self.token = Some(token.to_owned());
        self
    }

    /// Sends a request; the target begins behind the endpoint's base.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{target}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = match body {
            "" => self.agent.run(request.body(()).unwrap()),
            body => self.agent.run(request.body(body.to_owned()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {target}: {error}"));
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = answer.status().as_u16();
        Answer { status, headers, body: answer.body_mut().read_to_string().unwrap() }
    }

    pub fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], "")
    }

    pub fn json(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.send(method, target, &[("content-type", "application/scim+json")], &body.to_string())
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
