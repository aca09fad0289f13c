//! Resource types that a profile names: one that is misspelt would guard nothing.

use crate::model::Registry;
use crate::{Error, ErrorKind, Result};

/// Sees that there is a resource type of a name.
///
/// # Errors
/// `InvalidArgument`, with the place in the document.
pub(super) fn known_type(registry: &Registry, name: &str, place: &dyn Fn() -> String) -> Result<()> {
    match registry.resource_type(name) {
        Ok(model) if model.name().eq_ignore_ascii_case(name) => Ok(()),
        Ok(model) => {
            let detail =
                format!("the profile: \"{name}\" is no name of a resource type; did you mean {}?", model.name());
            Err(Error::new(ErrorKind::InvalidArgument, detail).on(place()))
        }
        Err(error) => {
            let detail = format!("the profile: {}", error.detail());
            Err(Error::new(ErrorKind::InvalidArgument, detail).on(place()))
        }
    }
}
