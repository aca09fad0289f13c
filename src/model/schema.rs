//! Schemas and resource types (RFC 7643 sections 6 and 7) as data, and the URNs of the built-in ones.

use super::Attribute;
use crate::Result;

/// The core User schema (RFC 7643 section 4.1).
pub const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core Group schema (RFC 7643 section 4.2).
pub const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of User (RFC 7643 section 4.3).
pub const ENTERPRISE_USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A schema: a URN and its attributes (RFC 7643 section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The URN. Compared without regard to letter case.
    pub id: String,
    /// The name.
    pub name: String,
    /// For people.
    pub description: String,
    /// The attributes, without the common ones of RFC 7643 section 3.1.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// Sees that it is what RFC 7643 says a schema is: what a client may register. The schemas of a profile may
    /// [go beyond](super::Registry::build_with).
    ///
    /// # Errors
    /// `InvalidValue`, naming the attribute.
    pub fn check(&self) -> Result<()> {
        super::check::schema(self, false)
    }
}

/// A resource type: an endpoint and the schemas of what lives there (RFC 7643 section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// The id, often the same as the name.
    pub id: String,
    /// The name, e.g. `User`: the value of `meta.resourceType`.
    pub name: String,
    /// For people.
    pub description: String,
    /// The endpoint, relative to the base, with a leading slash: `/Users`.
    pub endpoint: String,
    /// The URN of the core schema.
    pub schema: String,
    /// The extensions.
    pub schema_extensions: Vec<SchemaExtension>,
}

/// An extension of a resource type (RFC 7643 section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaExtension {
    /// The URN of the extension's schema.
    pub schema: String,
    /// Whether every resource must have it.
    pub required: bool,
}
