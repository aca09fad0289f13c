//! The verbs against a naive model: random sequences, and after every step all that can be read is compared. Searches
//! are held to `filter::eval` over everything read back, so that no key and no edge finds more or less than it.
//!
//! `SCIMDB_SEQUENCES` sets how many sequences are run, `SCIMDB_SEED` the first of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "engine_model/naive.rs"]
mod naive;
#[path = "engine_model/random.rs"]
mod random;
mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use naive::{Conflict, Did, Fate, Kind, Naive};
use scimdb::engine::{ChangeOperation, ImportOptions, OnConflict, ReadOptions, WriteOptions};
use scimdb::message::{Representation, SearchRequest, SortOrder};
use scimdb::model::{Instant, Preparation};
use scimdb::{ErrorKind, Store, StoreOptions, Tenant};
use serde_json::{Value, json};
use support::direct::Direct;
use support::engine::{Verbs, assert_sound, env, input, json_of};
use support::random::Dice;

/// Sequences that share a store, so that what one leaves behind is there for the next.
const SEQUENCES_OF_A_STORE: u64 = 50;
const STEPS: usize = 15;
/// Changes that are kept: more than a step makes.
const KEPT: u64 = 100;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

/// A store with the tenant to be tested, and another one that has a globally unique value.
fn open() -> (Store, Tenant) {
    let mut options = StoreOptions::default();
    options.env = env().0;
    options.keep_changes = Some(KEPT);
    let store = Store::open_in_memory(options).unwrap();
    let tenant = store.tenant("default").unwrap();
    let canary = store.create_tenant("canary", Default::default()).unwrap();
    for tenant in [&tenant, &canary] {
        tenant.register(naive::documents()).unwrap();
    }
    canary.make("Thing", json!({"schemas": [naive::THING], "code": naive::TAKEN_ELSEWHERE})).unwrap();
    (store, tenant)
}

/// What is remembered of a resource between steps: version, lastModified, created.
type Meta = BTreeMap<String, (u64, Instant, Instant)>;

struct Run {
    tenant: Tenant,
    dice: Dice,
    naive: Naive,
    meta: Meta,
    sequence: u64,
    highest: u64,
    steps: Vec<String>,
}

/// Two halves, so that two threads share them.
#[test]
fn random_sequences_do_what_a_naive_model_does() {
    sequences(0);
}

#[test]
fn more_random_sequences_do_what_a_naive_model_does() {
    sequences(1);
}

fn sequences(half: u64) {
    let count = setting("SCIMDB_SEQUENCES", 1_000) / 2;
    let first = setting("SCIMDB_SEED", 1) + half * count;
    let mut place = None;
    for seed in first..first + count {
        if (seed - first).is_multiple_of(SEQUENCES_OF_A_STORE) {
            place = Some(open());
        }
        let (store, tenant) = place.as_ref().unwrap();
        let sequence = store.stats().unwrap().sequence;
        let mut run = Run {
            tenant: tenant.clone(),
            dice: Dice(seed),
            naive: Naive::default(),
            meta: Meta::new(),
            sequence,
            highest: sequence,
            steps: vec![format!("SCIMDB_SEED={seed} SCIMDB_SEQUENCES=2")],
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.all()));
        if let Err(panic) = outcome {
            eprintln!("{}", run.steps.join("\n"));
            std::panic::resume_unwind(panic);
        }
        assert_sound(store);
    }
}

impl Run {
    fn all(&mut self) {
        for _ in 0..1 + self.dice.below(2 * STEPS) {
            self.step();
            self.compare();
            self.search();
        }
        while let Some(item) = self.naive.items.first().cloned() {
            self.naive.log.clear();
            self.naive.delete(item.kind, &item.id).unwrap();
            self.tenant.drop_resource(item.kind.name(), &item.id).unwrap();
            self.compare();
        }
    }

    /// Some resource of the kind, or an id that is none's.
    fn target(&mut self) -> (Kind, String) {
        let id = random::some_id(&mut self.dice, &self.naive);
        let kind = self.naive.get(&id).map_or(Kind::User, |item| item.kind);
        (if self.dice.one_in(30) { Kind::Thing } else { kind }, id)
    }

    fn kind(&mut self) -> Kind {
        Kind::ALL[[0, 0, 0, 1, 1, 2, 2, 3][self.dice.below(8)]]
    }

