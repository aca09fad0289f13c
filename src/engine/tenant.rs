//! A tenant: the verbs.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Change, ImportOptions, Importer, NewToken, ReadOptions, TenantStats, TokenInfo, TokenOptions, WriteOptions,
};
use crate::Result;
use crate::message::{BulkRequest, BulkResponse, Representation, ResourceInput, SchemaDocument, SearchPage, SearchRequest};
use crate::model::Registry;
use crate::patch::PatchRequest;

/// A tenant of a store. Cheap to clone.
#[derive(Clone)]
pub struct Tenant {}

/// What a write made.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The resource after the write.
    pub representation: Representation,
    /// Whether anything changed: a write that changes nothing keeps version and lastModified.
    pub changed: bool,
}

impl Tenant {
    /// The name.
    pub fn name(&self) -> &str {
        todo!()
    }

    /// The schemas and resource types, as of now.
    ///
    /// # Errors
    /// `UnknownTenant` when it was dropped.
    pub fn registry(&self) -> Result<Arc<Registry>> {
        todo!()
    }

    /// Creates a resource (RFC 7644 section 3.3). `resource_type` is a name or endpoint: `User`, `Users`, `/Users`.
    ///
    /// # Errors
    /// `UnknownType`, `InvalidSyntax`, `InvalidValue`, `Uniqueness`.
    pub fn create(&self, _resource_type: &str, _input: ResourceInput, _options: &WriteOptions) -> Result<Representation> {
        todo!()
    }

    /// Gets a resource (RFC 7644 section 3.4.1).
    ///
    /// # Errors
    /// `UnknownType`, `NotFound`, `NotModified`.
    pub fn get(&self, _resource_type: &str, _id: &str, _options: &ReadOptions) -> Result<Representation> {
        todo!()
    }

    /// Replaces a resource (RFC 7644 section 3.5.1).
    ///
    /// # Errors
    /// As [`Tenant::create`], `NotFound`, `Mutability`, `VersionMismatch`.
    pub fn replace(&self, _resource_type: &str, _id: &str, _input: ResourceInput, _options: &WriteOptions) -> Result<Written> {
        todo!()
    }

    /// Modifies a resource (RFC 7644 section 3.5.2): all operations, or none.
    ///
    /// # Errors
    /// As [`Tenant::replace`], `InvalidPath`, `NoTarget`, `InvalidFilter`.
    pub fn modify(&self, _resource_type: &str, _id: &str, _patch: &PatchRequest, _options: &WriteOptions) -> Result<Written> {
        todo!()
    }

    /// Deletes a resource (RFC 7644 section 3.6), and every membership it is part of.
    ///
    /// # Errors
    /// `UnknownType`, `NotFound`, `VersionMismatch`.
    pub fn delete(&self, _resource_type: &str, _id: &str, _options: &WriteOptions) -> Result<()> {
        todo!()
    }

    /// Searches one resource type, or all of them (RFC 7644 section 3.4.2).
    ///
    /// # Errors
    /// `UnknownType`, `InvalidFilter`, `InvalidPath` for sortBy, `InvalidValue`.
    pub fn search(&self, _resource_type: Option<&str>, _request: &SearchRequest) -> Result<SearchPage> {
        todo!()
    }

    /// Everything that a search finds, from one snapshot, without paging: `visit` is told each resource, and ends it
    /// by returning false. `start_index` and `count` of the request are ignored.
    ///
    /// # Errors
    /// As [`Tenant::search`].
    pub fn search_all(
        &self,
        _resource_type: Option<&str>,
        _request: &SearchRequest,
        _visit: &mut dyn FnMut(Representation) -> bool,
    ) -> Result<()> {
        todo!()
    }

    /// Every resource as it is stored, password hashes included, one JSON document each, users before groups: what
    /// `import --restore` reads. `visit` ends it by returning false.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn export(&self, _resource_type: Option<&str>, _visit: &mut dyn FnMut(&str) -> bool) -> Result<()> {
        todo!()
    }

    /// Carries out bulk operations (RFC 7644 section 3.7).
    ///
    /// # Errors
    /// `TooMany`; what fails inside is in the response.
    pub fn bulk(&self, _request: BulkRequest, _options: &WriteOptions) -> Result<BulkResponse> {
        todo!()
    }

    /// Starts an import.
    ///
    /// # Errors
    /// `UnknownType`.
    pub fn import(&self, _options: ImportOptions) -> Result<Importer> {
        todo!()
    }

    /// The changes after a sequence number, at most `max` of them, oldest first. If there are none yet, waits up to
    /// `wait` for the first.
    ///
    /// # Errors
    /// `InvalidArgument` when changes after `since` were trimmed already; `Unavailable` when the store closes.
    pub fn changes(&self, _since: u64, _max: usize, _wait: Duration) -> Result<Vec<Change>> {
        todo!()
    }

    /// Registers schemas and resource types, or changes them: all of the documents, or none.
    ///
    /// # Errors
    /// `InvalidValue`, `InUse` when stored resources contradict the change.
    pub fn put_schemas(&self, _documents: Vec<SchemaDocument>) -> Result<()> {
        todo!()
    }

    /// Removes a schema by its URN, or a resource type by its name.
    ///
    /// # Errors
    /// `UnknownType`, `InUse` when resources or resource types need it.
    pub fn remove_schema(&self, _urn_or_name: &str) -> Result<()> {
        todo!()
    }

    /// Makes a bearer token.
    ///
    /// # Errors
    /// `AlreadyExists`, `InvalidArgument`.
    pub fn create_token(&self, _name: &str, _options: TokenOptions) -> Result<NewToken> {
        todo!()
    }

    /// The tokens, without their secrets.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn tokens(&self) -> Result<Vec<TokenInfo>> {
        todo!()
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn revoke_token(&self, _name: &str) -> Result<()> {
        todo!()
    }

    /// Counts.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn stats(&self) -> Result<TenantStats> {
        todo!()
    }
}
