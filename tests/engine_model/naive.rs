//! The naive model: resources as JSON in a list, in the order of their creation. It shares nothing with the engine but
//! the normaliser of user names.

use std::collections::BTreeSet;

use scimdb::ErrorKind;
use scimdb::model::Preparation;
use serde_json::{Map, Value, json};

use crate::support::engine::{GROUP, USER};

pub const THING: &str = "urn:test:2.0:Thing";
pub const BADGE: &str = "urn:test:2.0:Badge";

/// A value that another tenant has, and that is unique in the whole store.
pub const TAKEN_ELSEWHERE: &str = "canary";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    User,
    Group,
    Thing,
    /// Another resource type of the same schema.
    Gadget,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::User, Kind::Group, Kind::Thing, Kind::Gadget];

    pub fn name(self) -> &'static str {
        ["User", "Group", "Thing", "Gadget"][self as usize]
    }

    pub fn schema(self) -> &'static str {
        [USER, GROUP, THING, THING][self as usize]
    }

    pub fn endpoint(self) -> String {
        format!("/{}s", self.name())
    }
}

/// The schemas of the tenant.
pub fn documents() -> Value {
    let unique = |name: &str, uniqueness: &str| json!({"name": name, "caseExact": true, "uniqueness": uniqueness});
    json!([
        {"id": THING, "attributes": [
            unique("serial", "server"),
            {"name": "tags", "multiValued": true, "uniqueness": "server"},
            {"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "number", "type": "integer", "uniqueness": "server"}, {"name": "name"}]},
            unique("code", "global"),
            {"name": "lot", "mutability": "immutable"},
            {"name": "weight", "type": "decimal"},
            {"name": "seen", "type": "dateTime"},
        ]},
        {"id": BADGE, "attributes": [
            {"name": "badge", "type": "integer", "uniqueness": "server"}, {"name": "note"}]},
        {"id": "Thing", "name": "Thing", "endpoint": "/Things", "schema": THING},
        {"id": "Gadget", "name": "Gadget", "endpoint": "/Gadgets", "schema": THING},
        {"id": "User", "name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": [{"schema": BADGE}]},
    ])
}

#[derive(Clone, Debug)]
pub struct Item {
    pub kind: Kind,
    pub id: String,
    /// What a client set, without members and without what is no value.
    pub body: Map<String, Value>,
    pub members: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    Create,
    Modify,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    Fail,
    Skip,
    Replace,
}

/// What became of an imported row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Created,
    Replaced,
    Skipped,
    Rejected(ErrorKind),
}

#[derive(Clone, Debug, Default)]
pub struct Naive {
    pub items: Vec<Item>,
    /// What the change log tells of the last step.
    pub log: Vec<(Did, String)>,
}

type Outcome<T = ()> = Result<T, ErrorKind>;

/// A body as the store keeps it: nothing that is no value, and the members apart.
fn normal(body: &Value) -> (Map<String, Value>, Vec<String>) {
    let mut kept = Map::new();
    let mut members = Vec::new();
    for (name, value) in body.as_object().unwrap() {
        match value {
            Value::Null => {}
            Value::Array(items) if items.is_empty() => {}
            _ if matches!(name.as_str(), "schemas" | "id" | "meta") => {}
            Value::Array(items) if name == "members" => {
                members.extend(items.iter().map(|m| m["value"].as_str().unwrap().to_owned()));
            }
            Value::Object(parts) => {
                let parts: Map<_, _> =
                    parts.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
                if !parts.is_empty() {
                    kept.insert(name.clone(), Value::Object(parts));
                }
            }
            other => drop(kept.insert(name.clone(), other.clone())),
        }
    }
    (kept, members)
}

/// Unique values in the order of the schema: the attribute, and the value as it is compared.
fn unique_values(kind: Kind, body: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let mut found = Vec::new();
    if kind == Kind::User {
        found.extend(text("userName").map(|name| ("userName", Preparation::UserName.prepare(name).into_owned())));
        found.extend(body.get(BADGE).and_then(|b| b.get("badge")).map(|badge| ("badge", badge.to_string())));
        return found;
    }
    found.extend(text("serial").map(|serial| ("serial", serial.to_owned())));
    for tag in body.get("tags").and_then(Value::as_array).into_iter().flatten() {
        found.push(("tags", tag.as_str().unwrap().to_lowercase()));
    }
    for port in body.get("ports").and_then(Value::as_array).into_iter().flatten() {
        found.extend(port.get("number").map(|number| ("ports", number.to_string())));
    }
    found.extend(text("code").map(|code| ("code", code.to_owned())));
    found
}

fn valid(kind: Kind, body: &Map<String, Value>) -> Outcome {
    let required = match kind {
        Kind::User => Some("userName"),
        Kind::Group => Some("displayName"),
        _ => None,
    };
    if required.is_some_and(|name| body.get(name).is_none()) {
        return Err(ErrorKind::InvalidValue);
    }
    let emails = body.get("emails").and_then(Value::as_array).into_iter().flatten();
    if emails.filter(|email| email["primary"] == true).count() > 1 { Err(ErrorKind::InvalidValue) } else { Ok(()) }
}

