//! SQLite: in this process, as scimdb is.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags, params};

use crate::data::{Drawn, each, reversed};
use crate::measure::{Answer, Peer, bytes, measure};
use crate::sql::{Dialect, Form, Value, queries};
use crate::{Outcome, Settings};

const TABLES: &str = "
    CREATE TABLE users (number INTEGER PRIMARY KEY, id TEXT, external_id TEXT, user_name TEXT, user_name_reversed TEXT,
        display_name TEXT, family_name TEXT, title TEXT, user_type TEXT, department TEXT, active INTEGER, created TEXT,
        last_modified TEXT);
    CREATE TABLE documents (number INTEGER PRIMARY KEY, document TEXT);
    CREATE TABLE emails (number INTEGER PRIMARY KEY, user_number INTEGER, type TEXT, value TEXT, value_reversed TEXT);
    CREATE VIRTUAL TABLE users_text USING fts5(user_name, display_name, content='users', content_rowid='number',
        tokenize='trigram');
    CREATE VIRTUAL TABLE emails_text USING fts5(value, content='emails', content_rowid='number', tokenize='trigram');
";
const INDEXES: &str = "
    CREATE UNIQUE INDEX users_id ON users (id);
    CREATE UNIQUE INDEX users_user_name ON users (user_name, id);
    CREATE INDEX users_external_id ON users (external_id, id);
    CREATE INDEX users_user_name_reversed ON users (user_name_reversed);
    CREATE INDEX users_display_name ON users (display_name);
    CREATE INDEX users_family_name ON users (family_name);
    CREATE INDEX users_title ON users (title);
    CREATE INDEX users_inactive ON users (department) WHERE NOT active;
    CREATE INDEX users_created ON users (created);
    CREATE INDEX users_last_modified ON users (last_modified);
    CREATE INDEX emails_user ON emails (user_number);
    CREATE INDEX emails_value_reversed ON emails (value_reversed, user_number);
    INSERT INTO users_text (users_text) VALUES ('rebuild');
    INSERT INTO users_text (users_text) VALUES ('optimize');
    INSERT INTO emails_text (emails_text) VALUES ('rebuild');
    INSERT INTO emails_text (emails_text) VALUES ('optimize');
    ANALYZE;
";

fn by_trigrams(column: &str, texts: &[&str]) -> String {
    let (table, name) = column.split_once('.').unwrap_or_default();
    let whole = if table == "u" { "users_text" } else { "emails_text" };
    let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
    format!("{table}.number IN (SELECT rowid FROM {whole} WHERE {whole} MATCH '{name} : ({})')", texts.join(" OR "))
}

fn by_scan(column: &str, text: &str) -> String {
    format!("instr({column}, '{text}') > 0")
}

pub fn run(settings: &Settings, drawn: &Drawn) -> Outcome<Peer> {
    let directory = settings.work.join("sqlite");
    std::fs::create_dir_all(&directory)?;
    let path = directory.join("users.db");
    let start = Instant::now();
    load(&path, settings)?;
    let load_seconds = start.elapsed().as_secs_f64();
    let disk = bytes(&directory)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 8589934592; PRAGMA cache_size = -1048576;",
    )?;
    let dialect = Dialect { by_trigrams, by_scan, parameter: "?1" };
    let mut peer = Peer::new(format!("SQLite {}", rusqlite::version()), load_seconds, disk);
    for (id, forms) in queries(&dialect, settings.users) {
        let mut runs: Vec<Box<dyn FnMut(usize) -> Outcome<Answer> + '_>> = Vec::new();
        for form in forms.iter().chain(&more_forms(id)) {
            runs.push(prepare(&connection, form, drawn)?);
        }
        peer.queries.insert(id.to_owned(), measure(id, runs, settings.seconds)?);
    }
    Ok(peer)
}

