//! A server on a free port, and a client that writes bytes as the test says, whatever HTTP thinks of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use scimdb::daemon::Server;
use scimdb::engine::{Scope, TokenOptions};
use scimdb::server::{Certificates, ServeOptions};
use scimdb::{Store, StoreOptions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// How long anything may take on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server. It ends when it is dropped.
pub struct Served {
    pub store: Store,
    pub address: SocketAddr,
    pub certificates: Certificates,
    pub runtime: Runtime,
    pub task: Option<JoinHandle<scimdb::Result<()>>>,
    stop: Option<oneshot::Sender<()>>,
}

/// Serves a new store.
pub fn served(change: impl FnOnce(&mut ServeOptions)) -> Served {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let mut options = ServeOptions::default();
    options.address.set_port(0);
    change(&mut options);
    let runtime = Runtime::new().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = runtime.block_on(Server::bind(store.clone(), options)).unwrap();
    let (address, certificates) = (server.address(), server.certificates());
    let task = runtime.spawn(server.serve(async { drop(stopped.await) }));
    Served { store, address, certificates, runtime, task: Some(task), stop: Some(stop) }
}

impl Served {
    /// A new token's secret.
    pub fn token(&self, tenant: &str, name: &str, scope: Scope) -> String {
        let options = TokenOptions::of_scope(scope);
        self.store.tenant(tenant).unwrap().create_token(name, options).unwrap().secret
    }

    /// A connection that is not encrypted.
    pub fn connect(&self) -> Wire<TcpStream> {
        Wire::new(self.socket())
    }

    pub fn socket(&self) -> TcpStream {
        socket(self.address)
    }

    /// Sends one request, over a connection of its own.
    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        self.connect().request(method, path, headers, body)
    }

    pub fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.send("GET", path, headers, "")
    }

    /// Asserts that another client is answered.
    #[track_caller]
    pub fn is_well(&self) {
        let answer = self.get("/scim/v2/ServiceProviderConfig", &[]);
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Asks the server to stop.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has.
    pub fn ended(&mut self) {
        let task = self.task.take().unwrap();
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, task).await }).unwrap().unwrap().unwrap();
    }
}

pub fn socket(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connection of HTTP/1.1.
pub struct Wire<S> {
    pub stream: S,
    received: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A request as text, with a host, and with the length of its body if it has one.
pub fn message(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for header in headers {
        text += &format!("{header}\r\n");
    }
    if !body.is_empty() {
        text += &format!("content-type: application/scim+json\r\ncontent-length: {}\r\n", body.len());
    }
    text + "\r\n" + body
}

impl<S: Read + Write> Wire<S> {
    pub fn new(stream: S) -> Self {
        Wire { stream, received: Vec::new() }
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Sends a request, and reads its answer.
    pub fn request(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        self.write(message(method, path, headers, body));
        self.answer_to(method).unwrap_or_else(|| panic!("{method} {path} is not answered"))
    }

    /// Reads an answer; none if the connection ends before.
    pub fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET")
    }

    pub fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more() {
                return None;
            }
        };
        let head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(':').unwrap());
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        let has_body = method != "HEAD" && status >= 200 && status != 204 && status != 304;
        if has_body {
            let length: usize = answer.header("content-length").expect("a length").parse().unwrap();
            while self.received.len() < length {
                if !self.more() {
                    return None;
                }
            }
            answer.body = self.received.drain(..length).collect();
        }
        Some(answer)
    }

    /// Whether the server closes the connection, without another answer.
    pub fn closes(&mut self) -> bool {
        while self.more() {}
        self.received.is_empty()
    }

    /// Reads what comes. False at the end.
    fn more(&mut self) -> bool {
        let mut space = [0; 16 << 10];
        match self.stream.read(&mut space) {
            Ok(0) => false,
            Ok(count) => {
                self.received.extend_from_slice(&space[..count]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the server does nothing")
            }
            // Reset, or closed without a word of TLS.
            Err(_) => false,
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that it is a SCIM error document of the status.
    #[track_caller]
    pub fn is_error(&self, status: u16) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/scim+json"));
        let document = self.json();
        assert_eq!(document["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(document["status"], json!(status.to_string()));
        assert!(document["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{document}");
    }
}

pub fn user(name: &str) -> String {
    json!({ "schemas": [USER], "userName": name }).to_string()
}

pub fn bearer(secret: &str) -> String {
    format!("authorization: Bearer {secret}")
}
