//! Check: reads every row of the store, and compares what must agree.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::config::Config;
use super::hooks::Scope;
use super::jobs::check_jobs;
use super::rows::{external_id, unique_keys};
use super::storage::keys::{self, GLOBAL, Key, RowId};
use super::storage::records::{ChangeRecord, DocumentRecord, Gone, TokenRecord};
use super::storage::{Counter, Reads, Table, Watch, Watched, read_counter};
use super::tenant::scope;
use super::tokens::digest_key;
use super::{Store, Tenant};
use crate::model::stored;
use crate::{ErrorKind, Result};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Resources read.
    pub resources: u64,
    /// Keys, edges and changes read.
    pub entries: u64,
    /// What is wrong, up to a hundred findings; empty if the store is sound.
    pub problems: Vec<String>,
}

/// Findings that a report keeps: one fault can damage millions of rows.
const MAX_PROBLEMS: usize = 100;

impl CheckReport {
    fn problem(&mut self, text: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(text);
        }
    }
}

impl Store {
    /// Reads everything and compares it: the checksums of all pages of the file, then that every resource decodes, every
    /// key and edge leads somewhere and back, and counts agree. `progress` is told how many resources have been read,
    /// and of how many. Other callers wait while checksums are verified.
    ///
    /// # Errors
    /// `Io`, `Unavailable`; `Cancelled` when it is [interrupted](Store::interrupt), which the verification of checksums
    /// does not heed; damage is in the report.
    pub fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<CheckReport> {
        let mut report = CheckReport::default();
        let watch = self.inner.interrupts.watch();
        match self.inner.writer.verify() {
            Ok(true) => {}
            Ok(false) => {
                report.problem("the file's account of its free pages was wrong, and has been repaired".to_owned())
            }
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                report.problem(error.to_string());
                // What else there is to find may be in what can still be read.
                match self.compare(&mut report, &watch, progress) {
                    Err(error) if error.kind() == ErrorKind::Corrupt => report.problem(error.to_string()),
                    other => other?,
                }
                return Ok(report);
            }
            Err(error) => return Err(error),
        }
        self.compare(&mut report, &watch, progress)?;
        Ok(report)
    }

    fn compare(&self, report: &mut CheckReport, watch: &Watch, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let stats = self.stats()?;
        let total = stats.tenants.iter().flat_map(|tenant| &tenant.resources).map(|(_, count)| count).sum();
        for name in self.tenants()? {
            let checked = self.tenant(&name).and_then(|tenant| {
                let snapshot = self.inner.writer.snapshot()?;
                let snapshot = Watched::new(&*snapshot, watch);
                Check { tenant: &tenant, snapshot: &snapshot, report, total, progress }.run()
            });
            match checked {
                // It was dropped meanwhile.
                Err(error) if error.kind() == ErrorKind::UnknownTenant => {}
                other => other?,
            }
        }
        progress(report.resources, total);
        Ok(())
    }
}

