//! Which attributes an answer shows (RFC 7644 section 3.9, RFC 7643 section 7 `returned`).
use crate::Result;
use crate::model::{AttributeId, TypeModel};

/// Which attributes an answer shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {}

impl Projection {
    /// From the `attributes` and `excludedAttributes` of a request; both empty: the default.
    ///
    /// # Errors
    /// `InvalidValue` when both are given; unknown names are ignored.
    pub fn new(_model: &TypeModel, _attributes: &[String], _excluded: &[String]) -> Result<Self> {
        todo!()
    }

    /// Whether the attribute, or any sub-attribute of it, may be shown: what the engine asks before it reads rows.
    pub fn shows(&self, _attribute: AttributeId) -> bool {
        todo!()
    }
}
