//! Delete (RFC 7644 section 3.6).

use std::sync::Arc;

use super::settle::check_not_in_use;
use super::storage::Transaction;
use super::tenant::scope;
use super::write::{check_version, load, remove};
use super::{Tenant, WriteOptions};
use crate::Result;
use crate::profile::Operation;

impl Tenant {
    /// Deletes a resource (RFC 7644 section 3.6), and every membership it is part of.
    ///
    /// # Errors
    /// `UnknownType`, `NotFound`, `VersionMismatch`.
    pub fn delete(&self, resource_type: &str, id: &str, options: &WriteOptions) -> Result<()> {
        let kind = self.model_for(&*self.state.config()?, resource_type, Operation::Delete)?.number();
        let host = self.inner().host();
        let (state, id, options) = (Arc::clone(&self.state), id.to_owned(), options.clone());
        self.inner().writer.write(move |txn: &mut Transaction<'_>| {
            let config = state.config()?;
            let model = config.type_of(kind)?;
            let scope = scope(&state, &config, model, options.actor.as_deref()).asking(&host);
            let current = load(txn, scope, &id)?;
            check_version(txn, scope, &current, options.if_match.as_ref(), options.if_none_match.as_ref())?;
            if !options.force {
                check_not_in_use(txn, scope, &id)?;
            }
            remove(txn, scope, &current)
        })
    }
}
