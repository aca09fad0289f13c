//! The second opinion on filters: an independent evaluator agrees with the corpus, and with `filter::eval` on random
//! filters over random resources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::Value;
use support::corpus::{Failures, FilterFile, FilterVector, Outcome, PatchFile};
use support::direct::Direct;
use support::evaluator::World;
use support::random::{Dice, body, filter};
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
    let queries = std::env::var(QUERIES_VARIABLE).map_or(QUERIES, |count| count.parse().expect("a number"));
    let documents = FilterFile::all().iter().find(|file| file.name == "filter/single").unwrap().documents();
    let (mut asked, mut seed, mut hits, mut refused) = (0, 1, 0, 0);
    while asked < queries {
        let mut dice = Dice(seed);
        let types: Vec<Type> = World::new(&documents, "strict", &[]).types;
        let bodies: Vec<(String, String, Value)> = (0..12)
            .map(|index| {
                let t = &types[dice.below(types.len())];
                (t.name.clone(), format!("r{index}"), body(&mut dice, t))
            })
            .collect();
        let world = World::new(&documents, "strict", &bodies);
        let direct = Direct::new(&documents, "strict", world.resources());
        for _ in 0..250 {
            let t = &types[dice.below(types.len())];
            let scope = if dice.below(5) == 0 { None } else { Some(t.name.as_str()) };
            let text = filter(&mut dice, t);
            let expected = world.select(scope, Some(&text));
            let got = direct.select(scope, &text);
            match (&expected, &got) {
                (Ok(expected), Ok(got)) => {
                    hits += got.len();
                    assert_eq!(expected, got, "seed {seed}, {scope:?}: {text}\nof {:#?}", world.documents());
                }
                (Err(_), Err(_)) => refused += 1,
                _ => panic!("seed {seed}, {scope:?}: {text}\nthe evaluator: {expected:?}\nfilter::eval: {got:?}"),
            }
            asked += 1;
        }
        seed += 1;
    }
    // Filters that find nothing, or are all refused, would prove nothing.
    assert!(hits > asked / 2 && refused < asked / 2, "{asked} filters, {hits} hits, {refused} refused");
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
            match world.sorted(resource_type, filter.as_deref(), sort_by, descending) {
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
