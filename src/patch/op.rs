//! PATCH operations as a client sent them.

use crate::model::Input;

/// Operations that one request may hold: stops a small request that makes the server copy a large resource for hours.
pub const MAX_OPERATIONS: usize = 1_000;

/// What an operation does (RFC 7644 section 3.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `add`
    Add,
    /// `replace`
    Replace,
    /// `remove`
    Remove,
}

impl Op {
    /// Reads the operation; letter case does not matter, in any dialect.
    pub fn from_keyword(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "add" => Some(Op::Add),
            "replace" => Some(Op::Replace),
            "remove" => Some(Op::Remove),
            _ => None,
        }
    }

    /// As the RFC spells it.
    pub const fn keyword(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Replace => "replace",
            Op::Remove => "remove",
        }
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// Where; the whole resource if there is none.
    pub path: Option<String>,
    /// With what.
    pub value: Option<Input>,
}

/// The operations of a PATCH request, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchRequest {
    /// The operations.
    pub operations: Vec<Operation>,
}
