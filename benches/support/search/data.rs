//! The users: made, written, and read for the oracle.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use serde::Deserialize;

use super::Outcome;
use crate::support::people::People;

/// The seed of the users.
pub const SEED: u64 = 42;

/// Writes so many users, one JSON object in a line.
pub fn write(path: &Path, users: usize) -> Outcome<()> {
    let people = People::new(SEED);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for number in 0..users {
        out.write_all(&people.person(number).json)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Visits the first so many lines of a file.
pub fn each_line(path: &Path, users: usize, visit: &mut dyn FnMut(usize, Vec<u8>) -> Outcome<()>) -> Outcome<usize> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    for number in 0..users {
        let mut line = Vec::with_capacity(1_024);
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(number);
        }
        visit(number, line)?;
    }
    Ok(users)
}

/// What the queries ask of a user. Text without case is in lower case; instants are without their `Z`, so that their
/// text orders as they do.
pub struct Record {
    pub id: String,
    pub external_id: String,
    pub user_name: String,
    pub display_name: String,
    pub family_name: String,
    pub title: Option<String>,
    pub user_type: Option<String>,
    pub department: Option<String>,
    pub active: Option<bool>,
    /// Type and value.
    pub emails: Vec<(String, String)>,
    pub created: String,
    pub last_modified: String,
    pub deleted: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    external_id: String,
    user_name: String,
    name: Name,
    display_name: String,
    title: Option<String>,
    user_type: Option<String>,
    active: Option<bool>,
    #[serde(default)]
    emails: Vec<Email>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    enterprise: Option<Enterprise>,
    meta: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    family_name: String,
}

#[derive(Deserialize)]
struct Email {
    value: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Enterprise {
    department: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    created: String,
    last_modified: String,
}

/// Reads the first so many users.
pub fn read(path: &Path, users: usize) -> Outcome<Vec<Record>> {
    let lower = |text: String| text.to_lowercase();
    let mut records = Vec::with_capacity(users);
    each_line(path, users, &mut |number, line| {
        let row: Row = serde_json::from_slice(&line).map_err(|error| format!("user {}: {error}", number + 1))?;
        records.push(Record {
            id: row.id,
            external_id: row.external_id,
            user_name: row.user_name.to_lowercase(),
            display_name: row.display_name.to_lowercase(),
            family_name: row.name.family_name.to_lowercase(),
            title: row.title.map(lower),
            user_type: row.user_type.map(lower),
            department: row.enterprise.and_then(|enterprise| enterprise.department).map(lower),
            active: row.active,
            emails: row.emails.into_iter().map(|email| (lower(email.kind), lower(email.value))).collect(),
            created: instant(&row.meta.created),
            last_modified: instant(&row.meta.last_modified),
            deleted: false,
        });
        Ok(())
    })?;
    if records.len() < users {
        return Err(format!("{} has {} users only", path.display(), records.len()).into());
    }
    Ok(records)
}

/// The text of an instant in UTC, so that texts order as instants do.
pub fn instant(text: &str) -> String {
    text.trim_end_matches('Z').to_owned()
}
