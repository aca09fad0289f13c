//! Export: everything as it is stored, in a form that an import can restore.

use super::Tenant;
use super::config::Config;
use super::query::{Hit, Page, Query, find};
use super::represent::represent_row;
use super::seal;
use super::storage::{Reads, Watched};
use super::tenant::scope;
use super::write::check_whole;
use crate::Result;
use crate::message::Projection;
use crate::model::TypeModel;
use crate::profile::Operation;

impl Tenant {
    /// Every resource as it is stored, password hashes included, one JSON document each: what an import with
    /// [`restore`](super::ImportOptions::restore) reads. Types without members come before those with, and first those that
    /// tell which values of others are encrypted at rest; the export has these in clear. `visit` ends it by returning false.
    ///
    /// # Errors
    /// `UnknownType`, `Io`; `Unavailable`, also where something is encrypted and there is no key; `Cancelled` when it is
    /// [interrupted](super::Store::interrupt).
    pub fn export(&self, resource_type: Option<&str>, visit: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        let config = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let watch = self.inner().interrupts.watch();
        let reads = Watched::new(&*snapshot, &watch);
        let mut types: Vec<&TypeModel> = match resource_type {
            Some(name) => vec![&**self.model_for(&config, name, Operation::Search)?],
            None => self.models_for(&config, Operation::Search)?.into_iter().map(|model| &**model).collect(),
        };
        types.sort_by_key(|model| (model.members().is_some(), !seal::tells(&config, model)));
        for model in types {
            if !self.export_type(&config, &reads, model, visit)? {
                break;
            }
        }
        Ok(())
    }

    fn export_type(
        &self,
        config: &Config,
        reads: &dyn Reads,
        model: &TypeModel,
        visit: &mut dyn FnMut(&str) -> bool,
    ) -> Result<bool> {
        let tenant = self.state.id;
        let query = Query { reads, tenant, config, model, filter: None, sort: None, index: None, trace: None };
        let projection = Projection::stored(model);
        let encrypts = !seal::targets(config, model).is_empty();
        let scope = scope(&self.state, config, model, None);
        for Hit { at, .. } in find(&[query], &Page::ALL)?.hits {
            if encrypts {
                // What is left out where a key is missing, whoever restores the export would have lost.
                check_whole(reads, scope, at)?;
            }
            let found = represent_row(reads, tenant, config, model, at, &projection, "")?;
            if !visit(&found.json) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
