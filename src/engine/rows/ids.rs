//! Where resources are, by their id and `externalId`.

use crate::Result;
use crate::engine::storage::keys::{self, RowId, TenantId};
use crate::engine::storage::{Reads, Table};
use crate::model::{Resource, Value, common};

/// Where the resource of an id is.
pub(in crate::engine) fn find(reads: &dyn Reads, tenant: TenantId, id: &str) -> Result<Option<RowId>> {
    let found = reads.get(Table::Ids, &keys::id(tenant, id))?;
    Ok(found.and_then(|bytes| keys::read_location(&bytes).map(|(at, _)| at)))
}

/// The `externalId` of a resource.
pub(in crate::engine) fn external_id(resource: &Resource) -> Option<&str> {
    resource.attributes.get(common::EXTERNAL_ID).and_then(Value::as_str)
}
