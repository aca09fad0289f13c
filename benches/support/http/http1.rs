//! A client of HTTP/1.1 that does as little as can be done: one write and one read for each request, over blocking
//! sockets. What it uses of the processors the server lacks.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use memchr::memmem;

use super::Outcome;
use super::work::{Ask, Users, Work};
use crate::support::people::Dice;
use crate::support::samples::{Samples, Watch};

/// How long an answer may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a server listens, and the path of its endpoint.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub base: String,
    /// A line of every request: `authorization: Bearer …`, with its end; or nothing.
    pub authorization: String,
}

impl Target {
    /// Of a URL: `http://127.0.0.1:8080/v2`.
    pub fn parse(url: &str) -> Outcome<Target> {
        let rest = url.strip_prefix("http://").ok_or("only http:// is measured")?;
        let (authority, base) = rest.split_once('/').unwrap_or((rest, ""));
        let base = base.trim_end_matches('/');
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        Ok(Target { address: authority.replace("localhost", "127.0.0.1").parse()?, base, authorization: String::new() })
    }
}

/// A connection: kept, unless the server closes it.
pub struct Connection {
    target: Target,
    stream: Option<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
    told: Vec<u8>,
    status: u16,
}

impl Connection {
    pub fn open(target: &Target) -> Outcome<Connection> {
        let mut connection = Connection {
            target: target.clone(),
            stream: None,
            request: Vec::new(),
            answer: Vec::with_capacity(64 << 10),
            told: Vec::new(),
            status: 0,
        };
        connection.connect()?;
        Ok(connection)
    }