impl Naive {
    pub fn get(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    fn place(&self, kind: Kind, id: &str) -> Outcome<usize> {
        self.items.iter().position(|item| item.id == id && item.kind == kind).ok_or(ErrorKind::NotFound)
    }

    /// Who has one of the unique values of a body: the id, or none for a resource of another tenant.
    fn holder(&self, kind: Kind, id: &str, body: &Map<String, Value>) -> Option<Option<String>> {
        for value in unique_values(kind, body) {
            if value == ("code", TAKEN_ELSEWHERE.to_owned()) {
                return Some(None);
            }
            let has = |item: &&Item| item.id != id && unique_values(item.kind, &item.body).contains(&value);
            if let Some(item) = self.items.iter().find(has) {
                return Some(Some(item.id.clone()));
            }
        }
        None
    }

    fn known(&self, ids: &[String]) -> Outcome<BTreeSet<String>> {
        let all_there = ids.iter().all(|id| self.get(id).is_some());
        if all_there { Ok(ids.iter().cloned().collect()) } else { Err(ErrorKind::InvalidValue) }
    }

    pub fn create(&mut self, kind: Kind, id: &str, body: &Value) -> Outcome {
        let (body, members) = normal(body);
        valid(kind, &body)?;
        if self.get(id).is_some() || self.holder(kind, id, &body).is_some() {
            return Err(ErrorKind::Uniqueness);
        }
        let mut with = self.clone();
        with.items.push(Item { kind, id: id.to_owned(), body, members: BTreeSet::new() });
        let members = with.known(&members)?;
        with.items.last_mut().unwrap().members = members;
        with.log.push((Did::Create, id.to_owned()));
        *self = with;
        Ok(())
    }

    /// Stores what a resource should be. Tells whether anything changed.
    fn store(&mut self, index: usize, body: Map<String, Value>, members: BTreeSet<String>) -> Outcome<bool> {
        let item = &self.items[index];
        valid(item.kind, &body)?;
        if self.holder(item.kind, &item.id, &body).is_some() {
            return Err(ErrorKind::Uniqueness);
        }
        self.known(&members.iter().cloned().collect::<Vec<_>>())?;
        let changed = item.body != body || item.members != members;
        if changed {
            self.log.push((Did::Modify, item.id.clone()));
            self.items[index].body = body;
            self.items[index].members = members;
        }
        Ok(changed)
    }

    pub fn replace(&mut self, kind: Kind, id: &str, body: &Value) -> Outcome<bool> {
        let index = self.place(kind, id)?;
        let (mut body, members) = normal(body);
        match (self.items[index].body.get("lot").cloned(), body.get("lot")) {
            (Some(old), Some(new)) if old != *new => return Err(ErrorKind::Mutability),
            (Some(old), _) => drop(body.insert("lot".to_owned(), old)),
            _ => {}
        }
        self.store(index, body, members.into_iter().collect())
    }

    /// Operations: `(op, path, value)`. Members are added, removed and replaced; other attributes replaced and removed.
    pub fn patch(&mut self, kind: Kind, id: &str, operations: &[Value]) -> Outcome<bool> {
        let index = self.place(kind, id)?;
        let Item { mut body, mut members, .. } = self.items[index].clone();
        let mut missing = false;
        for operation in operations {
            let (op, path, value) =
                (operation["op"].as_str().unwrap(), operation["path"].as_str().unwrap(), &operation["value"]);
            if let Some(rest) = path.strip_prefix("members") {
                let given = value.as_array().into_iter().flatten().map(|m| m["value"].as_str().unwrap().to_owned());
                match (op, rest) {
                    ("remove", "") => members.clear(),
                    ("remove", rest) => drop(members.remove(rest.split('"').nth(1).unwrap())),
                    (op, _) => {
                        let given: Vec<String> = given.collect();
                        missing |= given.iter().any(|id| self.get(id).is_none());
                        if op == "replace" {
                            members.clear();
                        }
                        members.extend(given);
                    }
                }
                continue;
            }
            if path == "lot" && body.get("lot").is_some_and(|old| op == "remove" || old != value) {
                return Err(ErrorKind::Mutability);
            }
            match op {
                "remove" => drop(body.remove(path)),
                _ if value.is_null() => drop(body.remove(path)),
                _ => drop(body.insert(path.to_owned(), value.clone())),
            }
        }
        valid(kind, &body)?;
        if self.holder(kind, id, &body).is_some() {
            return Err(ErrorKind::Uniqueness);
        }
        if missing {
            return Err(ErrorKind::InvalidValue);
        }
        // A member that went and came back in one request has not changed.
        self.store(index, body, members)
    }

    pub fn delete(&mut self, kind: Kind, id: &str) -> Outcome {
        let index = self.place(kind, id)?;
        for item in &mut self.items {
            if item.members.remove(id) && item.id != id {
                self.log.push((Did::Modify, item.id.clone()));
            }
        }
        self.items.remove(index);
        self.log.push((Did::Delete, id.to_owned()));
        Ok(())
    }

    fn import_row(
        &mut self,
        kind: Kind,
        id: &str,
        body: &Value,
        mode: Conflict,
        fill: bool,
    ) -> Outcome<(Fate, Option<String>)> {
        let (parts, _) = normal(body);
        let holder = match mode {
            Conflict::Fail => None,
            _ if self.get(id).is_some() => Some(id.to_owned()),
            _ => self.holder(kind, id, &parts).flatten(),
        };
        match holder {
            None => {
                let mut body = body.clone();
                if !fill {
                    body.as_object_mut().unwrap().remove("members");
                }
                self.create(kind, id, &body).map(|()| (Fate::Created, None))
            }
            Some(_) if mode == Conflict::Skip => Ok((Fate::Skipped, None)),
            Some(holder) if fill => {
                let changed = self.replace(kind, &holder, body)?;
                Ok((if changed { Fate::Replaced } else { Fate::Skipped }, None))
            }
            Some(holder) => Ok((Fate::Replaced, Some(holder))),
        }
    }

    /// Imports rows; groups last, since they may name each other.
    pub fn import(&mut self, rows: &[(Kind, String, Value)], mode: Conflict) -> Vec<Fate> {
        let mut fates = vec![Fate::Skipped; rows.len()];
        for (index, (kind, id, body)) in rows.iter().enumerate().filter(|(_, row)| row.0 != Kind::Group) {
            fates[index] = self.import_row(*kind, id, body, mode, true).map_or_else(Fate::Rejected, |(fate, _)| fate);
        }
        let mut failed: BTreeSet<usize> = BTreeSet::new();
        loop {
            let mut attempt = self.clone();
            let mut fell_out = Vec::new();
            let groups = || rows.iter().enumerate().filter(|(_, row)| row.0 == Kind::Group);
            let mut places = Vec::new();
            for (index, (kind, id, body)) in groups().filter(|(index, _)| !failed.contains(index)) {
                match attempt.import_row(*kind, id, body, mode, false) {
                    Ok((fate, replaces)) => places.push((index, fate, replaces)),
                    Err(error) => fell_out.push((index, error)),
                }
            }
            for (index, fate, replaces) in places {
                let (kind, id, body) = &rows[index];
                let (_, members) = normal(body);
                let filled = match (fate, replaces) {
                    (_, Some(holder)) => attempt
                        .replace(*kind, &holder, body)
                        .map(|changed| if changed { Fate::Replaced } else { Fate::Skipped }),
                    (Fate::Created, None) => attempt.known(&members).map(|members| {
                        attempt.items.iter_mut().find(|item| item.id == *id).unwrap().members.extend(members);
                        Fate::Created
                    }),
                    (fate, None) => Ok(fate),
                };
                match filled {
                    Ok(fate) => fates[index] = fate,
                    Err(error) => fell_out.push((index, error)),
                }
            }
            if fell_out.is_empty() {
                *self = attempt;
                return fates;
            }
            for (index, error) in fell_out {
                fates[index] = Fate::Rejected(error);
                failed.insert(index);
            }
        }
    }

    /// What an answer shows of a resource, without `meta`; members and groups in the order of their ids.
    pub fn document(&self, item: &Item) -> Value {
        let mut document = item.body.clone();
        let mut schemas = vec![item.kind.schema()];
        schemas.extend(item.body.contains_key(BADGE).then_some(BADGE));
        document.insert("schemas".to_owned(), json!(schemas));
        document.insert("id".to_owned(), json!(item.id));
        if !item.members.is_empty() {
            let members = item.members.iter().map(|id| self.reference(id, None)).collect();
            document.insert("members".to_owned(), Value::Array(members));
        }
        let groups = self.groups(&item.id);
        if item.kind == Kind::User && !groups.is_empty() {
            let groups = groups.iter().map(|(id, direct)| self.reference(id, Some(*direct))).collect();
            document.insert("groups".to_owned(), Value::Array(groups));
        }
        Value::Object(document)
    }

    fn reference(&self, id: &str, direct: Option<bool>) -> Value {
        let item = self.get(id).expect("no member is dangling");
        let kind = match direct {
            None => item.kind.name(),
            Some(true) => "direct",
            Some(false) => "indirect",
        };
        let mut reference = json!({"value": id, "$ref": format!("{}/{id}", item.kind.endpoint()), "type": kind});
        if let Some(label) = item.body.get("displayName").or(item.body.get("userName")) {
            reference["display"] = label.clone();
        }
        reference
    }

    /// The groups of a resource, by id, and whether it is a member itself.
    fn groups(&self, id: &str) -> Vec<(String, bool)> {
        let holding = |id: &str| -> Vec<String> {
            self.items.iter().filter(|item| item.members.contains(id)).map(|item| item.id.clone()).collect()
        };
        let direct = holding(id);
        let mut all: BTreeSet<String> = direct.iter().cloned().collect();
        loop {
            let more: BTreeSet<String> = all.iter().flat_map(|id| holding(id)).chain(all.iter().cloned()).collect();
            if more.len() == all.len() {
                return all.into_iter().map(|id| (id.clone(), direct.contains(&id))).collect();
            }
            all = more;
        }
    }
}
