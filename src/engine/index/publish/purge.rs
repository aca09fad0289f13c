//! Taking resources out of an index that are to be forgotten: what is dead in a run still stands in its files.

use std::ops::Range;
use std::sync::PoisonError;
use std::time::Duration;

use super::state::State;
use super::{Phase, Publisher, TypeKey};
use crate::engine::index::{LiveRun, TypeView, compact};
use crate::engine::options::IndexOptions;
use crate::{Error, ErrorKind, Result};

/// How often it is looked at how far it is.
const GLANCE: Duration = Duration::from_millis(50);

/// What is to go.
#[derive(Debug)]
pub(super) struct Purge {
    rows: Vec<u64>,
    /// The sequence of the last of their deletions.
    through: u64,
}

impl Purge {
    /// Whether a run holds one of them, be it dead.
    fn is_in(&self, live: &LiveRun) -> bool {
        self.rows.iter().any(|row| live.run.doc(*row).is_some())
    }

    /// Whether the index may not know yet that they are gone.
    fn is_recent(&self, view: &TypeView) -> bool {
        view.recent.first().is_some_and(|commit| commit.sequence <= self.through)
    }

    /// Which runs to write again next. At the end the disk knows of the deletions, too: the change log tells them to
    /// nobody any more, who opens the index again.
    fn choose(&self, view: &TypeView, options: &IndexOptions) -> Option<Range<usize>> {
        if self.is_recent(view) {
            return None;
        }
        if let Some(index) = view.runs.iter().position(|live| self.is_in(live)) {
            return Some(index..index + 1);
        }
        let on_disk = compact::manifest_of(&view.runs);
        let is_behind = !on_disk.runs.is_empty() && on_disk.applied < self.through && view.applied >= self.through;
        is_behind.then(|| compact::choose_for_disk(view, options)).flatten()
    }
}

impl State {
    /// Which runs of a type to write again next, so that something is forgotten.
    pub(super) fn choose_purge(&self, key: &TypeKey, view: &TypeView, options: &IndexOptions) -> Option<Range<usize>> {
        self.purges.get(key)?.choose(view, options)
    }

    /// Whether everything is gone that is to be; none: not yet. False: nobody will see to it.
    fn is_purged(&self, key: &TypeKey, options: &IndexOptions) -> Option<bool> {
        if self.snapshot.is_none() || self.is_resting(key) {
            return Some(false);
        }
        let is_made = matches!(self.phases.get(key), Some(Phase::Opening | Phase::Building));
        if !self.begun || is_made || self.claims.contains_key(key) || self.requests.contains(key) {
            return None;
        }
        let (Some(view), Some(purge)) = (self.live.get(key), self.purges.get(key)) else { return Some(false) };
        (!purge.is_recent(view) && purge.choose(view, options).is_none()).then_some(true)
    }
}

impl Publisher {
    /// Waits until no file of a type's index holds these rows any more. False: the index is not in use, or could not be
    /// written again.
    ///
    /// # Errors
    /// `Unavailable` when the store is closed.
    pub(in crate::engine::index) fn purge(&self, key: TypeKey, rows: &[u64], through: u64) -> Result<bool> {
        let mut state = self.state();
        state.purges.insert(key, Purge { rows: rows.to_vec(), through });
        state.settling += 1;
        self.work.notify_all();
        let outcome = loop {
            if state.closed {
                break Err(Error::new(ErrorKind::Unavailable, "the store is closed"));
            }
            if let Some(done) = state.is_purged(&key, &self.options) {
                break Ok(done);
            }
            state = self.progress.wait_timeout(state, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        };
        state.settling -= 1;
        state.purges.remove(&key);
        outcome
    }

    /// Whether rows are being taken out of the index of a type.
    pub(in crate::engine::index) fn is_purging(&self, key: TypeKey) -> bool {
        self.state().purges.contains_key(&key)
    }

    /// Takes an index out of use. It is made again when somebody asks for it.
    pub(in crate::engine::index) fn abandon(&self, key: TypeKey) {
        let mut state = self.state();
        std::sync::Arc::make_mut(&mut state.live).remove(&key);
        self.publish(&state);
    }
}
