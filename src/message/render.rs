//! From a resource to JSON.
use super::Projection;
use crate::model::{EntityTag, Instant, ResourceView};

/// A resource as an answer shows it: SCIM JSON, and what an envelope repeats of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Representation {
    /// `id`.
    pub id: String,
    /// The resource type's name.
    pub resource_type: String,
    /// `externalId`.
    pub external_id: Option<String>,
    /// The entity tag: `meta.version`.
    pub tag: EntityTag,
    /// `meta.created`.
    pub created: Instant,
    /// `meta.lastModified`.
    pub last_modified: Instant,
    /// `meta.location`, relative: `/Users/2819c223`. A face puts its base before it.
    pub location: String,
    /// The resource as SCIM JSON (RFC 7643 section 3), without white space.
    pub json: String,
}

/// Renders a resource. `base` is put before `meta.location` and `$ref`s: empty, or a URL without a trailing slash.
pub fn render(_view: &ResourceView<'_>, _projection: &Projection, _tag: EntityTag, _base: &str) -> Representation {
    todo!()
}
