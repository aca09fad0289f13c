//! The built-in schemas and resource types, from JSON documents in the form of RFC 7643 section 8.7.
use crate::model::{Registry, ResourceType, Schema};

/// User, EnterpriseUser, Group.
pub fn schemas() -> Vec<Schema> {
    todo!()
}

/// User (with the enterprise extension) and Group.
pub fn resource_types() -> Vec<ResourceType> {
    todo!()
}

/// A registry of just the built-in schemas and resource types: for tests, examples and new tenants.
pub fn registry() -> Registry {
    todo!()
}
