//! The change log as callers see it.

use crate::model::Instant;

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOperation {
    /// A resource was created.
    Create,
    /// A resource was replaced or modified.
    Modify,
    /// A resource was deleted.
    Delete,
}

/// An entry of the change log: no values, only the names of what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit sequence; unique in the store, and the `version` of the resource.
    pub sequence: u64,
    /// When.
    pub time: Instant,
    /// Who, if the writer said so.
    pub actor: Option<String>,
    /// What it did.
    pub operation: ChangeOperation,
    /// The resource type's name.
    pub resource_type: String,
    /// The resource's id.
    pub id: String,
    /// The paths of the attributes that changed; empty for a delete.
    pub attributes: Vec<String>,
}
