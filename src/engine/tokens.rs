//! Bearer tokens: named, per tenant, stored hashed.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::rows::find;
use super::storage::keys::{Key, TenantId};
use super::storage::records::{TenantRecord, TokenRecord};
use super::storage::{Reads, Table, Transaction};
use super::{Scope, Store, Tenant};
use crate::model::Instant;
use crate::{Error, ErrorKind, Result};

/// How a token is made.
#[derive(Clone, Debug)]
pub struct TokenOptions {
    /// What it allows.
    pub scope: Scope,
    /// How long it is valid; none: until revoked.
    pub lifetime: Option<Duration>,
    /// The id of the resource that its bearer is: what `/Me` shows (RFC 7644 section 3.11).
    pub subject: Option<String>,
    /// The permissions of the tenant's profile that it is limited to, by name: it does only what its scope and one of
    /// these allow. None: all that its scope allows.
    pub permissions: Vec<String>,
}

impl TokenOptions {
    /// A token of this scope, until it is revoked.
    ///
    /// ```
    /// use scimdb::engine::{Scope, TokenOptions};
    /// let options = TokenOptions { subject: Some("2819c223".to_owned()), ..TokenOptions::of_scope(Scope::Read) };
    /// assert!(options.permissions.is_empty() && options.lifetime.is_none());
    /// ```
    pub fn of_scope(scope: Scope) -> Self {
        TokenOptions { scope, lifetime: None, subject: None, permissions: Vec::new() }
    }
}

/// A new token: the only time its secret is told.
#[derive(Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The name.
    pub name: String,
    /// What the bearer sends: 43 URL-safe characters, 256 random bits.
    pub secret: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("name", &self.name).finish_non_exhaustive()
    }
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
    /// The id of the resource that its bearer is.
    pub subject: Option<String>,
    /// The permissions that it is limited to; none: all that its scope allows.
    pub permissions: Vec<String>,
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
    /// The id of the resource that its bearer is.
    pub subject: Option<String>,
    /// The permissions that it is limited to; none: all that its scope allows.
    pub permissions: Vec<String>,
}

impl Principal {
    /// Refuses what the token's scope does not allow. It reaches its own tenant; one of scope admin reaches all. Refusals do
    /// not tell whether a tenant exists. What its permissions allow is asked by each verb of a handle that
    /// [`Tenant::limited_to`] makes.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn allow(&self, tenant: &str, scope: Scope) -> Result<()> {
        let Principal { tenant: own, name: _, scope: given, subject: _, permissions: _ } = self;
        if own != tenant && *given != Scope::Admin {
            return Err(Error::new(ErrorKind::Forbidden, "this token is for another tenant"));
        }
        if *given < scope {
            let [needs, has] = [scope, *given].map(|scope| match scope {
                Scope::Read => "read",
                Scope::Write => "write",
                Scope::Admin => "admin",
            });
            return Err(Error::new(
                ErrorKind::Forbidden,
                format!("this call needs a token of scope {needs}, and this one has {has}"),
            ));
        }
        Ok(())
    }
}

/// How much of a digest finds a token; the whole of it is then compared in constant time.
const DIGEST_KEY: usize = 16;

pub(super) fn digest_key(digest: &[u8; 32]) -> Vec<u8> {
    digest.iter().take(DIGEST_KEY).copied().collect()
}