/// Forms for its planner alone: the full-text index first, and its rows in their order.
fn more_forms(id: &str) -> Vec<Form> {
    let text = |matched: &str| {
        Form::Two(
            format!("SELECT count(*) FROM users_text WHERE users_text MATCH '{matched}'"),
            format!(
                "SELECT (SELECT id FROM users WHERE number = found.number) FROM (SELECT rowid AS number FROM users_text \
                 WHERE users_text MATCH '{matched}' ORDER BY rowid LIMIT 100) AS found"
            ),
        )
    };
    let scan = |part: &str| {
        Form::Two(
            format!("SELECT count(*) FROM users INDEXED BY users_display_name WHERE instr(display_name, '{part}') > 0"),
            format!("SELECT id FROM users WHERE instr(display_name, '{part}') > 0 ORDER BY number LIMIT 100"),
        )
    };
    let scan_once = |part: &str| {
        Form::One(format!(
            "SELECT (SELECT id FROM users WHERE number = found.number), found.total FROM (SELECT number, count(*) OVER () \
             AS total FROM users INDEXED BY users_display_name WHERE instr(display_name, '{part}') > 0 ORDER BY number \
             LIMIT 100) AS found"
        ))
    };
    match id {
        "Q3" => vec![text("user_name : \"smith\"")],
        "Q4a" => vec![scan("zq"), scan_once("zq")],
        "Q4b" => vec![text("display_name : \"amezq\"")],
        "Q17" => vec![scan("ab"), scan_once("ab")],
        _ => Vec::new(),
    }
}

fn load(path: &Path, settings: &Settings) -> Outcome<()> {
    let mut connection = Connection::open(path)?;
    // No journal while there is nothing that could be lost; synced at the end.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576;")?;
    connection.execute_batch(TABLES)?;
    let txn = connection.transaction()?;
    {
        let mut user = txn.prepare("INSERT INTO users VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")?;
        let mut document = txn.prepare("INSERT INTO documents VALUES (?1,?2)")?;
        let mut email = txn.prepare("INSERT INTO emails VALUES (NULL,?1,?2,?3,?4)")?;
        each(&settings.data, settings.users, |u| {
            let back = reversed(&u.user_name);
            user.execute(params![
                u.number,
                u.id,
                u.external_id,
                u.user_name,
                back,
                u.display_name,
                u.family_name,
                u.title,
                u.user_type,
                u.department,
                u.active,
                u.created,
                u.last_modified
            ])?;
            document.execute(params![u.number, u.document])?;
            for (kind, value) in &u.emails {
                email.execute(params![u.number, kind, value, reversed(value)])?;
            }
            Ok(())
        })?;
    }
    txn.commit()?;
    connection.execute_batch(INDEXES)?;
    drop(connection);
    Ok(std::fs::File::open(path)?.sync_all()?)
}

/// A form, as something that can be run again and again.
fn prepare<'a>(
    connection: &'a Connection,
    form: &Form,
    drawn: &'a Drawn,
) -> Outcome<Box<dyn FnMut(usize) -> Outcome<Answer> + 'a>> {
    Ok(match form {
        Form::Two(total, page) => {
            let (mut total, mut page) = (connection.prepare(total)?, connection.prepare(page)?);
            Box::new(move |_| {
                let total: i64 = total.query_row([], |row| row.get(0))?;
                let ids = page.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
                Ok(Answer { total: total as u64, ids })
            })
        }
        Form::One(text) => {
            let mut statement = connection.prepare(text)?;
            Box::new(move |_| {
                let (mut total, mut ids) = (0_i64, Vec::new());
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    ids.push(row.get::<_, String>(0)?);
                    total = row.get(1)?;
                }
                Ok(Answer { total: total as u64, ids })
            })
        }
        Form::Value(text, value) => {
            let mut statement = connection.prepare(text)?;
            let values = match value {
                Value::UserName => &drawn.user_names,
                Value::ExternalId => &drawn.external_ids,
                Value::Id => &drawn.ids,
            };
            Box::new(move |turn| {
                let value = &values[turn % values.len()];
                let ids =
                    statement.query_map([value], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
                Ok(Answer { total: ids.len() as u64, ids })
            })
        }
    })
}
