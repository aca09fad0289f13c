//! Another SCIM server: given users of the same kind, one by one, and asked the same over HTTP/1.1.

use serde_json::Value as Json;

use super::Outcome;
use super::http1::{Connection, Target};
use super::process::Process;
use super::work::{Ask, Users};

/// Another server, ready to be measured.
pub struct Peer {
    /// Its process, if the bench started it.
    pub process: Option<Process>,
    pub target: Target,
    pub users: Users,
    /// Its program, or its URL.
    pub name: String,
}

/// Where endpoints of servers that are started stand.
const BASE: &str = "/v2";

impl Peer {
    pub fn start(command: &str, count: usize) -> Outcome<Peer> {
        let process = Process::other(command)?;
        let target = Target { address: process.address, base: BASE.to_owned(), authorization: String::new() };
        let name = command.split_whitespace().next().and_then(|program| program.rsplit('/').next());
        let name = name.unwrap_or_default().to_owned();
        Peer::fill(Some(process), target, name, count)
    }

    pub fn at(url: &str, count: usize) -> Outcome<Peer> {
        Peer::fill(None, Target::parse(url)?, url.to_owned(), count)
    }

    fn fill(process: Option<Process>, target: Target, name: String, count: usize) -> Outcome<Peer> {
        let mut users = Users::new(count);
        let mut connection = Connection::open(&target)?;
        let mut ids = Vec::with_capacity(count);
        for number in 0..count {
            connection.prepare(&Ask::Create(Box::new(users.person(number))));
            connection.send()?;
            let created: Json = serde_json::from_slice(connection.receive()?)?;
            ids.push(created.get("id").and_then(Json::as_str).ok_or("the peer gave a user no id")?.to_owned());
        }
        users.rename(ids);
        Ok(Peer { process, target, users, name })
    }
}
