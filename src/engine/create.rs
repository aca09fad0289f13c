//! Create (RFC 7644 section 3.3).

use std::sync::Arc;

use super::represent::sent_on_request;
use super::storage::Transaction;
use super::tenant::{Draft, DraftOptions, scope};
use super::write::{NewResource, Stored, insert};
use super::{Tenant, WriteOptions};
use crate::Result;
use crate::message::{Representation, ResourceInput};

impl Tenant {
    /// Creates a resource (RFC 7644 section 3.3). `resource_type` is a name or endpoint: `User`, `Users`, `/Users`.
    ///
    /// # Errors
    /// `UnknownType`, `InvalidSyntax`, `InvalidValue`, `Uniqueness`.
    pub fn create(&self, resource_type: &str, input: ResourceInput, options: &WriteOptions) -> Result<Representation> {
        let config = self.state.config()?;
        let model = Arc::clone(config.registry.resource_type(resource_type)?);
        let draft = self.inner().draft(&config, &model, input.0, DraftOptions::default())?;
        let projection = options.projection(&config, &model, &sent_on_request(&model, &draft.attributes))?;
        let id = options.id.clone().unwrap_or_else(|| self.inner().env.new_id());
        let (registry, new) = (Arc::clone(&draft.registry), new_resource(draft, id));
        let host = self.inner().host();
        let (state, actor, kind) = (Arc::clone(&self.state), options.actor.clone(), model.number());
        let stored = self.inner().writer.write(move |txn: &mut Transaction<'_>| -> Result<Stored> {
            let config = state.config()?;
            config.check_bound_by(&registry)?;
            let model = config.type_of(kind)?;
            insert(txn, scope(&state, &config, model, actor.as_deref()).asking(&host), new)
        })?;
        self.answer(&config, &model, &stored, &projection, options)
    }
}

/// A draft of a client's, whose meta is ours to make.
pub(super) fn new_resource(draft: Draft, id: String) -> NewResource {
    let Draft { attributes, members, id: _, meta: _, registry: _ } = draft;
    NewResource { id, attributes, members, created: None, last_modified: None, version: None }
}
