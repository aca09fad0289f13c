//! Values that name other resources: they must exist, and stay while they are named.

use std::ops::ControlFlow;

use crate::engine::hooks::Scope;
use crate::engine::rows::{derive, find};
use crate::engine::rules::Rule;
use crate::engine::storage::keys::Key;
use crate::engine::storage::{Reads, Table};
use crate::model::{AttributeId, Complex, Constraint, Known, ResourceView, Target, Value, ValueRef, stored};
use crate::{Error, ErrorKind, Result};

/// Sees that the resources exist which new values name, and gives the values what these are called.
///
/// # Errors
/// `InvalidValue`, naming the attribute.
pub(in crate::engine) fn check_known(
    reads: &dyn Reads,
    scope: Scope<'_>,
    before: Option<&Complex>,
    after: &mut Complex,
) -> Result<()> {
    for (id, constraint) in scope.model.constraints() {
        let Constraint { known: Some(known), .. } = constraint else { continue };
        let Some(definition) = scope.model.definition(*id) else { continue };
        let holder = definition.parent.unwrap_or(*id);
        let Some(mut value) = after.get(holder).cloned() else { continue };
        if before.and_then(|before| before.get(holder)) == Some(&value) {
            continue;
        }
        match &mut value {
            Value::Multi(values) => {
                for value in values {
                    check_one(reads, scope, known, *id, value)?;
                }
            }
            single => check_one(reads, scope, known, *id, single)?,
        }
        after.set(holder, value);
    }
    Ok(())
}

fn check_one(reads: &dyn Reads, scope: Scope<'_>, known: &Known, id: AttributeId, value: &mut Value) -> Result<()> {
    let named = match &*value {
        Value::Complex(complex) => complex.get(id).and_then(Value::as_str),
        other => other.as_str(),
    };
    let Some(named) = named.map(str::to_owned) else { return Ok(()) };
    let path = scope.model.path_of(Target::whole(id));
    let other = scope.config.registry.resource_type(&known.resource_type)?;
    let Some(at) = find(reads, scope.tenant, &named)?.filter(|at| at.kind == other.number()) else {
        let detail = format!("{path}: there is no {} \"{named}\": create it first", other.name());
        return Err(Error::new(ErrorKind::InvalidValue, detail).on(path));
    };
    if let (Some(display), Value::Complex(complex)) = (known.display, value)
        && let Some(label) = derive::label_of(reads, scope.tenant, other, at)?
    {
        complex.set(display, Value::String(label));
    }
    Ok(())
}

/// Sees that no resource names one that is to be deleted, where the profile asks for that.
///
/// # Errors
/// `InUse`, with the number of resources that do.
pub(in crate::engine) fn check_not_in_use(reads: &dyn Reads, scope: Scope<'_>, id: &str) -> Result<()> {
    for rule in scope.config.rules.of(scope.model.number()) {
        let Rule::InUse { by, attribute } = rule else { continue };
        let Some(model) = scope.config.registry.type_by_number(*by) else { continue };
        let prefix = Key::of(scope.tenant).u16(*by).done();
        let mut count = 0_u64;
        reads.scan_prefix(Table::Resources, &prefix, &mut |_, bytes| {
            count += u64::from(names(&stored::view(bytes, model)?, *attribute, id));
            Ok(ControlFlow::Continue(()))
        })?;
        if count > 0 {
            let path = model.path_of(*attribute);
            let detail = format!(
                "{count} {} have \"{id}\" in {path}: remove these values first, or delete it with force=true",
                model.resource_type().endpoint.trim_start_matches('/')
            );
            return Err(Error::new(ErrorKind::InUse, detail));
        }
    }
    Ok(())
}

fn names(view: &ResourceView<'_>, target: Target, id: &str) -> bool {
    let is_it = |value: ValueRef<'_>| match (target.sub, value) {
        (None, ValueRef::String(text)) => text == id,
        (Some(sub), ValueRef::Complex(complex)) => {
            matches!(complex.get(sub), Some(ValueRef::String(text)) if text == id)
        }
        _ => false,
    };
    match view.get(target.attribute) {
        Some(ValueRef::Multi(values)) => values.iter().any(is_it),
        Some(single) => is_it(single),
        None => false,
    }
}
