//! Get (RFC 7644 section 3.4.1).

use std::sync::Arc;

use super::represent::represent_row;
use super::rows::find;
use super::seal::Need;
use super::tenant::scope;
use super::write::{load_for, locate};
use super::{ReadOptions, Tenant};
use crate::message::{Projection, Representation};
use crate::model::{ResourceType, Value};
use crate::profile::Operation;
use crate::{Error, ErrorKind, Result};

impl Tenant {
    /// Gets a resource (RFC 7644 section 3.4.1).
    ///
    /// # Errors
    /// `UnknownType`, `NotFound`, `NotModified`.
    pub fn get(&self, resource_type: &str, id: &str, options: &ReadOptions) -> Result<Representation> {
        let config = self.state.config()?;
        let model = self.model_for(&config, resource_type, Operation::Get)?;
        let (shown, hidden) = (&options.attributes, &options.excluded_attributes);
        let projection = Projection::new_as(model, shown, hidden, config.dialect().bind)?;
        let projection = projection.at_version(model, config.profile.api_version(options.api_version));
        let snapshot = self.inner().writer.snapshot()?;
        let at = locate(&*snapshot, scope(&self.state, &config, model, None), id)?;
        let found = represent_row(&*snapshot, self.state.id, &config, model, at, &projection, &options.base)?;
        if options.if_none_match.as_ref().is_some_and(|known| known.matches_exactly(found.tag)) {
            return Err(Error::new(ErrorKind::NotModified, format!("the resource still has version {}", found.tag)));
        }
        Ok(found)
    }

    /// The resource type of the resource with this id; none if there is no such resource.
    ///
    /// # Errors
    /// `Io`, `Unavailable`, `UnknownTenant`.
    pub fn resource_type_of(&self, id: &str) -> Result<Option<Arc<ResourceType>>> {
        let config = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let at = find(&*snapshot, self.state.id, id)?;
        let model = at.and_then(|at| config.registry.type_by_number(at.kind));
        Ok(model.map(|model| Arc::clone(model.resource_type())))
    }

    /// Whether a password is that of a user. A user without one, or who does not exist, has no password that matches;
    /// to find that out takes as long as to find a password wrong.
    ///
    /// # Errors
    /// `UnknownType`, `Io`, `Unavailable`.
    pub fn verify_password(&self, resource_type: &str, id: &str, password: &str) -> Result<bool> {
        let config = self.state.config()?;
        let model = self.model_for(&config, resource_type, Operation::Get)?;
        let snapshot = self.inner().writer.snapshot()?;
        let found = match load_for(&*snapshot, scope(&self.state, &config, model, None), id, Need::What) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            other => Some(other?),
        };
        // A hash may wait for its turn, and should not keep old pages from being used again meanwhile.
        drop(snapshot);
        let attributes = found.as_ref().map(|found| &found.resource.attributes);
        let hash = attributes.and_then(|attributes| attributes.get(model.password()?)).and_then(Value::as_str);
        Ok(self.inner().hasher.verify(password, hash))
    }
}
