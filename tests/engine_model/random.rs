//! Random bodies, filters and sorts, from few values, so that they meet.

use serde_json::{Value, json};

use super::naive::{BADGE, Kind, Naive};
use crate::support::random::Dice;

const USER_NAMES: [&str; 10] = ["ada", "Ada", "ADA", "bob", "Zoë", "zoe\u{308}", "größe", "ana b", "Ｊｏ", "jo"];
const LABELS: [&str; 6] = ["Tour Guides", "tour", "Ada Lovelace", "admin", "Ädmin", "b"];
const EXTERNAL: [&str; 4] = ["x1", "X1", "x2", "x\u{0}3"];
const SERIALS: [&str; 4] = ["s1", "S1", "s2", "s3"];
const TAGS: [&str; 5] = ["red", "Red", "blue", "green", "x"];
const CODES: [&str; 4] = ["c1", "c2", "C2", super::naive::TAKEN_ELSEWHERE];
const TIMES: [&str; 3] = ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2021-06-01T12:00:00.5Z"];
const MAILS: [&str; 4] = ["a@example.com", "b@example.com", "A@Example.com", "c@work.test"];

/// The id of some resource, or of none.
pub fn some_id(dice: &mut Dice, naive: &Naive) -> String {
    match naive.items.len() {
        0 => "nobody".to_owned(),
        _ if dice.one_in(12) => "nobody".to_owned(),
        count => naive.items[dice.below(count)].id.clone(),
    }
}

pub fn members(dice: &mut Dice, naive: &Naive) -> Value {
    (0..dice.below(4)).map(|_| json!({"value": some_id(dice, naive)})).collect()
}

/// A single-valued attribute of a type, with a value or null.
pub fn attribute(dice: &mut Dice, kind: Kind) -> (&'static str, Value) {
    let (name, values): (_, &[&str]) = match (kind, dice.below(5)) {
        (Kind::User, 0) => ("userName", &USER_NAMES),
        (Kind::User, 1) => ("title", &LABELS),
        (Kind::User, 2) => return ("active", json!(dice.one_in(2))),
        (Kind::User | Kind::Group, 3) => ("externalId", &EXTERNAL),
        (Kind::User | Kind::Group, _) => ("displayName", &LABELS),
        (_, 0) => ("serial", &SERIALS),
        (_, 1) => ("code", &CODES),
        (_, 2) => ("lot", &SERIALS),
        (_, 3) => ("seen", &TIMES),
        _ => return ("weight", json!([0.5, 2.0, -1.5][dice.below(3)])),
    };
    (name, if dice.one_in(8) { Value::Null } else { json!(dice.pick(values)) })
}

pub fn body(dice: &mut Dice, naive: &Naive, kind: Kind) -> Value {
    let mut body = json!({"schemas": [kind.schema()]});
    match kind {
        Kind::User if !dice.one_in(20) => body["userName"] = json!(dice.pick(&USER_NAMES)),
        Kind::Group if !dice.one_in(20) => body["displayName"] = json!(dice.pick(&LABELS)),
        _ => {}
    }
    for _ in 0..dice.below(4) {
        let (name, value) = attribute(dice, kind);
        if !matches!((kind, name), (Kind::User, "userName") | (Kind::Group, "displayName")) {
            body[name] = value;
        }
    }
    match kind {
        Kind::Group => body["members"] = members(dice, naive),
        Kind::User => {
            let email = |dice: &mut Dice| {
                let mut email = json!({"value": dice.pick(&MAILS), "type": dice.pick(&["work", "home"])});
                if dice.one_in(2) {
                    email["primary"] = json!(dice.one_in(2));
                }
                email
            };
            body["emails"] = (0..dice.below(3)).map(|_| email(dice)).collect();
            if dice.one_in(3) {
                body["name"] = json!({"familyName": dice.pick(&LABELS), "givenName": null});
            }
            if dice.one_in(3) {
                body[BADGE] = json!({"badge": dice.below(4), "note": dice.pick(&LABELS)});
                body["schemas"] = json!([kind.schema(), BADGE]);
            }
        }
        _ => {
            body["tags"] = (0..dice.below(3)).map(|_| json!(dice.pick(&TAGS))).collect();
            let port = |dice: &mut Dice| json!({"number": dice.below(4), "name": dice.pick(&["in", "out"])});
            body["ports"] = (0..dice.below(3)).map(|_| port(dice)).collect();
        }
    }
    body
}

