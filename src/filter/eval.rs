//! The oracle: what a bound filter means for one resource. It sees a [`ResourceView`], so a decoded and a stored
//! resource are the same to it, and it allocates nothing unless a value is not ASCII.
//!
//! - Of a multi-valued attribute, and of a sub-attribute of one, any value may match.
//! - `ne` holds if any value differs, or there is none: for a single value that is `not eq`.
//! - `pr` holds if there is a value that is not empty: `""` is empty, and so is a complex value of empty ones.
//! - `co`, `sw` and `ew` with `""` hold for every value, an empty one too.
//! - What has no value meets no other comparison; `not` is the complement.

use super::{BoundFilter, CompareOp, Operand, deep};
use crate::model::{AttributeId, ComplexRef, MultiRef, ResourceView, Target, ValueRef, any};

/// Whether the resource meets the filter.
///
/// Only what the view holds is seen: a filter that [mentions](BoundFilter::mentions) a derived attribute such as
/// `groups` needs a view [with it](ResourceView::with_derived).
pub fn eval(filter: &BoundFilter, resource: &ResourceView<'_>) -> bool {
    meets(filter, &|id| resource.get(id))
}

/// Whether one value of a multi-valued or complex attribute meets the filter of a value path, which
/// [`bind_element`](super::bind_element) made or which stands in a [`BoundFilter::Element`].
pub fn eval_element(filter: &BoundFilter, value: ValueRef<'_>) -> bool {
    meets(filter, &|id| match value {
        ValueRef::Complex(complex) => complex.get(id),
        // The value of a simple multi-valued attribute goes by the attribute's own number.
        simple => Some(simple),
    })
}

fn meets<'a>(filter: &BoundFilter, get: &impl Fn(AttributeId) -> Option<ValueRef<'a>>) -> bool {
    match filter {
        BoundFilter::Constant(flag) => *flag,
        BoundFilter::And(items) => items.iter().all(|item| meets(item, get)),
        BoundFilter::Or(items) => items.iter().any(|item| meets(item, get)),
        BoundFilter::Not(inner) => !meets(inner, get),
        BoundFilter::Present(target) => {
            get(target.attribute).is_some_and(|value| any_leaf(value, target.sub, &mut |leaf| is_present(leaf)))
        }
        BoundFilter::Compare(target, op, operand) => compares(get(target.attribute), *target, *op, operand),
        BoundFilter::Element(attribute, inner) => get(*attribute).is_some_and(|value| match value {
            ValueRef::Multi(values) => values.iter().any(|element| eval_element(inner, element)),
            single => eval_element(inner, single),
        }),
        BoundFilter::Deep(trail, test) => {
            trail.split_first().is_some_and(|(attribute, below)| deep::holds(get(*attribute), below, test))
        }
    }
}

fn compares(value: Option<ValueRef<'_>>, target: Target, op: CompareOp, operand: &Operand) -> bool {
    let mut seen = false;
    let mut test = |leaf| {
        seen = true;
        operand.compare(leaf, op)
    };
    let matched = value.is_some_and(|value| any_leaf(value, target.sub, &mut test));
    matched || (op == CompareOp::Ne && !seen)
}

/// Whether the test holds for any value that is not itself several: of the attribute, or of the sub-attribute in any
/// of its values.
#[inline]
fn any_leaf<'a>(value: ValueRef<'a>, sub: Option<AttributeId>, test: &mut impl FnMut(ValueRef<'a>) -> bool) -> bool {
    match (value, sub) {
        (ValueRef::Multi(values), None) => values.iter().any(test),
        (ValueRef::Multi(values), Some(sub)) => values.iter().any(|element| any_of_sub(element, sub, test)),
        (single, None) => test(single),
        (single, Some(sub)) => any_of_sub(single, sub, test),
    }
}

fn any_of_sub<'a>(element: ValueRef<'a>, sub: AttributeId, test: &mut impl FnMut(ValueRef<'a>) -> bool) -> bool {
    match element.as_complex().and_then(|complex| complex.get(sub)) {
        Some(ValueRef::Multi(values)) => values.iter().any(test),
        Some(single) => test(single),
        None => false,
    }
}

pub(super) fn is_present(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::String(text) => !text.is_empty(),
        ValueRef::Binary(bytes) => !bytes.is_empty(),
        ValueRef::Boolean(_)
        | ValueRef::Integer(_)
        | ValueRef::Decimal(_)
        | ValueRef::DateTime(..)
        | ValueRef::Instant(_)
        | ValueRef::Complex(ComplexRef::Meta(_))
        | ValueRef::Multi(MultiRef::Schemas(..)) => true,
        ValueRef::Any(json) => !any::is_empty(json),
        ValueRef::Complex(ComplexRef::Decoded(complex)) => complex.iter().any(|(_, value)| is_present(value.into())),
        ValueRef::Complex(ComplexRef::Stored(mut entries)) => entries.any(|(_, value)| is_present(value)),
        ValueRef::Multi(values) => values.iter().any(is_present),
    }
}
