//! The index against the evaluator: random resources in several runs, with dead docs and recent writes on top, and random
//! filters, sorts and pages.

mod fixture;

use fixture::{Directory, Filters};
use proptest::prelude::*;

use super::order::{Item, compare};
use super::plan::Candidates;
use super::{Page, Position, Query, SortBy, Start, Trace, find};
use crate::engine::index::build::fixture::Random;
use crate::engine::storage::keys::RowId;
use crate::filter::{BoundFilter, CompareOp, Operand};
use crate::model::{Preparation, Target};

type Keyed = (Option<Vec<u8>>, RowId);

/// What the evaluator finds, in order.
fn expected(query: &Query<'_>) -> Vec<Keyed> {
    let mut hits = query.listed(Candidates::All).unwrap();
    let descending = query.sort.is_some_and(|sort| sort.descending);
    hits.sort_by_key(|(_, at)| at.row);
    hits.sort_by(|left, right| {
        let (left, right) = (
            Item { key: left.0.as_deref(), at: RowId { row: 0, kind: 0 } },
            Item { key: right.0.as_deref(), at: RowId { row: 0, kind: 0 } },
        );
        compare(left, right, descending)
    });
    hits
}

/// Compares some pages of a query with the evaluator's.
fn check(query: &Query<'_>, random: &mut Random, told: &str) {
    let all = expected(query);
    let total = all.len() as u64;
    let compare = |page: Page, wanted: &[Keyed]| {
        let found = find(std::slice::from_ref(query), &page).unwrap();
        let rows: Vec<RowId> = found.hits.iter().map(|hit| hit.at).collect();
        let wanted_rows: Vec<RowId> = wanted.iter().map(|(_, at)| *at).collect();
        assert_eq!((found.total, rows), (total, wanted_rows), "{told} {page:?}");
        let position = |hit: Option<&Keyed>| hit.map(|(key, at)| Position { key: key.clone(), at: *at });
        assert_eq!((found.first, found.last), (position(wanted.first()), position(wanted.last())), "{told} {page:?}");
        for hit in &found.hits {
            if let Some((run, doc)) = hit.place {
                let live = &query.index.unwrap().runs[run as usize];
                assert_eq!(live.run.rows()[doc as usize], hit.at.row);
            }
        }
        (found.precedes, found.follows)
    };
    compare(Page::ALL, &all);
    for _ in 0..3 {
        let skip = random.below(total + 3);
        let count = [0, 1, 7, 100][random.below(4) as usize];
        let start = all.len().min(skip as usize);
        let end = all.len().min(start + count as usize);
        let (precedes, follows) = compare(Page { start: Start::Skip(skip), count }, &all[start..end]);
        if count > 0 && start < all.len() {
            assert_eq!((precedes, follows), (start > 0, end < all.len()), "{told} {skip} {count}");
        }
        let Some((key, at)) = all.get(start).cloned() else { continue };
        // A position where a hit is, and one where none is any more.
        let mut position = Position { key, at };
        let mut behind = start + 1;
        if random.below(2) == 0
            && let Some(key) = &mut position.key
        {
            key.push(0);
            let place = |hit: &Keyed| {
                let item = Item { key: hit.0.as_deref(), at: hit.1 };
                let here = Item { key: position.key.as_deref(), at };
                super::order::compare(item, here, query.sort.is_some_and(|sort| sort.descending)).is_lt()
            };
            behind = all.partition_point(place);
        }
        let before = if all.get(behind.wrapping_sub(1)).is_some_and(|(key, row)| *row == at && *key == position.key) {
            behind - 1
        } else {
            behind
        };
        let count = count.max(1);
        let end = all.len().min(behind + count as usize);
        let (_, follows) = compare(Page { start: Start::After(position.clone()), count }, &all[behind..end]);
        assert_eq!(follows, end < all.len(), "{told} {position:?}");
        let from = before.saturating_sub(count as usize);
        let (precedes, _) = compare(Page { start: Start::Before(position), count }, &all[from..before]);
        assert_eq!(precedes, from > 0, "{told}");
    }
}

