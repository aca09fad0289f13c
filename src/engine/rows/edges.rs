//! Who is a member of whom, in both directions.

use std::ops::ControlFlow;

use crate::engine::storage::keys::{self, Key, RowId, TenantId};
use crate::engine::storage::{Reads, Table};
use crate::{Error, ErrorKind, Result};

/// What is told of each edge: where its other end is, and that resource's id.
pub(in crate::engine) type VisitEdge<'v> = dyn FnMut(RowId, &str) -> Result<ControlFlow<()>> + 'v;

/// The members of a group, in the order in which they were created.
pub(in crate::engine) fn each_member(
    reads: &dyn Reads,
    tenant: TenantId,
    group: u64,
    visit: &mut VisitEdge<'_>,
) -> Result<()> {
    each_edge(reads, Table::Members, tenant, group, visit)
}

/// The groups that a resource is a direct member of.
pub(in crate::engine) fn each_group(
    reads: &dyn Reads,
    tenant: TenantId,
    member: u64,
    visit: &mut VisitEdge<'_>,
) -> Result<()> {
    each_edge(reads, Table::MemberOf, tenant, member, visit)
}

fn each_edge(reads: &dyn Reads, table: Table, tenant: TenantId, from: u64, visit: &mut VisitEdge<'_>) -> Result<()> {
    let prefix = Key::of(tenant).u64(from).done();
    reads.scan_prefix(table, &prefix, &mut |_, value| match keys::read_location(value) {
        Some((at, id)) => visit(at, id),
        None => Err(Error::new(ErrorKind::Corrupt, "a stored membership cannot be read; run `scimdb check`")),
    })
}
