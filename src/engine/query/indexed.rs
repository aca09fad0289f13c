//! Answering a query from the index: every run gives a sequence of hits, and so do the recent writes.

use std::time::Instant;

use super::clause::{Clause, Source};
use super::exec::Query;
use super::explain::micros;
use super::order::{Alive, Collector, ColumnOrder, Item, Sequence, Stream, Want, compare};
use super::page::{Page, Start};
use super::plan::Candidates;
use super::sets::{Lens, Part, is_of_today, solve};
use crate::Result;
use crate::engine::index::{Coverage, LiveRun, TypeView};
use crate::engine::storage::keys::RowId;
use crate::message::Step;
use crate::model::stored;

/// A query of a type that has an index.
pub(super) struct Indexed<'q, 'a> {
    pub(super) query: &'q Query<'a>,
    pub(super) view: &'q TypeView,
}

/// What an index makes of a query.
pub(super) enum Answer {
    /// Its hits are among the streams; so many there are.
    Streams(u64),
    /// These rows have to be looked at.
    Rows(Candidates),
}

impl<'q> Indexed<'q, '_> {
    /// Adds the streams of the query's hits.
    pub(super) fn answer(&self, page: &Page, streams: &mut Vec<Stream<'q>>) -> Result<Answer> {
        let source = Source {
            reads: self.query.reads,
            tenant: self.query.tenant,
            config: self.query.config,
            model: self.query.model,
            view: self.view,
        };
        let clause = match &self.query.filter {
            Some(filter) => Some(Clause::of(&source, filter)?),
            None => None,
        };
        if let (Some(trace), Some(clause)) = (self.query.trace, &clause) {
            self.trace_clause(trace, clause, 1)?;
        }
        let started = Instant::now();
        let orders: Option<Vec<Option<ColumnOrder<'q>>>> =
            self.view.runs.iter().map(|live| self.sorting(live)).collect();
        let orders = match (orders, clause.as_ref().is_none_or(Clause::is_exact) && self.can_sort()) {
            (Some(orders), true) => orders,
            _ => return self.candidates(clause.as_ref()).map(Answer::Rows),
        };
        let limit = |extra: u64| page.count.saturating_add(extra);
        let want = match &page.start {
            Start::Skip(skip) => Want::First(limit(*skip)),
            Start::After(position) => Want::After(position, limit(1)),
            Start::Before(position) => Want::Before(position, limit(1)),
        };
        let descending = self.query.sort.is_some_and(|sort| sort.descending);
        let (mut total, mut method) = (0, "recent writes alone");
        for ((number, live), order) in (0u32..).zip(&self.view.runs).zip(orders) {
            let part = match &clause {
                Some(clause) => clause.resolve(self.lens(live), false)?.unwrap_or(Part::None),
                None => Part::All,
            };
            let collector = Collector { run: &live.run, alive: self.alive(number, live), order, descending, want };
            let found = collector.collect(&part);
            total += found.total;
            method = found.method;
            streams.push(Stream { sequence: found.sequence, run: Some((number, &live.run)) });
        }
        if let Some(trace) = self.query.trace {
            let text = self.query.sort.map_or("order of creation".to_owned(), |sort| sort.describe(self.query.model));
            trace.add(Step {
                depth: 1,
                text,
                method: method.to_owned(),
                estimated: None,
                actual: Some(total),
                micros: micros(started),
            });
        }
        let started = Instant::now();
        let recent = self.recent(clause.as_ref(), descending)?;
        total += recent.len() as u64;
        if let Some(trace) = self.query.trace {
            let text = format!("{} recent writes", self.view.overlay().writes.len());
            let actual = Some(recent.len() as u64);
            trace.add(Step {
                depth: 1,
                text,
                method: "evaluated".to_owned(),
                estimated: None,
                actual,
                micros: micros(started),
            });
        }
        if !recent.is_empty() {
            streams.push(Stream { sequence: Sequence::Listed(recent), run: None });
        }
        Ok(Answer::Streams(total))
    }

    pub(super) fn lens(&self, live: &'q LiveRun) -> Lens<'q> {
        Lens { run: &live.run, catalog: &self.view.catalog, model: self.query.model }
    }

    pub(super) fn alive(&self, number: u32, live: &'q LiveRun) -> Alive<'q> {
        let masked = self.view.overlay().masked.get(number as usize);
        Alive { docs: live.run.docs(), dead: &live.dead, masked: masked.map(Vec::as_slice).unwrap_or_default() }
    }

    /// Whether the catalog has what the query is sorted by.
    fn can_sort(&self) -> bool {
        self.query.sort.is_none_or(|sort| {
            self.view.catalog.leaf(sort.target).is_some_and(|leaf| is_of_today(leaf, self.query.model))
        })
    }

    /// How a run is sorted: by an order, or, where nothing in it has a value, by creation; none if its columns cannot
    /// tell.
    fn sorting(&self, live: &'q LiveRun) -> Option<Option<ColumnOrder<'q>>> {
        let Some(sort) = self.query.sort else { return Some(None) };
        let leaf = self.view.catalog.leaf(sort.target)?;
        match live.run.column(leaf) {
            Coverage::Stale => None,
            Coverage::Empty => Some(None),
            Coverage::Column(column) => {
                let space = if leaf.is_element { live.run.space(sort.target.attribute) } else { None };
                Some(Some(ColumnOrder::new(sort.target, column, space)))
            }
        }
    }

    /// The recent writes that meet the filter, in order.
    pub(super) fn recent(
        &self,
        clause: Option<&Clause<'_>>,
        descending: bool,
    ) -> Result<Vec<(Option<Vec<u8>>, RowId)>> {
        let kind = self.query.model.number();
        let mut hits = Vec::new();
        for write in &self.view.overlay().writes {
            let Some(bytes) = &write.stored else { continue };
            let view = stored::view(bytes, self.query.model)?;
            if clause.is_none_or(|clause| clause.meets(write.row, &view)) {
                let key = self.query.sort.and_then(|sort| sort.key(&view));
                hits.push((key, RowId { row: write.row, kind }));
            }
        }
        if self.query.sort.is_some() {
            hits.sort_unstable_by(|left, right| {
                let (left, right) =
                    (Item { key: left.0.as_deref(), at: left.1 }, Item { key: right.0.as_deref(), at: right.1 });
                compare(left, right, descending)
            });
        }
        Ok(hits)
    }

    /// The rows that have to be evaluated, because the index does not answer all of the filter, or does not know what
    /// is sorted by.
    fn candidates(&self, clause: Option<&Clause<'_>>) -> Result<Candidates> {
        let kind = self.query.model.number();
        let mut rows = Vec::new();
        for (number, live) in (0u32..).zip(&self.view.runs) {
            let part = match clause {
                Some(clause) => clause.resolve(self.lens(live), true)?,
                None => None,
            };
            let Some(part) = part else { return Ok(Candidates::All) };
            let alive = self.alive(number, live);
            let docs = alive.of(solve(&part, alive.docs).into_words(alive.docs));
            let found = crate::engine::index::bits::iter(&docs).filter_map(|doc| live.run.rows().get(doc as usize));
            rows.extend(found.map(|row| RowId { row: *row, kind }));
        }
        let recent = self.view.overlay().writes.iter().filter(|write| write.stored.is_some());
        rows.extend(recent.map(|write| RowId { row: write.row, kind }));
        rows.sort_unstable();
        Ok(Candidates::Superset(rows))
    }
}