impl Tenant {
    /// Makes a bearer token.
    ///
    /// # Errors
    /// `AlreadyExists`, `InvalidArgument` for a permission that the tenant's profile does not have, too; `NotFound` when
    /// there is no resource with the id of the subject.
    pub fn create_token(&self, name: &str, options: TokenOptions) -> Result<NewToken> {
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a token's name is 1 to 64 bytes without control characters",
            ));
        }
        if options.scope == Scope::Admin && !options.permissions.is_empty() {
            let detail =
                "a token of scope admin does everything in every tenant: give it no permissions, or scope write";
            return Err(Error::new(ErrorKind::InvalidArgument, detail).on("permissions"));
        }
        let (secret, digest) = random_secret();
        let (state, name) = (Arc::clone(&self.state), name.to_owned());
        let name = self.inner().writer.write(move |txn: &mut Transaction<'_>| {
            state.config()?.profile.check_permissions(&options.permissions)?;
            let key = Key::of(state.id).bytes(name.as_bytes()).done();
            if txn.get(Table::Tokens, &key)?.is_some() {
                let detail = format!("a token \"{name}\" exists already: revoke it, or choose another name");
                return Err(Error::new(ErrorKind::AlreadyExists, detail));
            }
            if let Some(subject) = &options.subject
                && find(txn, state.id, subject)?.is_none()
            {
                let detail = "there is no resource with the id of the subject";
                return Err(Error::new(ErrorKind::NotFound, detail).on("subject"));
            }
            let created = txn.now();
            let expires = options.lifetime.map(|lifetime| end_of(created, lifetime)).transpose()?;
            let TokenOptions { scope, lifetime: _, subject, permissions } = options;
            let record = TokenRecord { digest, scope, created, expires, subject, permissions };
            txn.put(Table::Tokens, key, record.encode());
            txn.put(Table::Secrets, digest_key(&digest), owner(state.id, &name));
            Ok(name)
        })?;
        Ok(NewToken { name, secret })
    }

    /// The tokens, without their secrets, by name.
    ///
    /// # Errors
    /// `Io`, `Unavailable`.
    pub fn tokens(&self) -> Result<Vec<TokenInfo>> {
        let snapshot = self.inner().writer.snapshot()?;
        let mut tokens = Vec::new();
        snapshot.scan_prefix(Table::Tokens, &Key::of(self.state.id).done(), &mut |key, value| {
            let TokenRecord { digest: _, scope, created, expires, subject, permissions } = TokenRecord::decode(value)?;
            let name = String::from_utf8_lossy(key.get(4..).unwrap_or_default()).into_owned();
            tokens.push(TokenInfo { name, scope, created, expires, subject, permissions });
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(tokens)
    }

    /// Gives a token another secret: the old one is unknown from the next request on, and all else stays as it is.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for one whose time is over.
    pub fn regenerate_token(&self, name: &str) -> Result<NewToken> {
        let (secret, digest) = random_secret();
        let (state, name) = (Arc::clone(&self.state), name.to_owned());
        let name = self.inner().writer.write(move |txn: &mut Transaction<'_>| {
            let (key, record) = find_token(txn, state.id, &name)?;
            if record.expires.is_some_and(|expires| expires <= txn.now()) {
                let detail = format!("the token \"{name}\" has expired: revoke it, and create it again");
                return Err(Error::new(ErrorKind::InvalidArgument, detail));
            }
            txn.delete(Table::Secrets, digest_key(&record.digest));
            txn.put(Table::Tokens, key, TokenRecord { digest, ..record }.encode());
            txn.put(Table::Secrets, digest_key(&digest), owner(state.id, &name));
            Ok(name)
        })?;
        Ok(NewToken { name, secret })
    }

    /// Revokes a token: from the next request on it is unknown.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn revoke_token(&self, name: &str) -> Result<()> {
        let (state, name) = (Arc::clone(&self.state), name.to_owned());
        self.inner().writer.write(move |txn: &mut Transaction<'_>| {
            let (key, record) = find_token(txn, state.id, &name)?;
            txn.delete(Table::Tokens, key);
            txn.delete(Table::Secrets, digest_key(&record.digest));
            Ok(())
        })
    }
}

/// The key and the record of a token.
fn find_token(reads: &dyn Reads, tenant: TenantId, name: &str) -> Result<(Vec<u8>, TokenRecord)> {
    let key = Key::of(tenant).bytes(name.as_bytes()).done();
    let record = reads.get(Table::Tokens, &key)?.map(|bytes| TokenRecord::decode(&bytes)).transpose()?;
    let record = record.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no token \"{name}\"")))?;
    Ok((key, record))
}

/// What stands behind the digest of a secret.
fn owner(tenant: TenantId, name: &str) -> Vec<u8> {
    [&tenant.to_be_bytes(), name.as_bytes()].concat()
}

fn end_of(created: Instant, lifetime: Duration) -> Result<Instant> {
    let (seconds, nanoseconds) = created.to_unix();
    let end = i64::try_from(lifetime.as_secs()).ok().and_then(|lifetime| seconds.checked_add(lifetime));
    let end = end.and_then(|seconds| Instant::from_unix(seconds, nanoseconds));
    end.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the token's lifetime is too long"))
}

/// A new secret, and its digest.
fn random_secret() -> (String, [u8; 32]) {
    let secret = URL_SAFE_NO_PAD.encode(random());
    let digest = *blake3::hash(secret.as_bytes()).as_bytes();
    (secret, digest)
}

/// 256 random bits.
#[expect(clippy::disallowed_methods, reason = "a secret must not be predictable, so no environment injects it")]
pub(crate) fn random() -> [u8; 32] {
    // Three random UUIDs hold 366 random bits; the digest draws 256 from them.
    let mut hasher = blake3::Hasher::new();
    for _ in 0..3 {
        hasher.update(uuid::Uuid::new_v4().as_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl Store {
    /// Finds who a bearer token belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` when it is unknown, revoked or expired.
    pub fn authenticate(&self, secret: &str) -> Result<Principal> {
        let unknown = || Error::new(ErrorKind::Unauthenticated, "the bearer token is unknown, revoked or expired");
        let digest = blake3::hash(secret.as_bytes());
        let snapshot = self.inner.writer.snapshot()?;
        let owner = snapshot.get(Table::Secrets, &digest_key(digest.as_bytes()))?.ok_or_else(unknown)?;
        let (tenant, name) = owner.split_first_chunk().ok_or_else(unknown)?;
        let tenant = TenantId::from_be_bytes(*tenant);
        let record = snapshot.get(Table::Tokens, &Key::of(tenant).bytes(name).done())?.ok_or_else(unknown)?;
        let record = TokenRecord::decode(&record)?;
        // The comparison of two digests takes the same time wherever they differ.
        if blake3::Hash::from_bytes(record.digest) != digest
            || record.expires.is_some_and(|expires| expires <= self.inner.env.now())
        {
            return Err(unknown());
        }
        let tenant = snapshot.get(Table::Tenants, &Key::of(tenant).done())?.ok_or_else(unknown)?;
        let tenant = TenantRecord::decode(&tenant)?;
        if tenant.dropped {
            return Err(unknown());
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let TokenRecord { scope, subject, permissions, .. } = record;
        Ok(Principal { tenant: tenant.name, name, scope, subject, permissions })
    }
}
