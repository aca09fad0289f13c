//! From a stored resource to what an answer shows: derived attributes are made only where they are shown.

use std::collections::BTreeSet;

use super::WriteOptions;
use super::config::Config;
use super::rows::derive;
use super::seal;
use super::storage::keys::{self, RowId, TenantId};
use super::storage::{Reads, Table};
use crate::message::{Projection, Representation, render};
use crate::model::{AttributeId, Complex, EntityTag, ResourceView, Returned, TypeModel, Value, stored};
use crate::{Error, ErrorKind, Result};

/// Renders what a view shows.
pub(super) fn represent(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    at: RowId,
    view: &ResourceView<'_>,
    projection: &Projection,
    base: &str,
) -> Result<Representation> {
    let mut derived = Complex::new();
    let mut tag = EntityTag { version: view.version, derived: None };
    if let Some(attribute) = view.model.members()
        && projection.shows(attribute.attribute)
        && let with_display = attribute.display.is_some_and(|display| projection.shows(display))
        && let Some(members) = derive::members(reads, tenant, config, attribute, at, with_display)?
    {
        // A member may be renamed, and the group is not another one for that: who sees names sees another tag. An export
        // has the version that is restored.
        tag.derived = (with_display && !projection.is_stored()).then(|| derive::digest(&members));
        derived.set(attribute.attribute, members);
    }
    if let Some(attribute) = view.model.groups()
        && projection.shows(attribute.attribute)
        && let Some(groups) = derive::groups(reads, tenant, config, attribute, at)?
    {
        tag.derived = Some(derive::digest(&groups));
        derived.set(attribute.attribute, groups);
    }
    let view = if derived.is_empty() { *view } else { view.with_derived(&derived) };
    Ok(render(&view, projection, tag, base))
}

/// Renders a resource that no row has.
pub(super) fn render_unstored(view: &ResourceView<'_>, projection: &Projection, base: &str) -> Representation {
    render(view, projection, EntityTag { version: view.version, derived: None }, base)
}

/// Renders a row.
pub(super) fn represent_row(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    model: &TypeModel,
    at: RowId,
    projection: &Projection,
    base: &str,
) -> Result<Representation> {
    let bytes = reads.get(Table::Resources, &keys::resource(tenant, at))?;
    let bytes = bytes.ok_or_else(|| Error::new(ErrorKind::Corrupt, "a row is missing; run `scimdb check`"))?;
    let targets = seal::targets(config, model);
    if targets.is_empty() {
        return represent(reads, tenant, config, at, &stored::view(&bytes, model)?, projection, base);
    }
    let mut resource = stored::decode(&bytes, model)?;
    seal::open(config, tenant, &targets, at, &mut resource, seal::Need::What)?;
    represent(reads, tenant, config, at, &resource.view(model), projection, base)
}

impl WriteOptions {
    /// What the answer to a write shows; `sent` is what the client sent of what is returned on request only.
    pub(super) fn projection(
        &self,
        config: &Config,
        model: &TypeModel,
        sent: &BTreeSet<AttributeId>,
    ) -> Result<Projection> {
        let options = config.dialect().bind;
        let projection = Projection::of_write(model, &self.attributes, &self.excluded_attributes, sent, options)?;
        Ok(projection.at_version(model, config.profile.api_version(self.api_version)))
    }
}

/// What of the attributes that a client sent is returned on request only: its answer shows them.
pub(super) fn sent_on_request(model: &TypeModel, attributes: &Complex) -> BTreeSet<AttributeId> {
    let mut sent = BTreeSet::new();
    collect(model, attributes, &mut sent);
    sent
}

fn collect(model: &TypeModel, attributes: &Complex, sent: &mut BTreeSet<AttributeId>) {
    for (id, value) in attributes.iter() {
        let Some(definition) = model.definition(id) else { continue };
        if definition.attribute.returned == Returned::Request {
            sent.insert(id);
        }
        match value {
            Value::Complex(parts) => collect(model, parts, sent),
            Value::Multi(elements) => {
                elements.iter().filter_map(Value::as_complex).for_each(|parts| collect(model, parts, sent));
            }
            _ => {}
        }
    }
}
