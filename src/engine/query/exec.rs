//! Carrying out a query: from candidates to sorted hits.

use std::ops::ControlFlow;

use super::page::{Page, Position, Start, order};
use super::plan::{Candidates, Planner};
use super::sort::SortBy;
use crate::Result;
use crate::engine::config::Config;
use crate::engine::rows::derive;
use crate::engine::storage::keys::{self, Key, RowId, TenantId};
use crate::engine::storage::{Counter, Reads, Table, read_counter};
use crate::filter::{BoundFilter, eval};
use crate::model::{AttributeId, Complex, EntityTag, ResourceView, Target, TypeModel, Value, common, stored};

/// A query of one resource type, bound.
pub(in crate::engine) struct Query<'a> {
    pub(in crate::engine) reads: &'a dyn Reads,
    pub(in crate::engine) tenant: TenantId,
    pub(in crate::engine) config: &'a Config,
    pub(in crate::engine) model: &'a TypeModel,
    /// None: everything.
    pub(in crate::engine) filter: Option<BoundFilter>,
    /// None: the order of creation, or, beside types that are sorted, a type that lacks the attribute.
    pub(in crate::engine) sort: Option<SortBy>,
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Hits {
    /// How many resources match.
    pub(in crate::engine) total: u64,
    /// Those of the page, in order.
    pub(in crate::engine) rows: Vec<RowId>,
    /// Where the page begins and ends: its first and its last hit. None if it has none.
    pub(in crate::engine) ends: Option<(Position, Position)>,
    /// Whether hits stand before the page.
    pub(in crate::engine) precedes: bool,
    /// Whether hits stand behind it.
    pub(in crate::engine) follows: bool,
}

/// What is told of each hit.
type VisitHit<'v> = dyn FnMut(RowId, &ResourceView<'_>) -> Result<ControlFlow<()>> + 'v;

