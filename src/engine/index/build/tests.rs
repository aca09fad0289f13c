//! What is built agrees with the resources, and what is merged with what is built.

use std::sync::Arc;

use proptest::prelude::*;

use super::fixture::{Random, build, dead, open, registry, resource};
use crate::engine::index::bits::{self, Bits};
use crate::engine::index::{Catalog, Column, Coverage, Leaf, Run, RunBuilder, Space, Suffix, merge};
use crate::engine::query::SortBy;
use crate::engine::storage::keys::ordered;
use crate::model::{Attribute, AttributeType, BindOptions, Resource, ResourceView, TypeModel, ValueRef, common};

/// The key of a value, as it is compared.
fn key(leaf: &Leaf, value: ValueRef<'_>) -> Option<Vec<u8>> {
    match value {
        ValueRef::String(text) => Some(leaf.preparation.prepare(text).as_bytes().to_vec()),
        ValueRef::Complex(_) | ValueRef::Multi(_) | ValueRef::Any(_) => None,
        simple => {
            let mut key = Vec::new();
            ordered(simple, &mut key);
            Some(key)
        }
    }
}

/// The keys of a resource: one for each element, or one in all.
fn keys(leaf: &Leaf, view: &ResourceView<'_>) -> Vec<Option<Vec<u8>>> {
    let of = |value: ValueRef<'_>| {
        let value = match leaf.target.sub {
            Some(sub) => value.as_complex()?.get(sub)?,
            None => value,
        };
        key(leaf, value)
    };
    match view.get(leaf.target.attribute) {
        Some(ValueRef::Multi(values)) => values.iter().map(of).collect(),
        Some(value) => vec![of(value)],
        None if leaf.is_element => Vec::new(),
        None => vec![None],
    }
}

fn check_column(column: &Column<'_>, space: Option<Space<'_>>, leaf: &Leaf, views: &[ResourceView<'_>]) {
    let mut slots: Vec<Option<Vec<u8>>> = vec![None; column.slots as usize];
    for (doc, view) in (0u32..).zip(views) {
        let range = space.map_or(doc..doc + 1, |space| space.slots_of(doc));
        let found: Vec<Option<Vec<u8>>> =
            range.clone().map(|slot| column.ords.get(slot).map(|ord| column.value(ord).to_vec())).collect();
        let mut expected = keys(leaf, view);
        if let Some(space) = space {
            let elements = range.clone().filter(|slot| space.elements().is_none_or(|words| bits::has(words, *slot)));
            assert_eq!(elements.clone().count(), expected.len());
            assert!(elements.zip(range.clone()).all(|(one, two)| one == two));
            assert!(range.clone().all(|slot| space.owner(slot) == doc));
            expected.resize(range.len(), None);
            let sorted = |mut list: Vec<Option<Vec<u8>>>| {
                list.sort();
                list
            };
            assert_eq!(sorted(found.clone()), sorted(expected));
        } else {
            assert_eq!(found, expected);
        }
        for (slot, key) in range.zip(found) {
            slots[slot as usize] = key;
        }
    }
    let mut distinct: Vec<Vec<u8>> = slots.iter().flatten().cloned().collect();
    let count = distinct.len();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), column.distinct as usize);
    assert_eq!(column.order.len(), count);
    assert_eq!(column.is_unique(), count == distinct.len());
    assert_eq!(column.present().is_none(), count == slots.len());
    let present = |slot: u32| column.present().is_none_or(|words| bits::has(words, slot));
    assert!((0u32..).zip(&slots).all(|(slot, value)| present(slot) == value.is_some()));
    for (ord, value) in (0u32..).zip(&distinct) {
        assert_eq!(column.value(ord), value);
        assert_eq!(column.find(value), Some(ord));
        let has = (0u32..).zip(&slots).filter(|(_, other)| other.as_ref() == Some(value));
        let expected: Vec<u32> = has.map(|(slot, _)| slot).collect();
        assert_eq!(column.slots_of(ord..ord + 1), expected);
        let frequent = expected.len() >= 64 && expected.len() * 32 >= slots.len();
        assert_eq!(column.dense(ord).map(|words| bits::iter(words).collect()), frequent.then_some(expected));
    }
    assert_eq!(column.slots_of(0..column.distinct), column.order);
    for part in distinct.iter().step_by(7).chain([&b"v1".to_vec(), &b"1".to_vec(), &Vec::new(), &b"zz".to_vec()]) {
        let ords = |test: &dyn Fn(&[u8]) -> bool| -> Vec<u32> {
            (0u32..).zip(&distinct).filter(|(_, value)| test(value)).map(|(ord, _)| ord).collect()
        };
        assert_eq!(column.prefix(part).collect::<Vec<_>>(), ords(&|value| value.starts_with(part)));
        let ends = ords(&|value| value.ends_with(part));
        match column.suffix(part) {
            Suffix::Ords(found) => assert_eq!(found, ends),
            Suffix::Slots(found) => {
                let mut found: Vec<u32> = found.iter().filter_map(|slot| column.ords.get(*slot)).collect();
                found.sort_unstable();
                assert_eq!(found, ends);
            }
        }
    }
}

