//! Create (RFC 7644 section 3.3).

use std::sync::Arc;

use super::config::Config;
use super::env::Env;
use super::represent::sent_on_request;
use super::storage::keys::TenantId;
use super::storage::{Counter, Reads, Transaction, read_counter};
use super::store::TenantState;
use super::tenant::{Draft, DraftOptions, scope};
use super::write::{NewResource, Stored, insert};
use super::{Tenant, WriteOptions};
use crate::Result;
use crate::message::{Representation, ResourceInput};
use crate::model::TypeModel;
use crate::profile::{Ids, Operation};

impl Tenant {
    /// Creates a resource (RFC 7644 section 3.3). `resource_type` is a name or endpoint: `User`, `Users`, `/Users`.
    ///
    /// # Errors
    /// `UnknownType`, `InvalidSyntax`, `InvalidValue`, `Uniqueness`.
    pub fn create(&self, resource_type: &str, input: ResourceInput, options: &WriteOptions) -> Result<Representation> {
        let config = self.state.config()?;
        let model = Arc::clone(self.model_for(&config, resource_type, Operation::Create)?);
        let draft = self.inner().draft(&config, &model, input.0, DraftOptions::of_create())?;
        let projection = options.projection(&config, &model, &sent_on_request(&model, &draft.attributes))?;
        let id = match &options.id {
            Some(id) => id.clone(),
            None => self.new_id(&config, &model, draft.id.as_deref())?,
        };
        let (registry, new) = (Arc::clone(&draft.registry), new_resource(draft, id));
        let host = self.inner().host();
        let (state, actor, kind) = (Arc::clone(&self.state), options.actor.clone(), model.number());
        let version = config.profile.api_version(options.api_version);
        let stored = self.inner().writer.write(move |txn: &mut Transaction<'_>| -> Result<Stored> {
            let config = state.config()?;
            config.check_bound_by(&registry)?;
            let model = config.type_of(kind)?;
            insert(txn, scope(&state, &config, model, actor.as_deref()).asking(&host).of_version(version), new)
        })?;
        self.answer(&config, &model, &stored, &projection, options)
    }
}

/// The first number that is an id.
const FIRST_NUMBER: u64 = 10_000;

impl Tenant {
    /// The id of a new resource, of whose sender it may come: as the profile says.
    pub(super) fn new_id(&self, config: &Config, model: &TypeModel, sent: Option<&str>) -> Result<String> {
        let next = || {
            let snapshot = self.inner().writer.snapshot()?;
            next_number(&*snapshot, self.state.id)
        };
        made_id(&self.inner().env, &self.state, config, model, sent, &next)
    }
}

/// The number that the next resource may have as its id.
pub(super) fn next_number(reads: &dyn Reads, tenant: TenantId) -> Result<u64> {
    Ok(read_counter(reads, tenant, Counter::NextId)?.max(FIRST_NUMBER))
}

/// The id of a new resource. `next` tells the least number that may be one.
pub(super) fn made_id(
    env: &Env,
    state: &TenantState,
    config: &Config,
    model: &TypeModel,
    sent: Option<&str>,
    next: &dyn Fn() -> Result<u64>,
) -> Result<String> {
    match config.profile.ids(model.name()) {
        Ids::Uuid => Ok(env.new_id()),
        Ids::Client => Ok(sent.filter(|id| !id.is_empty()).map_or_else(|| env.new_id(), str::to_owned)),
        Ids::Numeric => Ok(state.take_number(next()?).to_string()),
    }
}

/// A draft of a client's, whose meta is ours to make.
pub(super) fn new_resource(draft: Draft, id: String) -> NewResource {
    let Draft { attributes, members, groups, emptied: _, id: _, meta: _, registry: _ } = draft;
    NewResource { id, attributes, members, groups, created: None, last_modified: None, version: None }
}
