//! What a tenant is configured to be: its dialect, schemas and resource types.

use std::sync::Arc;

use crate::model::{Registry, TypeModel};
use crate::patch::Dialect;
use crate::{Error, ErrorKind, Result};

/// A tenant's configuration. Immutable: a change makes a new one.
pub(super) struct Config {
    pub(super) dialect: &'static Dialect,
    pub(super) registry: Arc<Registry>,
    /// How many entries of the change log are kept; none: all.
    pub(super) keep_changes: Option<u64>,
}

impl Config {
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

/// The dialect of a name.
///
/// # Errors
/// `InvalidArgument`.
pub(super) fn dialect(name: &str) -> Result<&'static Dialect> {
    Dialect::from_name(name).ok_or_else(|| {
        let detail = format!("there is no dialect \"{name}\"; there are strict, entra and okta");
        Error::new(ErrorKind::InvalidArgument, detail)
    })
}
