//! A resource, decoded: what the verbs work on between the bytes of a request and the bytes of the store.

use super::{Complex, ComplexRef, Instant, ResourceView, TypeModel};

/// A resource of some type, with everything that is stored of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `id`.
    pub id: String,
    /// The commit sequence of its last change: what its entity tag is made of.
    pub version: u64,
    /// `meta.created`.
    pub created: Instant,
    /// `meta.lastModified`.
    pub last_modified: Instant,
    /// Every other attribute with a value, `externalId` included; `members` and `groups` are rows elsewhere.
    pub attributes: Complex,
}

impl Resource {
    /// Looks at it as a filter does.
    pub fn view<'a>(&'a self, model: &'a TypeModel) -> ResourceView<'a> {
        ResourceView {
            model,
            id: &self.id,
            version: self.version,
            created: self.created,
            last_modified: self.last_modified,
            attributes: ComplexRef::Decoded(&self.attributes),
            derived: None,
        }
    }
}
