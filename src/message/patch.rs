//! The PatchOp message.
use crate::Result;
use crate::patch::PatchRequest;

/// Reads a PatchOp message (RFC 7644 section 3.5.2).
///
/// # Errors
/// `InvalidSyntax`.
pub fn parse_patch(_json: &[u8]) -> Result<PatchRequest> {
    todo!()
}
