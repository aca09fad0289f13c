//! The naive model: resources as a client sent them, in the order of their creation.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::schemas::{BADGE, Schemas};
use crate::support::engine::ENTERPRISE;
use crate::support::evaluator::World;
use crate::support::random::{Dice, attributes};
use crate::support::second_schema::{Attr, Type, types};

/// Numbers that stand for values that must be unique.
const NUMBERS: usize = 400;

/// A resource.
#[derive(Clone)]
pub struct Item {
    pub kind: String,
    pub id: String,
    /// What a client sent, without members.
    pub body: Map<String, Value>,
    pub members: Vec<String>,
    pub created: String,
    pub modified: String,
    /// What its unique values are made from.
    number: usize,
}

impl Item {
    /// The resource as a client sends it.
    pub fn sent(&self) -> Value {
        let mut body = self.body.clone();
        if self.kind == "Group" {
            body.insert("members".to_owned(), self.members.iter().map(|id| json!({ "value": id })).collect());
        }
        Value::Object(body)
    }
}

/// Everything that a tenant holds.
pub struct Model {
    pub types: Vec<Type>,
    pub items: Vec<Item>,
    /// The time that the store is told.
    pub now: String,
}

impl Model {
    pub fn new(schemas: &Schemas) -> Model {
        let mut model = Model { types: Vec::new(), items: Vec::new(), now: "2026-01-01T00:00:00Z".to_owned() };
        model.register(schemas);
        model
    }

    /// Takes over schemas: a resource type of the documents stands for a built-in one of its name.
    pub fn register(&mut self, schemas: &Schemas) {
        let mut all = types(&schemas.documents());
        let last: Vec<bool> =
            (0..all.len()).map(|index| !all[index + 1..].iter().any(|later| later.name == all[index].name)).collect();
        let mut keep = last.into_iter();
        all.retain(|_| keep.next().unwrap());
        self.types = all;
    }

    /// The second opinion on all of it.
    pub fn world(&self) -> World {
        let bodies: Vec<(String, String, Value)> =
            self.items.iter().map(|item| (item.kind.clone(), item.id.clone(), item.sent())).collect();
        let mut world = World::over(self.types.clone(), "strict", &bodies);
        world.date(self.items.iter().map(|item| (item.created.as_str(), item.modified.as_str())));
        world
    }

    pub fn find(&mut self, id: &str) -> &mut Item {
        self.items.iter_mut().find(|item| item.id == id).expect("a known resource")
    }

    /// A type, users more often than others.
    pub fn kind(&self, dice: &mut Dice) -> String {
        match dice.below(8) {
            0..3 => "User".to_owned(),
            3..5 => "Thing".to_owned(),
            5 => "Group".to_owned(),
            _ => self.types[dice.below(self.types.len())].name.clone(),
        }
    }

    /// A new resource, which has no place in the model yet.
    pub fn make(&self, dice: &mut Dice, kind: &str) -> Item {
        let taken: BTreeSet<usize> = self.items.iter().map(|item| item.number).collect();
        let number = loop {
            let number = dice.below(NUMBERS);
            if !taken.contains(&number) {
                break number;
            }
        };
        self.make_of(dice, kind, number)
    }

    /// The same, with the unique values of a number.
    pub fn make_of(&self, dice: &mut Dice, kind: &str, number: usize) -> Item {
        self.make_as(dice, kind, number, String::new())
    }

    /// What a resource is replaced with. It keeps its unique values, and its times: what it is replaced with may be what
    /// it was, which changes nothing.
    pub fn remake(&self, dice: &mut Dice, index: usize) -> Item {
        let Item { kind, id, created, modified, number, .. } = self.items[index].clone();
        Item { created, modified, ..self.make_as(dice, &kind, number, id) }
    }

    fn make_as(&self, dice: &mut Dice, kind: &str, number: usize, id: String) -> Item {
        let t = self.types.iter().find(|t| t.name == kind).unwrap();
        let mut body = attributes(dice, &t.core, number);
        body.insert("schemas".to_owned(), json!([t.urn]));
        for (urn, attrs) in &t.extensions {
            if dice.one_in(3) {
                body.insert(urn.clone(), Value::Object(attributes(dice, attrs, number)));
            }
        }
        // A client's word does not count for what is readOnly.
        if let Some(manager) = body.get_mut(ENTERPRISE).and_then(|part| part.get_mut("manager")) {
            manager.as_object_mut().unwrap().remove("displayName");
        }
        if kind == "User" && dice.one_in(20) {
            // More elements than others have: slots are then numbered otherwise.
            let many = (0..10 + dice.below(30)).map(|n| json!({"value": format!("mail{n}@x.org"), "type": "work"}));
            body.insert("emails".to_owned(), many.collect());
        }
        let members = if kind == "Group" { self.some_ids(dice) } else { Vec::new() };
        let now = self.now.clone();
        Item { kind: kind.to_owned(), id, body, members, created: now.clone(), modified: now, number }
    }

