//! What a tenant is configured to be: its profile, schemas and resource types.

use std::sync::Arc;

use super::rules::Rules;
use super::value_keys::ValueKeys;
use crate::model::{Registry, TypeModel};
use crate::patch::Dialect;
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// A tenant's configuration. Immutable: a change makes a new one.
pub(super) struct Config {
    pub(super) profile: Arc<Profile>,
    pub(super) registry: Arc<Registry>,
    /// The rules of the profile.
    pub(super) rules: Arc<Rules>,
    /// How many entries of the change log are kept; none: all.
    pub(super) keep_changes: Option<u64>,
    /// The keys of values that are encrypted at rest, where the store has any.
    pub(super) keys: Option<Arc<ValueKeys>>,
}

impl Config {
    /// A configuration, with the rules of its profile bound to its schemas.
    ///
    /// # Errors
    /// `InvalidValue` for a rule that names what no schema has.
    pub(super) fn new(
        profile: Arc<Profile>,
        registry: Arc<Registry>,
        keep_changes: Option<u64>,
        keys: Option<Arc<ValueKeys>>,
    ) -> Result<Self> {
        let rules = Arc::new(Rules::bind(&profile, &registry)?);
        Ok(Config { profile, registry, rules, keep_changes, keys })
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
