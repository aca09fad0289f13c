//! What a search should answer, and what it answers.

use scimdb::message::{SearchPage, SearchRequest, SortOrder};
use scimdb::{ErrorKind, Result, Tenant};

use super::questions::Question;
use super::run::Seen;
use crate::support::evaluator::World;

/// Asks both, and wants the same of them.
pub fn compare(tenant: &Tenant, world: &World, question: &Question, seen: &mut Seen) {
    let Question { scope, request } = question;
    let expected = match &request.sort_by {
        None => world.select(scope.as_deref(), request.filter.as_deref()).map(Some),
        Some(path) => {
            let descending = request.sort_order == SortOrder::Descending;
            world.sorted(scope.as_deref(), request.filter.as_deref(), path, descending)
        }
    };
    seen.asked += 1;
    match (expected, tenant.search(scope.as_deref(), request)) {
        (Ok(Some(mut expected)), Ok(page)) => {
            seen.found += expected.len() as u64;
            let mut got = if question.is_loose() { all(tenant, question) } else { ids(&page) };
            assert_eq!(page.total_results, expected.len() as u64, "{}", tell(world, question, &expected, &got));
            if question.is_loose() {
                expected.sort();
                got.sort();
            } else {
                expected = cut(expected, request);
            }
            assert!(got == expected, "{}", tell(world, question, &expected, &got));
        }
        (Ok(None), Err(error)) if error.kind() == ErrorKind::InvalidPath => seen.refused += 1,
        (Err(_), Err(error)) if error.scim_type().is_some() => seen.refused += 1,
        (expected, got) => {
            panic!("{question:?}\nthe evaluator: {expected:?}\nthe store: {:?}", got.map(|page| ids(&page)))
        }
    }
}

/// The page of a list that a request asks for.
fn cut(list: Vec<String>, request: &SearchRequest) -> Vec<String> {
    let skip = request.start_index.unwrap_or(1).max(1) as usize - 1;
    let count = request.count.unwrap_or(100).clamp(0, 1_000) as usize;
    list.into_iter().skip(skip).take(count).collect()
}

fn ids(page: &SearchPage) -> Vec<String> {
    page.resources.iter().map(|resource| resource.id.clone()).collect()
}

/// Everything that a search finds.
fn all(tenant: &Tenant, question: &Question) -> Vec<String> {
    let mut ids = Vec::new();
    let found: Result<u64> = tenant.search_all(question.scope.as_deref(), &question.request, &mut |resource| {
        ids.push(resource.id);
        true
    });
    assert_eq!(found.unwrap(), ids.len() as u64);
    ids
}

/// What differs, with the documents that differ.
fn tell(world: &World, question: &Question, expected: &[String], got: &[String]) -> String {
    let mut text = format!("{question:?}\nexpected {expected:?}\ngot      {got:?}\n");
    for document in world.documents() {
        let id = document["id"].as_str().unwrap().to_owned();
        let (one, other) = (expected.contains(&id), got.contains(&id));
        if one != other {
            text += &format!("{} {document}\n", if one { "missing" } else { "surplus" });
        }
    }
    text
}
