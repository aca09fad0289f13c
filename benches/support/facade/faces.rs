//! The faces of this process and of a server, and how each is measured: one call at a time, from one thread, in batches; the median of the batches is told.

use std::net::SocketAddr;
use std::time::Instant;

use scimdb::engine::{DEFAULT_TENANT, ReadOptions};
use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use scimdb::grpc::proto::{GetRequest, ListRequest};
use scimdb::message::SearchRequest;
use scimdb::{Store, StoreOptions};

use super::users::Users;
use crate::support::http::Outcome;
use crate::support::http::http1::{Connection, Target};
use crate::support::http::work::Ask;
use crate::support::samples::median;

/// Calls of a batch: as the benches of the bindings have it.
const BATCH: usize = 500;
/// Gets and searches that are timed in this process.
const INSIDE: (usize, usize) = (100_000, 20_000);
/// The same over a socket, where each takes longer.
const OVER_SOCKET: (usize, usize) = (20_000, 10_000);

/// Nanoseconds of a get and of a search.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub get: f64,
    pub search: f64,
}

/// What a call costs: the median of batches, after a tenth of the calls as a warm-up.
fn measure(calls: usize, mut once: impl FnMut(usize) -> Outcome<()>) -> Outcome<f64> {
    for number in 0..calls / 10 {
        once(number)?;
    }
    let mut batches = Vec::with_capacity(calls / BATCH);
    for batch in 0..calls / BATCH {
        let start = Instant::now();
        for number in 0..BATCH {
            once(batch * BATCH + number)?;
        }
        batches.push(start.elapsed().as_nanos() as f64 / BATCH as f64);
    }
    Ok(median(batches.into_iter()))
}

fn check(is_right: bool, what: &str) -> Outcome<()> {
    if is_right { Ok(()) } else { Err(format!("a wrong answer to {what}").into()) }
}

/// The call in Rust, to a store in memory: what the others are compared with.
pub fn rust(users: &Users) -> Outcome<Cost> {
    let store = Store::open_in_memory(StoreOptions::default())?;
    users.load(&store)?;
    let tenant = store.tenant(DEFAULT_TENANT)?;
    let get = measure(INSIDE.0, |number| {
        let json = tenant.get("User", &users.turn(number)?.id, &ReadOptions::default())?.json;
        check(!json.is_empty(), "get")
    })?;
    let search = measure(INSIDE.1, |number| {
        let filter = Some(users.turn(number)?.filter.clone());
        let request = SearchRequest { filter, count: Some(1), ..SearchRequest::default() };
        check(tenant.search(Some("User"), &request)?.resources.len() == 1, "search")
    })?;
    store.close()?;
    Ok(Cost { get, search })
}

/// HTTP/1.1 over a connection that is kept, by a client that does as little as can be done.
pub fn http(address: SocketAddr, users: &Users) -> Outcome<Cost> {
    let target = Target { address, base: "/scim/v2".to_owned(), authorization: String::new() };
    let mut connection = Connection::open(&target)?;
    let mut ask = |ask: Ask<'_>| {
        connection.prepare(&ask);
        connection.send()?;
        connection.receive().map(|_| ())
    };
    let get = measure(OVER_SOCKET.0, |number| ask(Ask::Get(&users.turn(number)?.id)))?;
    let search = measure(OVER_SOCKET.1, |number| {
        let known = users.turn(number)?;
        ask(Ask::List { filter: known.filter.clone(), is_page: false, told: &known.user_name })
    })?;
    Ok(Cost { get, search })
}

/// gRPC, by the client that the crate makes of its protos.
pub fn grpc(address: SocketAddr, users: &Users) -> Outcome<Cost> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut client = runtime.block_on(ResourceServiceClient::connect(format!("http://{address}")))?;
    let resource_type = || "User".to_owned();
    let get = measure(OVER_SOCKET.0, |number| {
        let id = users.turn(number)?.id.clone();
        let request = GetRequest { resource_type: resource_type(), id, ..GetRequest::default() };
        let answer = runtime.block_on(client.get(request))?.into_inner();
        check(answer.resource.is_some(), "Get")
    })?;
    let search = measure(OVER_SOCKET.1, |number| {
        let filter = users.turn(number)?.filter.clone();
        let request = ListRequest { resource_type: resource_type(), filter, count: Some(1), ..ListRequest::default() };
        let answer = runtime.block_on(client.list(request))?.into_inner();
        check(answer.resources.len() == 1, "List")
    })?;
    Ok(Cost { get, search })
}
