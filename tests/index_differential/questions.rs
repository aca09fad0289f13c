//! Random searches: filters that hit, sorts by every kind of attribute, pages from anywhere.

use scimdb::message::{SearchRequest, SortOrder};

use super::model::Model;
use crate::support::random::{Dice, RESOURCES, filter, sort_path};
use crate::support::second_parser::Name;
use crate::support::second_schema::{Attr, Place, Type};

/// A search, and the resource type it is about; none: all of them.
#[derive(Debug)]
pub struct Question {
    pub scope: Option<String>,
    pub request: SearchRequest,
}

impl Question {
    pub fn new(dice: &mut Dice, model: &Model) -> Question {
        let kind = model.kind(dice);
        let t = model.types.iter().find(|t| t.name == kind).unwrap();
        let scope = (!dice.one_in(5)).then(|| t.name.clone());
        let text = match dice.below(12) {
            0 => None,
            1 | 2 => Some(membership(dice, t)),
            3 => Some(format!("({}) and not ({})", membership(dice, t), filter(dice, t))),
            4 => Some(format!("{} and {}", bracketed(filter(dice, t)), bracketed(filter(dice, t)))),
            _ => Some(filter(dice, t)),
        };
        let sort_by = dice.one_in(2).then(|| sort(dice, t));
        let sort_by = sort_by.filter(|path| scope.is_some() || agrees(model, path));
        let sort_order = if dice.one_in(2) { SortOrder::Ascending } else { SortOrder::Descending };
        let (start_index, count) = match dice.below(4) {
            0 | 1 => (None, Some(1_000)),
            2 => (Some(dice.below(model.items.len() + 4) as i64 - 1), Some(dice.below(12) as i64)),
            _ => (dice.one_in(2).then(|| 1 + dice.below(30) as i64), dice.one_in(2).then(|| dice.below(60) as i64)),
        };
        let request = SearchRequest {
            filter: text.map(|text| aim(dice, model, &text)),
            sort_by,
            sort_order,
            start_index,
            count,
            attributes: vec!["id".to_owned()],
            ..SearchRequest::default()
        };
        Question { scope, request }
    }

    /// Whether what it is sorted by is made from memberships: which of several is the first, is for the store to say.
    pub fn is_loose(&self) -> bool {
        let path = self.request.sort_by.as_deref().unwrap_or_default().to_lowercase();
        path.contains("members") || path.contains("groups")
    }
}

fn bracketed(text: String) -> String {
    format!("({text})")
}

fn sort(dice: &mut Dice, t: &Type) -> String {
    match dice.below(8) {
        0 => "meta.lastModified".to_owned(),
        1 => dice.pick(&["id", "meta.created", "externalId", "meta.resourceType", "meta.location"]).to_owned(),
        _ => sort_path(dice, t),
    }
}

/// Whether all types that have the attribute have it as the same kind: nothing says how a number and a text compare.
fn agrees(model: &Model, path: &str) -> bool {
    let name = Name { text: path.to_owned(), offset: 0 };
    let kind = |attr: &Attr| attr.kind.replace("reference", "string");
    let mut kinds: Vec<String> = model
        .types
        .iter()
        .filter_map(|t| match t.place(&name)? {
            Place::Attribute { attr, sub: None, .. } if attr.kind == "complex" => Some(attr.sub("value").map(kind)?),
            Place::Attribute { attr, sub, .. } => Some(kind(sub.unwrap_or(attr))),
            Place::Extension(_) => None,
        })
        .collect();
    kinds.dedup();
    kinds.len() <= 1
}

/// Filters on what is derived from memberships, and on ids.
fn membership(dice: &mut Dice, t: &Type) -> String {
    let op = dice.pick(&["eq", "eq", "eq", "ne", "sw", "co", "ge"]);
    let text = dice.pick(&["a", "AB", "ss", "", "work"]);
    match (t.name.as_str(), dice.below(9)) {
        ("User", 0) => format!("groups.value {op} \"r0\""),
        ("User", 1) => "groups[value eq \"r1\"]".to_owned(),
        ("User", 2) => format!("groups[value eq \"r2\" and type eq \"{}\"]", dice.pick(&["direct", "indirect"])),
        ("User", 3) => format!("groups {op} \"r3\""),
        ("User", 4) => format!("groups.display {} \"{text}\"", dice.pick(&["co", "sw", "eq", "ne"])),
        ("User", 5) => format!("groups[display co \"{text}\" and value ne \"r1\"]"),
        ("User", 6) => dice.pick(&["groups pr", "groups.type eq \"indirect\"", "groups.$ref pr"]).to_owned(),
        ("Group", 0 | 1) => format!("members.value {op} \"r0\""),
        ("Group", 2) => "members[value eq \"r1\"]".to_owned(),
        ("Group", 3) => format!("members {op} \"r2\""),
        ("Group", 4) => format!("members[type eq \"{}\" and value ne \"r3\"]", dice.pick(&["User", "Group"])),
        ("Group", 5) => format!("members.display {} \"{text}\"", dice.pick(&["co", "sw", "eq", "ne"])),
        ("Group", 6) => dice.pick(&["members pr", "members.type eq \"Group\"", "members eq null"]).to_owned(),
        (_, 7) => format!("id {op} \"r0\""),
        (_, 8) => "(id eq \"r0\" or id eq \"r1\" or id eq \"r2\")".to_owned(),
        (name, _) => dice
            .pick(&[
                "meta.created gt \"2020-01-01T00:00:00Z\"",
                "meta.lastModified le \"2026-01-01T00:00:00Z\"",
                &format!("meta.resourceType eq \"{name}\""),
                "meta.location ew \"1\"",
                "not (externalId pr)",
                "schemas co \"test\"",
            ])
            .to_owned(),
    }
}

/// Filters are made with a few ids: those of resources take their place, more often than not.
fn aim(dice: &mut Dice, model: &Model, text: &str) -> String {
    let mut text = text.to_owned();
    for number in 0..RESOURCES {
        let quoted = format!("\"r{number}\"");
        if !text.contains(&quoted) || dice.one_in(4) {
            continue;
        }
        let groups: Vec<_> = model.items.iter().filter(|item| item.kind == "Group").collect();
        let some = match dice.below(2) {
            0 if !groups.is_empty() => &groups[dice.below(groups.len())].id,
            _ if !model.items.is_empty() => &model.items[dice.below(model.items.len())].id,
            _ => continue,
        };
        text = text.replace(&quoted, &format!("\"{some}\""));
    }
    text
}