fn check(run: &Run, catalog: &Catalog, model: &TypeModel, resources: &[(u64, Resource)]) {
    let views: Vec<ResourceView<'_>> = resources.iter().map(|(_, resource)| resource.view(model)).collect();
    assert_eq!(run.rows(), resources.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    assert!((0u32..).zip(&views).all(|(doc, view)| run.id(doc) == view.id));
    for leaf in &catalog.leaves {
        let Coverage::Column(column) = run.column(leaf) else { panic!("{leaf:?}") };
        let space = leaf.is_element.then(|| run.space(leaf.target.attribute).unwrap());
        check_column(&column, space, leaf, &views);
        // The order of a sort: docs with a value, by key and then by doc.
        let Ok(sort) = SortBy::bind(model, model.path_of(leaf.target), false, BindOptions::default()) else { continue };
        let mut expected: Vec<(Vec<u8>, u32)> =
            (0u32..).zip(&views).filter_map(|(doc, view)| sort.key(view).map(|key| (key, doc))).collect();
        expected.sort();
        assert_eq!(column.sorted, expected.iter().map(|(_, doc)| *doc).collect::<Vec<_>>(), "{leaf:?}");
    }
    for attribute in &catalog.spaces {
        let space = run.space(*attribute).unwrap();
        for (doc, view) in (0u32..).zip(&views) {
            let expected = view.get(*attribute).map_or(0, |value| match value {
                ValueRef::Multi(values) => values.iter().count(),
                _ => 1,
            });
            let slots = space.slots_of(doc);
            let elements = slots.filter(|slot| space.elements().is_none_or(|words| bits::has(words, *slot)));
            assert_eq!(elements.count(), expected);
        }
    }
}

fn resources(random: &mut Random, model: &TypeModel, count: u64, variety: u64) -> Vec<(u64, Resource)> {
    let mut row = 0;
    let next = |_| {
        row += 1 + random.below(3);
        (row, resource(random, model, row, variety))
    };
    (0..count).map(next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_run_holds_what_its_resources_have(seed: u64, kind in 0usize..3, count in 0u64..150, variety in 1u64..400) {
        let registry = registry();
        let model = &registry.types()[kind];
        let catalog = Arc::new(Catalog::of(model));
        let resources = resources(&mut Random(seed), model, count, variety);
        check(&open(build(&catalog, model, &resources, &[])), &catalog, model, &resources);
    }

    #[test]
    fn a_merged_run_is_the_one_that_would_be_built(seed: u64, kind in 0usize..3, parts in 1u64..5, variety in 1u64..400) {
        let registry = registry();
        let model = &registry.types()[kind];
        let catalog = Arc::new(Catalog::of(model));
        let mut random = Random(seed);
        // Every resource stands in one of the runs, or was written again: then in several, and is alive in the last.
        let count = random.below(120);
        let all = resources(&mut random, model, count, variety);
        let mut runs: Vec<Vec<(u64, Resource)>> = (0..parts).map(|_| Vec::new()).collect();
        let mut live = Vec::new();
        let mut tombstones: Vec<Vec<u64>> = (0..parts).map(|_| vec![random.below(50), random.below(50)]).collect();
        let mut dead_rows: Vec<Vec<u64>> = vec![Vec::new(); runs.len()];
        for (row, first) in all {
            let mut holders: Vec<usize> = (0..runs.len()).filter(|_| random.below(3) == 0).collect();
            if holders.is_empty() {
                holders.push(random.below(parts) as usize);
            }
            let deleted = random.below(6) == 0;
            for (index, holder) in holders.iter().enumerate() {
                let version = if index == 0 { first.clone() } else { resource(&mut random, model, row, variety) };
                if index + 1 == holders.len() && !deleted {
                    live.push((row, version.clone()));
                } else {
                    dead_rows[*holder].push(row);
                }
                runs[*holder].push((row, version));
            }
            if deleted && random.below(2) == 0 {
                tombstones[runs.len() - 1].push(row);
            }
        }
        let opened: Vec<Run> =
            runs.iter().zip(&tombstones).map(|(run, gone)| open(build(&catalog, model, run, gone))).collect();
        let dead: Vec<Bits> = opened.iter().zip(&dead_rows).map(|(run, rows)| {
            let mut dead = Bits::none(run.docs());
            rows.iter().for_each(|row| dead.set(run.doc(*row).unwrap()));
            dead
        }).collect();
        let inputs: Vec<(&Run, &Bits)> = opened.iter().zip(&dead).collect();
        let kept: Vec<u64> = opened.iter().flat_map(|run| run.tombstones()).copied().collect();
        prop_assert!(merge(&inputs, &catalog, |_| true).unwrap() == build(&catalog, model, &live, &kept));
        let dropped = merge(&inputs, &catalog, |_| false).unwrap();
        prop_assert!(dropped == build(&catalog, model, &live, &[]));
        check(&open(dropped), &catalog, model, &live);
    }
}

#[test]
fn many_values_have_wide_ords_and_grams() {
    let registry = registry();
    let model = registry.resource_type("User").unwrap();
    let catalog = Arc::new(Catalog::of(model));
    let mut random = Random(7);
    let mut builder = RunBuilder::new(&catalog, model.number());
    let all: Vec<(u64, Resource)> = (0..12_000).map(|row| (row, resource(&mut random, model, row, 1 << 30))).collect();
    for (row, resource) in &all {
        builder.add(*row, &resource.view(model)).unwrap();
    }
    let words = builder.finish().unwrap();
    let run = open(words);
    let mut base = 0;
    for leaf in &catalog.leaves {
        let Coverage::Column(column) = run.column(leaf) else { panic!("{leaf:?}") };
        let path = model.path_of(leaf.target);
        let named = ["id", "externalId", "schemas"].contains(&path) || path.starts_with("meta.");
        let expected = (leaf.is_text && !named && column.distinct >= 8_192).then_some(base);
        assert_eq!(column.grams, expected, "{path}");
        base += expected.map_or(0, |_| column.distinct);
    }
    assert!(base > 0);
    let half = dead(&mut random, run.docs());
    let live: Vec<(u64, Resource)> =
        (0u32..).zip(all).filter(|(doc, _)| !half.has(*doc)).map(|(_, resource)| resource).collect();
    let merged = merge(&[(&run, &half)], &catalog, |_| false).unwrap();
    assert!(merged == build(&catalog, model, &live, &[]));
}

#[test]
fn a_larger_run_has_what_few_values_lack() {
    let registry = registry();
    for model in registry.types() {
        let catalog = Arc::new(Catalog::of(model));
        for variety in [3, 1 << 30] {
            let resources = resources(&mut Random(variety), model, 300, variety);
            check(&open(build(&catalog, model, &resources, &[])), &catalog, model, &resources);
        }
    }
}

#[test]
fn rows_out_of_order_and_older_schemas_are_refused() {
    let registry = registry();
    let model = registry.resource_type("User").unwrap();
    let catalog = Arc::new(Catalog::of(model));
    let mut random = Random(1);
    let one = resource(&mut random, model, 1, 9);
    let mut builder = RunBuilder::new(&catalog, model.number());
    builder.add(5, &one.view(model)).unwrap();
    assert!(builder.add(5, &one.view(model)).is_err());
    let run = open(build(&catalog, model, &[(5, one)], &[]));
    let mut changed = Catalog::clone(&catalog);
    // The id: an attribute that every resource has.
    let id = changed.leaves.iter_mut().find(|leaf| leaf.target.attribute == common::ID).unwrap();
    id.fingerprint ^= 1;
    let changed = Arc::new(changed);
    assert!(merge(&[(&run, &Bits::none(1))], &changed, |_| false).is_err());
    // Of a run that is dead as a whole nothing has to be known.
    let merged = merge(&[(&run, &Bits::all(1))], &changed, |_| false).unwrap();
    assert!(merged == build(&changed, model, &[], &[]));
    assert!(merge(&[], &catalog, |_| false).is_err());
}

#[test]
fn what_was_registered_later_is_empty_in_older_runs() {
    let registry = registry();
    let model = registry.resource_type("Everything").unwrap();
    let catalog = Arc::new(Catalog::of(model));
    let mut random = Random(3);
    let mut older = Catalog::clone(&catalog);
    let last = older.spaces.pop().unwrap();
    let removed = older.leaves.iter().filter(|leaf| leaf.target.attribute >= last).count();
    older.leaves.retain(|leaf| leaf.target.attribute < last);
    older.next_number = last.0;
    let mut all = resources(&mut random, model, 40, 9);
    all.iter_mut().for_each(|(_, resource)| resource.attributes.retain(|id, _| id < last));
    let run = open(build(&Arc::new(older), model, &all, &[]));
    let late = catalog.leaves.iter().filter(|leaf| matches!(run.column(leaf), Coverage::Empty)).count();
    assert_eq!(late, removed);
    let merged = merge(&[(&run, &Bits::none(run.docs()))], &catalog, |_| false).unwrap();
    assert!(merged == build(&catalog, model, &all, &[]));
    check(&open(merged), &catalog, model, &all);
}

#[test]
fn an_attribute_that_changed_while_nothing_had_it_is_empty_in_older_runs() {
    let registry = registry();
    let model = registry.resource_type("Everything").unwrap();
    let catalog = Arc::new(Catalog::of(model));
    let mut all = resources(&mut Random(5), model, 40, 9);
    let bare = catalog.leaves.iter().map(|leaf| leaf.target.attribute).max().unwrap();
    all.iter_mut().for_each(|(_, resource)| resource.attributes.retain(|id, _| id != bare));
    let run = open(build(&catalog, model, &all, &[]));
    let mut changed = Catalog::clone(&catalog);
    let of_bare = |leaf: &&mut Leaf| leaf.target.attribute == bare;
    changed.leaves.iter_mut().filter(of_bare).for_each(|leaf| leaf.fingerprint ^= 1);
    let changed = Arc::new(changed);
    let of_bare = |leaf: &&Leaf| leaf.target.attribute == bare;
    assert!(changed.leaves.iter().filter(of_bare).all(|leaf| matches!(run.column(leaf), Coverage::Empty)));
    let merged = merge(&[(&run, &Bits::none(run.docs()))], &changed, |_| false).unwrap();
    assert!(merged == build(&changed, model, &all, &[]));
    check(&open(merged), &changed, model, &all);
    // With other slots, its column would not fit.
    let mut other = *catalog.leaves.iter().find(of_bare).unwrap();
    other.fingerprint ^= 1;
    other.is_element ^= true;
    assert!(matches!(run.column(&other), Coverage::Stale));
}

#[test]
fn what_is_sorted_by_another_element_has_another_fingerprint() {
    let with_primary = |name: &str| {
        let sub = |name: &str, kind| Attribute::new(name.to_owned(), kind);
        let subs = vec![sub("value", AttributeType::String), sub(name, AttributeType::Boolean)];
        let all = Attribute { multi_valued: true, sub_attributes: subs, ..sub("marks", AttributeType::Complex) };
        let registry = super::fixture::registry_of(vec![all]);
        let model = registry.resource_type("Everything").unwrap();
        let value = model.attributes().find(|id| model.definition(*id).unwrap().path.ends_with("marks")).unwrap();
        Catalog::of(model).leaves.into_iter().find(|leaf| leaf.target.attribute == value).unwrap().fingerprint
    };
    assert_eq!(with_primary("first"), with_primary("second"));
    assert_ne!(with_primary("first"), with_primary("primary"));
}
