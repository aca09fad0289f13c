//! A server on a free port, its clients, and what their answers are read with.

use std::net::SocketAddr;
use std::time::Duration;

use scimdb::daemon::Server;
use scimdb::engine::{Scope, TokenOptions};
use scimdb::grpc::proto::admin_service_client::AdminServiceClient;
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use scimdb::grpc::proto::schema_service_client::SchemaServiceClient;
use scimdb::grpc::proto::{CreateRequest, ListRequest, Resource};
use scimdb::server::ServeOptions;
use scimdb::{Store, StoreOptions};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A server that runs until it is told to stop.
pub struct Served {
    pub address: SocketAddr,
    pub store: Store,
    stop: oneshot::Sender<()>,
    pub task: JoinHandle<scimdb::Result<()>>,
}

/// Serves a new store.
pub async fn served(change: impl FnOnce(&mut ServeOptions)) -> Served {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let mut options = ServeOptions::default();
    options.address.set_port(0);
    options.drain = Duration::from_secs(5);
    change(&mut options);
    let server = Server::bind(store.clone(), options).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.serve(async { drop(stopped.await) }));
    Served { address, store, stop, task }
}

impl Served {
    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    pub async fn resources(&self) -> ResourceServiceClient<Channel> {
        ResourceServiceClient::new(self.channel().await)
    }

    pub async fn schemas(&self) -> SchemaServiceClient<Channel> {
        SchemaServiceClient::new(self.channel().await)
    }

    pub async fn administration(&self) -> AdminServiceClient<Channel> {
        AdminServiceClient::new(self.channel().await)
    }

    /// A new token's secret.
    pub fn token(&self, tenant: &str, name: &str, scope: Scope) -> String {
        self.store.tenant(tenant).unwrap().create_token(name, TokenOptions::of_scope(scope)).unwrap().secret
    }

    /// Asks the server to stop, and gives the task that ends when it has.
    pub fn stop(self) -> JoinHandle<scimdb::Result<()>> {
        self.stop.send(()).unwrap();
        self.task
    }
}

/// A request with a bearer token.
pub fn with_token<T>(secret: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    request
}

pub fn user(name: &str) -> String {
    json!({ "schemas": [USER], "userName": name }).to_string()
}

pub fn create_user(name: &str) -> CreateRequest {
    CreateRequest { resource_type: "User".into(), json: user(name), ..CreateRequest::default() }
}

pub fn list(filter: &str) -> ListRequest {
    ListRequest { resource_type: "Users".into(), filter: filter.into(), ..ListRequest::default() }
}

/// The resource's JSON.
pub fn json_of(resource: &Resource) -> Value {
    serde_json::from_str(&resource.json).unwrap()
}

/// The names of the users of a page.
pub fn user_names(resources: &[Resource]) -> Vec<String> {
    resources.iter().map(|found| json_of(found)["userName"].as_str().unwrap().to_owned()).collect()
}

/// Asserts the code and the reason of an error.
#[track_caller]
pub fn assert_refused(status: &Status, code: Code, reason: &str) {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("{status:?} has no ErrorInfo"));
    assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, "scimdb"), "{status:?}");
}
