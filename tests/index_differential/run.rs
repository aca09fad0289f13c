//! One store from beginning to end: random steps, on the store and on the model, and searches after each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use scimdb::engine::{ChangeOperation, Env, ImportOptions};
use scimdb::message::parse_schema_document;
use scimdb::model::Instant;
use scimdb::{Store, StoreOptions, Tenant};
use serde_json::{Value, json};

use super::compare::compare;
use super::cursors::{Walk, walk};
use super::model::{Item, Model};
use super::place::{Loss, Place};
use super::questions::Question;
use super::schemas::Schemas;
use crate::support::engine::Verbs;
use crate::support::index;
use crate::support::random::Dice;

/// Searches after each step.
const SEARCHES: usize = 8;
/// Times that the store is told: few, so that filters hit, and in no order.
const TIMES: [&str; 5] = [
    "2020-01-01T00:00:00Z",
    "2019-12-31T23:59:59.999Z",
    "2020-01-01T00:00:00.001Z",
    "2026-01-01T00:00:00Z",
    "2026-06-30T12:00:00Z",
];

/// What was compared.
#[derive(Debug, Default)]
pub struct Seen {
    pub asked: u64,
    pub found: u64,
    pub refused: u64,
    /// How often all pages were turned, and how often while others wrote.
    pub walks: u64,
    pub long_walks: u64,
    /// Searches of a tenant that has an index, and runs in all of them.
    pub indexed: u64,
    pub runs: u64,
}

/// What the store is told: the time, and the number of the next id.
#[derive(Clone)]
pub struct Hands(Arc<Mutex<(Instant, u64)>>);

impl Hands {
    pub fn new() -> Hands {
        Hands(Arc::new(Mutex::new((Instant::parse(TIMES[3]).unwrap(), 0))))
    }

    pub fn options(&self) -> StoreOptions {
        let (clock, ids) = (self.clone(), self.clone());
        let id = move || {
            let mut hands = ids.0.lock().unwrap();
            hands.1 += 1;
            format!("r{}", hands.1 - 1)
        };
        let mut options = StoreOptions::default();
        options.env = Env::new(move || clock.0.lock().unwrap().0, id);
        // Kept short, so that the index must not rest on what is trimmed.
        options.keep_changes = Some(1_000);
        index::tiny(&mut options);
        options
    }
}

pub struct Run {
    dice: Dice,
    place: Place,
    hands: Hands,
    store: Store,
    tenant: Tenant,
    model: Model,
    schemas: Schemas,
    sequence: u64,
    walk: Option<Walk>,
    has_lost_files: bool,
    pub steps: Vec<String>,
}

impl Run {
    pub fn new(seed: u64, loss: Loss) -> Run {
        let mut dice = Dice(seed);
        let place = Place::new(loss);
        let hands = Hands::new();
        let store = place.open(hands.options());
        let tenant = store.tenant("default").unwrap();
        let schemas = Schemas::new(&mut dice);
        let model = Model::new(&schemas);
        let mut run = Run {
            dice,
            place,
            hands,
            store,
            tenant,
            model,
            schemas,
            sequence: 0,
            walk: None,
            has_lost_files: false,
            steps: Vec::new(),
        };
        run.register();
        run
    }

    pub fn all(&mut self, seen: &mut Seen) {
        self.neighbour();
        let many = 30 + self.dice.below(60);
        self.import(many);
        self.ask(seen);
        for _ in 0..20 + self.dice.below(20) {
            self.step();
            self.ask(seen);
        }
        // Nothing but searches: all of it is in runs now.
        self.settle();
        self.ask(seen);
        assert_eq!(self.store.check(&mut |_, _| {}).unwrap().problems, Vec::<String>::new());
        self.store.close().unwrap();
    }

    fn ask(&mut self, seen: &mut Seen) {
        let world = self.model.world();
        for _ in 0..SEARCHES {
            let question = Question::new(&mut self.dice, &self.model);
            let found = compare(&self.tenant, &world, &question, seen);
            let Some(found) = found else { continue };
            if self.dice.one_in(8) {
                seen.walks += 1;
                walk(&mut self.dice, &self.tenant, &question, &found);
            } else if self.walk.is_none() && found.len() > 5 && !question.is_of_memberships() {
                self.walk = Some(Walk::new(&mut self.dice, question, found));
            }
        }
        if self.walk.as_mut().is_some_and(|walk| !walk.go_on(&self.tenant)) {
            self.walk = None;
            seen.long_walks += 1;
        }
        let (types, runs, failed) = index::runs(&self.tenant);
        // What is lost while it is being written, is made again later.
        assert!(failed == 0 || self.has_lost_files, "{failed} indexes could not be made");
        seen.indexed += SEARCHES as u64 * u64::from(types > 0);
        seen.runs += u64::from(runs);
    }

