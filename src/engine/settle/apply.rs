//! The rules at work on one resource.

use std::collections::BTreeSet;

use crate::engine::rules::{Mirror, Place, Rule, Rules, get, put};
use crate::model::{AttributeId, AttributeType, Complex, Target, TypeModel, Value};
use crate::{Error, ErrorKind, Result};

/// What kind of write it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Occasion {
    Create,
    Replace,
    Modify,
}

/// Gives the attributes of a resource what the profile derives. `before` are those that it had, `named` those that the
/// request names.
///
/// # Errors
/// `InvalidValue` where a required attribute has nothing to be derived from.
pub(in crate::engine) fn settle(
    rules: &Rules,
    model: &TypeModel,
    occasion: Occasion,
    before: Option<&Complex>,
    named: &BTreeSet<AttributeId>,
    after: &mut Complex,
) -> Result<()> {
    if model.constraints().is_empty() && rules.of(model.number()).is_empty() {
        return Ok(());
    }
    set_defaults(model, occasion, after);
    let nothing = Complex::new();
    let before = before.unwrap_or(&nothing);
    // What clients write is brought together before anything is derived of it.
    for rule in rules.of(model.number()) {
        match rule {
            Rule::Mirror(mirror) => reflect(model, mirror, (occasion, named), before, after),
            Rule::Follow { set, follows } => follow(model, *set, *follows, named, before, after),
            _ => {}
        }
    }
    for rule in rules.of(model.number()) {
        match rule {
            Rule::First { set, from } => {
                let value = from.iter().find_map(|place| place.first(after)).cloned();
                put_fitting(model, after, *set, value);
                check_made(model, after, *set, from)?;
            }
            Rule::Join { set, join, separator } => {
                let parts: Vec<&str> = join.iter().filter_map(|place| place.first(after)?.as_str()).collect();
                let joined = (!parts.is_empty()).then(|| Value::String(parts.join(separator)));
                put_fitting(model, after, *set, joined);
                check_made(model, after, *set, join)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Sees that a required attribute was derived of something: it is readOnly as a rule, and then nobody else looks at it.
fn check_made(model: &TypeModel, after: &Complex, set: Target, of: &[Place]) -> Result<()> {
    let Some(definition) = model.definition(set.leaf()).filter(|definition| definition.attribute.required) else {
        return Ok(());
    };
    if set.sub.is_some() || get(after, set).is_some() {
        return Ok(());
    }
    let mut sources: Vec<&str> = of.iter().map(|place| place.path(model)).collect();
    sources.dedup();
    let detail = format!("{} is required, and made of {}: send that", definition.path, sources.join(" or "));
    Err(Error::new(ErrorKind::InvalidValue, detail).on(&definition.path))
}

fn set_defaults(model: &TypeModel, occasion: Occasion, after: &mut Complex) {
    for (id, constraint) in model.constraints() {
        if let Some(definition) = model.definition(*id).filter(|definition| definition.parent.is_some()) {
            if let (Some(default), Some(parent)) = (&constraint.default, definition.parent) {
                fill_elements(after, parent, *id, default);
            }
            continue;
        }
        let default = match occasion {
            Occasion::Create => constraint.default.as_ref(),
            Occasion::Replace => constraint.default_on_replace.as_ref(),
            Occasion::Modify => None,
        };
        if let Some(default) = default.filter(|_| after.get(*id).is_none()) {
            after.set(*id, default.clone());
        }
    }
}

/// Gives the values of an attribute a sub-attribute that they lack.
fn fill_elements(after: &mut Complex, attribute: AttributeId, sub: AttributeId, default: &Value) {
    let fill = |value: &mut Value| {
        if let Value::Complex(complex) = value
            && complex.get(sub).is_none()
        {
            complex.set(sub, default.clone());
        }
    };
    match after.get_mut(attribute) {
        Some(Value::Multi(values)) => values.iter_mut().for_each(fill),
        Some(single) => fill(single),
        None => {}
    }
}

/// Sets a target to a value that may come from an attribute of another type; what does not fit is no value.
fn put_fitting(model: &TypeModel, after: &mut Complex, target: Target, value: Option<Value>) {
    let wanted = model.definition(target.leaf()).map(|definition| definition.attribute.attribute_type);
    let value = value.filter(|value| {
        matches!(
            (wanted, value),
            (Some(AttributeType::String | AttributeType::Reference), Value::String(_))
                | (Some(AttributeType::Boolean), Value::Boolean(_))
                | (Some(AttributeType::Integer), Value::Integer(_))
                | (Some(AttributeType::Decimal), Value::Decimal(_))
                | (Some(AttributeType::DateTime), Value::DateTime(_))
        )
    });
    if get(after, target) != value.as_ref() {
        put(model, after, target, value);
    }
}

/// Lets an attribute and its element say the same. What the write changed counts; the attribute, where both changed. Data
/// that a profile found in place stays as it is until it is written.
fn reflect(
    model: &TypeModel,
    mirror: &Mirror,
    (occasion, named): (Occasion, &BTreeSet<AttributeId>),
    before: &Complex,
    after: &mut Complex,
) {
    let (of, told) = (get(after, mirror.of).cloned(), mirror.told(after).cloned());
    if of == told {
        return;
    }
    if occasion == Occasion::Replace && (of.is_none() || told.is_none()) {
        return reflect_left_out(model, mirror, named, before, after, (of, told));
    }
    let of_changed = of.as_ref() != get(before, mirror.of);
    let told_changed = told.as_ref() != mirror.told(before);
    match (of_changed, told_changed) {
        (false, false) => {}
        // One that is left out gives way to one that is given.
        (true, true) if of.is_none() => put(model, after, mirror.of, told),
        (true, _) => mirror.tell(after, of),
        (false, true) => put(model, after, mirror.of, told),
    }
}

/// The same in a replacement that has one of them: to leave the other one out takes nothing away. Where it names neither,
/// its list is one that stays as it was, and then so does the attribute.
fn reflect_left_out(
    model: &TypeModel,
    mirror: &Mirror,
    named: &BTreeSet<AttributeId>,
    before: &Complex,
    after: &mut Complex,
    (of, told): (Option<Value>, Option<Value>),
) {
    let attribute = mirror.of.attribute;
    match (named.contains(&attribute), named.contains(&mirror.list)) {
        _ if of.is_some() => mirror.tell(after, of),
        (true, false) => mirror.tell(after, None),
        (false, false) if get(before, mirror.of) == told.as_ref() => {
            let kept = before.get(attribute).cloned();
            kept.into_iter().for_each(|kept| drop(after.set(attribute, kept)));
        }
        _ => put(model, after, mirror.of, told),
    }
}

impl Mirror {
    fn is_it(&self, element: &Value) -> bool {
        let Some(complex) = element.as_complex() else { return false };
        self.tells.iter().all(|(id, value)| match (complex.get(*id), value) {
            (Some(Value::String(has)), Value::String(wanted)) => has.eq_ignore_ascii_case(wanted),
            (has, wanted) => has == Some(wanted),
        })
    }

    /// What the element says.
    fn told<'a>(&self, attributes: &'a Complex) -> Option<&'a Value> {
        let element = attributes.get(self.list)?.as_multi().iter().find(|element| self.is_it(element))?;
        element.as_complex()?.get(self.value).filter(|value| value.as_str() != Some(""))
    }

    /// Lets the element say something, or takes it away.
    fn tell(&self, attributes: &mut Complex, value: Option<Value>) {
        let mut elements = match attributes.remove(self.list) {
            Some(Value::Multi(elements)) => elements,
            Some(single) => vec![single],
            None => Vec::new(),
        };
        let place = elements.iter().position(|element| self.is_it(element));
        match (place.and_then(|place| elements.get_mut(place)), value) {
            (Some(Value::Complex(element)), Some(value)) => drop(element.set(self.value, value)),
            (None, Some(value)) => {
                let mut element = Complex::new();
                for (id, part) in self.tells.iter().chain(&self.with) {
                    element.set(*id, part.clone());
                }
                element.set(self.value, value);
                elements.push(Value::Complex(element));
            }
            (_, None) => elements.retain(|element| !self.is_it(element)),
            (Some(_), Some(_)) => {}
        }
        if !elements.is_empty() {
            attributes.set(self.list, Value::Multi(elements));
        }
    }
}

/// Lets a switch follow another: off where that one is off; on as well where that one was off and comes on, or where it has
/// no value itself, unless the write names it. One that had no value was not off: what is off beside it stays so.
fn follow(
    model: &TypeModel,
    set: Target,
    follows: Target,
    named: &BTreeSet<AttributeId>,
    before: &Complex,
    after: &mut Complex,
) {
    let Some(leads) = get(after, follows).and_then(flag) else { return };
    let led = get(after, set).and_then(flag);
    let led_before = get(before, follows).and_then(flag);
    let is_named = led.is_some() && named.contains(&set.attribute);
    let decided = match leads {
        false => false,
        true if is_named => return,
        true if led_before != Some(false) && led.is_some() => return,
        true => true,
    };
    if led != Some(decided) {
        let is_text = model
            .definition(set.leaf())
            .is_some_and(|definition| definition.attribute.attribute_type == AttributeType::String);
        let value = if is_text { Value::String(decided.to_string()) } else { Value::Boolean(decided) };
        put(model, after, set, Some(value));
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