    fn connect(&mut self) -> Outcome<()> {
        let stream = TcpStream::connect(self.target.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Makes the request, and remembers what its answer must be.
    pub fn prepare(&mut self, ask: &Ask<'_>) {
        let Connection { target: Target { address, base, authorization: own }, request, .. } = self;
        request.clear();
        let told = match ask {
            Ask::Get(id) => {
                let _ = write!(request, "GET {base}/Users/{id} HTTP/1.1\r\nhost: {address}\r\n{own}\r\n");
                self.status = 200;
                *id
            }
            Ask::List { filter, is_page, told } => {
                let _ = write!(request, "GET {base}/Users?filter={}", encoded(filter));
                if *is_page {
                    let _ = write!(request, "&count={}&sortBy=userName", Users::PAGE);
                }
                let _ = write!(request, " HTTP/1.1\r\nhost: {address}\r\n{own}\r\n");
                self.status = 200;
                *told
            }
            Ask::Create(person) => {
                let length = person.json.len();
                let _ = write!(
                    request,
                    "POST {base}/Users HTTP/1.1\r\nhost: {address}\r\n{own}content-type: application/scim+json\r\n\
                     content-length: {length}\r\n\r\n"
                );
                request.extend_from_slice(&person.json);
                self.status = 201;
                person.user_name.as_str()
            }
        };
        self.told.clear();
        self.told.extend_from_slice(told.as_bytes());
    }

    /// Sends what was prepared.
    pub fn send(&mut self) -> Outcome<()> {
        if self.stream.is_none() {
            self.connect()?;
        }
        let stream = self.stream.as_mut().ok_or("there is no connection")?;
        Ok(stream.write_all(&self.request)?)
    }

    /// Reads the answer: its body. One that is not as it must be ends the run.
    pub fn receive(&mut self) -> Outcome<&[u8]> {
        let stream = self.stream.as_mut().ok_or("there is no connection")?;
        self.answer.clear();
        let mut wanted = None;
        let mut body = 0;
        let mut is_over = false;
        let mut bytes = [0; 16 << 10];
        while wanted.is_none_or(|wanted| self.answer.len() < wanted) {
            let read = match stream.read(&mut bytes) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            is_over = read == 0;
            if is_over {
                break;
            }
            self.answer.extend_from_slice(bytes.get(..read).unwrap_or_default());
            if wanted.is_none()
                && let Some(end) = memmem::find(&self.answer, b"\r\n\r\n")
            {
                body = end + 4;
                wanted = length(self.answer.get(..end).unwrap_or_default()).map(|length| body + length);
            }
        }
        if is_over || self.answer.starts_with(b"HTTP/1.0") {
            self.stream = None;
        }
        let status = self.answer.get(9..12).and_then(|it| std::str::from_utf8(it).ok()).and_then(|it| it.parse().ok());
        let is_right = status == Some(self.status) && memmem::find(&self.answer, &self.told).is_some();
        if !is_right || (is_over && wanted.is_some_and(|wanted| self.answer.len() < wanted)) {
            let [asked, told] = [&self.request, &self.answer].map(|it| String::from_utf8_lossy(it).into_owned());
            return Err(format!("a wrong answer:\n{told}\n\nto:\n{asked}").into());
        }
        Ok(self.answer.get(body..).unwrap_or_default())
    }
}

/// The `content-length` of some headers.
fn length(headers: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let lines = headers.split(|byte| *byte == b'\n');
    let line = lines.filter_map(|line| Some((line.get(..NAME.len())?, line.get(NAME.len()..)?)));
    let (_, value) = line.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(NAME))?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// As it stands in a query.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// One request at a time, over one connection.
pub fn alone(target: &Target, users: &Users, work: Work, seconds: f64) -> Outcome<Samples> {
    let mut connection = Connection::open(target)?;
    let mut dice = Dice::new(11);
    let mut once = || -> Outcome<Duration> {
        connection.prepare(&users.ask(work, &mut dice));
        let start = Instant::now();
        connection.send()?;
        connection.receive()?;
        Ok(start.elapsed())
    };
    warm(&mut once)?;
    let mut samples = Samples::default();
    let watch = Watch::start();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        samples.push(once()?);
    }
    watch.stop(&mut samples);
    Ok(samples)
}

/// A few, so that what is measured has been done before.
fn warm(once: &mut dyn FnMut() -> Outcome<Duration>) -> Outcome<()> {
    let end = Instant::now() + Duration::from_millis(200);
    for _ in 0..1_000 {
        once()?;
        if Instant::now() > end {
            break;
        }
    }
    Ok(())
}

/// How the requests of many connections are sent.
#[derive(Clone, Copy)]
pub struct Load {
    pub connections: usize,
    pub threads: usize,
    pub seconds: f64,
}

/// Many connections with one request under way in each. A thread takes its connections in turns: it waits for the answer
/// of one, and sends its next request. So no time goes into asking which is ready, and a latency is never told too low.
pub fn many(target: &Target, users: &Users, work: Work, load: Load) -> Outcome<Samples> {
    let mut all = Samples::default();
    let each = load.connections.div_ceil(load.threads);
    let watch = Watch::start();
    let parts: Vec<Outcome<Samples>> = std::thread::scope(|scope| {
        let spawn = |number: usize| scope.spawn(move || in_turns(target, users, work, each, load.seconds, number));
        let threads: Vec<_> = (0..load.threads).map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a client panicked".into()))).collect()
    });
    watch.stop(&mut all);
    for part in parts {
        all.merge(part?);
    }
    Ok(all)
}

fn in_turns(
    target: &Target,
    users: &Users,
    work: Work,
    connections: usize,
    seconds: f64,
    number: usize,
) -> Outcome<Samples> {
    let mut dice = Dice::new(number as u64 + 100);
    let mut samples = Samples::default();
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut connection = Connection::open(target)?;
        connection.prepare(&users.ask(work, &mut dice));
        connection.send()?;
        open.push((connection, Instant::now()));
    }
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    loop {
        for (connection, sent) in &mut open {
            connection.receive()?;
            let now = Instant::now();
            samples.push(now - *sent);
            connection.prepare(&users.ask(work, &mut dice));
            *sent = now;
            connection.send()?;
        }
        if Instant::now() > end {
            break;
        }
    }
    for (connection, _) in &mut open {
        connection.receive()?;
    }
    Ok(samples)
}
