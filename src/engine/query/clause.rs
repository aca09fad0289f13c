//! A filter taken apart by who answers it: ordered columns, membership rows, or the evaluator.

use super::membership;
use super::sets::{Lens, Part, is_answerable};
use crate::Result;
use crate::engine::config::Config;
use crate::engine::index::{Run, TypeView};
use crate::engine::storage::Reads;
use crate::engine::storage::keys::TenantId;
use crate::filter::{BoundFilter, eval};
use crate::model::{ResourceView, TypeModel};

/// What clauses are made from.
pub(super) struct Source<'a> {
    pub(super) reads: &'a dyn Reads,
    pub(super) tenant: TenantId,
    pub(super) config: &'a Config,
    pub(super) model: &'a TypeModel,
    pub(super) view: &'a TypeView,
}

/// A part of a filter, and who answers it.
pub(super) struct Clause<'f> {
    pub(super) filter: &'f BoundFilter,
    pub(super) kind: Kind<'f>,
}

/// Who answers.
pub(super) enum Kind<'f> {
    And(Vec<Clause<'f>>),
    Or(Vec<Clause<'f>>),
    Not(Box<Clause<'f>>),
    /// Columns.
    Columns,
    /// Membership rows: these rows meet it, ascending.
    Rows(Vec<u64>),
    /// The evaluator; no other rows than these, if any, meet it.
    Evaluated(Option<Vec<u64>>),
}

impl<'f> Clause<'f> {
    /// Takes a filter apart.
    pub(super) fn of(source: &Source<'_>, filter: &'f BoundFilter) -> Result<Self> {
        let each =
            |parts: &'f [BoundFilter]| parts.iter().map(|part| Clause::of(source, part)).collect::<Result<Vec<_>>>();
        let kind = match filter {
            BoundFilter::And(parts) => Kind::And(each(parts)?),
            BoundFilter::Or(parts) => Kind::Or(each(parts)?),
            BoundFilter::Not(inner) => Kind::Not(Box::new(Clause::of(source, inner)?)),
            leaf => match membership::rows(source, leaf)? {
                membership::Found::Exact(rows) => Kind::Rows(rows),
                membership::Found::Superset(rows) => Kind::Evaluated(Some(rows)),
                membership::Found::NotOfMembership if source.answers(leaf) => Kind::Columns,
                membership::Found::NotOfMembership | membership::Found::Unknown => Kind::Evaluated(None),
            },
        };
        Ok(Clause { filter, kind })
    }

    /// Whether no row has to be evaluated to answer it.
    pub(super) fn is_exact(&self) -> bool {
        match &self.kind {
            Kind::And(parts) | Kind::Or(parts) => parts.iter().all(Clause::is_exact),
            Kind::Not(inner) => inner.is_exact(),
            Kind::Columns | Kind::Rows(_) => true,
            Kind::Evaluated(_) => false,
        }
    }

    /// The part that it comes to in a run. Where it is not exact: what nothing else than that part can meet; none where
    /// anything may.
    pub(super) fn resolve<'r>(&self, lens: Lens<'r>, at_most: bool) -> Result<Option<Part<'r>>> {
        Ok(match &self.kind {
            Kind::Columns => Some(lens.resolve(self.filter)?),
            Kind::Rows(rows) => Some(Part::Docs(docs_of(lens.run, rows))),
            Kind::Evaluated(Some(rows)) if at_most => Some(Part::Docs(docs_of(lens.run, rows))),
            Kind::Evaluated(_) => None,
            Kind::Not(inner) => match inner.is_exact() {
                true => inner.resolve(lens, at_most)?.map(Part::not),
                false => None,
            },
            Kind::And(parts) => {
                let known: Vec<Part<'r>> =
                    parts.iter().filter_map(|part| part.resolve(lens, at_most).transpose()).collect::<Result<_>>()?;
                (!known.is_empty()).then(|| Part::all_of(known))
            }
            Kind::Or(parts) => {
                let known: Option<Vec<Part<'r>>> =
                    parts.iter().map(|part| part.resolve(lens, at_most)).collect::<Result<_>>()?;
                known.map(Part::any_of)
            }
        })
    }

    /// Whether a row meets it, for which no derived attribute has to be made. Only where it is exact.
    pub(super) fn meets(&self, row: u64, view: &ResourceView<'_>) -> bool {
        match &self.kind {
            Kind::And(parts) => parts.iter().all(|part| part.meets(row, view)),
            Kind::Or(parts) => parts.iter().any(|part| part.meets(row, view)),
            Kind::Not(inner) => !inner.meets(row, view),
            Kind::Rows(rows) => rows.binary_search(&row).is_ok(),
            Kind::Columns | Kind::Evaluated(_) => eval(self.filter, view),
        }
    }
}

impl Source<'_> {
    fn answers(&self, filter: &BoundFilter) -> bool {
        let runs: Vec<&Run> = self.view.runs.iter().map(|live| &*live.run).collect();
        is_answerable(filter, self.model, &self.view.catalog, &runs)
    }
}

/// The docs of some rows, both ascending.
fn docs_of(run: &Run, rows: &[u64]) -> Vec<u32> {
    let all = run.rows();
    let mut docs = Vec::new();
    let mut from = 0usize;
    for row in rows {
        let rest = all.get(from..).unwrap_or_default();
        // Rows that follow each other are close: look near before looking far.
        let mut step = 1usize;
        while rest.get(step).is_some_and(|found| found < row) {
            step *= 2;
        }
        let window = rest.get(step / 2..rest.len().min(step + 1)).unwrap_or_default();
        from += step / 2 + window.partition_point(|found| found < row);
        match all.get(from) {
            None => break,
            Some(found) if found == row => docs.extend(u32::try_from(from)),
            Some(_) => {}
        }
    }
    docs
}
