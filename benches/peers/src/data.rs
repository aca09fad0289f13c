//! The users, as their JSON has them, and random ones of them.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::Outcome;

/// What the queries ask of a user, in lower case where SCIM knows no case.
#[derive(Clone)]
pub struct User {
    pub number: i64,
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
    /// The JSON.
    pub document: String,
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

/// Visits the first so many users of a file.
pub fn each(path: &Path, users: usize, mut visit: impl FnMut(User) -> Outcome<()>) -> Outcome<()> {
    let lower = |text: String| text.to_lowercase();
    let mut lines = BufReader::with_capacity(1 << 20, File::open(path)?).lines();
    for number in 1..=users {
        let document = lines.next().ok_or("the file has fewer users")??;
        let row: Row = serde_json::from_str(&document)?;
        visit(User {
            number: number as i64,
            id: row.id,
            external_id: row.external_id,
            user_name: lower(row.user_name),
            display_name: lower(row.display_name),
            family_name: lower(row.name.family_name),
            title: row.title.map(lower),
            user_type: row.user_type.map(lower),
            department: row.enterprise.and_then(|enterprise| enterprise.department).map(lower),
            active: row.active,
            emails: row.emails.into_iter().map(|email| (lower(email.kind), lower(email.value))).collect(),
            created: row.meta.created,
            last_modified: row.meta.last_modified,
            document,
        })?;
    }
    Ok(())
}

/// The characters in the other order: what a search for an ending goes by.
pub fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Ids, userNames and externalIds of a thousand users.
pub struct Drawn {
    pub ids: Vec<String>,
    pub user_names: Vec<String>,
    pub external_ids: Vec<String>,
}

impl Drawn {
    pub fn of(path: &Path, users: usize) -> Outcome<Self> {
        let mut drawn = Drawn { ids: Vec::new(), user_names: Vec::new(), external_ids: Vec::new() };
        let step = (users / 1_000).max(1) as i64;
        let mut all = Vec::new();
        each(path, users, |user| {
            if user.number % step == 0 {
                all.push((user.id, user.user_name, user.external_id));
            }
            Ok(())
        })?;
        // In no order: a step that shares no factor with their number goes through all of them.
        let stride = (0..).map(|more| 617 + more).find(|stride| gcd(*stride, all.len()) == 1).unwrap_or(1);
        for place in 0..all.len() {
            let (id, user_name, external_id) = all[place * stride % all.len()].clone();
            drawn.ids.push(id);
            drawn.user_names.push(user_name);
            drawn.external_ids.push(external_id);
        }
        Ok(drawn)
    }
}

fn gcd(left: usize, right: usize) -> usize {
    if right == 0 { left } else { gcd(right, left % right) }
}
