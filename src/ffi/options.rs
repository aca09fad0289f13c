//! Options on their way in: JSON objects, whose unknown names are errors.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::value_keys::{self, GivenKeys};
use crate::engine::{
    ImportOptions, IndexOptions, OnConflict, ReadOptions, Scope, TenantOptions, TokenOptions, WriteOptions,
};
use crate::model::VersionMatch;
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result, StoreOptions};

/// Reads options; none are the defaults.
///
/// # Errors
/// `InvalidArgument` for what is no JSON object, for an unknown name, for a value of the wrong type.
pub(super) fn parse<T: DeserializeOwned + Default>(text: Option<&str>) -> Result<T> {
    let Some(text) = text else { return Ok(T::default()) };
    // serde reads a struct from an array too.
    if text.trim_ascii_start().starts_with('[') {
        return Err(Error::new(ErrorKind::InvalidArgument, "options: must be a JSON object"));
    }
    serde_json::from_str(text).map_err(|error| wrong("options", &error))
}

/// An argument that is no JSON as it should be.
pub(super) fn wrong(argument: &str, error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{argument}: {error}"))
}

/// How a store is opened.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct OpenOptions {
    cache_bytes: Option<usize>,
    create: Option<bool>,
    default_page: Option<u64>,
    max_page: Option<u64>,
    cursor_ttl_seconds: Option<f64>,
    max_bulk_operations: Option<usize>,
    keep_changes: Option<u64>,
    holder: Option<String>,
    hash_memory_bytes: Option<usize>,
    index: Option<OpenIndex>,
    value_keys: Option<GivenKeys>,
    value_keys_file: Option<PathBuf>,
    /// Whether other processes may open the store too, and call the one that holds it.
    pub(super) share: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct OpenIndex {
    enabled: Option<bool>,
    from: Option<u64>,
    recent: Option<usize>,
    durable_from: Option<u32>,
    max_recent: Option<usize>,
    merge_above: Option<usize>,
    max_open: Option<usize>,
    max_memory: Option<u64>,
    idle_seconds: Option<f64>,
}

impl OpenOptions {
    pub(super) fn into_store_options(self) -> Result<StoreOptions> {
        let OpenOptions {
            cache_bytes,
            create,
            default_page,
            max_page,
            cursor_ttl_seconds,
            max_bulk_operations,
            keep_changes,
            holder,
            hash_memory_bytes,
            index,
            value_keys,
            value_keys_file,
            share: _,
        } = self;
        let usual = StoreOptions::default();
        let mut options = StoreOptions {
            cache_bytes: cache_bytes.unwrap_or(usual.cache_bytes),
            create: create.unwrap_or(usual.create),
            default_page: default_page.unwrap_or(usual.default_page),
            max_page: max_page.unwrap_or(usual.max_page),
            cursor_ttl: seconds("cursorTtlSeconds", cursor_ttl_seconds)?.unwrap_or(usual.cursor_ttl),
            max_bulk_operations: max_bulk_operations.unwrap_or(usual.max_bulk_operations),
            keep_changes,
            holder,
            hash_memory_bytes: hash_memory_bytes.unwrap_or(usual.hash_memory_bytes),
            value_keys: value_keys::source(value_keys, value_keys_file)?,
            ..usual
        };
        if let Some(index) = index {
            options.index = index.into_index_options(options.index)?;
        }
        Ok(options)
    }
}

impl OpenIndex {
    fn into_index_options(self, usual: IndexOptions) -> Result<IndexOptions> {
        let OpenIndex {
            enabled,
            from,
            recent,
            durable_from,
            max_recent,
            merge_above,
            max_open,
            max_memory,
            idle_seconds,
        } = self;
        Ok(IndexOptions {
            enabled: enabled.unwrap_or(usual.enabled),
            from: from.unwrap_or(usual.from),
            recent: recent.unwrap_or(usual.recent),
            durable_from: durable_from.unwrap_or(usual.durable_from),
            max_recent: max_recent.unwrap_or(usual.max_recent),
            merge_above: merge_above.unwrap_or(usual.merge_above),
            max_open: max_open.unwrap_or(usual.max_open),
            max_memory: max_memory.unwrap_or(usual.max_memory),
            idle: seconds("index.idleSeconds", idle_seconds)?.unwrap_or(usual.idle),
            ..usual
        })
    }
}

pub(super) fn seconds(name: &str, seconds: Option<f64>) -> Result<Option<Duration>> {
    let read = |seconds| {
        Duration::try_from_secs_f64(seconds)
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, format!("options: {name}: {error}")))
    };
    seconds.map(read).transpose()
}

/// Options of reads and writes of one resource.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ResourceOptions {
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    actor: Option<String>,
    base: String,
    id: Option<String>,
    force: bool,
    api_version: Option<u32>,
}

fn unused(name: &str, given: bool, by: &str) -> Result<()> {
    if !given {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, format!("options: {name} means nothing to {by}")))
}

/// A base as locations begin with it: the rest of them has a slash.
pub(super) fn without_slash(mut base: String) -> String {
    base.truncate(base.trim_end_matches('/').len());
    base
}

