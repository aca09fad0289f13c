//! What a child of fork() has of its parent's stores: nothing, not even when its parent is killed.

use std::io::{BufRead, BufReader};
#[cfg(feature = "server")]
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
#[cfg(feature = "server")]
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use super::super::code::SCIMDB_MISUSE;
use super::super::operator::scimdb_check;
#[cfg(feature = "server")]
use super::super::{
    code::SCIMDB_OK,
    serve::{scimdb_serve_stop, scimdb_serve_url},
};
#[cfg(feature = "server")]
use super::serving::serve;
use super::serving::{close, create, get, open, told};
use super::sessions::{iterate, more};

const DIRECTORY: &str = "SCIMDB_TEST_FORK";
const SHARE: &str = r#"{"share": true}"#;

/// In a process of its own: opens the store, and forks. The child says what it may do, and lives on.
#[test]
fn child_that_forks() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let db = open(directory, SHARE).unwrap();
    create(db, "ann", r#"{"id": "a"}"#).unwrap();
    more(iterate(db, "{}").unwrap(), 1).unwrap();
    // SAFETY: the child makes calls of this library, which allows it, prints, and ends without any more ado.
    let process = unsafe { libc::fork() };
    if process != 0 {
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    let refused = get(db, "a").unwrap_err();
    let own = open(directory, SHARE).unwrap();
    let found = get(own, "a").is_ok();
    println!("\nforked {} {} {found}", std::process::id(), refused.0);
    std::thread::sleep(Duration::from_secs(600));
    // SAFETY: as above.
    unsafe { libc::_exit(0) };
}

/// Starts that process; gives the number of its child as well.
fn fork_in(directory: &Path) -> (Child, String) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["ffi::tests::forking::child_that_forks", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("forked ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[2..], [SCIMDB_MISUSE.to_string().as_str(), "true"], "its own handle calls who holds the store");
    (parent, words[1].to_owned())
}

fn kill(process: &str) {
    assert!(Command::new("kill").args(["-9", process]).status().unwrap().success());
}

#[test]
fn a_child_keeps_no_iterator_of_a_parent_that_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let holder = open(directory.path(), SHARE).unwrap();
    let (mut parent, child) = fork_in(directory.path());
    parent.kill().unwrap();
    parent.wait().unwrap();
    // It waits ten seconds for iterators, and fails if there is one then.
    // SAFETY: everything leads to what it says, here and below.
    let checked = told(|out, error| unsafe { scimdb_check(holder, out, error) });
    kill(&child);
    assert!(checked.as_ref().is_ok_and(|report| report.contains("\"problems\":[]")), "{checked:?}");
    close(holder);
}

#[test]
fn a_child_keeps_nothing_of_a_parent_that_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let (mut parent, child) = fork_in(directory.path());
    let guest = open(directory.path(), SHARE).unwrap();
    assert!(get(guest, "a").is_ok());
    let note = std::fs::read_to_string(directory.path().join("share")).unwrap();
    let address = note.lines().nth(2).unwrap().to_owned();
    parent.kill().unwrap();
    parent.wait().unwrap();
    let reaches = TcpStream::connect(&address).is_ok();
    let started = Instant::now();
    let found = get(guest, "a");
    let took = started.elapsed();
    kill(&child);
    // As long as somebody has the parent's socket, a connection to it would wait five seconds for an answer.
    assert!(found.is_ok() && took < Duration::from_secs(20), "{found:?} after {took:?}");
    assert!(!reaches, "the child has the socket where its parent answered");
    close(guest);
}

#[cfg(feature = "server")]
#[test]
fn a_child_keeps_no_socket_of_a_server() {
    let db = super::open();
    let server = serve(db, r#"{"requireTokens": false}"#).unwrap();
    // SAFETY: everything leads to what it says, here and below.
    let url = told(|out, error| unsafe { scimdb_serve_url(server, out, error) }).unwrap();
    let address = url.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(client, "GET /scim/v2/Users HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    assert!(client.read(&mut [0; 1]).unwrap() == 1, "the server has accepted it");
    // SAFETY: the child only waits.
    let process = unsafe { libc::fork() };
    if process == 0 {
        // SAFETY: both may be called in a child of a process with threads.
        unsafe {
            libc::sleep(600);
            libc::_exit(0);
        }
    }
    // SAFETY: as above.
    let stopped = unsafe { scimdb_serve_stop(server, 0, null_mut()) };
    let ended = client.read_to_end(&mut Vec::new());
    let reaches = TcpStream::connect(address).is_ok();
    let again = serve(db, &format!(r#"{{"requireTokens": false, "address": "{address}"}}"#));
    // SAFETY: the child is this test's own.
    unsafe {
        libc::kill(process, libc::SIGKILL);
        libc::waitpid(process, null_mut(), 0);
    }
    assert_eq!(stopped, SCIMDB_OK);
    assert!(ended.is_ok(), "the child has the connection: {ended:?}");
    assert!(!reaches, "the child has the socket where its parent listened");
    assert!(again.is_ok(), "{again:?}");
    close(db);
    // SAFETY: a server whose store is closed is still freed.
    assert_eq!(unsafe { scimdb_serve_stop(again.unwrap(), 0, null_mut()) }, SCIMDB_OK);
}