/// Finds the page of the queries' hits: one query for each resource type that is searched.
pub(in crate::engine) fn find(queries: &[Query<'_>], page: &Page) -> Result<Hits> {
    if let [query] = queries
        && query.sort.is_none()
        && let Start::Skip(skip) = page.start
    {
        return query.unsorted(page, skip);
    }
    // A hit with what it is sorted by.
    let mut hits: Vec<(Option<Vec<u8>>, RowId)> = Vec::new();
    for query in queries {
        query.each_hit(query.candidates()?, &mut |at, view| {
            hits.push((query.sort.and_then(|sort| sort.key(view)), at));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    let descending = queries.iter().any(|query| query.sort.is_some_and(|sort| sort.descending));
    hits.sort_unstable_by(|(left, left_at), (right, right_at)| {
        order(descending, (left.as_deref(), *left_at), (right.as_deref(), *right_at))
    });
    let range = page
        .range(&hits, |(key, at), place| order(descending, (key.as_deref(), *at), (place.key.as_deref(), place.at())));
    let shown = hits.get(range.clone()).unwrap_or_default();
    let position = |(key, at): &(Option<Vec<u8>>, RowId)| Position::of(key.clone(), *at);
    Ok(Hits {
        total: hits.len() as u64,
        rows: shown.iter().map(|(_, at)| *at).collect(),
        ends: shown.first().map(position).zip(shown.last().map(position)),
        precedes: range.start > 0,
        follows: range.end < hits.len(),
    })
}

impl Hits {
    /// Hits in the order of creation.
    fn of_rows(total: u64, skip: u64, rows: Vec<RowId>) -> Self {
        let position = |at: &RowId| Position::of(None, *at);
        let ends = rows.first().map(position).zip(rows.last().map(position));
        let follows = skip.saturating_add(rows.len() as u64) < total;
        Hits { total, rows, ends, precedes: skip.min(total) > 0, follows }
    }
}

impl Query<'_> {
    /// Hits in the order of creation need not be kept: only the page is.
    fn unsorted(&self, page: &Page, skip: u64) -> Result<Hits> {
        let mut rows = Vec::new();
        let end = skip.saturating_add(page.count);
        let known = match self.filter {
            None => Some(read_counter(self.reads, self.tenant, Counter::Resources(self.model.number()))?),
            Some(_) => None,
        };
        if let Some(total) = known
            && (page.count == 0 || total <= skip)
        {
            return Ok(Hits::of_rows(total, skip, rows));
        }
        let candidates = self.candidates()?;
        if let Candidates::Exact(all) = &candidates {
            let shown = page.range(all, |at, place| at.cmp(&place.at()));
            return Ok(Hits::of_rows(all.len() as u64, skip, all.get(shown).unwrap_or_default().to_vec()));
        }
        let mut seen = 0u64;
        self.each_hit(candidates, &mut |at, _| {
            if (skip..end).contains(&seen) {
                rows.push(at);
            }
            seen += 1;
            Ok(if known.is_some() && seen >= end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(Hits::of_rows(known.unwrap_or(seen), skip, rows))
    }

    /// Every resource that matches, in the order of creation.
    fn each_hit(&self, candidates: Candidates, hit: &mut VisitHit<'_>) -> Result<()> {
        let (rows, verify) = match candidates {
            Candidates::All => return self.scan(self.needs(self.filter.as_ref()), hit),
            Candidates::Superset(rows) => (rows, self.filter.as_ref()),
            // What keys decided already need not be looked at again, nor derived for it.
            Candidates::Exact(rows) => (rows, None),
        };
        let needs = self.needs(verify);
        for at in rows {
            let Some(bytes) = self.reads.get(Table::Resources, &keys::resource(self.tenant, at))? else { continue };
            if self.visit(at, &bytes, needs, verify, hit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn candidates(&self) -> Result<Candidates> {
        let planner = Planner { reads: self.reads, tenant: self.tenant, model: self.model };
        self.filter.as_ref().map_or(Ok(Candidates::All), |filter| planner.plan(filter))
    }

    fn scan(&self, needs: Needs, hit: &mut VisitHit<'_>) -> Result<()> {
        let prefix = Key::of(self.tenant).u16(self.model.number()).done();
        self.reads.scan_prefix(Table::Resources, &prefix, &mut |key, bytes| match keys::resource_row(key) {
            Some(at) => self.visit(at, bytes, needs, self.filter.as_ref(), hit),
            None => Ok(ControlFlow::Continue(())),
        })
    }

    fn visit(
        &self,
        at: RowId,
        bytes: &[u8],
        needs: Needs,
        verify: Option<&BoundFilter>,
        hit: &mut VisitHit<'_>,
    ) -> Result<ControlFlow<()>> {
        let view = stored::view(bytes, self.model)?;
        let derived = if needs == Needs::default() { Complex::new() } else { self.derive(at, &view, needs)? };
        let view = if derived.is_empty() { view } else { view.with_derived(&derived) };
        match verify {
            Some(filter) if !eval(filter, &view) => Ok(ControlFlow::Continue(())),
            _ => hit(at, &view),
        }
    }

    /// Which derived attributes the sort and the filter, where it is evaluated, look at.
    fn needs(&self, filter: Option<&BoundFilter>) -> Needs {
        let sorts_by = |attribute| self.sort.is_some_and(|sort| sort.target.attribute == attribute);
        let filters_by = |attribute| filter.is_some_and(|filter| filter.mentions(attribute));
        let is_version = |sub: AttributeId| sub == common::META_VERSION || sub == common::META_LOCATION;
        Needs {
            members: self.model.members().is_some_and(|m| sorts_by(m.attribute) || filters_by(m.attribute)),
            groups: self.model.groups().is_some_and(|g| sorts_by(g.attribute) || filters_by(g.attribute)),
            version: self.sort.is_some_and(|sort| sort.target.sub.is_some_and(is_version))
                || filter.is_some_and(mentions_version),
        }
    }

    fn derive(&self, at: RowId, view: &ResourceView<'_>, needs: Needs) -> Result<Complex> {
        let mut derived = Complex::new();
        if let Some(members) = self.model.members().filter(|_| needs.members)
            && let Some(value) = derive::members(self.reads, self.tenant, self.config, members, at)?
        {
            derived.set(members.attribute, value);
        }
        let mut tag = EntityTag { version: view.version, derived: None };
        if let Some(groups) = self.model.groups().filter(|_| needs.groups || needs.version)
            && let Some(value) = derive::groups(self.reads, self.tenant, self.config, groups, at)?
        {
            tag.derived = Some(derive::digest(&value));
            derived.set(groups.attribute, value);
        }
        if needs.version {
            let meta = view.get(common::META).and_then(|meta| meta.as_complex());
            let mut meta = meta.map(|meta| meta.to_complex()).unwrap_or_default();
            meta.set(common::META_VERSION, Value::String(tag.to_string()));
            meta.set(common::META_LOCATION, Value::String(derive::location(self.model, view.id)));
            derived.set(common::META, Value::Complex(meta));
        }
        Ok(derived)
    }
}

/// What has to be derived before a resource can be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    members: bool,
    groups: bool,
    /// `meta.version` and `meta.location`, which are not stored.
    version: bool,
}

/// Whether a filter looks at `meta.version` or `meta.location`.
fn mentions_version(filter: &BoundFilter) -> bool {
    let is = |target: &Target| matches!(target.leaf(), common::META_VERSION | common::META_LOCATION);
    match filter {
        BoundFilter::Constant(_) => false,
        BoundFilter::And(parts) | BoundFilter::Or(parts) => parts.iter().any(mentions_version),
        BoundFilter::Not(part) | BoundFilter::Element(_, part) => mentions_version(part),
        BoundFilter::Present(target) | BoundFilter::Compare(target, ..) => is(target),
    }
}
