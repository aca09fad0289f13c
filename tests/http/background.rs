//! A server in the process of its host: its log, and its end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scimdb::daemon::{Background, Level, Log};
use scimdb::server::ServeOptions;
use scimdb::{Store, StoreOptions};

use crate::harness::PATIENCE;

#[derive(Default)]
struct Kept(Mutex<Vec<(Level, String)>>);

impl Log for Kept {
    fn wants(&self, level: Level) -> bool {
        level <= Level::Info
    }

    fn line(&self, level: Level, text: &str) {
        self.0.lock().unwrap().push((level, text.to_owned()));
    }
}

fn start() -> (Store, Background, Arc<Kept>) {
    let (store, kept) = (Store::open_in_memory(StoreOptions::default()).unwrap(), Arc::new(Kept::default()));
    let options = ServeOptions::from_json(br#"{"requireTokens": false}"#).unwrap();
    let server = Background::start(store.clone(), options, Some(Arc::clone(&kept) as _)).unwrap();
    (store, server, kept)
}

const USER: &str = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen"}"#;

/// Begins a request to create a user, of whose body the last byte is missing.
fn begin(server: &Background) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (body, length) = (&USER[..USER.len() - 1], USER.len());
    write!(
        stream,
        "POST /scim/v2/Users HTTP/1.1\r\nhost: {}\r\ncontent-type: application/scim+json\r\nconnection: close\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\n\r\n",
        server.address()
    )
    .unwrap();
    // The server wants the body: the call is under way.
    let mut heard = [0; 25];
    stream.read_exact(&mut heard).unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 100 "), "{:?}", String::from_utf8_lossy(&heard));
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

#[test]
fn a_call_may_end_while_the_server_stops_and_its_host_hears_of_it() {
    let (store, server, kept) = start();
    let mut stream = begin(&server);
    let answer = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| server.stop(PATIENCE));
        while TcpStream::connect(server.address()).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!stopped.is_finished());
        stream.write_all(b"}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        stopped.join().unwrap().unwrap();
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    server.stop(PATIENCE).unwrap();
    assert_eq!(store.stats().unwrap().tenants.len(), 1, "the store stays open");
    let lines = kept.0.lock().unwrap();
    let call = lines.iter().find(|(level, line)| *level == Level::Info && line.starts_with("call "));
    let call = &call.expect("a call is a line").1;
    assert!(
        call.contains("method=\"POST\"") && call.contains("tenant=\"default\"") && call.contains("status=201"),
        "{call}"
    );
    assert!(lines.iter().all(|(_, line)| !line.contains("bjensen")), "{lines:?}");
    assert_eq!(lines.last().unwrap(), &(Level::Info, "stopped".to_owned()));
}

#[test]
fn a_call_that_does_not_end_is_cut_off() {
    let (store, server, _) = start();
    let mut stream = begin(&server);
    let started = Instant::now();
    server.stop(Duration::from_millis(200)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(20));
    let mut answer = String::new();
    // It is closed, whatever is said before.
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains("201"), "{answer}");
    store.close().unwrap();
}

#[test]
fn a_server_is_dropped_where_nobody_may_wait() {
    let (_store, server, _) = start();
    let address = server.address();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert!(server.stop(Duration::ZERO).is_err(), "it would wait for threads of a runtime on one");
        drop(server);
    });
    let started = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(started.elapsed() < PATIENCE, "it still listens");
        std::thread::sleep(Duration::from_millis(5));
    }
}