/// Operations of a PATCH.
pub fn operations(dice: &mut Dice, naive: &Naive, kind: Kind) -> Vec<Value> {
    let operation = |dice: &mut Dice| {
        if kind == Kind::Group && !dice.one_in(4) {
            return match dice.below(8) {
                0 => json!({"op": "remove", "path": "members"}),
                1 | 2 => json!({"op": "replace", "path": "members", "value": members(dice, naive)}),
                3 | 4 => json!({"op": "remove", "path": format!("members[value eq \"{}\"]", some_id(dice, naive))}),
                _ => json!({"op": "add", "path": "members", "value": members(dice, naive)}),
            };
        }
        match attribute(dice, kind) {
            // What removing a required attribute comes to, the corpus says.
            ("userName" | "displayName", Value::Null) => json!({"op": "replace", "path": "externalId", "value": "x9"}),
            (name, Value::Null) => json!({"op": "remove", "path": name}),
            (name, value) => json!({"op": "replace", "path": name, "value": value}),
        }
    };
    (0..1 + dice.below(3)).map(|_| operation(dice)).collect()
}

/// A filter, for one type or for all. It may not fit the type.
pub fn filter(dice: &mut Dice, naive: &Naive, kind: Option<Kind>, depth: usize) -> String {
    match if depth == 0 { 9 } else { dice.below(10) } {
        0 | 1 => format!("({}) and ({})", filter(dice, naive, kind, depth - 1), filter(dice, naive, kind, depth - 1)),
        2 | 3 => format!("({}) or ({})", filter(dice, naive, kind, depth - 1), filter(dice, naive, kind, depth - 1)),
        4 => format!("not ({})", filter(dice, naive, kind, depth - 1)),
        _ => comparison(dice, naive, kind),
    }
}

fn comparison(dice: &mut Dice, naive: &Naive, kind: Option<Kind>) -> String {
    let kind = match kind {
        Some(kind) if !dice.one_in(40) => kind,
        _ => Kind::ALL[dice.below(4)],
    };
    let op = if dice.one_in(2) { "eq" } else { dice.pick(&["ne", "co", "sw", "ew", "ge", "lt", "eq"]) };
    let only_eq = if dice.one_in(4) { "ne" } else { "eq" };
    let id = some_id(dice, naive);
    let text = |dice: &mut Dice, from: &[&str]| json!(dice.pick(from));
    let common = match dice.below(16) {
        0 => Some(format!("id {op} \"{id}\"")),
        1 => Some(format!("externalId {op} {}", text(dice, &EXTERNAL))),
        2 => Some(format!("meta.resourceType eq \"{}\"", Kind::ALL[dice.below(4)].name())),
        3 => Some(format!("meta.location ew \"{id}\"")),
        4 => Some(
            dice.pick(&["externalId pr", "meta.version co \"1\"", "meta.created gt \"2020-01-01T00:00:00Z\""])
                .to_owned(),
        ),
        _ => None,
    };
    if let Some(common) = common {
        return common;
    }
    match (kind, dice.below(8)) {
        (Kind::User, 0) => format!("userName {op} {}", text(dice, &USER_NAMES)),
        (Kind::User, 1) => format!("{BADGE}:badge {only_eq} {}", dice.below(5)),
        (Kind::User, 2) => format!("groups.value {op} \"{id}\""),
        (Kind::User, 3) => format!("groups[value eq \"{id}\"]"),
        (Kind::User, 4) => format!("groups[value eq \"{id}\" and type eq \"{}\"]", dice.pick(&["direct", "indirect"])),
        (Kind::User, 5) => format!("groups {only_eq} \"{id}\""),
        (Kind::User, 6) => format!("emails[type eq \"work\" and value {op} {}]", text(dice, &MAILS)),
        (Kind::User, _) => dice
            .pick(&["active eq true", "groups pr", "title pr", "emails.primary eq false", "groups.display co \"tour\""])
            .to_owned(),
        (Kind::Group, 0 | 1) => format!("members.value {op} \"{id}\""),
        (Kind::Group, 2) => format!("members[value eq \"{id}\"]"),
        (Kind::Group, 3) => format!("members {only_eq} \"{id}\""),
        (Kind::Group, 4) => format!("members[value eq \"{id}\" and type eq \"User\"]"),
        (Kind::Group, 5) => format!("displayName {op} {}", text(dice, &LABELS)),
        (Kind::Group, _) => {
            dice.pick(&["members pr", "not (members.type eq \"Group\")", "members.display sw \"a\""]).to_owned()
        }
        (_, 0) => format!("serial {op} {}", text(dice, &SERIALS)),
        (_, 1) => format!("tags {op} {}", text(dice, &TAGS)),
        (_, 2) => format!("tags[value {op} {}]", text(dice, &TAGS)),
        (_, 3) => format!("ports.number {only_eq} {}", dice.below(5)),
        (_, 4) => format!("ports[number eq {}]", dice.below(5)),
        (_, 5) => format!("ports[number eq {} and name eq \"in\"]", dice.below(5)),
        (_, 6) => format!("code {op} {}", text(dice, &CODES)),
        (_, _) => {
            dice.pick(&["weight gt 0", "seen eq \"2020-01-01T00:00:00Z\"", "lot pr", "ports.number eq 2.0"]).to_owned()
        }
    }
}
