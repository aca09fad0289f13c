//! The second opinion on filters: an independent evaluator agrees with the corpus, and with `filter::eval` on random
//! filters over random resources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use scimdb::engine::{ImportOptions, TenantOptions};
use scimdb::message::{SearchRequest, SortOrder, parse_schema_document};
use scimdb::{ErrorKind, Store, StoreOptions};
use serde_json::Value;
use support::corpus::{Failures, FilterFile, FilterVector, Outcome, PatchFile};
use support::direct::Direct;
use support::evaluator::World;
use support::random::{Dice, bodies, filter, sort_path};
use support::second_parser::Bad;
use support::second_schema::Type;

/// How many random filters are asked: more where the environment variable says so.
const QUERIES: usize = 20_000;
const QUERIES_VARIABLE: &str = "SCIMDB_ORACLE_QUERIES";

#[test]
fn the_evaluator_agrees_with_every_filter_vector() {
    let mut failures = Failures::default();
    for file in FilterFile::all() {
        let world = world(&file);
        for vector in &file.vectors {
            let got = evaluate(&world, vector);
            failures.check(vector.accepts(&got), &file.name, &vector.name, &vector.cites, vector.expected(), &got);
        }
    }
    failures.finish();
}

#[test]
fn the_corpus_is_large_and_every_vector_has_a_name_of_its_own() {
    let (mut filters, mut patches) = (0, 0);
    for file in FilterFile::all() {
        let mut names: Vec<&str> = file.vectors.iter().map(|vector| vector.name.as_str()).collect();
        assert!(file.vectors.iter().all(|vector| !vector.cites.is_empty()), "{}", file.name);
        filters += names.len();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}", file.name);
    }
    for file in PatchFile::all() {
        let mut names: Vec<&str> = file.vectors.iter().map(|vector| vector.name.as_str()).collect();
        for vector in &file.vectors {
            let one = vector.result.is_some() != vector.error.is_some();
            assert!(one && !vector.cites.is_empty(), "{}: {}", file.name, vector.name);
        }
        patches += names.len();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}", file.name);
    }
    assert!(filters >= 280 && patches >= 170, "{filters} filter vectors, {patches} PATCH vectors");
}

#[test]
fn eval_agrees_with_every_filter_vector() {
    let mut failures = Failures::default();
    for file in FilterFile::all() {
        let world = world(&file);
        let direct = Direct::new(&file.documents(), &file.dialect, world.resources());
        for vector in file.vectors.iter().filter(|vector| !vector.is_sorted()) {
            let Some(filter) = vector.filter() else { continue };
            let got = match direct.select(vector.resource_type.as_deref(), &filter) {
                Ok(ids) => Outcome::Found(ids.clone(), ids.len() as u64),
                Err(error) => Outcome::Failed {
                    scim_type: error.scim_type().map(str::to_owned),
                    offset: error.offset().map(|offset| offset as u64),
                    detail: error.detail().to_owned(),
                },
            };
            failures.check(vector.accepts(&got), &file.name, &vector.name, &vector.cites, vector.expected(), &got);
        }
    }
    failures.finish();
}

#[test]
fn eval_agrees_with_the_evaluator_on_random_filters() {
    let (mut asked, mut hits, mut refused) = (0, 0, 0);
    for seed in 1.. {
        let (mut dice, types, world) = random_world(seed);
        let direct = Direct::new(&gadgets(), "strict", world.resources());
        for _ in 0..250 {
            let (scope, text) = question(&mut dice, &types);
            match (world.select(scope, Some(&text)), direct.select(scope, &text)) {
                (Ok(expected), Ok(got)) => {
                    hits += got.len();
                    let apart = documents(&world, &expected, &got);
                    assert_eq!(expected, got, "seed {seed}, {scope:?}: {text}\n{apart}");
                }
                (Err(_), Err(_)) => refused += 1,
                (expected, got) => {
                    panic!("seed {seed}, {scope:?}: {text}\nthe evaluator: {expected:?}\nfilter::eval: {got:?}")
                }
            }
            asked += 1;
        }
        if asked >= queries() {
            break;
        }
    }
    // Filters that find nothing, or are all refused, would prove nothing.
    assert!(hits > asked / 2 && refused < asked / 2, "{asked} filters, {hits} hits, {refused} refused");
}

