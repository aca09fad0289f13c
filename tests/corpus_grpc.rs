//! The corpus through gRPC: a server on a loopback port, and a client over a real connection.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/handled.rs"]
mod handled;
#[path = "support/http.rs"]
mod http;
#[path = "support/steps.rs"]
mod steps;
mod support;

use handled::Handled;
use scimdb::daemon::Server;
use scimdb::grpc::proto::admin_service_client::AdminServiceClient;
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use scimdb::grpc::proto::schema_service_client::SchemaServiceClient;
use scimdb::grpc::proto::{
    CreateRequest, CreateTenantRequest, GetRequest, ListRequest, PatchRequest, PutSchemasRequest, SortOrder,
    TenantSettings,
};
use scimdb::server::ServeOptions;
use scimdb::{Store, StoreOptions};
use serde_json::Value;
use steps::run_steps;
use support::corpus::{Outcome, PatchError, ResourceOf};
use support::face::{Face, Search, run_filters, run_patches};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

struct Grpc {
    channel: Channel,
    runtime: Runtime,
    /// Dropped with the rest, which ends the server.
    _stop: oneshot::Sender<()>,
}

impl Grpc {
    fn new() -> Grpc {
        let runtime = Runtime::new().unwrap();
        let (stop, stopped) = oneshot::channel();
        let channel = runtime.block_on(async {
            let store = Store::open_in_memory(StoreOptions::default()).unwrap();
            let mut options = ServeOptions::default();
            options.address.set_port(0);
            let server = Server::bind(store, options).await.unwrap();
            let address = server.address();
            tokio::spawn(server.serve(async { drop(stopped.await) }));
            Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
        });
        Grpc { channel, runtime, _stop: stop }
    }

    fn resources(&self) -> ResourceServiceClient<Channel> {
        ResourceServiceClient::new(self.channel.clone())
    }
}

impl Face for Grpc {
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String> {
        let settings = Some(TenantSettings { profile: dialect.to_owned() });
        let request = CreateTenantRequest { tenant: tenant.to_owned(), settings };
        let mut client = AdminServiceClient::new(self.channel.clone());
        self.runtime.block_on(client.create_tenant(request)).map_err(text)?;
        if documents.is_empty() {
            return Ok(());
        }
        let json = Value::Array(documents.to_vec()).to_string();
        let request = PutSchemasRequest { tenant: tenant.to_owned(), json };
        let mut client = SchemaServiceClient::new(self.channel.clone());
        self.runtime.block_on(client.put_schemas(request)).map(drop).map_err(text)
    }

    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        let mut client = self.resources();
        for ResourceOf { resource_type, id, body } in resources {
            let request = CreateRequest {
                tenant: tenant.to_owned(),
                resource_type: resource_type.clone(),
                id: id.clone(),
                json: body.to_string(),
                ..CreateRequest::default()
            };
            self.runtime.block_on(client.create(request)).map_err(|status| format!("{id}: {status:?}"))?;
        }
        Ok(())
    }

    fn search(&mut self, tenant: &str, search: &Search) -> Outcome {
        match self.runtime.block_on(self.resources().list(request(tenant, search))) {
            Ok(answer) => {
                let page = answer.into_inner();
                Outcome::Found(page.resources.into_iter().map(|r| r.id).collect(), page.total_results)
            }
            Err(status) => failed(&status),
        }
    }

    fn walk(&mut self, tenant: &str, search: &Search) -> Option<Outcome> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let request = ListRequest { count: Some(2), cursor: Some(cursor), ..request(tenant, search) };
            let page = match self.runtime.block_on(self.resources().list(request)) {
                Ok(answer) => answer.into_inner(),
                Err(status) => return Some(failed(&status)),
            };
            ids.extend(page.resources.into_iter().map(|found| found.id));
            if page.next_cursor.is_empty() {
                return Some(Outcome::Found(ids, page.total_results));
            }
            cursor = page.next_cursor;
        }
    }

    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value {
        let request = GetRequest {
            tenant: tenant.to_owned(),
            resource_type: resource_type.to_owned(),
            id: id.to_owned(),
            ..GetRequest::default()
        };
        let answer = self.runtime.block_on(self.resources().get(request)).unwrap().into_inner();
        serde_json::from_str(&answer.resource.unwrap().json).unwrap()
    }

    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError> {
        let request = PatchRequest {
            tenant: tenant.to_owned(),
            resource_type: resource_type.to_owned(),
            id: id.to_owned(),
            json: request.to_string(),
            ..PatchRequest::default()
        };
        self.runtime.block_on(self.resources().patch(request)).map(|_| None).map_err(|status| {
            let info = status.get_details_error_info().map(|info| info.metadata).unwrap_or_default();
            PatchError {
                status: info.get("status").and_then(|status| status.parse().ok()).unwrap_or_default(),
                scim_type: info.get("scimType").cloned().unwrap_or_default(),
            }
        })
    }

    /// In proto3 an empty filter is none.
    fn knows_empty_filters(&self) -> bool {
        false
    }
}

fn text(status: Status) -> String {
    format!("{status:?}")
}

fn request(tenant: &str, search: &Search) -> ListRequest {
    ListRequest {
        tenant: tenant.to_owned(),
        resource_type: search.resource_type.clone().unwrap_or_default(),
        filter: search.filter.clone().unwrap_or_default(),
        sort_by: search.sort_by.clone().unwrap_or_default(),
        sort_order: if search.descending { SortOrder::Descending } else { SortOrder::Ascending }.into(),
        start_index: search.start_index.unwrap_or_default(),
        count: search.count,
        ..ListRequest::default()
    }
}

fn failed(status: &tonic::Status) -> Outcome {
    let info = status.get_details_error_info().map(|info| info.metadata).unwrap_or_default();
    Outcome::Failed {
        scim_type: info.get("scimType").cloned(),
        offset: info.get("offset").and_then(|offset| offset.parse().ok()),
        detail: status.message().to_owned(),
    }
}

#[test]
fn filters() {
    run_filters(&mut Grpc::new());
}

#[test]
fn patches() {
    run_patches(&mut Grpc::new());
}

#[test]
fn steps_by_the_protocol_service() {
    run_steps(&mut Handled::new(), "http");
}

#[test]
fn what_identity_providers_send_by_the_protocol_service() {
    let mut handled = Handled::new();
    for folder in ["idp/entra", "idp/okta", "idp/onelogin"] {
        run_steps(&mut handled, folder);
    }
}

#[test]
fn systems_by_the_protocol_service() {
    let mut handled = Handled::new();
    for folder in ["seeds/activid", "seeds/absorb", "seeds/activtrak"] {
        run_steps(&mut handled, folder);
    }
}