/// Options of a read.
pub(super) fn read(text: Option<&str>) -> Result<ReadOptions> {
    let ResourceOptions {
        attributes,
        excluded_attributes,
        if_match,
        if_none_match,
        actor,
        base,
        id,
        force,
        api_version,
    } = parse(text)?;
    unused("ifMatch", if_match.is_some(), "a read")?;
    unused("actor", actor.is_some(), "a read")?;
    unused("id", id.is_some(), "a read")?;
    unused("force", force, "a read")?;
    let if_none_match = if_none_match.as_deref().map(VersionMatch::parse);
    Ok(ReadOptions { attributes, excluded_attributes, if_none_match, base: without_slash(base), api_version })
}

/// Options of a write of a resource that is there.
pub(super) fn write(text: Option<&str>) -> Result<WriteOptions> {
    let options = create(text)?;
    unused("id", options.id.is_some(), "a write of a resource that is there")?;
    Ok(options)
}

/// Options of a creation.
pub(super) fn create(text: Option<&str>) -> Result<WriteOptions> {
    let ResourceOptions {
        attributes,
        excluded_attributes,
        if_match,
        if_none_match,
        actor,
        base,
        id,
        force,
        api_version,
    } = parse(text)?;
    Ok(WriteOptions {
        attributes,
        excluded_attributes,
        if_match: if_match.as_deref().map(VersionMatch::parse),
        if_none_match: if_none_match.as_deref().map(VersionMatch::parse),
        actor,
        base: without_slash(base),
        id,
        force,
        api_version,
    })
}

/// Options of a bulk request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct BulkOptions {
    actor: Option<String>,
    base: String,
    api_version: Option<u32>,
}

pub(super) fn bulk(text: Option<&str>) -> Result<WriteOptions> {
    let BulkOptions { actor, base, api_version } = parse(text)?;
    Ok(WriteOptions { actor, base: without_slash(base), api_version, ..WriteOptions::default() })
}

/// Options that say who asks, and no more.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ActorOptions {
    actor: Option<String>,
}

pub(super) fn actor(text: Option<&str>) -> Result<Option<String>> {
    parse(text).map(|ActorOptions { actor }| actor)
}

/// Options of an import.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ImportSettings {
    resource_type: Option<String>,
    on_conflict: Option<String>,
    restore: bool,
    actor: Option<String>,
    queue: bool,
}

/// What an import is to be.
#[derive(Debug)]
pub(super) enum ImportChoice {
    /// Rows that are imported as they come.
    Rows(ImportOptions),
    /// A body that is queued whole.
    Queue { resource_type: Option<String>, actor: Option<String> },
}

pub(super) fn import(text: Option<&str>) -> Result<ImportChoice> {
    let ImportSettings { resource_type, on_conflict, restore, actor, queue } = parse(text)?;
    if queue {
        unused("onConflict", on_conflict.is_some(), "an import that is queued")?;
        unused("restore", restore, "an import that is queued")?;
        return Ok(ImportChoice::Queue { resource_type, actor });
    }
    let on_conflict = match on_conflict.as_deref() {
        None | Some("fail") => OnConflict::Fail,
        Some("skip") => OnConflict::Skip,
        Some("replace") => OnConflict::Replace,
        Some(_) => {
            let detail = "options: onConflict is \"fail\", \"skip\" or \"replace\"";
            return Err(Error::new(ErrorKind::InvalidArgument, detail));
        }
    };
    Ok(ImportChoice::Rows(ImportOptions { resource_type, on_conflict, restore, actor }))
}

/// Settings of a tenant.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TenantSettings {
    profile: Option<Box<serde_json::value::RawValue>>,
}

pub(super) fn tenant(text: Option<&str>) -> Result<TenantOptions> {
    let TenantSettings { profile } = parse(text)?;
    let Some(profile) = profile else { return Ok(TenantOptions::default()) };
    self::profile(profile.get()).map(TenantOptions::of_profile)
}

/// A profile: its name, which may be a JSON text, or a document, which is taken as it stands.
pub(super) fn profile(text: &str) -> Result<Profile> {
    match serde_json::from_str::<String>(text) {
        Ok(name) => name.parse(),
        Err(_) => text.parse(),
    }
}

/// What a token is to be.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TokenSettings {
    scope: Option<String>,
    lifetime_seconds: Option<f64>,
    subject: Option<String>,
    permissions: Vec<String>,
}

pub(super) fn token(text: Option<&str>) -> Result<TokenOptions> {
    let TokenSettings { scope, lifetime_seconds, subject, permissions } = parse(text)?;
    let scope = scope.map_or(Ok(Scope::Write), |word| self::scope(&word))?;
    let lifetime = seconds("lifetimeSeconds", lifetime_seconds)?;
    Ok(TokenOptions { scope, lifetime, subject, permissions })
}

/// Reads a scope.
pub(super) fn scope(word: &str) -> Result<Scope> {
    let known = [Scope::Read, Scope::Write, Scope::Admin];
    known
        .into_iter()
        .find(|scope| super::answers::scope(*scope) == word)
        .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "options: scope is \"read\", \"write\" or \"admin\""))
}
