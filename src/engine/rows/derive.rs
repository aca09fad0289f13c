//! Derived attributes: the `members` of a group and the `groups` of a user, made from membership rows at each read.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{each_group, each_member};
use crate::Result;
use crate::engine::config::Config;
use crate::engine::storage::keys::{self, RowId, TenantId};
use crate::engine::storage::{Reads, Table};
use crate::model::{Complex, Membership, ResourceView, Target, TypeModel, Value, stored};

/// One element of `members`. Its `display` is in the member's own row, which is read for it.
pub(in crate::engine) fn member(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    attribute: &Membership,
    member: RowId,
    id: &str,
    with_display: bool,
) -> Result<Complex> {
    let mut element = Complex::new();
    element.set(attribute.value, Value::String(id.to_owned()));
    let Some(model) = config.registry.type_by_number(member.kind) else { return Ok(element) };
    if let Some(reference) = attribute.reference {
        element.set(reference, Value::String(location(model, id)));
    }
    if let Some(kind) = attribute.kind {
        element.set(kind, Value::String(model.name().to_owned()));
    }
    if let Some(display) = attribute.display.filter(|_| with_display)
        && let Some(label) = label_of(reads, tenant, model, member)?
    {
        element.set(display, Value::String(label));
    }
    Ok(element)
}

/// The `members` of a group, those of one type together in the order of their creation; none if it has none.
///
/// An export writes types one after the other, so that only an order by types survives a restore.
pub(in crate::engine) fn members(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    attribute: &Membership,
    group: RowId,
    with_display: bool,
) -> Result<Option<Value>> {
    let mut elements = Vec::new();
    each_member(reads, tenant, group.row, &mut |at, id| {
        elements.push((at.kind, Value::Complex(member(reads, tenant, config, attribute, at, id, with_display)?)));
        Ok(ControlFlow::Continue(()))
    })?;
    elements.sort_by_key(|(kind, _)| *kind);
    let elements: Vec<Value> = elements.into_iter().map(|(_, element)| element).collect();
    Ok((!elements.is_empty()).then_some(Value::Multi(elements)))
}

/// The `groups` of a user, direct ones first; none if there are none. Cycles end where they close.
pub(in crate::engine) fn groups(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    attribute: &Membership,
    user: RowId,
) -> Result<Option<Value>> {
    let mut elements = Vec::new();
    each_group_of(reads, tenant, user, &mut |group, id, direct| {
        let mut element = Complex::new();
        element.set(attribute.value, Value::String(id.to_owned()));
        if let Some(model) = config.registry.type_by_number(group.kind) {
            if let Some(reference) = attribute.reference {
                element.set(reference, Value::String(location(model, id)));
            }
            if let Some(display) = attribute.display
                && let Some(label) = label_of(reads, tenant, model, group)?
            {
                element.set(display, Value::String(label));
            }
        }
        if let Some(kind) = attribute.kind {
            element.set(kind, Value::String(if direct { "direct" } else { "indirect" }.to_owned()));
        }
        elements.push(Value::Complex(element));
        Ok(())
    })?;
    Ok((!elements.is_empty()).then_some(Value::Multi(elements)))
}

/// Every group that a resource is a member of, through other groups or not, each once, nearest first.
fn each_group_of(
    reads: &dyn Reads,
    tenant: TenantId,
    member: RowId,
    visit: &mut dyn FnMut(RowId, &str, bool) -> Result<()>,
) -> Result<()> {
    let mut seen = HashSet::new();
    let mut level = vec![member.row];
    let mut direct = true;
    while !level.is_empty() {
        let mut above = Vec::new();
        for row in level {
            each_group(reads, tenant, row, &mut |group, id| {
                if seen.insert(group.row) {
                    above.push(group.row);
                    visit(group, id, direct)?;
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        level = above;
        direct = false;
    }
    Ok(())
}

/// Every resource that is a member of a group, through other groups or not, each once.
pub(in crate::engine) fn each_member_below(
    reads: &dyn Reads,
    tenant: TenantId,
    group: RowId,
    visit: &mut dyn FnMut(RowId),
) -> Result<()> {
    let mut seen = HashSet::new();
    let mut open = vec![group.row];
    while let Some(row) = open.pop() {
        each_member(reads, tenant, row, &mut |member, _| {
            if seen.insert(member.row) {
                open.push(member.row);
                visit(member);
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

/// `meta.location` without a base.
pub(in crate::engine) fn location(model: &TypeModel, id: &str) -> String {
    crate::message::location(&model.resource_type().endpoint, id)
}

/// What to call a resource.
pub(in crate::engine) fn label_of(
    reads: &dyn Reads,
    tenant: TenantId,
    model: &TypeModel,
    at: RowId,
) -> Result<Option<String>> {
    let Some(bytes) = reads.get(Table::Resources, &keys::resource(tenant, at))? else { return Ok(None) };
    Ok(label(&stored::view(&bytes, model)?))
}

/// What to call a resource: the text of the first of its labels that has any.
pub(in crate::engine) fn label(view: &ResourceView<'_>) -> Option<String> {
    view.model.labels().iter().find_map(|target| text_at(view, *target))
}

fn text_at(view: &ResourceView<'_>, target: Target) -> Option<String> {
    let value = view.get(target.attribute)?;
    let value = match target.sub {
        Some(sub) => value.as_complex()?.get(sub)?,
        None => value,
    };
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A digest of derived groups: it changes when a representation that shows them does.
pub(in crate::engine) fn digest(derived: &Value) -> u32 {
    let mut hasher = blake3::Hasher::new();
    for group in derived.as_multi().iter().filter_map(Value::as_complex) {
        for (id, value) in group.iter() {
            hasher.update(&id.0.to_le_bytes());
            let text = value.as_str().unwrap_or_default();
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().as_bytes().first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}
