//! Values inside complex values: where an attribute that a path names is kept, be it in the resource or, in schemas that
//! go beyond RFC 7643, in a complex value of a complex value. It must not know any operation.

use super::target::Place;
use super::values::{immutable, is_blank, required, same};
use crate::Result;
use crate::model::{AttributeId, Complex, Definition, Mutability, Value};

/// The value of an attribute that is part of some single-valued ones, the outermost first.
pub(super) fn value_in<'c>(attributes: &'c Complex, within: &[&Definition], id: AttributeId) -> Option<&'c Value> {
    let holder = within.iter().try_fold(attributes, |holder, part| holder.get(part.id)?.as_complex());
    holder?.get(id)
}

/// Takes it out, to be changed and [put back](set_in).
pub(super) fn take_in(attributes: &mut Complex, within: &[&Definition], id: AttributeId) -> Option<Value> {
    let Some((first, rest)) = within.split_first() else { return attributes.remove(id) };
    match attributes.get_mut(first.id) {
        Some(Value::Complex(holder)) => take_in(holder, rest, id),
        _ => None,
    }
}

/// Sets it, or leaves it without a value. What holds it is made where there is none, and goes with its last value.
pub(super) fn set_in(attributes: &mut Complex, within: &[&Definition], id: AttributeId, value: Option<Value>) {
    let Some((first, rest)) = within.split_first() else {
        match value {
            Some(value) => attributes.set(id, value),
            None => attributes.remove(id),
        };
        return;
    };
    let mut holder = match attributes.remove(first.id) {
        Some(Value::Complex(holder)) => holder,
        _ => Complex::new(),
    };
    set_in(&mut holder, rest, id, value);
    let holder = Value::Complex(holder);
    if !is_blank(&holder) {
        attributes.set(first.id, holder);
    }
}

/// What stands at a place that is inside other attributes, before a change: a rule of any of them may forbid it.
pub(super) struct Before(Option<Value>);

impl Before {
    /// Looks at what is there.
    pub fn of(attributes: &Complex, place: &Place<'_>) -> Self {
        Before(place.within.first().and_then(|top| attributes.get(top.id)).cloned())
    }

    /// Sees that the change was allowed: an immutable value stays the same, and a required one stays.
    pub fn check(self, attributes: &mut Complex, place: &Place<'_>) -> Result<()> {
        let Some((top, before)) = place.within.first().zip(self.0) else { return Ok(()) };
        let old: Complex = [(top.id, before.clone())].into_iter().collect();
        let mut keep = false;
        let chain: Vec<&Definition> = place.within.iter().copied().chain([place.definition]).collect();
        for (level, part) in chain.iter().enumerate() {
            let within = chain.get(..level).unwrap_or_default();
            let Some(before) = value_in(&old, within, part.id) else { break };
            let after = value_in(attributes, within, part.id);
            if part.attribute.mutability == Mutability::Immutable {
                if !after.is_some_and(|after| same(before, after)) {
                    return Err(immutable(part));
                }
                keep = true;
            }
            if part.attribute.required && after.is_none() {
                return Err(required(&part.path));
            }
        }
        if keep {
            attributes.set(top.id, before);
        }
        Ok(())
    }
}