fn run_queries(seed: u64, kind: &str, resources: u64, variety: u64, queries: u32) {
    let random = &mut Random(seed);
    let directory = Directory::new(random, kind, resources, variety);
    let filters = Filters::new(&directory, variety);
    for number in 0..queries {
        let filter = (random.below(8) > 0).then(|| filters.any(random, 3));
        let sort = match random.below(3) {
            0 => None,
            _ => Some(SortBy { target: filters.sortable(random), descending: random.below(2) == 0 }),
        };
        let told = format!("seed {seed} {kind} {resources} {variety} query {number} {filter:?} {sort:?}");
        let query = directory.query(filter, sort);
        check(&query, random, &told);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_the_evaluator(seed: u64, resources in 0u64..250, variety in 1u64..60) {
        run_queries(seed, "Everything", resources, variety, 60);
    }

    #[test]
    fn memberships_are_answered_from_rows(seed: u64, resources in 0u64..120, variety in 1u64..30) {
        run_queries(seed, "User", resources, variety, 20);
        run_queries(seed, "Group", resources / 2, variety, 10);
    }
}

#[test]
fn larger_runs_use_bits() {
    run_queries(7, "Everything", 3_000, 40, 40);
}

#[test]
fn types_are_merged() {
    let random = &mut Random(5);
    let directory = Directory::new(random, "User", 200, 20);
    let labels = directory.target("User", "displayName");
    for descending in [false, true] {
        let sort = |target: Target| Some(SortBy { target, descending });
        let queries = [
            directory.query(None, sort(labels)),
            directory.query_of("Group", None, sort(directory.target("Group", "displayName"))),
        ];
        let mut all: Vec<Keyed> = queries.iter().flat_map(expected).collect();
        all.sort_by(|left, right| {
            compare(
                Item { key: left.0.as_deref(), at: left.1 },
                Item { key: right.0.as_deref(), at: right.1 },
                descending,
            )
        });
        let rows = |from: usize, to: usize| all[from..to].iter().map(|(_, at)| *at).collect::<Vec<_>>();
        for (skip, count) in [(0, 10), (50, 60), (150, 20)] {
            let found = find(&queries, &Page { start: Start::Skip(skip), count }).unwrap();
            let end = all.len().min((skip + count) as usize);
            assert_eq!(found.total, all.len() as u64);
            assert_eq!(found.hits.iter().map(|hit| hit.at).collect::<Vec<_>>(), rows(skip as usize, end));
        }
    }
}

#[test]
fn every_step_is_told() {
    let random = &mut Random(11);
    let directory = Directory::new(random, "User", 200, 20);
    let compare = |path: &str, op, text: &str| {
        let target = directory.target("User", path);
        BoundFilter::Compare(target, op, Operand::Text(text.to_owned(), Preparation::Folded))
    };
    let parts = vec![
        compare("displayName", CompareOp::Co, "v"),
        BoundFilter::Not(Box::new(compare("groups.display", CompareOp::Sw, "v"))),
        BoundFilter::Or(vec![compare("emails.value", CompareOp::Ew, "com"), compare("title", CompareOp::Ge, "v1")]),
    ];
    let trace = Trace::default();
    let sort = Some(SortBy { target: directory.target("User", "userName"), descending: true });
    let query = Query { trace: Some(&trace), ..directory.query(Some(BoundFilter::And(parts)), sort) };
    let found = find(&[query], &Page { start: Start::Skip(1), count: 3 }).unwrap();
    let told: Vec<String> = trace
        .into_steps()
        .into_iter()
        .map(|step| format!("{}{}: {}", "  ".repeat(step.depth as usize), step.text, step.method))
        .collect();
    let whole = r#"displayName co "v" and not (groups.display sw "v") and (emails.value ew "com" or title ge "v1")"#;
    assert_eq!(told[0], "User: indexed");
    assert_eq!(told[1], format!("  {whole}: intersection"));
    assert_eq!(told[2], r#"    displayName co "v": scan of distinct values"#);
    assert_eq!(told[3], r#"    not (groups.display sw "v"): complement"#);
    assert_eq!(told[4], r#"      groups.display sw "v": membership rows"#);
    assert_eq!(told[5], r#"    emails.value ew "com" or title ge "v1": union"#);
    assert_eq!(told[7], r#"      title ge "v1": ordered column (range)"#);
    assert!(told[8].starts_with("  sortBy userName descending: sorted"), "{told:?}");
    assert!(told.last().unwrap().starts_with("page: merge of"), "{told:?}");
    assert!(found.total > 0);
}
