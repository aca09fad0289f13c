//! Applying operations.
use super::{Dialect, PatchRequest};
use crate::Result;
use crate::filter::BoundFilter;
use crate::model::{Complex, TypeModel};

/// A change of a group's members, to be made on rows; the operations' order is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberEdit {
    /// Adds members, by id; those that are members already stay.
    Add(Vec<String>),
    /// Makes these the only members.
    Replace(Vec<String>),
    /// Removes members, by id. `must_match`: an error `noTarget` where one is no member.
    Remove {
        /// The ids.
        ids: Vec<String>,
        /// Whether an id that is no member is an error.
        must_match: bool,
    },
    /// Removes the members that a filter on their sub-attributes selects; `noTarget` where it selects none.
    RemoveWhere(BoundFilter),
    /// Removes all.
    Clear,
}

/// What a PATCH made.
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The attributes after all operations, without `members`.
    pub attributes: Complex,
    /// What is to be done to the members.
    pub members: Vec<MemberEdit>,
}

/// Applies all operations, or none.
///
/// # Errors
/// `InvalidPath`, `InvalidValue`, `InvalidSyntax`, `InvalidFilter`, `NoTarget`, `Mutability`.
pub fn apply(
    _model: &TypeModel,
    _id: &str,
    _attributes: &Complex,
    _request: &PatchRequest,
    _dialect: &Dialect,
) -> Result<Patched> {
    todo!()
}
