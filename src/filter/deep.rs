//! Sub-attributes of sub-attributes, which only schemas that go beyond RFC 7643 have: `settings.departments.id eq "7"`.
//! What such a path means follows from the rules for two names: any value on the way down may have the value that matches.

use super::eval::is_present;
use super::{BoundFilter, CompareOp, Operand};
use crate::model::{AttributeId, Target, TypeModel, ValueRef};

/// What is asked of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is not empty.
    Present,
    /// It compares so.
    Compare(CompareOp, Operand),
}

impl Test {
    /// The filter that asks it of what a target names.
    pub(super) fn of(self, target: Target, model: &TypeModel) -> BoundFilter {
        if model.is_deep(target) {
            return BoundFilter::Deep(model.trail(target), self);
        }
        match self {
            Test::Present => BoundFilter::Present(target),
            Test::Compare(op, operand) => BoundFilter::Compare(target, op, operand),
        }
    }
}

/// A filter on one value of the last of some attributes, each of which is a part of the one before.
pub(super) fn nested(trail: &[AttributeId], inner: BoundFilter) -> BoundFilter {
    trail.iter().rev().fold(inner, |inner, id| BoundFilter::Element(*id, Box::new(inner)))
}

/// Whether a test holds of what is some attributes below a value; for `ne`, also where there is nothing.
pub(super) fn holds(value: Option<ValueRef<'_>>, below: &[AttributeId], test: &Test) -> bool {
    match test {
        Test::Present => value.is_some_and(|value| any_below(value, below, &mut |leaf| is_present(leaf))),
        Test::Compare(op, operand) => {
            let mut seen = false;
            let mut compare = |leaf: ValueRef<'_>| {
                seen = true;
                operand.compare(leaf, *op)
            };
            let matched = value.is_some_and(|value| any_below(value, below, &mut compare));
            matched || (*op == CompareOp::Ne && !seen)
        }
    }
}

/// Whether a test holds for any value that is not itself several, some attributes below a value.
fn any_below(value: ValueRef<'_>, below: &[AttributeId], test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
    if let ValueRef::Multi(values) = value {
        return values.iter().any(|element| any_below(element, below, test));
    }
    match below.split_first() {
        None => test(value),
        Some((id, rest)) => {
            let inner = value.as_complex().and_then(|complex| complex.get(*id));
            inner.is_some_and(|inner| any_below(inner, rest, test))
        }
    }
}