#[test]
fn the_engine_agrees_with_the_evaluator_on_random_searches() {
    let store = Store::open_in_memory(StoreOptions::default()).unwrap();
    let mut asked = 0;
    for seed in 1.. {
        let (mut dice, types, world) = random_world(seed);
        let tenant = store.create_tenant(&format!("seed-{seed}"), TenantOptions::default()).unwrap();
        tenant.put_schemas(parse_schema_document(Value::Array(gadgets()).to_string().as_bytes()).unwrap()).unwrap();
        let mut import = tenant.import(ImportOptions { restore: true, ..ImportOptions::default() }).unwrap();
        for (row, document) in world.documents().into_iter().enumerate() {
            import.push(row as u64, document.to_string().into_bytes()).unwrap();
        }
        let (_, rejects) = import.finish().unwrap();
        assert!(rejects.is_empty(), "seed {seed}: {:?}", rejects[0].error);
        for _ in 0..100 {
            let (scope, text) = question(&mut dice, &types);
            let t = types.iter().find(|t| Some(t.name.as_str()) == scope);
            let sort_by = t.filter(|_| dice.below(3) == 0).map(|t| sort_path(&mut dice, t));
            let descending = dice.below(2) == 0;
            let request = SearchRequest {
                filter: Some(text.clone()),
                sort_by: sort_by.clone(),
                sort_order: if descending { SortOrder::Descending } else { SortOrder::Ascending },
                ..SearchRequest::default()
            };
            let got = tenant.search(scope, &request).map(|page| {
                assert_eq!(page.total_results, page.resources.len() as u64, "seed {seed}, {scope:?}: {text}");
                page.resources.into_iter().map(|resource| resource.id).collect::<Vec<_>>()
            });
            let expected = match (&sort_by, scope) {
                (Some(sort_by), Some(scope)) => world.sorted(Some(scope), Some(&text), sort_by, descending),
                _ => world.select(scope, Some(&text)).map(Some),
            };
            match (expected, got) {
                (Ok(Some(mut expected)), Ok(mut got)) => {
                    // Without a sort the order is that of creation, and an import creates groups last. Which of
                    // several memberships is the first is for the store to say.
                    let of_memberships = |path: &String| {
                        let path = path.to_lowercase();
                        path.contains("members") || path.contains("groups")
                    };
                    if sort_by.as_ref().is_none_or(of_memberships) {
                        expected.sort();
                        got.sort();
                    }
                    let apart = documents(&world, &expected, &got);
                    assert_eq!(expected, got, "seed {seed}, {scope:?}: {text} by {sort_by:?}\n{apart}");
                }
                (Ok(None), Err(error)) if error.kind() == ErrorKind::InvalidPath => {}
                (Err(_), Err(error)) if error.scim_type().is_some() => {}
                (expected, got) => {
                    panic!(
                        "seed {seed}, {scope:?}: {text} by {sort_by:?}\nthe evaluator: {expected:?}\nthe engine: {got:?}"
                    )
                }
            }
            asked += 1;
        }
        if asked >= queries() / 4 {
            break;
        }
    }
}

/// The documents that only one of the two found, or all that were found where the order differs.
fn documents(world: &World, expected: &[String], got: &[String]) -> String {
    let mut same_ids = expected.to_vec();
    let mut others = got.to_vec();
    same_ids.sort();
    others.sort();
    let of_interest = |id: &String| same_ids == others || expected.contains(id) != got.contains(id);
    let found: Vec<&Value> = world
        .documents()
        .into_iter()
        .filter(|document| {
            let id = document["id"].as_str().unwrap().to_owned();
            (expected.contains(&id) || got.contains(&id)) && of_interest(&id)
        })
        .collect();
    found.iter().map(|document| format!("{document}\n")).collect()
}

fn queries() -> usize {
    std::env::var(QUERIES_VARIABLE).map_or(QUERIES, |count| count.parse().expect("a number"))
}

fn gadgets() -> Vec<Value> {
    FilterFile::all().iter().find(|file| file.name == "filter/single").unwrap().documents()
}

fn random_world(seed: u64) -> (Dice, Vec<Type>, World) {
    let mut dice = Dice(seed);
    let types = World::new(&gadgets(), "strict", &[]).types;
    let world = World::new(&gadgets(), "strict", &bodies(&mut dice, &types));
    (dice, types, world)
}

/// A resource type, or all of them, and a filter.
fn question<'a>(dice: &mut Dice, types: &'a [Type]) -> (Option<&'a str>, String) {
    let t = &types[dice.below(types.len())];
    let scope = (dice.below(5) != 0).then_some(t.name.as_str());
    (scope, filter(dice, t))
}

fn world(file: &FilterFile) -> World {
    let mut bodies: Vec<(String, String, Value)> =
        file.resources.iter().map(|r| (r.resource_type.clone(), r.id.clone(), r.body.clone())).collect();
    // The only patches in filter files close circles of groups.
    for patch in &file.patches {
        let (_, _, body) = bodies.iter_mut().find(|(_, id, _)| *id == patch.id).unwrap();
        let operation = &patch.request["Operations"][0];
        assert!(operation["op"] == "add" && operation["path"] == "members", "{}", file.name);
        let members = body["members"].as_array_mut().unwrap();
        members.extend(operation["value"].as_array().unwrap().iter().cloned());
    }
    World::new(&file.documents(), &file.dialect, &bodies)
}

fn evaluate(world: &World, vector: &FilterVector) -> Outcome {
    let filter = vector.filter();
    let failed = |bad: Bad| Outcome::Failed {
        scim_type: Some("invalidFilter".to_owned()),
        offset: Some(bad.offset as u64),
        // Only the store suggests the nearest name.
        detail: vector.expected() + &bad.why,
    };
    let ids = match (&vector.sort_by, &vector.resource_type) {
        (Some(sort_by), Some(resource_type)) => {
            let descending = vector.sort_order.as_deref() == Some("descending");
            match world.sorted(Some(resource_type), filter.as_deref(), sort_by, descending) {
                Ok(Some(ids)) => ids,
                Ok(None) => {
                    let scim_type = Some("invalidPath".to_owned());
                    return Outcome::Failed { scim_type, offset: None, detail: vector.expected() };
                }
                Err(bad) => return failed(bad),
            }
        }
        _ => match world.select(vector.resource_type.as_deref(), filter.as_deref()) {
            Ok(ids) => ids,
            Err(bad) => return failed(bad),
        },
    };
    let total = ids.len() as u64;
    let skip = vector.start_index.unwrap_or(1).max(1) - 1;
    let count = vector.count.unwrap_or(100).max(0);
    let page = ids.into_iter().skip(skip as usize).take(count as usize).collect();
    Outcome::Found(page, total)
}