    /// Members of a group: mostly few, and groups among them.
    pub fn some_ids(&self, dice: &mut Dice) -> Vec<String> {
        let count = if dice.one_in(6) { dice.below(40) } else { dice.below(5) };
        let groups: Vec<&Item> = self.items.iter().filter(|item| item.kind == "Group").collect();
        let ids: BTreeSet<String> = (0..count.min(self.items.len()))
            .map(|_| match groups.is_empty() || dice.below(4) > 0 {
                true => self.items[dice.below(self.items.len())].id.clone(),
                false => groups[dice.below(groups.len())].id.clone(),
            })
            .collect();
        ids.into_iter().collect()
    }

    /// A PATCH of a resource: the operations, and what the resource then is.
    pub fn patch(&self, dice: &mut Dice, index: usize) -> (Value, Item) {
        let mut item = self.items[index].clone();
        let mut operations = Vec::new();
        for _ in 0..1 + dice.below(3) {
            if item.kind == "Group" && dice.below(3) > 0 {
                operations.push(self.patch_members(dice, &mut item));
                continue;
            }
            let t = self.types.iter().find(|t| t.name == item.kind).unwrap();
            let changeable = |attr: &&Attr| {
                let fixed = ["schemas", "id", "meta", "groups", "members", "password"];
                !fixed.contains(&attr.name.as_str()) && !attr.required && !attr.unique
            };
            // Of extensions, the one of this test: it has no required attributes.
            let badge = t.extensions.iter().find(|(urn, _)| urn == BADGE).filter(|_| dice.one_in(4));
            let (urn, attrs) = badge.map_or((None, &t.core), |(urn, attrs)| (Some(urn), attrs));
            let attrs: Vec<&Attr> = attrs.iter().filter(changeable).collect();
            let attr = attrs[dice.below(attrs.len())];
            let path = urn.map_or(attr.name.clone(), |urn| format!("{urn}:{}", attr.name));
            let holder = match urn {
                None => &mut item.body,
                Some(urn) => item.body.entry(urn).or_insert_with(|| json!({})).as_object_mut().unwrap(),
            };
            holder.remove(&attr.name);
            operations.push(json!({"op": "remove", "path": path}));
            if dice.below(4) > 0 {
                // Values that a schema would refuse to hold beside each other are made by the same hand as others.
                let made = attributes(dice, std::slice::from_ref(attr), 0);
                let new = made.get(&attr.name).cloned().filter(|value| value.as_array().is_none_or(|a| !a.is_empty()));
                if let Some(new) = new.filter(|value| value.as_object().is_none_or(|object| !object.is_empty())) {
                    operations.push(json!({"op": "add", "path": path, "value": new}));
                    holder.insert(attr.name.clone(), new);
                }
            }
        }
        (Value::Array(operations), item)
    }

    fn patch_members(&self, dice: &mut Dice, item: &mut Item) -> Value {
        let list = |ids: &[String]| -> Value { ids.iter().map(|id| json!({ "value": id })).collect() };
        match dice.below(5) {
            0 if !item.members.is_empty() => {
                let gone = item.members.remove(dice.below(item.members.len()));
                json!({"op": "remove", "path": format!("members[value eq \"{gone}\"]")})
            }
            1 => {
                item.members = self.some_ids(dice);
                json!({"op": "replace", "path": "members", "value": list(&item.members)})
            }
            _ => {
                let more = self.some_ids(dice);
                let new: Vec<String> = more.iter().filter(|id| !item.members.contains(id)).cloned().collect();
                item.members.extend(new);
                json!({"op": "add", "path": "members", "value": list(&more)})
            }
        }
    }

    /// Takes a resource out, and out of groups.
    pub fn remove(&mut self, id: &str) {
        self.items.retain(|item| item.id != id);
        for item in &mut self.items {
            item.members.retain(|member| member != id);
        }
    }
}
