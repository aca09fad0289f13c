//! Carrying out a query by the evaluator: from candidates to sorted hits.

use std::ops::ControlFlow;

use super::explain::Trace;
use super::order::{Item, compare};
use super::page::slice;
use super::plan::{Candidates, Planner};
use super::sort::SortBy;
use crate::Result;
use crate::engine::config::Config;
use crate::engine::index::TypeView;
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
    /// The index of the type, of the same state as `reads`.
    pub(in crate::engine) index: Option<&'a TypeView>,
    /// Where to tell what is done, if somebody asked.
    pub(in crate::engine) trace: Option<&'a Trace>,
}

/// What is told of each hit.
type VisitHit<'v> = dyn FnMut(RowId, &ResourceView<'_>) -> Result<ControlFlow<()>> + 'v;

impl Query<'_> {
    /// What unique keys tell of the filter.
    pub(super) fn keys(&self) -> Result<Candidates> {
        self.planned(false)
    }

    /// What unique keys and membership rows tell of the filter.
    pub(super) fn memberships(&self) -> Result<Candidates> {
        self.planned(true)
    }

    fn planned(&self, memberships: bool) -> Result<Candidates> {
        let planner = Planner { reads: self.reads, tenant: self.tenant, model: self.model, memberships };
        self.filter.as_ref().map_or(Ok(Candidates::All), |filter| planner.plan(filter))
    }

    /// How many hits there are, and a page of them in the order of creation: no others need be kept.
    pub(super) fn unsorted(&self, candidates: Candidates, skip: u64, count: u64) -> Result<(u64, Vec<RowId>)> {
        let end = skip.saturating_add(count);
        let known = match self.filter {
            None => Some(read_counter(self.reads, self.tenant, Counter::Resources(self.model.number()))?),
            Some(_) => None,
        };
        if let Some(total) = known
            && (count == 0 || total <= skip)
        {
            return Ok((total, Vec::new()));
        }
        if let Candidates::Exact(rows) = &candidates {
            return Ok((rows.len() as u64, slice(rows, skip, count).to_vec()));
        }
        let mut rows = Vec::new();
        let mut seen = 0u64;
        self.each_hit(candidates, &mut |at, _| {
            if (skip..end).contains(&seen) {
                rows.push(at);
            }
            seen += 1;
            Ok(if known.is_some() && seen >= end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok((known.unwrap_or(seen), rows))
    }

    /// All hits with what they are sorted by, in order.
    pub(super) fn listed(&self, candidates: Candidates) -> Result<Vec<(Option<Vec<u8>>, RowId)>> {
        let mut hits: Vec<(Option<Vec<u8>>, RowId)> = Vec::new();
        match (candidates, self.sort) {
            (Candidates::Exact(rows), None) => hits.extend(rows.into_iter().map(|at| (None, at))),
            (candidates, sort) => self.each_hit(candidates, &mut |at, view| {
                hits.push((sort.and_then(|sort| sort.key(view)), at));
                Ok(ControlFlow::Continue(()))
            })?,
        }
        if let Some(sort) = self.sort {
            hits.sort_unstable_by(|left, right| {
                let (left, right) =
                    (Item { key: left.0.as_deref(), at: left.1 }, Item { key: right.0.as_deref(), at: right.1 });
                compare(left, right, sort.descending)
            });
        }
        Ok(hits)
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
            && let Some(value) = derive::members(self.reads, self.tenant, self.config, members, at, true)?
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
        BoundFilter::Constant(_) | BoundFilter::Deep(..) => false,
        BoundFilter::And(parts) | BoundFilter::Or(parts) => parts.iter().any(mentions_version),
        BoundFilter::Not(part) | BoundFilter::Element(_, part) => mentions_version(part),
        BoundFilter::Present(target) | BoundFilter::Compare(target, ..) => is(target),
    }
}
