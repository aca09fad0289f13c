//! Thousands of resources, so that columns have many values, frequent ones and rare ones. The second opinion would take
//! too long: here it is the store itself without an index, which is held to it elsewhere.

use scimdb::engine::ImportOptions;
use scimdb::message::parse_schema_document;
use scimdb::{Result, Store, StoreOptions, Tenant};
use serde_json::{Value, json};

use super::model::Model;
use super::questions::Question;
use super::run::{Hands, Seen};
use super::schemas::Schemas;
use crate::support::engine::Verbs;
use crate::support::index;
use crate::support::random::Dice;

/// Resources at first.
const RESOURCES: usize = 5_500;
/// Writes between rounds of searches: about as many as may be recent.
const WRITES: usize = 120;

/// The same store twice.
struct Pair {
    indexed: Tenant,
    plain: Tenant,
    stores: [Store; 2],
}

impl Pair {
    fn new() -> Pair {
        let open = |enabled: bool| {
            let mut options: StoreOptions = Hands::new().options();
            options.index.enabled = enabled;
            options.index.recent = 100;
            options.index.durable_from = 1_000;
            options.index.grams_from = 200;
            Store::open_in_memory(options).unwrap()
        };
        let stores = [open(true), open(false)];
        let [indexed, plain] = [&stores[0], &stores[1]].map(|store| store.tenant("default").unwrap());
        Pair { indexed, plain, stores }
    }

    /// Does the same to both.
    fn both<T>(&self, verb: impl Fn(&Tenant) -> Result<T>) -> T {
        verb(&self.plain).unwrap();
        verb(&self.indexed).unwrap()
    }

    fn ask(&self, question: &Question, seen: &mut Seen) {
        let found = |tenant: &Tenant| {
            let page = tenant.search(question.scope.as_deref(), &question.request).map_err(|error| error.kind())?;
            let ids: Vec<String> = page.resources.into_iter().map(|resource| resource.id).collect();
            Ok::<_, scimdb::ErrorKind>((page.total_results, ids))
        };
        let (expected, got) = (found(&self.plain), found(&self.indexed));
        assert!(got == expected, "{question:?}\nexpected {expected:?}\ngot      {got:?}");
        seen.asked += 1;
        seen.found += expected.as_ref().map_or(0, |(total, _)| *total);
        seen.refused += u64::from(expected.is_err());
    }
}

/// Asks about as many searches as told.
pub fn run(seed: u64, searches: u64, seen: &mut Seen) {
    let mut dice = Dice(seed);
    let pair = Pair::new();
    let schemas = Schemas::new(&mut dice);
    let documents = Value::Array(schemas.documents()).to_string();
    pair.both(|tenant| tenant.put_schemas(parse_schema_document(documents.as_bytes())?));
    let mut model = Model::new(&schemas);
    for number in 0..RESOURCES {
        let kind = if dice.one_in(400) { "Group" } else { dice.pick(&["User", "User", "User", "User", "Thing"]) };
        let mut item = model.make_of(&mut dice, kind, number);
        item.id = format!("r{number}");
        model.items.push(item);
    }
    let rows: Vec<Vec<u8>> = model
        .items
        .iter()
        .map(|item| {
            let mut body = item.sent();
            body["id"] = json!(item.id);
            body["meta"] = json!({"resourceType": item.kind, "created": item.created, "lastModified": item.modified});
            body.to_string().into_bytes()
        })
        .collect();
    pair.both(|tenant| {
        let mut import = tenant.import(ImportOptions { restore: true, ..ImportOptions::default() })?;
        for (number, row) in rows.iter().enumerate() {
            import.push(number as u64, row.clone())?;
        }
        let (_, rejects) = import.finish()?;
        assert!(rejects.is_empty(), "{:?}", rejects[0].error);
        Ok(())
    });
    index::settle(&pair.stores[0]);
    let rounds = 4;
    for round in 0..rounds {
        for _ in 0..searches / rounds {
            pair.ask(&Question::new(&mut dice, &model), seen);
        }
        for _ in 0..WRITES {
            write(&pair, &mut dice, &mut model);
        }
        if round == 1 {
            index::settle(&pair.stores[0]);
        }
    }
    let (types, runs, failed) = index::runs(&pair.indexed);
    assert!(types > 0 && failed == 0);
    seen.indexed += searches;
    seen.runs += u64::from(runs);
}

fn write(pair: &Pair, dice: &mut Dice, model: &mut Model) {
    let index = dice.below(model.items.len());
    let (kind, id) = (model.items[index].kind.clone(), model.items[index].id.clone());
    match dice.below(4) {
        0 => {
            pair.both(|tenant| tenant.drop_resource(&kind, &id));
            model.remove(&id);
        }
        1 => {
            let (operations, item) = model.patch(dice, index);
            pair.both(|tenant| tenant.patch(&kind, &id, operations.clone()));
            model.items[index] = item;
        }
        _ => {
            let item = model.remake(dice, index);
            pair.both(|tenant| tenant.put(&kind, &id, item.sent()));
            model.items[index] = item;
        }
    }
}
