//! From names to attributes.
use super::{CompareOp, FilterExpr};
use crate::Result;
use crate::model::{AttributeId, BindOptions, Instant, Preparation, Target, TypeModel};

/// A filter bound to a resource type: every path is an attribute, every literal has the attribute's type.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundFilter {
    /// Always or never.
    Constant(bool),
    /// All hold.
    And(Vec<BoundFilter>),
    /// Any holds.
    Or(Vec<BoundFilter>),
    /// It does not hold.
    Not(Box<BoundFilter>),
    /// The attribute has a value that is not empty.
    Present(Target),
    /// Some value compares so.
    Compare(Target, CompareOp, Operand),
    /// One value of the attribute meets the filter, whose targets are sub-attributes of it: `Target::attribute` is the
    /// sub-attribute itself (or the attribute, for the value of a simple multi-valued one).
    Element(AttributeId, Box<BoundFilter>),
}

/// A literal of the attribute's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Text, prepared as the attribute's values are.
    Text(String, Preparation),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Decimal(f64),
    /// An instant.
    Instant(Instant),
    /// Bytes.
    Binary(Vec<u8>),
}

/// Binds a filter to a resource type.
///
/// # Errors
/// `InvalidFilter`
pub fn bind(_filter: &FilterExpr, _model: &TypeModel, _options: BindOptions) -> Result<BoundFilter> {
    todo!()
}

/// Binds the filter of a value path, whose paths are sub-attributes of `parent`.
///
/// # Errors
/// `InvalidFilter`
pub fn bind_element(
    _filter: &FilterExpr,
    _model: &TypeModel,
    _parent: AttributeId,
    _options: BindOptions,
) -> Result<BoundFilter> {
    todo!()
}

impl BoundFilter {
    /// Whether it looks at the attribute.
    pub fn mentions(&self, _attribute: AttributeId) -> bool {
        todo!()
    }
}
