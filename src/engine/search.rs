//! Search (RFC 7644 section 3.4.2).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use super::config::Config;
use super::found::{Found, Searched};
use super::index::View;
use super::query::{Hits, Page, Query, SortBy, Trace, find, micros};
use super::repositories::check_repositories;
use super::storage::{Reads, Table, Watched, keys};
use super::store::OPENING;
use super::{Limits, Tenant, seal};
use crate::Result;
use crate::filter::{BoundFilter, CompareOp, Operand, bind, bind_any, parse_with};
use crate::message::{Explanation, Projection, Representation, SearchPage, SearchRequest, SortOrder, Step};
use crate::model::{BindOptions, Target, TypeModel, Uniqueness, common};
use crate::profile::Operation;

/// Bytes of a filter that is asked whether it looks one resource up: longer ones take longer to be read than that is worth.
const LOOK_UP_BYTES: usize = 512;

/// Resources of one `externalId` that are found in little time.
const FEW: usize = 4;

impl Tenant {
    /// Searches one resource type, or all of them (RFC 7644 section 3.4.2), by pages: by offset, or with
    /// [`SearchRequest::cursor`] by cursor (RFC 9865).
    ///
    /// # Errors
    /// `UnknownType`, `InvalidFilter`, `InvalidPath` for sortBy, `InvalidValue`; `InvalidCursor`, `ExpiredCursor`,
    /// `InvalidCount`; `Cancelled` when it is [interrupted](super::Store::interrupt).
    pub fn search(&self, resource_type: Option<&str>, request: &SearchRequest) -> Result<SearchPage> {
        let config = self.state.config()?;
        config.profile.limits().check_numbers(request)?;
        check_repositories(&config, resource_type, request)?;
        if let Some(cursor) = &request.cursor {
            return self.search_by_cursor(resource_type, request, cursor);
        }
        let Limits { default_page, max_page, .. } = self.inner().limits(&config);
        let page = Page::new(request.start_index, request.count, default_page, max_page);
        let mut resources = Vec::with_capacity(usize::try_from(page.count.min(100)).unwrap_or(0));
        let start_index = page.skip().map(|skip| skip.saturating_add(1));
        let hits = self.each_found(resource_type, request, &page, &mut |representation| {
            resources.push(representation);
            true
        })?;
        let mut found = SearchPage { total_results: hits.total, start_index, resources, ..SearchPage::default() };
        if request.search_repositories {
            self.add_from_repositories(resource_type, request, page.count, &mut found)?;
        }
        Ok(found)
    }

    /// Everything that a search finds, from one snapshot, without paging: `visit` is told each resource, and ends it
    /// by returning false. `start_index`, `count` and `cursor` of the request are
    /// ignored.
    ///
    /// # Errors
    /// As [`Tenant::search`].
    pub fn search_all(
        &self,
        resource_type: Option<&str>,
        request: &SearchRequest,
        visit: &mut dyn FnMut(Representation) -> bool,
    ) -> Result<u64> {
        Ok(self.each_found(resource_type, request, &Page::ALL, visit)?.total)
    }

    /// Searches, and tells how: which index serves which part, what was expected and found, and how long it took. The
    /// page is found by offset; `cursor` of the request is ignored.
    ///
    /// # Errors
    /// As [`Tenant::search`].
    pub fn explain(&self, resource_type: Option<&str>, request: &SearchRequest) -> Result<Explanation> {
        let started = Instant::now();
        let config = self.state.config()?;
        config.profile.limits().check_numbers(request)?;
        let Limits { default_page, max_page, .. } = self.inner().limits(&config);
        let page = Page::new(request.start_index, request.count, default_page, max_page);
        let trace = Trace::default();
        let total = self.traced(resource_type, request, &page, Some(&trace), &mut |_| true)?.total;
        Ok(Explanation { steps: trace.into_steps(), total, micros: micros(started) })
    }

    /// Whether a read takes some microseconds as a rule: by id (no filter), or by a filter that a key answers, such as
    /// `userName eq "bjensen"`, and finds few resources by; of a type whose resources have no members, of which a group may have any number. For hosts
    /// that do such a read at once, and hand others to another thread. What is wrong with the read, it will tell itself.
    pub fn looks_up(&self, resource_type: &str, filter: Option<&str>) -> bool {
        let Ok(config) = self.state.config() else { return false };
        let Ok(model) = config.registry.resource_type(resource_type) else { return false };
        if model.members().is_some() {
            return false;
        }
        let Some(filter) = filter else { return true };
        let options = config.dialect().bind;
        let bound = |filter| bind(&parse_with(filter, options)?, model, options);
        filter.len() <= LOOK_UP_BYTES
            && bound(filter)
                .is_ok_and(|filter| has_key(&filter, model) && self.finds_few(&filter, model).unwrap_or(false))
    }