    fn step(&mut self) {
        // Cursors expire.
        let time = match &self.walk {
            None => TIMES[self.dice.below(TIMES.len())].to_owned(),
            Some(_) => self.model.now.clone(),
        };
        self.hands.0.lock().unwrap().0 = Instant::parse(&time).unwrap();
        self.model.now = time;
        if self.model.items.len() < 20 {
            return self.import(30);
        }
        match self.dice.below(32) {
            0..7 => self.create(),
            7..11 => self.replace(),
            11..17 => self.patch(),
            17..20 => self.delete(),
            20..22 => {
                let many = 1 + self.dice.below(24);
                self.import(many);
            }
            22..25 => self.bulk(),
            25 => self.retype(),
            26 | 27 => {
                self.schemas.grow(&mut self.dice);
                self.register();
            }
            28 | 29 => self.settle(),
            30 => self.reopen(),
            _ => {
                self.has_lost_files = true;
                let what = self.place.lose(&mut self.dice);
                self.steps.push(format!("while open: {what}"));
            }
        }
    }

    /// Another tenant of the same store, with resources that nobody may find.
    fn neighbour(&mut self) {
        let other = self.store.create_tenant("other", Default::default()).unwrap();
        let mut import = other.import(ImportOptions::default()).unwrap();
        for number in 0..25 {
            let body = json!({"schemas": [crate::support::engine::USER], "id": format!("r{number}"), "userName": number.to_string()});
            import.push(number, body.to_string().into_bytes()).unwrap();
        }
        import.finish().unwrap();
    }

    fn register(&mut self) {
        // What a cursor was made for may mean something else now.
        self.walk = None;
        self.steps.push("register".to_owned());
        let documents = Value::Array(self.schemas.documents()).to_string();
        self.tenant.put_schemas(parse_schema_document(documents.as_bytes()).unwrap()).unwrap();
        self.model.register(&self.schemas);
    }

    /// Gives an attribute another type, once it has no values.
    fn retype(&mut self) {
        let mut schemas = self.schemas.clone();
        let name = schemas.retype(&mut self.dice);
        self.steps.push(format!("retype {name}"));
        let holders: Vec<String> =
            self.model.items.iter().filter(|item| item.body.contains_key(&name)).map(|item| item.id.clone()).collect();
        for id in holders {
            let item = self.model.find(&id);
            item.body.remove(&name);
            let kind = item.kind.clone();
            self.tenant.patch(&kind, &id, json!([{"op": "remove", "path": name}])).unwrap();
        }
        self.sync();
        self.schemas = schemas;
        self.register();
    }

    fn create(&mut self) {
        for _ in 0..1 + self.dice.below(3) {
            let kind = self.model.kind(&mut self.dice);
            let mut item = self.model.make(&mut self.dice, &kind);
            let made =
                self.tenant.make(&kind, item.sent()).unwrap_or_else(|error| panic!("{error:?}: {}", item.sent()));
            self.steps.push(format!("create {kind} {}", made.id));
            item.id = made.id;
            self.model.items.push(item);
        }
        self.sync();
    }

    fn replace(&mut self) {
        let index = self.dice.below(self.model.items.len());
        let item = self.model.remake(&mut self.dice, index);
        self.steps.push(format!("replace {} {}", item.kind, item.id));
        self.tenant.put(&item.kind, &item.id, item.sent()).unwrap_or_else(|error| panic!("{error:?}: {}", item.sent()));
        self.put(item);
        self.sync();
    }

    fn patch(&mut self) {
        let index = self.dice.below(self.model.items.len());
        let (operations, item) = self.model.patch(&mut self.dice, index);
        self.steps.push(format!("patch {} {} {operations}", item.kind, item.id));
        self.tenant.patch(&item.kind, &item.id, operations).unwrap();
        self.put(item);
        self.sync();
    }

    fn delete(&mut self) {
        for _ in 0..1 + self.dice.below(4) {
            let Item { kind, id, .. } = self.model.items[self.dice.below(self.model.items.len())].clone();
            self.steps.push(format!("delete {kind} {id}"));
            self.tenant.drop_resource(&kind, &id).unwrap();
            self.model.remove(&id);
        }
        self.sync();
    }