    fn step(&mut self) {
        self.naive.log.clear();
        match self.dice.below(20) {
            0..6 => self.create(),
            6..9 => self.replace(),
            9..14 => self.modify(),
            14..16 => self.delete(),
            16..18 => self.import(),
            18 => self.bulk(),
            _ => self.bulk_ring(),
        }
    }

    fn create(&mut self) {
        let kind = self.kind();
        let body = random::body(&mut self.dice, &self.naive, kind);
        let given = self.dice.one_in(4).then(|| random::some_id(&mut self.dice, &self.naive));
        self.steps.push(format!("create {} {given:?} {body}", kind.name()));
        let options = WriteOptions { id: given.clone(), ..WriteOptions::default() };
        let made = self.tenant.create(kind.name(), input(body.clone()), &options);
        let id = made.as_ref().map(|made| made.id.clone()).ok().or(given).unwrap_or("new".to_owned());
        let expected = self.naive.create(kind, &id, &body);
        assert_eq!(made.map(|_| ()).map_err(|error| error.kind()), expected);
    }

    fn replace(&mut self) {
        let (kind, id) = self.target();
        let body = random::body(&mut self.dice, &self.naive, kind);
        self.steps.push(format!("replace {} {id} {body}", kind.name()));
        let made = self.tenant.put(kind.name(), &id, body.clone());
        let expected = self.naive.replace(kind, &id, &body);
        assert_eq!(made.map(|written| written.changed).map_err(|error| error.kind()), expected);
    }

    fn modify(&mut self) {
        let (kind, id) = self.target();
        let operations = random::operations(&mut self.dice, &self.naive, kind);
        self.steps.push(format!("modify {} {id} {}", kind.name(), json!(operations)));
        let made = self.tenant.patch(kind.name(), &id, json!(operations));
        let expected = self.naive.patch(kind, &id, &operations);
        assert_eq!(made.map(|written| written.changed).map_err(|error| error.kind()), expected);
    }

    fn delete(&mut self) {
        let (kind, id) = self.target();
        self.steps.push(format!("delete {} {id}", kind.name()));
        let made = self.tenant.drop_resource(kind.name(), &id).map_err(|error| error.kind());
        assert_eq!(made, self.naive.delete(kind, &id));
    }

    fn import(&mut self) {
        let (mode, on_conflict) = [
            (Conflict::Fail, OnConflict::Fail),
            (Conflict::Skip, OnConflict::Skip),
            (Conflict::Replace, OnConflict::Replace),
        ][self.dice.below(3)];
        let mut rows = Vec::new();
        // Rows that are to come can be members already.
        let mut known = self.naive.clone();
        let ids: Vec<(Kind, String)> = (0..1 + self.dice.below(6))
            .map(|n| match self.dice.below(4) {
                0 => (self.kind(), random::some_id(&mut self.dice, &self.naive)),
                _ => (self.kind(), format!("row-{}-{n}", self.steps.len())),
            })
            .collect();
        for (kind, id) in &ids {
            let item =
                naive::Item { kind: *kind, id: id.clone(), body: Default::default(), members: Default::default() };
            known.items.push(item);
        }
        for (kind, id) in ids {
            let mut body = random::body(&mut self.dice, &known, kind);
            body["id"] = json!(id);
            body["meta"] =
                json!({"resourceType": kind.name(), "version": "W/\"1\"", "created": "2001-01-01T00:00:00Z"});
            rows.push((kind, id, body));
        }
        self.steps.push(format!("import {mode:?} {}", json!(rows.iter().map(|row| &row.2).collect::<Vec<_>>())));
        let mut importer = self.tenant.import(ImportOptions { on_conflict, ..ImportOptions::default() }).unwrap();
        for (number, (_, _, body)) in rows.iter().enumerate() {
            importer.push(number as u64, body.to_string().into_bytes()).unwrap();
        }
        let (report, rejects) = importer.finish().unwrap();
        let fates = self.naive.import(&rows, mode);
        let count = |wanted: fn(&Fate) -> bool| fates.iter().filter(|fate| wanted(fate)).count() as u64;
        assert_eq!(report.created, count(|fate| *fate == Fate::Created), "{fates:?} {report:?}");
        assert_eq!(report.replaced, count(|fate| *fate == Fate::Replaced), "{fates:?} {report:?}");
        assert_eq!(report.skipped, count(|fate| *fate == Fate::Skipped), "{fates:?} {report:?}");
        let mut rejected: Vec<(u64, ErrorKind)> = rejects.iter().map(|r| (r.row, r.error.kind())).collect();
        rejected.sort_by_key(|(row, _)| *row);
        let expected = fates.iter().enumerate().filter_map(|(row, fate)| match fate {
            Fate::Rejected(kind) => Some((row as u64, *kind)),
            _ => None,
        });
        assert_eq!(rejected, expected.collect::<Vec<_>>());
    }

