//! Servers: `scimdb serve`, and others, each a process of its own that ends with the bench.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Outcome;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server. Dropped, it is killed.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// `scimdb serve` on a store. Its log goes to a file in `work`, as a service's goes to one.
    pub fn serve(store: &Path, work: &Path, is_quiet: bool, wants_tokens: bool) -> Outcome<Process> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimdb"));
        command.args(["serve", "--address", "127.0.0.1:0", "--store"]).arg(store);
        command.args(wants_tokens.then_some("--require-tokens"));
        command.env("SCIMDB_LOG", if is_quiet { "warn" } else { "info" });
        let log = File::create(work.join("serve.log"))?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut line = String::new();
        let told = child.stdout.take().ok_or("the server has no output")?;
        BufReader::new(told).read_line(&mut line)?;
        let address = line.trim().rsplit("//").next().and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Process { child, address }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("the server does not tell its address: {line:?}").into())
            }
        }
    }

    /// Any other one, by a command with `{port}` in it, once it can be connected to.
    pub fn other(command: &str) -> Outcome<Process> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let port = address.port().to_string();
        let mut words = command.split_whitespace().map(|word| word.replace("{port}", &port));
        let program = words.next().ok_or("the command is empty")?;
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let mut process = Process { child, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > PATIENCE || process.child.try_wait()?.is_some() {
                return Err(format!("{program} does not listen on port {port}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(process)
    }

    /// What it used of the processors so far, to the hundredth of a second; none where the system does not tell.
    pub fn processor_time(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let (_, numbers) = stat.rsplit_once(')')?;
        let mut numbers = numbers.split_whitespace().skip(11);
        let mut next = || numbers.next()?.parse::<u64>().ok();
        Some(Duration::from_millis((next()? + next()?) * 10))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
