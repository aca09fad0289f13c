//! From queries to a page of hits, across resource types.

use super::exec::Query;
use super::indexed::{Answer, Indexed};
use super::order::{Cut, Sequence, Stream, cut};
use super::page::{Page, Position};
use super::plan::Candidates;
use crate::Result;
use crate::engine::storage::keys::RowId;

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
    /// Whether there are hits before them, and behind them. Of a page that begins or ends at a position, the side of
    /// that position is taken to have some.
    pub(in crate::engine) precedes: bool,
    pub(in crate::engine) follows: bool,
}

/// Candidates of keys that are so few that they are looked at rather than asked of the index.
const FEW: usize = 64;

/// Finds the page of the queries' hits: one query for each resource type that is searched.
pub(in crate::engine) fn find(queries: &[Query<'_>], page: &Page) -> Result<Hits> {
    let mut streams = Vec::new();
    let mut total = 0;
    for query in queries {
        let mut candidates = query.keys()?;
        if let Some(view) = query.index {
            let is_few = match &candidates {
                Candidates::Exact(rows) => rows.len() <= FEW || query.sort.is_none(),
                Candidates::Superset(rows) => rows.len() <= FEW,
                Candidates::All => false,
            };
            if !is_few {
                match (Indexed { query, view }).answer(page, &mut streams)? {
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
            let (total, rows) = query.unsorted(candidates, skip, page.count)?;
            return Ok(unsorted(total, rows, skip));
        }
        let listed = query.listed(candidates)?;
        total += listed.len() as u64;
        streams.push(Stream { sequence: Sequence::Listed(listed), run: None });
    }
    let descending = queries.iter().any(|query| query.sort.is_some_and(|sort| sort.descending));
    let Cut { hits, first, last, precedes, follows } = cut(&streams, page, descending);
    let follows = match page.skip() {
        // A sequence may hold no more than what the page needs.
        Some(skip) => skip.saturating_add(hits.len() as u64) < total,
        None => follows,
    };
    Ok(Hits { total, hits, first, last, precedes, follows })
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
