//! Bearer tokens: named, per tenant, stored hashed.

use std::time::Duration;

use crate::model::Instant;

/// What a token allows; each scope includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Get, search, watch.
    Read,
    /// Create, replace, modify, delete, bulk, import.
    Write,
    /// Schemas, tenants, tokens; every tenant of the store.
    Admin,
}

/// How a token is made.
#[derive(Clone, Copy, Debug)]
pub struct TokenOptions {
    /// What it allows.
    pub scope: Scope,
    /// How long it is valid; none: until revoked.
    pub lifetime: Option<Duration>,
}

/// A new token: the only time its secret is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The name.
    pub name: String,
    /// What the bearer sends: 43 URL-safe characters.
    pub secret: String,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The name.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// When it was made.
    pub created: Instant,
    /// When it ends.
    pub expires: Option<Instant>,
}

/// Who a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant.
    pub tenant: String,
    /// The token's name.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
}
