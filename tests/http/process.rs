//! The daemon as a process: what systemd is told, and what signals do.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use scimdb::server::TlsFiles;
use serde_json::json;

use crate::harness::{PATIENCE, USER, message, served, user};
use crate::tls::{Authority, config, connect_to};

struct Daemon {
    process: Child,
    told: UnixDatagram,
}

impl Daemon {
    /// The next thing that systemd is told, other than that the process lives.
    fn told(&self) -> String {
        std::iter::repeat_with(|| self.anything()).find(|text| text.trim() != "WATCHDOG=1").unwrap()
    }

    fn anything(&self) -> String {
        let mut space = [0; 512];
        let count = self.told.recv(&mut space).expect("systemd is told something");
        String::from_utf8(space[..count].to_vec()).unwrap()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn systemd_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let TlsFiles { certificate, key } = authority.write(folder.path());
    let ca = authority.write_own(folder.path());
    let socket = folder.path().join("notify");
    let told = UnixDatagram::bind(&socket).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_scimdb"))
        .args(["-q", "serve", "--address", "127.0.0.1:0", "--store"])
        .arg(folder.path().join("people"))
        .args(["--tls-certificate".as_ref(), certificate.as_os_str(), "--tls-key".as_ref(), key.as_os_str()])
        .args(["--tls-client-ca".as_ref(), ca.as_os_str()])
        .current_dir(folder.path())
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "60000000")
        .env_remove("WATCHDOG_PID")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut daemon = Daemon { process, told };
    assert_eq!(daemon.told().trim(), "READY=1");
    assert_eq!(daemon.anything().trim(), "WATCHDOG=1");
    let mut line = String::new();
    BufReader::new(daemon.process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("scimdb listening on https://127.0.0.1:"), "{line}");

    let address: SocketAddr = line.trim().rsplit_once('/').unwrap().1.parse().unwrap();
    let known = config(&authority, &[], Some(authority.client("entra id")));
    let mut wire = connect_to(address, known);
    assert_eq!(wire.request("GET", "/scim/v2/Users?filter=userName%20eq%20%22canary%22", &[], "").status, 200);
    assert_eq!(wire.request("GET", "/scim/v2/Users/canary", &["x-request-id: r-1f"], "").status, 404);

    // A reload, with a certificate of no use, is survived.
    std::fs::write(&certificate, "nothing").unwrap();
    daemon.signal("-HUP");
    let reloading = daemon.told();
    assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert_eq!(daemon.told().trim(), "READY=1");

    // One with another certificate, for other clients, takes effect.
    let other = Authority::new();
    other.write(folder.path());
    other.write_own(folder.path());
    daemon.signal("-HUP");
    assert!(daemon.told().contains("RELOADING=1"));
    assert_eq!(daemon.told().trim(), "READY=1");
    let mut renewed = connect_to(address, config(&other, &[], Some(other.client("okta"))));
    assert_eq!(renewed.request("GET", "/scim/v2/Users", &[], "").status, 200);

    daemon.signal("-TERM");
    assert!(daemon.told().contains("STOPPING=1"));
    assert!(daemon.process.wait().unwrap().success());
    let log = std::io::read_to_string(daemon.process.stderr.take().unwrap()).unwrap();
    assert!(log.contains("the certificates stay as they are") && log.contains("cert.pem"), "{log}");
    // Who called, and by which id; never what for.
    let line = log.lines().find(|line| line.contains("r-1f")).expect("a line of the request");
    assert!(line.contains("CN=entra id") && line.contains("404") && line.contains("GET"), "{line}");
    assert!(!log.contains("canary"), "{log}");
}

#[test]
fn what_was_accepted_is_answered_though_the_server_stops() {
    let mut served = served(|_| {});
    // A request whose body is waited for: it has passed the gate, and has no place yet.
    let mut late = served.connect();
    let body = user("late");
    let length = format!("content-length: {}", body.len());
    late.write(message("POST", "/scim/v2/Users", &["expect: 100-continue", &length], ""));
    assert_eq!(late.answer().unwrap().status, 100);
    // One that lasts: passwords are slow on purpose.
    let operation = |number: usize| {
        let data = json!({ "schemas": [USER], "userName": format!("u{number}"), "password": "correct horse" });
        json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
    };
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": (0..20).map(operation).collect::<Vec<_>>(),
    });
    let mut long = served.connect();
    long.write(message("POST", "/scim/v2/Bulk", &[], &bulk.to_string()));
    let metrics = || String::from_utf8(served.get("/metrics", &[]).body).unwrap();
    while !metrics().contains("scimdb_requests_in_flight{face=\"http\"} 2") {
        std::thread::sleep(Duration::from_millis(5));
    }
    served.stop();
    while TcpStream::connect(served.address).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    late.write(body);
    assert_eq!(late.answer().unwrap().status, 201);
    assert_eq!(long.answer().unwrap().status, 200);
    served.ended();
}