struct Check<'a> {
    tenant: &'a Tenant,
    snapshot: &'a dyn Reads,
    report: &'a mut CheckReport,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Check<'_> {
    fn run(mut self) -> Result<()> {
        let config = self.tenant.state.config()?;
        let mut expected: BTreeMap<Table, u64> = BTreeMap::new();
        for model in config.registry.types() {
            let scope = scope(&self.tenant.state, &config, model, None);
            let mut count = 0;
            let prefix = Key::of(scope.tenant).u16(model.number()).done();
            self.snapshot.scan_prefix(Table::Resources, &prefix, &mut |key, bytes| {
                count += 1;
                self.report.resources += 1;
                if self.report.resources.is_multiple_of(1_000) {
                    (self.progress)(self.report.resources, self.total);
                }
                if let Some(at) = keys::resource_row(key) {
                    self.resource(scope, at, bytes, &mut expected)?;
                }
                Ok(ControlFlow::Continue(()))
            })?;
            let counted = read_counter(self.snapshot, scope.tenant, Counter::Resources(model.number()))?;
            if counted != count {
                self.found(format!("{} has {count} rows, and its counter says {counted}", model.name()));
            }
        }
        self.gone_types(&config)?;
        self.documents()?;
        self.keys(&expected)?;
        self.edges()?;
        self.tokens()?;
        self.forgotten()?;
        self.imports()?;
        self.changes()
    }

    fn found(&mut self, text: String) {
        self.report.problem(format!("tenant {}: {text}", self.tenant.state.name));
    }

    /// One resource: it decodes, and every key of it is there and leads back.
    fn resource(
        &mut self,
        scope: Scope<'_>,
        at: RowId,
        bytes: &[u8],
        expected: &mut BTreeMap<Table, u64>,
    ) -> Result<()> {
        let resource = match stored::decode(bytes, scope.model) {
            Ok(resource) => resource,
            Err(error) => {
                self.found(format!("row {}: {error}", at.row));
                return Ok(());
            }
        };
        let id = &resource.id;
        let by_id = self.snapshot.get(Table::Ids, &keys::id(scope.tenant, id))?;
        if by_id.and_then(|found| keys::read_location(&found).map(|(at, _)| at)) != Some(at) {
            self.found(format!("the id {id} does not lead to its row"));
        }
        *expected.entry(Table::Ids).or_default() += 1;
        for unique in unique_keys(scope.tenant, scope.model, &resource) {
            let found = self.snapshot.get(Table::Unique, &unique.key)?;
            let is_global = unique.key.first_chunk() == Some(&GLOBAL.to_be_bytes());
            let location = found.as_deref().map(|bytes| bytes.get(if is_global { 4 } else { 0 }..).unwrap_or_default());
            if location.and_then(keys::read_location).map(|(at, _)| at) != Some(at) {
                self.found(format!(
                    "a unique value of {id} ({}) does not lead to it",
                    scope.model.path_of(unique.target)
                ));
            }
            *expected.entry(Table::Unique).or_default() += 1;
        }
        if let Some(external_id) = external_id(&resource) {
            let mut key = keys::external_id(scope.tenant, scope.model.number(), external_id);
            key.extend_from_slice(&at.row.to_be_bytes());
            if self.snapshot.get(Table::ExternalIds, &key)?.is_none() {
                self.found(format!("the externalId of {id} does not lead to it"));
            }
            *expected.entry(Table::ExternalIds).or_default() += 1;
        }
        Ok(())
    }

    /// No resource is of a type that there is not: looks between the types that there are.
    fn gone_types(&mut self, config: &Config) -> Result<()> {
        let prefix = || Key::of(self.tenant.state.id);
        let mut kinds: Vec<u16> = config.registry.types().iter().map(|model| model.number()).collect();
        kinds.sort_unstable();
        let mut gaps = Vec::new();
        let mut from = prefix().done();
        for kind in kinds {
            let known = prefix().u16(kind).done();
            let behind = keys::after_prefix(&known);
            gaps.push((from, Some(known)));
            from = behind.unwrap_or_default();
        }
        gaps.push((from, keys::after_prefix(&prefix().done())));
        let mut count = 0u64;
        for (from, to) in gaps {
            self.snapshot.scan(Table::Resources, &from, to.as_deref(), &mut |_, _| {
                count += 1;
                Ok(ControlFlow::Continue(()))
            })?;
        }
        if count > 0 {
            self.found(format!("{count} resources are of a resource type that is gone"));
        }
        Ok(())
    }

    /// Schemas and attribute numbers can be read.
    fn documents(&mut self) -> Result<()> {
        let prefix = Key::of(self.tenant.state.id).done();
        self.snapshot.scan_prefix(Table::Documents, &prefix, &mut |_, value| {
            self.report.entries += 1;
            if let Err(error) = DocumentRecord::decode(value) {
                self.found(error.to_string());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.snapshot.scan_prefix(Table::Numbers, &prefix, &mut |key, value| {
            self.report.entries += 1;
            if key.len() != 8 || std::str::from_utf8(value).is_err() {
                self.found("a stored attribute number cannot be read".to_owned());
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Every token is found by its secret, and every secret belongs to a token.
    fn tokens(&mut self) -> Result<()> {
        let prefix = Key::of(self.tenant.state.id).done();
        self.snapshot.scan_prefix(Table::Tokens, &prefix, &mut |key, value| {
            self.report.entries += 1;
            match TokenRecord::decode(value) {
                // A secret's value is the key of its token.
                Ok(token) => {
                    let owner = self.snapshot.get(Table::Secrets, &digest_key(&token.digest))?;
                    if owner.as_deref() != Some(key) {
                        self.found("a token is not found by its secret".to_owned());
                    }
                }
                Err(error) => self.found(error.to_string()),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.snapshot.scan(Table::Secrets, &[], None, &mut |key, value| {
            if value.starts_with(&prefix) {
                self.report.entries += 1;
                let token = self.snapshot.get(Table::Tokens, value)?;
                let token = token.and_then(|token| TokenRecord::decode(&token).ok());
                if token.is_none_or(|token| digest_key(&token.digest) != key) {
                    self.found("a secret leads to no token".to_owned());
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Imports that are queued have their users, and nothing is left of others.
    fn imports(&mut self) -> Result<()> {
        let (snapshot, tenant) = (self.snapshot, self.tenant.state.id);
        let entries = check_jobs(snapshot, tenant, &mut |text| self.found(text))?;
        self.report.entries += entries;
        Ok(())
    }

    /// As many keys as resources need, and so none too many.
    fn keys(&mut self, expected: &BTreeMap<Table, u64>) -> Result<()> {
        for table in [Table::Ids, Table::Unique, Table::ExternalIds] {
            let mut count = 0;
            self.snapshot.scan_prefix(table, &Key::of(self.tenant.state.id).done(), &mut |_, _| {
                count += 1;
                Ok(ControlFlow::Continue(()))
            })?;
            if table == Table::Unique {
                let own = self.tenant.state.id.to_be_bytes();
                self.snapshot.scan_prefix(table, &Key::of(GLOBAL).done(), &mut |_, value| {
                    count += u64::from(value.starts_with(&own));
                    Ok(ControlFlow::Continue(()))
                })?;
            }
            self.report.entries += count;
            let expected = expected.get(&table).copied().unwrap_or(0);
            if count != expected {
                self.found(format!("{} entries in {}, where {expected} belong", count, table.name()));
            }
        }
        Ok(())
    }

    /// Every edge stands in both directions, and leads to resources that exist.
    fn edges(&mut self) -> Result<()> {
        let tenant = self.tenant.state.id;
        let mut counts = [0u64; 2];
        let tables = [(Table::Members, Table::MemberOf), (Table::MemberOf, Table::Members)];
        for ((table, back), count) in tables.into_iter().zip(&mut counts) {
            self.snapshot.scan_prefix(table, &Key::of(tenant).done(), &mut |key, value| {
                *count += 1;
                let from = key.get(4..12).and_then(|b| b.first_chunk()).map_or(0, |chunk| u64::from_be_bytes(*chunk));
                let (Some(to), Some((at, id))) = (keys::edge_target(key), keys::read_location(value)) else {
                    self.found(format!("an edge in {} cannot be read", table.name()));
                    return Ok(ControlFlow::Continue(()));
                };
                if self.snapshot.get(back, &keys::edge(tenant, to, from))?.is_none() {
                    self.found(format!("the edge {from} to {to} in {} does not lead back", table.name()));
                }
                let by_id = self.snapshot.get(Table::Ids, &keys::id(tenant, id))?;
                if by_id.and_then(|found| keys::read_location(&found).map(|(at, _)| at)) != Some(at) || at.row != to {
                    self.found(format!("the edge {from} to {to} in {} leads to no resource", table.name()));
                }
                Ok(ControlFlow::Continue(()))
            })?;
            self.report.entries += *count;
        }
        let counted = read_counter(self.snapshot, tenant, Counter::Memberships)?;
        if counts != [counted; 2] {
            self.found(format!("{} and {} edges, and the counter says {counted}", counts[0], counts[1]));
        }
        Ok(())
    }

    /// Notes of deleted resources can be read, and nothing is being forgotten that should be forgotten by now.
    fn forgotten(&mut self) -> Result<()> {
        let prefix = Key::of(self.tenant.state.id).done();
        self.snapshot.scan_prefix(Table::Deleted, &prefix, &mut |_, value| {
            self.report.entries += 1;
            if let Err(error) = Gone::decode(value) {
                self.found(error.to_string());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut unfinished = 0;
        self.snapshot.scan_prefix(Table::Forgetting, &prefix, &mut |_, _| {
            unfinished += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        self.report.entries += unfinished;
        if unfinished > 0 {
            self.found(format!("{unfinished} erasures are not finished: forget again, or open the store again"));
        }
        Ok(())
    }

    fn changes(&mut self) -> Result<()> {
        let tenant = self.tenant.state.id;
        let mut count = 0;
        self.snapshot.scan_prefix(Table::Changes, &Key::of(tenant).done(), &mut |_, value| {
            count += 1;
            if let Err(error) = ChangeRecord::decode(value) {
                self.found(error.to_string());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.report.entries += count;
        let counted = read_counter(self.snapshot, tenant, Counter::Changes)?;
        if counted != count {
            self.found(format!("{count} changes, and the counter says {counted}"));
        }
        Ok(())
    }
}
