//! Looking how far imports have come.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::ImportJob;
use super::intake::number_of;
use super::job::unknown;
use super::places;
use crate::Result;
use crate::engine::Tenant;
use crate::engine::storage::import_records::{JobRecord, JobStatus};
use crate::engine::storage::{Reads, Table};
use crate::profile::Operation;

/// How often who waits looks whether the wait was interrupted.
const GLANCE: Duration = Duration::from_millis(200);

impl Tenant {
    /// How far an import has come, by its correlation id.
    ///
    /// # Errors
    /// `NotFound`; `Io`, `Unavailable`.
    pub fn import_job(&self, correlation_id: &str) -> Result<ImportJob> {
        let config = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let number = number_of(&*snapshot, &self.state, correlation_id)?;
        let record = places::read(&*snapshot, self.state.id, number)?.ok_or_else(|| unknown(correlation_id))?;
        self.may(&config, Operation::Import, config.type_of(record.kind)?)?;
        Ok(ImportJob::of(self.as_told(record, number), &config))
    }

    /// An import that is done goes on until hooks were told of its last users.
    fn as_told(&self, record: JobRecord, number: u64) -> JobRecord {
        if record.status == JobStatus::Done && self.inner().jobs.is_under_way(number) {
            return JobRecord { status: JobStatus::Importing, finished: None, ..record };
        }
        record
    }

    /// The imports that wait, are being carried out, or have ended, in the order in which they came. The last thousand of
    /// those that have ended are kept.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn import_jobs(&self) -> Result<Vec<ImportJob>> {
        let config = self.state.config()?;
        let snapshot = self.inner().writer.snapshot()?;
        let mut jobs = Vec::new();
        snapshot.scan_prefix(Table::Jobs, &places::records(self.state.id), &mut |key, value| {
            let record = JobRecord::decode(value)?;
            let record = self.as_told(record, places::number(key).unwrap_or_default());
            let model = config.registry.type_by_number(record.kind);
            // Who may not import sees none.
            if model.is_none_or(|model| self.may(&config, Operation::Import, model).is_ok()) {
                jobs.push(ImportJob::of(record, &config));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(jobs)
    }

    /// Waits until an import has ended, or the time is over: then it is told as it stands.
    ///
    /// # Errors
    /// As [`Tenant::import_job`]; `Unavailable` when the store is closed, or about to be; `Cancelled` when the wait is
    /// [interrupted](crate::Store::interrupt).
    pub fn wait_for_import(&self, correlation_id: &str, timeout: Duration) -> Result<ImportJob> {
        let inner = self.inner();
        let watch = inner.interrupts.watch();
        let began = Instant::now();
        loop {
            let steps = inner.jobs.steps();
            let job = self.import_job(correlation_id)?;
            let left = timeout.saturating_sub(began.elapsed());
            if job.is_finished() || left.is_zero() {
                return Ok(job);
            }
            inner.jobs.wait_behind(steps, left.min(GLANCE));
            watch.check_step()?;
            inner.writer.may_wait_on()?;
        }
    }
}
