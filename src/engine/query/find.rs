//! From queries to a page of hits, across resource types.

use std::time::Instant;

use super::exec::Query;
use super::explain::{describe, micros};
use super::indexed::{Answer, Indexed};
use super::order::{Cut, Sequence, Stream, cut};
use super::page::{Page, Position, Start};
use super::plan::Candidates;
use crate::Result;
use crate::engine::storage::keys::RowId;
use crate::message::Step;

/// A hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Hit {
    pub(in crate::engine) at: RowId,
    /// The run of its type's index that holds it, and its doc there; none where no run does.
    pub(in crate::engine) place: Option<(u32, u32)>,
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Hits {
    /// How many resources match.
    pub(in crate::engine) total: u64,
    /// Those of the page, in order.
    pub(in crate::engine) hits: Vec<Hit>,
    /// Where the first and the last of them stand.
    pub(in crate::engine) first: Option<Position>,
    pub(in crate::engine) last: Option<Position>,
    /// Whether there are hits before them, and behind them.
    pub(in crate::engine) precedes: bool,
    pub(in crate::engine) follows: bool,
}

/// Candidates of keys that are so few that they are looked at rather than asked of the index.
const FEW: usize = 64;

/// Finds the page of the queries' hits: one query for each resource type that is searched.
pub(in crate::engine) fn find(queries: &[Query<'_>], page: &Page) -> Result<Hits> {
    let mut hits = cut_out(queries, page)?;
    // What stood at the position that the page begins behind, or ends before, may be gone.
    let is_there = |start| cut_out(queries, &Page { start, count: 1 }).map(|beside| !beside.hits.is_empty());
    match &page.start {
        Start::Skip(_) => {}
        Start::After(position) => {
            hits.precedes = position.just_behind().map_or(Ok(true), |behind| is_there(Start::Before(behind)))?;
        }
        Start::Before(position) => {
            hits.follows = position.just_before().map_or(Ok(true), |before| is_there(Start::After(before)))?;
        }
    }
    Ok(hits)
}

fn cut_out(queries: &[Query<'_>], page: &Page) -> Result<Hits> {
    let descending = queries.iter().any(|query| query.sort.is_some_and(|sort| sort.descending));
    let mut streams = Vec::new();
    let mut total = 0;
    for query in queries {
        let started = Instant::now();
        let mut candidates = query.keys()?;
        let tell = |depth: u32, text: String, method: &str, actual: Option<u64>| {
            if let Some(trace) = query.trace {
                trace.add(Step {
                    depth,
                    text,
                    method: method.to_owned(),
                    estimated: None,
                    actual,
                    micros: micros(started),
                });
            }
        };
        if query.trace.is_some() {
            let text = query.model.name().to_owned();
            let method = if query.index.is_some() { "indexed" } else { "no index" };
            tell(0, text, method, None);
            match &candidates {
                Candidates::Exact(rows) => tell(1, query.describe(), "unique key", Some(rows.len() as u64)),
                Candidates::Superset(rows) => {
                    tell(1, query.describe(), "unique key, then evaluated", Some(rows.len() as u64))
                }
                Candidates::All => {}
            }
        }
        if let Some(view) = query.index {
            let is_few = match &candidates {
                Candidates::Exact(rows) => rows.len() <= FEW || query.sort.is_none(),
                Candidates::Superset(rows) => rows.len() <= FEW,
                Candidates::All => false,
            };
            if !is_few {
                match (Indexed { query, view }).answer(page, descending, &mut streams)? {
                    Answer::Streams(found) => {
                        total += found;
                        continue;
                    }
                    Answer::Rows(rows) => candidates = rows,
                }
            }
        } else if matches!(candidates, Candidates::All) {
            candidates = query.memberships()?;
        }
        if let ([query], Some(skip)) = (queries, page.skip())
            && query.sort.is_none()
        {
            let is_exact = matches!(candidates, Candidates::Exact(_));
            let (total, rows) = query.unsorted(candidates, skip, page.count)?;
            if !is_exact {
                tell(1, query.describe(), "evaluated on rows", Some(total));
            }
            return Ok(unsorted(total, rows, skip));
        }
        let listed = query.listed(candidates)?;
        total += listed.len() as u64;
        tell(1, query.describe(), "evaluated on rows and sorted", Some(listed.len() as u64));
        streams.push(Stream { sequence: Sequence::Listed(listed), run: None });
    }
    let started = Instant::now();
    let Cut { hits, first, last, precedes, follows } = cut(&streams, page, descending);
    if let Some(trace) = queries.first().and_then(|query| query.trace) {
        let method = format!("merge of {} ordered parts", streams.len());
        let actual = Some(hits.len() as u64);
        trace.add(Step { depth: 0, text: "page".to_owned(), method, estimated: None, actual, micros: micros(started) });
    }
    let follows = match page.skip() {
        // A sequence may hold no more than what the page needs.
        Some(skip) => skip.saturating_add(hits.len() as u64) < total,
        None => follows,
    };
    Ok(Hits { total, hits, first, last, precedes, follows })
}

impl Query<'_> {
    /// What is asked, as one writes it.
    fn describe(&self) -> String {
        self.filter.as_ref().map_or_else(|| "everything".to_owned(), |filter| describe(filter, self.model))
    }
}

/// A page of rows in the order of creation.
fn unsorted(total: u64, rows: Vec<RowId>, skip: u64) -> Hits {
    let position = |at: Option<&RowId>| at.map(|at| Position { key: None, at: *at });
    Hits {
        total,
        first: position(rows.first()),
        last: position(rows.last()),
        precedes: skip > 0 && total > 0,
        follows: skip.saturating_add(rows.len() as u64) < total,
        hits: rows.into_iter().map(|at| Hit { at, place: None }).collect(),
    }
}
