//! The oracle.
use super::BoundFilter;
use crate::model::{ResourceView, ValueRef};

/// Whether the resource meets the filter.
pub fn eval(_filter: &BoundFilter, _resource: &ResourceView<'_>) -> bool {
    todo!()
}

/// Whether one value of a multi-valued or complex attribute meets the filter of a value path.
pub fn eval_element(_filter: &BoundFilter, _value: ValueRef<'_>) -> bool {
    todo!()
}
