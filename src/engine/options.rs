//! Options of the store and of its verbs.

use std::time::Duration;

use super::{Env, ValueKeySource};
use crate::model::VersionMatch;
use crate::profile::Profile;

/// How a store is opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Bytes of pages kept in memory. Default 64 MiB: modest, for a guest in somebody's process.
    pub cache_bytes: usize,
    /// Whether to create the store where there is none. Default true.
    pub create: bool,
    /// Resources of a page when a search names no count. Default 100.
    pub default_page: u64,
    /// Resources of a page at most. Default 1,000: stops a request that renders the whole tenant at once.
    pub max_page: u64,
    /// How long a page cursor (RFC 9865) is valid after the page that told it. Default 10 minutes. A longer time costs no
    /// memory: nothing is kept for a cursor.
    pub cursor_ttl: Duration,
    /// Operations of a bulk request at most. Default 1,000.
    pub max_bulk_operations: usize,
    /// Bytes of an import at most that is queued ([`Tenant::queue_import`](super::Tenant::queue_import)). Default 4 GiB:
    /// it is kept on the disk until it is carried out.
    pub max_import_bytes: u64,
    /// Changes kept in the change log, per tenant, before the oldest are trimmed. None: all. Default none.
    pub keep_changes: Option<u64>,
    /// Who holds the store, for the error that a second process gets: an address, say.
    pub holder: Option<String>,
    /// Bytes that password hashing may use at one time, 19 MiB for each hash. Default 76 MiB: stops a flood of
    /// passwords from taking the memory of the process. An imported hash may need more, up to 1 GiB: it is verified
    /// while no other is.
    pub hash_memory_bytes: usize,
    /// When and how resources are indexed.
    pub index: IndexOptions,
    /// The keys of values that are encrypted at rest, where a profile names any. None: such values are left out of what is
    /// read, and resources that have them cannot be written. Default none.
    pub value_keys: Option<ValueKeySource>,
    /// Where the time and new ids come from.
    pub env: Env,
}

/// When and how resources are indexed. What is indexed is decided by the schemas alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexOptions {
    /// Whether there is an index at all. Default true. Without one, what no unique key answers is answered by looking
    /// at every resource.
    pub enabled: bool,
    /// Resources of a type in a tenant from which on it has an index. Default 2,000: fewer are looked at one by one in
    /// less than a millisecond, and cost no memory.
    pub from: u64,
    /// Writes that are evaluated one by one, before they are put into the index together. Default 1,000.
    pub recent: usize,
    /// Resources from which on a part of the index goes to disk. Default 16,384: fewer are indexed again when the
    /// store is opened.
    pub durable_from: u32,
    /// Writes that the index may be behind before writers wait for it. Default 20,000: bounds memory, and the time of
    /// a search.
    pub max_recent: usize,
    /// Parts of the index of a type from which on some are merged. Default 8.
    pub merge_above: usize,
    /// Resource types whose indexes are open at the same time, in all tenants together. Default 256. The one that was
    /// searched or written the longest ago makes room for another; it comes back when it is asked for.
    pub max_open: usize,
    /// Bytes that those parts of indexes may take that are not on disk, in all tenants together. Default 256 MiB. Beyond
    /// it, indexes are closed as beyond [`IndexOptions::max_open`].
    pub max_memory: u64,
    /// How long an index must not have been used before it makes room for another. Default 10 seconds: where all are in
    /// use, they would only take each other's place.
    pub idle: Duration,
    /// Distinct values of an attribute from which on parts of them are looked up in an index of their own. Default
    /// 8,192: fewer are looked through as fast.
    #[doc(hidden)]
    pub grams_from: u32,
}

impl Default for IndexOptions {
    fn default() -> Self {
        IndexOptions {
            enabled: true,
            from: 2_000,
            recent: 1_000,
            durable_from: 16_384,
            max_recent: 20_000,
            merge_above: 8,
            max_open: 256,
            max_memory: 256 << 20,
            idle: Duration::from_secs(10),
            grams_from: 8_192,
        }
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            cache_bytes: 64 << 20,
            create: true,
            default_page: 100,
            max_page: 1_000,
            cursor_ttl: Duration::from_secs(600),
            max_bulk_operations: 1_000,
            max_import_bytes: 4 << 30,
            keep_changes: None,
            holder: None,
            hash_memory_bytes: 76 << 20,
            index: IndexOptions::default(),
            value_keys: None,
            env: Env::machine(),
        }
    }
}

/// What searches and bulk requests of a tenant are held to: for a face to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Resources of a page when a search names no count.
    pub default_page: u64,
    /// Resources of a page at most.
    pub max_page: u64,
    /// How long a page cursor is valid.
    pub cursor_ttl: Duration,
    /// Operations of a bulk request at most.
    pub max_bulk_operations: usize,
}

/// Settings of a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TenantOptions {
    /// The profile. Default `strict`.
    pub profile: Profile,
}

impl TenantOptions {
    /// The settings of a profile.
    ///
    /// ```
    /// use scimdb::engine::TenantOptions;
    /// let options = TenantOptions::of_profile("entra".parse()?);
    /// assert_eq!(options.profile.name(), "entra");
    /// # Ok::<(), scimdb::Error>(())
    /// ```
    pub fn of_profile(profile: Profile) -> Self {
        TenantOptions { profile }
    }
}

/// Options of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The attributes to show; all that are returned by default if empty.
    pub attributes: Vec<String>,
    /// The attributes not to show.
    pub excluded_attributes: Vec<String>,
    /// `NotModified` if the representation still has one of these versions.
    pub if_none_match: Option<VersionMatch>,
    /// What to put before `meta.location` and `$ref`s: a URL without a trailing slash, or nothing.
    pub base: String,
    /// The API version that the request is of, where the tenant's profile knows versions. None: the profile's default.
    pub api_version: Option<u32>,
}

/// Options of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// The attributes that the answer shows.
    pub attributes: Vec<String>,
    /// The attributes that the answer does not show.
    pub excluded_attributes: Vec<String>,
    /// `VersionMismatch` unless the resource has one of these versions.
    pub if_match: Option<VersionMatch>,
    /// `VersionMismatch` if the resource has one of these versions.
    pub if_none_match: Option<VersionMatch>,
    /// Who writes, for the change log: a token's name, say.
    pub actor: Option<String>,
    /// What to put before `meta.location` and `$ref`s in the answer.
    pub base: String,
    /// The id of a resource to be created. None: the store makes one (UUIDv7), unless the profile says otherwise.
    pub id: Option<String>,
    /// Whether to delete a resource that others name, where the tenant's profile would refuse it.
    pub force: bool,
    /// The API version that the request is of, where the tenant's profile knows versions. None: the profile's default.
    pub api_version: Option<u32>,
}
