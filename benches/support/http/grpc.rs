//! The same calls over gRPC, by the client that the crate makes of its protos, with JSON in its messages.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use scimdb::grpc::proto::resource_service_client::ResourceServiceClient;
use scimdb::grpc::proto::{CreateRequest, GetRequest, ListRequest};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::Outcome;
use super::work::{Ask, Users, Work};
use crate::support::people::Dice;
use crate::support::samples::{Samples, Watch};

/// Connections that calls at one time are spread over.
const CONNECTIONS: usize = 4;

/// Where a server listens, and the token that it wants.
pub struct Target {
    pub address: SocketAddr,
    pub token: Option<String>,
}

type Client = ResourceServiceClient<InterceptedService<Channel, Bearer>>;

/// Adds the token to every call.
#[derive(Clone)]
struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

fn runtime() -> Outcome<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn connect(target: &Target) -> Outcome<Client> {
    let channel = Endpoint::from_shared(format!("http://{}", target.address))?.connect().await?;
    let token = target.token.as_ref().map(|token| format!("Bearer {token}").parse()).transpose()?;
    Ok(ResourceServiceClient::with_interceptor(channel, Bearer(token)))
}

/// One call: how long it took.
async fn call(client: &mut Client, ask: Ask<'_>) -> Outcome<Duration> {
    let resource_type = "User".to_owned();
    match ask {
        Ask::Get(id) => {
            let request = GetRequest { resource_type, id: id.to_owned(), ..GetRequest::default() };
            let start = Instant::now();
            let answer = client.get(request).await?.into_inner();
            let elapsed = start.elapsed();
            let is_right = answer.resource.is_some_and(|resource| resource.id == id);
            if is_right { Ok(elapsed) } else { Err("a wrong answer to Get".into()) }
        }
        Ask::List { filter, is_page, told } => {
            let (count, sort_by) = if is_page { (Some(Users::PAGE as i64), "userName") } else { (None, "") };
            let request =
                ListRequest { resource_type, filter, count, sort_by: sort_by.to_owned(), ..ListRequest::default() };
            let start = Instant::now();
            let answer = client.list(request).await?.into_inner();
            let elapsed = start.elapsed();
            let is_right = answer.resources.first().is_some_and(|resource| resource.json.contains(told));
            if is_right { Ok(elapsed) } else { Err("a wrong answer to List".into()) }
        }
        Ask::Create(person) => {
            let json = String::from_utf8(person.json)?;
            let request = CreateRequest { resource_type, json, ..CreateRequest::default() };
            let start = Instant::now();
            let answer = client.create(request).await?.into_inner();
            let elapsed = start.elapsed();
            if answer.resource.is_some() { Ok(elapsed) } else { Err("a wrong answer to Create".into()) }
        }
    }
}

/// One call at a time, over one connection.
pub fn alone(target: &Target, users: &Users, work: Work, seconds: f64) -> Outcome<Samples> {
    runtime()?.block_on(async {
        let mut client = connect(target).await?;
        let mut dice = Dice::new(12);
        for _ in 0..50 {
            call(&mut client, users.ask(work, &mut dice)).await?;
        }
        let mut samples = Samples::default();
        let watch = Watch::start();
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        while Instant::now() < end {
            samples.push(call(&mut client, users.ask(work, &mut dice)).await?);
        }
        watch.stop(&mut samples);
        Ok(samples)
    })
}

/// So many calls at one time.
pub fn many(
    target: &Target,
    users: &std::sync::Arc<Users>,
    work: Work,
    calls: usize,
    seconds: f64,
) -> Outcome<Samples> {
    runtime()?.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(connect(target).await?);
        }
        let mut all = Samples::default();
        let watch = Watch::start();
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let mut tasks = JoinSet::new();
        for (number, client) in clients.iter().cycle().take(calls).enumerate() {
            let (mut client, users) = (client.clone(), std::sync::Arc::clone(users));
            tasks.spawn(async move {
                let mut dice = Dice::new(number as u64 + 200);
                let mut samples = Samples::default();
                while Instant::now() < end {
                    samples.push(call(&mut client, users.ask(work, &mut dice)).await?);
                }
                Outcome::Ok(samples)
            });
        }
        while let Some(part) = tasks.join_next().await {
            all.merge(part??);
        }
        watch.stop(&mut all);
        Ok(all)
    })
}
