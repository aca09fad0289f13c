//! The engine: a durable store of SCIM resources in one directory. No async, no network, no global state.

mod changes;
mod import;
mod options;
mod store;
mod tenant;
mod tokens;

pub use changes::{Change, ChangeOperation};
pub use import::{ImportOptions, ImportReport, Importer, OnConflict, Reject};
pub use options::{ReadOptions, StoreOptions, TenantOptions, WriteOptions};
pub use store::{CheckReport, Store, StoreStats, TenantStats};
pub use tenant::{Tenant, Written};
pub use tokens::{NewToken, Principal, Scope, TokenInfo, TokenOptions};
