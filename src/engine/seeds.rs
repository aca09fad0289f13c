//! The resources that a profile brings: a tenant has them from the moment at which it is given the profile.

use super::config::Config;
use super::create::new_resource;
use super::hooks::Scope;
use super::rows::find;
use super::storage::Transaction;
use super::storage::keys::TenantId;
use super::store::Inner;
use super::tenant::DraftOptions;
use super::write::insert;
use crate::error::Fault;
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// Makes the resources of a tenant's profile that the profile of before did not bring, and of whose ids there are none.
///
/// # Errors
/// `InvalidValue`, naming the place in the document, for a resource that cannot be made.
pub(super) fn plant(
    txn: &mut Transaction<'_>,
    inner: &Inner,
    tenant: TenantId,
    name: &str,
    config: &Config,
    before: Option<&Profile>,
) -> Result<()> {
    for seed in config.profile.seeds() {
        if before.is_some_and(|before| before.seeds().iter().any(|old| old.resource == seed.resource)) {
            continue;
        }
        let mut planted = || -> Result<()> {
            let model = config.registry.resource_type(&seed.resource_type)?;
            let options = DraftOptions { trusted: true, import: true, create: true };
            let draft = inner.draft(config, model, seed.resource.clone(), options)?;
            let Some(id) = draft.id.clone() else { return Ok(()) };
            if find(txn, tenant, &id)?.is_none() {
                let scope = Scope { tenant, config, model, actor: None, import: None, name, version: None, host: None };
                insert(txn, scope, new_resource(draft, id))?;
            }
            Ok(())
        };
        planted().map_err(|error| {
            let detail = format!("the profile: {}: {}", seed.place, error.detail());
            let kind = if error.row().fault == Fault::Caller { ErrorKind::InvalidValue } else { error.kind() };
            Error::new(kind, detail).on(&seed.place)
        })?;
    }
    Ok(())
}
