//! From JSON bytes to [`Input`].
use crate::Result;
use crate::model::{Input, Object};

/// A resource as a client sent it: a JSON object, bound to no schema.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceInput(pub Object);

impl ResourceInput {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// `InvalidSyntax` with the byte offset.
    pub fn from_json(_json: &[u8]) -> Result<Self> {
        todo!()
    }
}

/// Reads any JSON value.
///
/// # Errors
/// `InvalidSyntax` with the byte offset.
pub fn parse_input(_json: &[u8]) -> Result<Input> {
    todo!()
}