    /// Rows with times of their own.
    fn import(&mut self, many: usize) {
        self.steps.push(format!("import {many}"));
        let options = ImportOptions { restore: true, ..ImportOptions::default() };
        let mut import = self.tenant.import(options).unwrap();
        let mut items = Vec::new();
        for _ in 0..many {
            let kind = self.model.kind(&mut self.dice);
            let mut item = self.model.make(&mut self.dice, &kind);
            let mut hands = self.hands.0.lock().unwrap();
            item.id = format!("r{}", hands.1);
            hands.1 += 1;
            item.created = TIMES[self.dice.below(TIMES.len())].to_owned();
            item.modified = TIMES[self.dice.below(TIMES.len())].to_owned();
            // Groups come last, and have members that are there.
            items.push(item.clone());
            self.model.items.push(item);
        }
        items.sort_by_key(|item| item.kind == "Group");
        self.model.items.truncate(self.model.items.len() - many);
        for (row, item) in items.iter().enumerate() {
            let mut body = item.sent();
            body["id"] = json!(item.id);
            body["meta"] = json!({"resourceType": item.kind, "created": item.created, "lastModified": item.modified});
            import.push(row as u64, body.to_string().into_bytes()).unwrap();
        }
        let (_, rejects) = import.finish().unwrap();
        assert!(rejects.is_empty(), "{:?}: {}", rejects[0].error, String::from_utf8_lossy(&rejects[0].input));
        self.model.items.extend(items);
        self.forget_changes();
    }

    /// Several verbs in one commit.
    fn bulk(&mut self) {
        let mut operations = Vec::new();
        let mut created = Vec::new();
        for number in 0..1 + self.dice.below(6) {
            let index = self.dice.below(self.model.items.len());
            let Item { kind, id, .. } = self.model.items[index].clone();
            let path = format!("/{kind}s/{id}");
            match self.dice.below(4) {
                0 | 1 => {
                    let kind = self.model.kind(&mut self.dice);
                    let mut item = self.model.make(&mut self.dice, &kind);
                    // Its id is known when it was made.
                    item.id = format!("new{number}");
                    item.members.clear();
                    operations.push(
                        json!({"method": "POST", "path": format!("/{kind}s"), "bulkId": item.id, "data": item.sent()}),
                    );
                    created.push(operations.len() - 1);
                    self.model.items.push(item);
                }
                _ if id.starts_with("new") => {}
                2 => {
                    let item = self.model.remake(&mut self.dice, index);
                    if item.members.iter().any(|member| member.starts_with("new")) {
                        continue;
                    }
                    operations.push(json!({"method": "PUT", "path": path, "data": item.sent()}));
                    self.put(item);
                }
                _ => {
                    operations.push(json!({"method": "DELETE", "path": path}));
                    self.model.remove(&id);
                }
            }
        }
        if operations.is_empty() {
            return;
        }
        self.steps.push(format!("bulk of {}", operations.len()));
        let response = self.tenant.send_bulk(json!({"Operations": operations}));
        for (operation, result) in operations.iter().zip(&response.results) {
            assert!(result.error.is_none(), "{:?}: {operation}", result.error);
        }
        for index in created {
            let made = response.results[index].location.as_deref().unwrap().rsplit('/').next().unwrap().to_owned();
            let name = operations[index]["bulkId"].as_str().unwrap();
            self.model.find(name).id = made;
        }
        self.sync();
    }

    fn settle(&mut self) {
        self.steps.push("settle".to_owned());
        index::settle(&self.store);
    }

    fn reopen(&mut self) {
        self.store.close().unwrap();
        let what = if self.dice.one_in(2) { self.place.damage(&mut self.dice) } else { "nothing".to_owned() };
        self.steps.push(format!("reopen; meanwhile: {what}"));
        self.store = self.place.open(self.hands.options());
        self.tenant = self.store.tenant("default").unwrap();
    }

    fn put(&mut self, item: Item) {
        let place = self.model.find(&item.id);
        *place = item;
    }

    /// When something changed, the change log tells.
    fn sync(&mut self) {
        for change in self.tenant.changes(self.sequence, usize::MAX, Duration::ZERO).unwrap() {
            self.sequence = change.sequence;
            if let Some(walk) = &mut self.walk {
                walk.touched.insert(change.id.clone());
            }
            let now = self.model.now.clone();
            let item = self.model.items.iter_mut().find(|item| item.id == change.id);
            match (change.operation, item) {
                (ChangeOperation::Create, Some(item)) => (item.created, item.modified) = (now.clone(), now),
                (ChangeOperation::Modify, Some(item)) => item.modified = now,
                _ => {}
            }
        }
    }

    /// Imported resources have times of their own.
    fn forget_changes(&mut self) {
        let changes = self.tenant.changes(self.sequence, usize::MAX, Duration::ZERO).unwrap();
        self.sequence = changes.last().map_or(self.sequence, |change| change.sequence);
        if let Some(walk) = &mut self.walk {
            walk.touched.extend(changes.into_iter().map(|change| change.id));
        }
    }
}
