//! The engine: a durable store of SCIM resources in one directory. No async, no network, no global state.
//!
//! A verb binds its input on the caller's thread, and is then one `storage` transaction on the writer's thread:
//! `write` runs the `hooks` and stores the resource, its keys, its edges and its entry in the change log together.
//! Readers work on the snapshot that the last commit published, and never wait.

mod backup;
mod bounds;
mod brief;
mod bulk;
mod changes;
mod check;
mod check_profile;
mod compact;
mod config;
mod consult;
mod create;
mod cursor;
mod delete;
mod documents;
mod env;
mod export;
mod forget;
mod found;
mod get;
mod holder;
mod hooks;
mod import;
mod import_groups;
mod index;
mod index_status;
mod interrupt;
mod jobs;
mod listeners;
mod modify;
mod mounts;
mod options;
mod password;
mod query;
mod replace;
mod repositories;
mod represent;
mod rows;
mod rules;
mod schemas;
mod seal;
mod search;
mod seeds;
mod settle;
mod stats;
mod storage;
mod store;
mod stream;
mod tenant;
mod tenants;
mod tokens;
mod value_keys;
mod write;

pub use changes::Change;
pub use check::CheckReport;
pub use check_profile::{ProfileCount, ProfileFinding, ProfileReport};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use cursor::probe as probe_cursor;
pub use env::Env;
pub use forget::Forgotten;
pub use hooks::{CommittedWrite, Decision, Hooks, ProposedWrite, refusal};
pub use import::{ImportOptions, ImportReport, Importer, OnConflict, Reject};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use index::probe as probe_index;
pub use index::{Disk as IndexDisk, IndexMedium, Memory as IndexMemory, tantivy};
pub use index_status::{IndexState, IndexStatus};
pub use jobs::{ImportJob, ImportJobOptions};
pub use listeners::Subscription;
pub use mounts::Mounted;
pub use options::{IndexOptions, Limits, ReadOptions, StoreOptions, TenantOptions, WriteOptions};
pub use repositories::{Repositories, RepositoryQuery};
pub use stats::{StoreStats, TenantStats};
#[cfg(feature = "ffi")]
pub(crate) use storage::check_may_wait;
pub use storage::import_records::{JobFailure, JobStatus};
pub use storage::{ChangeOperation, Medium, MediumFactory, MemoryMedium, Scope};
pub use store::{DEFAULT_TENANT, Store};
pub use stream::ResourceStream;
pub use tenant::{Tenant, Written};
#[cfg(feature = "ffi")]
pub(crate) use tokens::random;
pub use tokens::{NewToken, Principal, TokenInfo, TokenOptions};
pub use value_keys::{ValueKey, ValueKeySource};
