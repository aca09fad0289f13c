//! Steps as requests of SCIM's protocol by one RPC: to a server that wants tokens.

use std::collections::BTreeMap;

use scimdb::engine::{Scope, TenantOptions, TokenOptions};
use scimdb::grpc::proto::protocol_service_client::ProtocolServiceClient;
use scimdb::grpc::proto::{HandleRequest, Header};
use scimdb::message::parse_schema_document;
use serde_json::Value;
use tokio::runtime::Runtime;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use crate::http::{Answer, Served};
use crate::steps::{Sender, Sent};

/// A client of the RPC, and the tokens of those who provision, by tenant.
pub struct Handled {
    served: Served,
    client: ProtocolServiceClient<Channel>,
    runtime: Runtime,
    tokens: BTreeMap<String, String>,
}

impl Handled {
    pub fn new() -> Handled {
        let served = Served::new(|options| options.require_tokens = true);
        let runtime = Runtime::new().unwrap();
        let address = format!("http://{}", served.address);
        let channel = runtime.block_on(Endpoint::from_shared(address).unwrap().connect()).unwrap();
        Handled { served, client: ProtocolServiceClient::new(channel), runtime, tokens: BTreeMap::new() }
    }

    fn token(&self, tenant: &str, subject: Option<&str>, permissions: &[String]) -> String {
        let tenant = self.served.store.tenant(tenant).unwrap();
        let name = format!("token {}", tenant.tokens().unwrap().len());
        let options = TokenOptions {
            subject: subject.map(str::to_owned),
            permissions: permissions.to_vec(),
            ..TokenOptions::of_scope(Scope::Write)
        };
        tenant.create_token(&name, options).unwrap().secret
    }
}

impl Sender for Handled {
    fn open(&mut self, tenant: &str, profile: &str, documents: &[Value]) -> Result<(), String> {
        let options = TenantOptions::of_profile(profile.parse().unwrap());
        let made = self.served.store.create_tenant(tenant, options).map_err(|error| format!("{error:?}"))?;
        let json = Value::Array(documents.to_vec()).to_string();
        let documents = parse_schema_document(json.as_bytes()).map_err(|error| format!("{error:?}"))?;
        made.put_schemas(documents).map_err(|error| format!("{error:?}"))?;
        self.tokens.insert(tenant.to_owned(), self.token(tenant, None, &[]));
        Ok(())
    }

    fn close(&mut self, tenant: &str) {
        self.served.store.drop_tenant(tenant).unwrap();
    }

    fn base(&self, _: &str, at: Option<&str>) -> String {
        format!("https://example.com{}", at.unwrap_or("/v2"))
    }

    fn deliver(&mut self, sent: &Sent<'_>) -> Answer {
        let Sent { tenant, subject, permissions, at, method, target, headers, body } = *sent;
        let is_usual = subject.is_none() && permissions.is_empty();
        let token = if is_usual { self.tokens[tenant].clone() } else { self.token(tenant, subject, permissions) };
        let header = |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
        let mut request = Request::new(HandleRequest {
            tenant: tenant.to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.iter().map(header).collect(),
            body: body.as_bytes().to_vec(),
            base: self.base(tenant, at),
        });
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let answer = self.runtime.block_on(self.client.handle(request));
        let answer = answer.unwrap_or_else(|status| panic!("{method} {target}: {status:?}")).into_inner();
        let headers = answer.headers.into_iter().map(|header| (header.name, header.value)).collect();
        let status = u16::try_from(answer.status).unwrap();
        Answer { status, headers, body: String::from_utf8(answer.body).unwrap() }
    }
}
