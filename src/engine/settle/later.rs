//! What a request of an earlier API version cannot know: it neither sets it nor takes it away.

use crate::model::{AttributeId, Complex, TypeModel, Value};

/// Leaves attributes of later API versions as they were `before`. The values of a multi-valued attribute are told apart by
/// their `value`. No version: nothing is later.
pub(in crate::engine) fn leave_later(
    model: &TypeModel,
    version: Option<u32>,
    before: Option<&Complex>,
    after: &mut Complex,
) {
    let Some(version) = version else { return };
    for (id, constraint) in model.constraints() {
        if constraint.since.is_none_or(|since| since <= version) {
            continue;
        }
        let Some(definition) = model.definition(*id) else { continue };
        match definition.parent {
            None => put_back(after, *id, before.and_then(|before| before.get(*id))),
            Some(parent) => leave_parts(model, parent, *id, before, after),
        }
    }
}

fn put_back(after: &mut Complex, id: AttributeId, value: Option<&Value>) {
    match value {
        Some(value) => after.set(id, value.clone()),
        None => after.remove(id),
    };
}

fn leave_parts(
    model: &TypeModel,
    parent: AttributeId,
    sub: AttributeId,
    before: Option<&Complex>,
    after: &mut Complex,
) {
    let key = model.resolve_sub(parent, "value").ok();
    let known = before.and_then(|before| before.get(parent)).map(Value::as_multi).unwrap_or_default();
    let leave = |value: &mut Value| {
        let Value::Complex(part) = value else { return };
        let is_same = |old: &&Complex| key.is_none_or(|key| old.get(key) == part.get(key));
        let old = known.iter().filter_map(Value::as_complex).find(is_same).and_then(|old| old.get(sub)).cloned();
        put_back(part, sub, old.as_ref());
    };
    match after.get_mut(parent) {
        Some(Value::Multi(values)) => values.iter_mut().for_each(leave),
        Some(single) => leave(single),
        None => return,
    }
    // One that has nothing else is no value.
    let is_empty = |value: &Value| value.as_complex().is_some_and(Complex::is_empty);
    let Some(Value::Multi(mut values)) = after.get(parent).cloned() else { return };
    values.retain(|value| !is_empty(value));
    put_back(after, parent, (!values.is_empty()).then_some(Value::Multi(values)).as_ref());
}
