//! What a tenant is configured to be: its profile, schemas and resource types.

use std::sync::Arc;

use super::value_keys::ValueKeys;
use crate::model::{Registry, TypeModel};
use crate::patch::Dialect;
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// A tenant's configuration. Immutable: a change makes a new one.
pub(super) struct Config {
    pub(super) profile: Arc<Profile>,
    pub(super) registry: Arc<Registry>,
    /// How many entries of the change log are kept; none: all.
    pub(super) keep_changes: Option<u64>,
    /// The keys of values that are encrypted at rest, where the store has any.
    pub(super) keys: Option<Arc<ValueKeys>>,
}

impl Config {
    /// The same with other schemas.
    pub(super) fn with_registry(&self, registry: Arc<Registry>) -> Self {
        let Config { profile, registry: _, keep_changes, keys } = self;
        Config { profile: Arc::clone(profile), registry, keep_changes: *keep_changes, keys: keys.clone() }
    }

    /// The same with another profile.
    pub(super) fn with_profile(&self, profile: Arc<Profile>) -> Self {
        let Config { profile: _, registry, keep_changes, keys } = self;
        Config { profile, registry: Arc::clone(registry), keep_changes: *keep_changes, keys: keys.clone() }
    }

    /// The deviations from the RFCs that are tolerated.
    pub(super) fn dialect(&self) -> &'static Dialect {
        self.profile.dialect()
    }

    /// The resource type of a number, which a write began with.
    ///
    /// # Errors
    /// `UnknownType` when it was removed while the write was on its way.
    pub(super) fn type_of(&self, number: u16) -> Result<&Arc<TypeModel>> {
        let removed = || Error::new(ErrorKind::UnknownType, "the resource type was removed meanwhile");
        self.registry.type_by_number(number).ok_or_else(removed)
    }

    /// Sees to it that what was bound by these schemas may be stored: values are stored by the numbers and types of
    /// the attributes that they were bound to.
    ///
    /// # Errors
    /// `Unavailable` when the schemas changed while the write was on its way: the same request can be sent again.
    pub(super) fn check_bound_by(&self, registry: &Arc<Registry>) -> Result<()> {
        if Arc::ptr_eq(&self.registry, registry) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unavailable, "the schemas changed while the request was on its way: send it again"))
    }
}
