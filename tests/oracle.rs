//! The second opinion on filters: an independent evaluator agrees with the corpus, and with `filter::eval` on random
//! filters over random resources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use serde_json::Value;
use support::corpus::{Failures, FilterFile, FilterVector, Outcome, PatchFile};
use support::evaluator::World;
use support::second_parser::Bad;

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