    /// Whether no `externalId` that a filter names, which any number of resources may have, is one of many.
    fn finds_few(&self, filter: &BoundFilter, model: &TypeModel) -> Result<bool> {
        let mut named = Vec::new();
        external_ids(filter, &mut named);
        if named.is_empty() {
            return Ok(true);
        }
        let view = self.inner().view()?;
        for external_id in named {
            let prefix = keys::external_id(self.state.id, model.number(), external_id);
            let mut count = 0;
            view.snapshot.scan_prefix(Table::ExternalIds, &prefix, &mut |_, _| {
                count += 1;
                Ok(if count > FEW { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            if count > FEW {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn each_found(
        &self,
        resource_type: Option<&str>,
        request: &SearchRequest,
        page: &Page,
        visit: &mut dyn FnMut(Representation) -> bool,
    ) -> Result<Hits> {
        self.traced(resource_type, request, page, None, visit)
    }

    fn traced(
        &self,
        resource_type: Option<&str>,
        request: &SearchRequest,
        page: &Page,
        trace: Option<&Trace>,
        visit: &mut dyn FnMut(Representation) -> bool,
    ) -> Result<Hits> {
        let found = self.found(resource_type, request, page, trace)?;
        let fetching = Instant::now();
        let from_index = found.render(0..found.hits.hits.len(), &request.base, visit)?;
        if let Some(trace) = trace {
            trace.add(Step {
                depth: 0,
                text: "resources".to_owned(),
                method: if from_index { "ids of the index" } else { "rows" }.to_owned(),
                actual: Some(found.hits.hits.len() as u64),
                micros: micros(fetching),
                ..Step::default()
            });
        }
        Ok(found.hits)
    }

    /// Finds what a search is about, and renders none of it.
    pub(super) fn found(
        &self,
        resource_type: Option<&str>,
        request: &SearchRequest,
        page: &Page,
        trace: Option<&Trace>,
    ) -> Result<Found> {
        let watch = self.inner().interrupts.watch();
        let config = self.state.config()?;
        let searched = |model: &Arc<TypeModel>| {
            let projection = self.projection_of(&config, model, request)?;
            Ok(Searched { is_brief: projection.is_brief(model), model: Arc::clone(model), projection })
        };
        let types: Vec<Searched> = match resource_type {
            Some(name) => vec![searched(self.model_for(&config, name, Operation::Search)?)?],
            None => self.models_for(&config, Operation::Search)?.into_iter().map(searched).collect::<Result<_>>()?,
        };
        let view = self.view_of(&types)?;
        let hits = {
            let reads = Watched::new(&*view.snapshot, &watch);
            find(&self.queries(&config, &types, request, &view, &reads, trace)?, page)?
        };
        Ok(Found { tenant: self.state.id, config, types, view, hits, watch })
    }

    /// What a search shows of resources of a type.
    pub(super) fn projection_of(
        &self,
        config: &Config,
        model: &TypeModel,
        request: &SearchRequest,
    ) -> Result<Projection> {
        let SearchRequest { attributes, excluded_attributes, .. } = request;
        let (defaults, options) = (config.profile.default_attributes(model.name()), config.dialect().bind);
        let projection = Projection::of_search(model, defaults, attributes, excluded_attributes, options)?;
        Ok(projection.at_version(model, config.profile.api_version(request.api_version)))
    }

    /// The state as of now, with the indexes of these types where they have one.
    fn view_of(&self, types: &[Searched]) -> Result<Arc<View>> {
        let inner = self.inner();
        let mut view = inner.view()?;
        let deadline = Instant::now() + OPENING;
        for Searched { model, .. } in types {
            if inner.want_index(&view, self.state.id, model.number(), deadline)? {
                view = inner.view()?;
            }
        }
        Ok(view)
    }

    fn queries<'a>(
        &self,
        config: &'a Config,
        types: &'a [Searched],
        request: &SearchRequest,
        view: &'a View,
        reads: &'a dyn Reads,
        trace: Option<&'a Trace>,
    ) -> Result<Vec<Query<'a>>> {
        let models: Vec<&TypeModel> = types.iter().map(|searched| &*searched.model).collect();
        let options = config.dialect().bind;
        let filters = match (&request.filter, models.as_slice()) {
            (None, models) => models.iter().map(|_| None).collect(),
            (Some(text), [model]) => vec![Some(bind(&parse_with(text, options)?, model, options)?)],
            (Some(text), models) => {
                bind_any(&parse_with(text, options)?, models, options)?.into_iter().map(Some).collect::<Vec<_>>()
            }
        };
        let sorts = if config.profile.sorts(request.api_version) {
            sort_by(&models, request, options)?
        } else {
            sort_by(&models, &SearchRequest::default(), options)?
        };
        for (model, sort) in models.iter().zip(&sorts) {
            if let Some(sort) = sort {
                seal::check_order(config, model, sort.target())?;
            }
        }
        let filters = filters.into_iter().zip(&models).map(|(filter, model)| {
            filter.map(|filter| seal::bind(reads, self.state.id, config, model, filter)).transpose()
        });
        let filters = filters.collect::<Result<Vec<_>>>()?;
        let parts = models.into_iter().zip(filters).zip(sorts);
        Ok(parts
            .map(|((model, filter), sort)| Query {
                reads,
                tenant: self.state.id,
                config,
                model,
                filter,
                sort,
                index: view.index(self.state.id, model.number()).map(|index| &**index),
                trace,
            })
            .collect())
    }
}

/// Whether a filter is answered from the rows of one key; [`Tenant::finds_few`] tells whether these are few.
fn has_key(filter: &BoundFilter, model: &TypeModel) -> bool {
    match filter {
        BoundFilter::Compare(target, CompareOp::Eq, _) => {
            let is_local =
                || model.definition(target.leaf()).is_some_and(|it| it.attribute.uniqueness != Uniqueness::Global);
            [common::ID, common::EXTERNAL_ID].map(Target::whole).contains(target)
                || (model.unique().contains(target) && is_local())
        }
        BoundFilter::And(parts) => parts.iter().any(|part| has_key(part, model)),
        _ => false,
    }
}

/// Every `externalId` that the rows of a filter are found by.
fn external_ids<'a>(filter: &'a BoundFilter, found: &mut Vec<&'a str>) {
    match filter {
        BoundFilter::Compare(target, CompareOp::Eq, Operand::Text(text, _))
            if *target == Target::whole(common::EXTERNAL_ID) =>
        {
            found.push(text);
        }
        BoundFilter::And(parts) | BoundFilter::Or(parts) => parts.iter().for_each(|part| external_ids(part, found)),
        _ => {}
    }
}

/// What each resource type is sorted by. A type that lacks the attribute has no value there, as long as one type has it.
fn sort_by(models: &[&TypeModel], request: &SearchRequest, options: BindOptions) -> Result<Vec<Option<SortBy>>> {
    let Some(path) = &request.sort_by else { return Ok(models.iter().map(|_| None).collect()) };
    let descending = request.sort_order == SortOrder::Descending;
    let mut bound: Vec<Result<SortBy>> =
        models.iter().map(|model| SortBy::bind(model, path, descending, options)).collect();
    if bound.iter().any(Result::is_ok) {
        return Ok(bound.into_iter().map(Result::ok).collect());
    }
    if bound.is_empty() { Ok(Vec::new()) } else { bound.swap_remove(0).map(|_| Vec::new()) }
}

#[cfg(test)]
mod tests {
    use super::FEW;
    use crate::engine::WriteOptions;
    use crate::message::ResourceInput;
    use crate::{Store, StoreOptions};

    #[test]
    fn look_ups_are_told_from_other_reads() {
        let tenant = Store::open_in_memory(StoreOptions::default()).unwrap().tenant("default").unwrap();
        // Nothing keeps resources from having the same.
        for (external_id, count) in [("few", FEW), ("many", FEW + 1)] {
            for number in 0..count {
                let json = format!(
                    r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
                    "userName":"{external_id}{number}","externalId":"{external_id}"}}"#
                );
                let input = ResourceInput::from_json(json.as_bytes()).unwrap();
                tenant.create("User", input, &WriteOptions::default()).unwrap();
            }
        }
        let cases = [
            ("User", None, true),
            ("Users", Some(r#"userName eq "a""#), true),
            ("User", Some(r#"externalId eq "a""#), true),
            ("User", Some(r#"externalId eq "few""#), true),
            ("User", Some(r#"externalId eq "many""#), false),
            ("User", Some(r#"userName eq "a" and externalId eq "many""#), false),
            ("User", Some(r#"userName eq "a" and (externalId eq "many" or externalId eq "few")"#), false),
            ("User", Some(r#"id eq "a" and active eq true"#), true),
            ("User", Some(r#"userName sw "a""#), false),
            ("User", Some(r#"displayName eq "a""#), false),
            ("User", Some(r#"userName eq "a" or active eq true"#), false),
            ("User", Some("userName"), false),
            ("User", Some(&format!("userName eq \"{}\"", "a".repeat(1_000))), false),
            ("Group", None, false),
            ("Group", Some(r#"id eq "a""#), false),
            ("Robot", None, false),
        ];
        for (resource_type, filter, expected) in cases {
            assert_eq!(tenant.looks_up(resource_type, filter), expected, "{resource_type} {filter:?}");
        }
    }
}
