//! PostgreSQL: an instance of its own in a directory of its own, on a socket there. No service of the system is touched.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use postgres::{Client, NoTls, Statement};

use crate::data::{Drawn, User, each, reversed};
use crate::measure::{Answer, Peer, Run, measure};
use crate::sql::{Dialect, Form, Value, queries};
use crate::{Outcome, Settings, is_root};

const TABLES: &str = "
    CREATE EXTENSION pg_trgm;
    CREATE TABLE users (number bigint, id text, external_id text, user_name text, user_name_reversed text,
        display_name text, family_name text, title text, user_type text, department text, active boolean, created text,
        last_modified text);
    CREATE TABLE documents (number bigint, document text);
    CREATE TABLE emails (number bigint, user_number bigint, type text, value text, value_reversed text);
";
const INDEXES: &str = "
    ALTER TABLE users ADD PRIMARY KEY (number);
    ALTER TABLE documents ADD PRIMARY KEY (number);
    ALTER TABLE emails ADD PRIMARY KEY (number);
    CREATE UNIQUE INDEX ON users (id);
    CREATE UNIQUE INDEX ON users (user_name) INCLUDE (id);
    CREATE INDEX ON users (user_name, number) INCLUDE (id);
    CREATE INDEX ON users (external_id) INCLUDE (id);
    CREATE INDEX ON users (user_name_reversed) INCLUDE (number, id);
    CREATE INDEX ON users (display_name, number) INCLUDE (id);
    CREATE INDEX ON users (family_name);
    CREATE INDEX ON users (title);
    CREATE INDEX ON users (department) WHERE NOT active;
    CREATE INDEX ON users (created);
    CREATE INDEX ON users (last_modified DESC, number) INCLUDE (id);
    CREATE INDEX ON emails (user_number);
    CREATE INDEX ON emails (value_reversed) INCLUDE (user_number);
    CREATE INDEX ON users USING gin (user_name gin_trgm_ops);
    CREATE INDEX ON users USING gin (display_name gin_trgm_ops);
    CREATE INDEX ON emails USING gin (value gin_trgm_ops);
";
const SETTINGS: &str = "
listen_addresses = ''
shared_buffers = 4GB
work_mem = 64MB
maintenance_work_mem = 1GB
effective_cache_size = 12GB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
max_wal_size = 8GB
fsync = on
synchronous_commit = on
";

fn by_trigrams(column: &str, texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("{column} LIKE '%{text}%'")).collect();
    format!("({})", texts.join(" OR "))
}

fn by_scan(column: &str, text: &str) -> String {
    format!("{column} LIKE '%{text}%'")
}

/// Where the server's programs are; none when it is not installed.
pub fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    found.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    found.sort();
    found.into_iter().rev().find(|directory| directory.join("initdb").exists())
}

/// A running server; stopped when dropped.
struct Server {
    programs: PathBuf,
    data: PathBuf,
}

impl Server {
    fn start(programs: &Path, directory: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(directory)?;
        if is_root() {
            // The server refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(directory))?;
        }
        let data = directory.join("data");
        let server = Server { programs: programs.to_owned(), data };
        let mut make = server.program("initdb");
        run(make.args(["--locale=C", "--encoding=UTF8", "--auth=trust", "--username=bench", "-D"]).arg(&server.data))?;
        let path = server.data.join("postgresql.conf");
        let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
        write!(file, "{SETTINGS}unix_socket_directories = '{}'\n", directory.display())?;
        server.control("start")?;
        Ok(server)
    }

    fn control(&self, verb: &str) -> Outcome<()> {
        let log = self.data.join("log");
        run(self.program("pg_ctl").arg("-D").arg(&self.data).arg("-l").arg(log).args(["-w", "-t", "300", verb]))
    }

    /// One of its programs, as a user that it accepts.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.control("stop");
    }
}