    /// Operations that do not refer to each other are carried out in order.
    fn bulk(&mut self) {
        let stop = self.dice.one_in(2).then(|| 1 + self.dice.below(3));
        let mut operations = Vec::new();
        for number in 0..1 + self.dice.below(5) {
            let (kind, id) = self.target();
            let new = self.kind();
            let path = format!("{}/{id}", kind.endpoint());
            let patch = json!(random::operations(&mut self.dice, &self.naive, kind));
            operations.push(match self.dice.below(4) {
                0 => (
                    new,
                    id,
                    json!({"method": "POST", "path": new.endpoint(), "bulkId": format!("b{number}"),
                    "data": random::body(&mut self.dice, &self.naive, new)}),
                ),
                1 => (
                    kind,
                    id,
                    json!({"method": "PUT", "path": path, "data": random::body(&mut self.dice, &self.naive, kind)}),
                ),
                2 => (
                    kind,
                    id,
                    json!({"method": "PATCH", "path": path, "data": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": patch}}),
                ),
                _ => (kind, id, json!({"method": "DELETE", "path": path})),
            });
        }
        let list: Vec<&Value> = operations.iter().map(|(_, _, operation)| operation).collect();
        self.steps.push(format!("bulk {stop:?} {}", json!(list)));
        let response = self.tenant.send_bulk(json!({"failOnErrors": stop, "Operations": list}));
        let mut errors = 0;
        let mut done = 0;
        for ((kind, id, operation), result) in operations.iter().zip(&response.results) {
            let data = &operation["data"];
            let expected = match operation["method"].as_str().unwrap() {
                "POST" => {
                    let id = result.location.as_deref().map_or("new", |location| location.rsplit('/').next().unwrap());
                    self.naive.create(*kind, id, data).map(|()| 201)
                }
                "PUT" => self.naive.replace(*kind, id, data).map(|_| 200),
                "PATCH" => self.naive.patch(*kind, id, data["Operations"].as_array().unwrap()).map(|_| 200),
                _ => self.naive.delete(*kind, id).map(|()| 204),
            };
            let got = result.error.as_ref().map_or(Ok(result.status), |error| Err(error.kind()));
            assert_eq!(got, expected, "{operation}");
            errors += usize::from(expected.is_err());
            done += 1;
            if Some(errors) == stop {
                break;
            }
        }
        assert_eq!(done, response.results.len());
        assert!(Some(errors) == stop || done == operations.len());
    }

    /// Groups that have each other and new users as members, in any order.
    fn bulk_ring(&mut self) {
        let count = 1 + self.dice.below(3);
        let mut operations = Vec::new();
        for n in 0..count {
            let next = format!("bulkId:g{}", (n + 1) % count);
            let members = json!([{"value": next}, {"value": format!("bulkId:u{n}")}]);
            operations.push(json!({"method": "POST", "path": "/Groups", "bulkId": format!("g{n}"),
                "data": {"schemas": [support::engine::GROUP], "displayName": "ring", "members": members}}));
            operations.push(json!({"method": "POST", "path": "/Users", "bulkId": format!("u{n}"),
                "data": {"schemas": [support::engine::USER], "userName": format!("ring-{}-{n}", self.steps.len())}}));
        }
        for n in (1..operations.len()).rev() {
            operations.swap(n, self.dice.below(n + 1));
        }
        self.steps.push(format!("bulk {}", json!(operations)));
        let response = self.tenant.send_bulk(json!({"Operations": operations}));
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for result in &response.results {
            assert_eq!(result.status, 201, "{:?}", result.error);
            let id = result.location.as_deref().unwrap().rsplit('/').next().unwrap();
            ids.insert(format!("bulkId:{}", result.bulk_id.as_deref().unwrap()), id.to_owned());
        }
        // In which order they were made, the change log tells: all that matters is that they are there.
        let made = self.tenant.changes(self.sequence, 1_000, Duration::ZERO).unwrap();
        let position = |operation: &Value| {
            let id = &ids[&format!("bulkId:{}", operation["bulkId"].as_str().unwrap())];
            made.iter().position(|change| change.id == *id).expect("every POST is in the change log")
        };
        operations.sort_by_key(position);
        for fill in [false, true] {
            for operation in &operations {
                let id = &ids[&format!("bulkId:{}", operation["bulkId"].as_str().unwrap())];
                let mut data = operation["data"].clone();
                let members = data.as_object_mut().unwrap().remove("members");
                let kind = if operation["path"] == "/Users" { Kind::User } else { Kind::Group };
                if !fill {
                    self.naive.create(kind, id, &data).unwrap();
                } else if let Some(members) = members {
                    let item = self.naive.items.iter_mut().find(|item| item.id == *id).unwrap();
                    let refs = members.as_array().unwrap().iter();
                    item.members.extend(refs.map(|member| ids[member["value"].as_str().unwrap()].clone()));
                }
            }
        }
    }

    /// A resource with the display of its members, which is returned on request only.
    fn whole(&self, found: &Representation) -> Value {
        let mut json = json_of(found);
        if let Some(Value::Array(members)) = json.get_mut("members") {
            let options = ReadOptions { attributes: vec!["members.display".to_owned()], ..ReadOptions::default() };
            let read = json_of(&self.tenant.get("Group", &found.id, &options).unwrap());
            for (index, member) in members.iter_mut().enumerate() {
                assert!(member.get("display").is_none(), "nobody asked for it");
                if let Some(display) = read["members"][index].get("display") {
                    member["display"] = display.clone();
                }
            }
        }
        json
    }

    /// Everything that can be read, and the change log.
    fn compare(&mut self) {
        let page = self.tenant.page(None, "").unwrap();
        let ids: Vec<&str> = page.resources.iter().map(|found| found.id.as_str()).collect();
        let expected: Vec<&str> = self.naive.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, expected, "in the order of creation");
        assert_eq!(page.total_results, expected.len() as u64);

        let changes = self.tenant.changes(self.sequence, 1_000, Duration::ZERO).unwrap();
        let told: Vec<(Did, String)> =
            changes.iter().map(|change| (did(change.operation), change.id.clone())).collect();
        assert_eq!(told, self.naive.log);

        let mut after = Meta::new();
        let mut highest = self.highest;
        for (item, found) in self.naive.items.iter().zip(&page.resources) {
            let mut json = self.whole(found);
            let meta = json.as_object_mut().unwrap().remove("meta").unwrap();
            for name in ["members", "groups"] {
                if let Some(Value::Array(list)) = json.get_mut(name) {
                    list.sort_by_key(|member| member["value"].as_str().map(str::to_owned));
                }
            }
            assert_eq!(json, self.naive.document(item));
            assert_eq!(meta["resourceType"], item.kind.name());
            assert_eq!(meta["location"], format!("{}/{}", item.kind.endpoint(), item.id));
            assert_eq!(meta["version"], found.tag.to_string());
            assert_eq!(found.tag.derived.is_some(), json.get("groups").is_some());
            let (modified, created) = (found.last_modified.unwrap(), found.created.unwrap());
            assert_eq!(meta["lastModified"], modified.to_string());
            assert_eq!(meta["created"], created.to_string());
            let now = (found.tag.version, modified, created);
            let touched = self.naive.log.iter().rev().find(|(_, id)| *id == item.id);
            match (self.meta.get(&item.id), touched) {
                (Some(before), None) => assert_eq!(now, *before, "what did not change keeps its version"),
                (Some(before), Some((Did::Modify, _))) => {
                    assert!(now.0 > self.highest, "versions are never given twice");
                    let created_again = self.naive.log.contains(&(Did::Create, item.id.clone()));
                    assert!(now.1 > before.1 && (now.2 == before.2 || created_again));
                }
                (_, Some(_)) => assert!(now.0 > self.highest),
                (None, None) => panic!("{} is new, and the change log does not tell", item.id),
            }
            highest = highest.max(now.0);
            after.insert(item.id.clone(), now);
        }
        self.highest = highest.max(changes.last().map_or(0, |change| change.sequence));
        self.sequence = changes.last().map_or(self.sequence, |change| change.sequence);
        self.meta = after;
    }

    /// A random search, against the oracle over all that is read back.
    fn search(&mut self) {
        let kind = match self.dice.below(3) {
            0 => None,
            _ => Some(self.kind()),
        };
        let all = self.tenant.page(None, "").unwrap().resources;
        let documents: Vec<Value> = all.iter().map(|found| self.whole(found)).collect();
        let types = all.iter().map(|resource| resource.resource_type.name.as_str());
        let registry = scimdb::model::Registry::clone(&self.tenant.registry().unwrap());
        let oracle = Direct::over(registry, "strict", types.zip(&documents));
        for _ in 0..2 {
            let filter = random::filter(&mut self.dice, &self.naive, kind, 2);
            let sort =
                [None, Some("userName"), Some("displayName"), Some("externalId"), Some("weight"), Some("emails")]
                    [self.dice.below(6)];
            let request = SearchRequest {
                filter: Some(filter.clone()),
                sort_by: sort.map(str::to_owned),
                sort_order: if self.dice.one_in(2) { SortOrder::Descending } else { SortOrder::Ascending },
                start_index: self.dice.one_in(3).then(|| self.dice.below(6) as i64),
                count: self.dice.one_in(3).then(|| self.dice.below(4) as i64),
                ..SearchRequest::default()
            };
            self.steps.push(format!("search {kind:?} {request:?}"));
            let found = self.tenant.search(kind.map(Kind::name), &request);
            let expected = oracle.select(kind.map(Kind::name), &filter);
            let has_sort = |name: &str| {
                let has = |kind: Kind| match name {
                    "userName" | "emails" => kind == Kind::User,
                    "displayName" => matches!(kind, Kind::User | Kind::Group),
                    "weight" => matches!(kind, Kind::Thing | Kind::Gadget),
                    _ => true,
                };
                kind.is_none_or(has)
            };
            let expected = match expected {
                Ok(_) if sort.is_some_and(|name| !has_sort(name)) => Err(ErrorKind::InvalidPath),
                Ok(ids) => Ok(ids),
                Err(error) => Err(error.kind()),
            };
            match (found, expected) {
                (Ok(page), Ok(mut ids)) => {
                    assert_eq!(page.total_results, ids.len() as u64, "{ids:?}");
                    if let Some(name) = sort {
                        sort_ids(&mut ids, &documents, name, request.sort_order);
                    }
                    let skip = request.start_index.unwrap_or(1).max(1) as usize - 1;
                    let count = request.count.unwrap_or(100) as usize;
                    let expected: Vec<String> = ids.into_iter().skip(skip).take(count).collect();
                    let got: Vec<String> = page.resources.into_iter().map(|resource| resource.id).collect();
                    assert_eq!(got, expected);
                }
                (found, expected) => {
                    assert_eq!(found.map(|_| ()).map_err(|error| error.kind()), expected.map(|_| ()));
                }
            }
        }
    }
}

fn did(operation: ChangeOperation) -> Did {
    match operation {
        ChangeOperation::Create => Did::Create,
        ChangeOperation::Modify => Did::Modify,
        ChangeOperation::Delete => Did::Delete,
    }
}

/// Sorts ids that are in the order of creation by an attribute of their documents.
fn sort_ids(ids: &mut [String], documents: &[Value], name: &str, order: SortOrder) {
    let key = |id: &String| -> Option<(Option<i64>, String)> {
        let document = documents.iter().find(|document| document["id"] == **id).unwrap();
        let value = match document.get(name)? {
            Value::Array(list) => list.iter().find(|item| item["primary"] == true).or(list.first())?.get("value")?,
            single => single,
        };
        let preparation = match name {
            "userName" => Preparation::UserName,
            "externalId" => Preparation::Exact,
            _ => Preparation::Folded,
        };
        Some(match value {
            Value::String(text) => (None, preparation.prepare(text).into_owned()),
            number => (Some((number.as_f64().unwrap() * 10.0) as i64), String::new()),
        })
    };
    ids.sort_by(|left, right| {
        let order_of = match (key(left), key(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        };
        if order == SortOrder::Descending { order_of.reverse() } else { order_of }
    });
}
