//! Repositories of the host: users that are known elsewhere, an LDAP directory say, and that a search finds as well where
//! the tenant's profile has that. The host looks for them; what a filter means, the evaluator decides here as everywhere.

use std::sync::{Arc, PoisonError};

use super::config::Config;
use super::represent::render_unstored;
use super::{Store, Tenant};
use crate::filter::{BoundFilter, bind, eval, parse_with};
use crate::message::{Projection, Representation, ResourceInput, SearchPage, SearchRequest};
use crate::model::bind::{BindOptions, bind_resource};
use crate::model::{Complex, Instant, PathTarget, Resource, TypeModel};
use crate::{Error, ErrorKind, Result};

/// The repositories of a host. See [`Store::set_repositories`].
pub trait Repositories: Send + Sync {
    /// The resources of the host's repositories that a search may find, each as JSON: what the store has already is left
    /// out. More than the filter asks for may be told; it is evaluated again.
    ///
    /// # Errors
    /// What the caller of the search gets.
    fn search(&self, query: &RepositoryQuery<'_>) -> Result<Vec<String>>;
}

/// What a search asks the repositories of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepositoryQuery<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The resource type's name.
    pub resource_type: &'a str,
    /// The filter as it was sent.
    pub filter: Option<&'a str>,
    /// How many the answer has room for.
    pub count: u64,
}

impl Store {
    /// Gives the store the repositories of its host, or takes them away. They are asked by searches with
    /// [`SearchRequest::search_repositories`] in tenants whose profile has `repositories`, on the thread that searches.
    pub fn set_repositories(&self, repositories: Option<Arc<dyn Repositories>>) {
        let before = {
            let mut known = self.inner.repositories.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, repositories)
        };
        // Dropping them may run code of the host, outside the lock.
        drop(before);
    }
}

/// Sees that a search asks for repositories where it has to, and can.
///
/// # Errors
/// `InvalidFilter` for a filter on what only a search of repositories tells, `InvalidValue` for a page that such a
/// search cannot begin at, `InvalidSyntax` where there are no repositories.
pub(super) fn check_repositories(config: &Config, resource_type: Option<&str>, request: &SearchRequest) -> Result<()> {
    let Some(choice) = config.profile.repositories() else {
        if request.search_repositories {
            let detail = "searchRepositories is unknown here: the tenant's profile has no repositories";
            return Err(Error::new(ErrorKind::InvalidSyntax, detail).on("searchRepositories"));
        }
        return Ok(());
    };
    if request.search_repositories {
        if request.start_index.is_some_and(|start| start > 0) || request.cursor.is_some() {
            let detail = "a search of repositories has no pages: leave startIndex out, or send 0";
            return Err(Error::new(ErrorKind::InvalidValue, detail).on("startIndex"));
        }
        return Ok(());
    }
    let Some(model) = resource_type.map(|name| config.registry.resource_type(name)).transpose()? else {
        return Ok(());
    };
    let Some(filter) = bound(config, model, request)? else { return Ok(()) };
    for path in &choice.needed {
        if let Ok(PathTarget::Attribute(target)) = model.resolve(path)
            && filter.mentions(target.leaf())
        {
            let detail = format!("a filter on {path} needs searchRepositories to be true");
            return Err(Error::new(ErrorKind::InvalidFilter, detail).on(path.as_str()));
        }
    }
    Ok(())
}

impl Tenant {
    /// Adds what the repositories of the host have to a page, as far as it has room.
    pub(super) fn add_from_repositories(
        &self,
        resource_type: Option<&str>,
        request: &SearchRequest,
        room: u64,
        page: &mut SearchPage,
    ) -> Result<()> {
        let config = self.state.config()?;
        let repositories = self.inner().repositories.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(choice), Some(name), Some(repositories)) =
            (config.profile.repositories().filter(|_| request.search_repositories), resource_type, repositories)
        else {
            return Ok(());
        };
        let model = config.registry.resource_type(name)?;
        if !model.name().eq_ignore_ascii_case(&choice.resource_type) {
            return Ok(());
        }
        let query = RepositoryQuery {
            tenant: self.name(),
            resource_type: model.name(),
            filter: request.filter.as_deref(),
            count: room,
        };
        let filter = bound(&config, model, request)?;
        let projection = self.projection_of(&config, model, request)?.of_unstored(model);
        for json in repositories.search(&query)? {
            let found = External::read(model, &json, self.inner().env.now())?;
            if let Some(representation) = found.shown(model, filter.as_ref(), &projection, &request.base) {
                page.total_results += 1;
                let taken = page.resources.len() as u64;
                if taken < room {
                    page.resources.push(representation);
                }
            }
        }
        Ok(())
    }
}

fn bound(config: &Config, model: &TypeModel, request: &SearchRequest) -> Result<Option<BoundFilter>> {
    let options = config.dialect().bind;
    request.filter.as_ref().map(|text| bind(&parse_with(text, options)?, model, options)).transpose()
}

/// A resource of a repository.
struct External {
    resource: Resource,
    /// Its groups, which resources of the store have as rows.
    groups: Complex,
}

impl External {
    /// Reads one. It has no version and no history here: its times are not shown.
    ///
    /// # Errors
    /// `Internal` for what is no resource of the type: the host is to mend it.
    fn read(model: &TypeModel, json: &str, now: Instant) -> Result<Self> {
        let wrong = |error: &Error| {
            let detail = format!("a repository of the host told what is no {}: {error}", model.name());
            Error::new(ErrorKind::Internal, detail)
        };
        let options = BindOptions { trusted: true, lenient_schemas: true, ..BindOptions::default() };
        let input = ResourceInput::from_json(json.as_bytes()).map_err(|error| wrong(&error))?;
        let bound = bind_resource(model, input.0, options).map_err(|error| wrong(&error))?;
        let mut attributes = bound.attributes;
        let mut groups = Complex::new();
        if let Some(attribute) = model.groups()
            && let Some(value) = attributes.remove(attribute.attribute)
        {
            groups.set(attribute.attribute, value);
        }
        let id = bound.id.unwrap_or_else(|| "0".to_owned());
        Ok(External { resource: Resource { id, version: 1, created: now, last_modified: now, attributes }, groups })
    }

    fn shown(
        &self,
        model: &TypeModel,
        filter: Option<&BoundFilter>,
        projection: &Projection,
        base: &str,
    ) -> Option<Representation> {
        let view = self.resource.view(model);
        let view = if self.groups.is_empty() { view } else { view.with_derived(&self.groups) };
        let is_wanted = filter.is_none_or(|filter| eval(filter, &view));
        is_wanted.then(|| render_unstored(&view, projection, base))
    }
}