fn run(command: &mut Command) -> Outcome<()> {
    let done = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status()?;
    if done.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

pub fn measure_all(settings: &Settings, programs: &Path, drawn: &Drawn) -> Outcome<Peer> {
    let directory = settings.work.join("postgres");
    let server = Server::start(programs, &directory)?;
    let connect = format!("host={} user=bench dbname=postgres", directory.display());
    let mut client = Client::connect(&connect, NoTls)?;
    let start = Instant::now();
    load(&mut client, settings)?;
    let load_seconds = start.elapsed().as_secs_f64();
    client.batch_execute("VACUUM ANALYZE")?;
    client.batch_execute("CHECKPOINT")?;
    let version: String = client.query_one("SHOW server_version", &[])?.get(0);
    let version = version.split(' ').next().unwrap_or_default();
    let disk = client.query_one("SELECT pg_database_size(current_database())", &[])?.get::<_, i64>(0) as u64;
    let mut peer = Peer::new(format!("PostgreSQL {version}"), load_seconds, disk);
    let dialect = Dialect { by_trigrams, by_scan, parameter: "$1" };
    let client = std::cell::RefCell::new(client);
    for (id, forms) in queries(&dialect, settings.users) {
        let runs = forms.iter().map(|form| prepare(&client, form, drawn)).collect::<Outcome<Vec<_>>>()?;
        peer.queries.insert(id.to_owned(), measure(id, runs, settings.seconds)?);
    }
    drop(server);
    Ok(peer)
}

fn load(client: &mut Client, settings: &Settings) -> Outcome<()> {
    client.batch_execute(TABLES)?;
    let mut users: Vec<User> = Vec::new();
    let mut email = 0;
    // In parts: one connection copies into one table at a time.
    let mut copy = |client: &mut Client, users: &mut Vec<User>| -> Outcome<()> {
        let mut out = client.copy_in("COPY users FROM STDIN")?;
        for u in users.iter() {
            let active = u.active.map(|active| if active { "t" } else { "f" });
            let columns = [
                Some(u.id.as_str()),
                Some(&u.external_id),
                Some(&u.user_name),
                Some(&reversed(&u.user_name)),
                Some(&u.display_name),
                Some(&u.family_name),
                u.title.as_deref(),
                u.user_type.as_deref(),
                u.department.as_deref(),
                active,
                Some(&u.created),
                Some(&u.last_modified),
            ]
            .map(escaped);
            writeln!(out, "{}\t{}", u.number, columns.join("\t"))?;
        }
        out.finish()?;
        let mut out = client.copy_in("COPY documents FROM STDIN")?;
        for u in users.iter() {
            writeln!(out, "{}\t{}", u.number, escaped(Some(&u.document)))?;
        }
        out.finish()?;
        let mut out = client.copy_in("COPY emails FROM STDIN")?;
        for u in users.iter() {
            for (kind, value) in &u.emails {
                email += 1;
                let columns = [Some(kind.as_str()), Some(value), Some(&reversed(value))].map(escaped);
                writeln!(out, "{email}\t{}\t{}", u.number, columns.join("\t"))?;
            }
        }
        out.finish()?;
        users.clear();
        Ok(())
    };
    each(&settings.data, settings.users, |user| {
        users.push(user);
        if users.len() == 50_000 { copy(client, &mut users) } else { Ok(()) }
    })?;
    copy(client, &mut users)?;
    Ok(client.batch_execute(&format!("{INDEXES} ANALYZE;"))?)
}

/// A value in the text format of COPY.
fn escaped(value: Option<&str>) -> String {
    match value {
        None => "\\N".to_owned(),
        Some(text) => text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"),
    }
}

/// A form, as something that can be run again and again.
fn prepare<'a>(client: &'a std::cell::RefCell<Client>, form: &Form, drawn: &'a Drawn) -> Outcome<Run<'a>> {
    let statement = |text: &str| -> Outcome<Statement> { Ok(client.borrow_mut().prepare(text)?) };
    Ok(match form {
        Form::Two(total, page) => {
            let (total, page) = (statement(total)?, statement(page)?);
            Box::new(move |_| {
                let mut client = client.borrow_mut();
                let total: i64 = client.query_one(&total, &[])?.get(0);
                let ids = client.query(&page, &[])?.iter().map(|row| row.get(0)).collect();
                Ok(Answer { total: total as u64, ids })
            })
        }
        Form::One(text) => {
            let statement = statement(text)?;
            Box::new(move |_| {
                let rows = client.borrow_mut().query(&statement, &[])?;
                let total = rows.first().map_or(0, |row| row.get::<_, i64>(1) as u64);
                Ok(Answer { total, ids: rows.iter().map(|row| row.get(0)).collect() })
            })
        }
        Form::Value(text, value) => {
            let statement = statement(text)?;
            let values = match value {
                Value::UserName => &drawn.user_names,
                Value::ExternalId => &drawn.external_ids,
                Value::Id => &drawn.ids,
            };
            Box::new(move |turn| {
                let rows = client.borrow_mut().query(&statement, &[&values[turn % values.len()]])?;
                Ok(Answer { total: rows.len() as u64, ids: rows.iter().map(|row| row.get(0)).collect() })
            })
        }
    })
}
