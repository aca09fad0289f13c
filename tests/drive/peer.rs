//! What answers the protocol: a driver in a process of its own, one line of JSON for each request. It must not know what
//! the requests mean.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take: a driver that hangs ends the run instead.
const PATIENCE: Duration = Duration::from_secs(180);

/// What answers requests.
pub trait Peer {
    /// The answer to a request; the error says why there is none.
    fn ask(&mut self, request: &Value) -> Result<Value, String>;
    /// Tells it that there are no more requests, and waits for its end.
    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// A driver: a program that is fed requests. Dropped, it is killed.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<std::io::Result<String>>,
}

impl Process {
    /// Starts a driver, with settings in its environment.
    pub fn start(command: &[String], environment: &[(&str, String)]) -> Result<Process, String> {
        let (program, arguments) = command.split_first().ok_or("which driver?")?;
        let mut driver = Command::new(program);
        driver.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        driver.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = driver.spawn().map_err(|error| format!("{program}: {error}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take().ok_or("the driver has no output")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Process { child, input, lines })
    }
}

impl Peer for Process {
    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let input = self.input.as_mut().ok_or("the driver was told to end")?;
        let sent = input.write_all(format!("{request}\n").as_bytes()).and_then(|()| input.flush());
        sent.map_err(|error| format!("the driver reads no more: {error}"))?;
        let line = match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line.map_err(|error| format!("the driver's answer cannot be read: {error}"))?,
            Err(error) => return Err(format!("no answer to {request}: {error}")),
        };
        serde_json::from_str(&line).map_err(|error| format!("the driver's answer is no JSON: {error}: {line}"))
    }

    fn end(&mut self) -> Result<(), String> {
        drop(self.input.take());
        if let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            return Err(format!("the driver said more than it was asked: {line:?}"));
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the driver ended with {status}")),
            Err(error) => Err(format!("the driver did not end: {error}")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
