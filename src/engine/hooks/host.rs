//! Hooks of the host: what the program that embeds the store has to say about a write, and is told of it afterwards.
//!
//! Here is what they are; `consult` asks them. Whose thread they run on, storage sees to.

use crate::engine::storage::ChangeOperation;
use crate::{Error, ErrorKind, Result};

/// What a host does about writes: validate, derive, react. See [`Store::set_hooks`](crate::Store::set_hooks) for when.
pub trait Hooks: Send + Sync {
    /// A resource is about to be written: accept it, give it attributes, or refuse it by an error, such as one that
    /// [`refusal`] makes. Inside, the store can be read, as it was before; to write to a store or to close one, this or
    /// another, is `Misuse`. That is told on this thread alone: the writer waits for the hook, so a hook that waits for
    /// another thread which writes waits for ever.
    ///
    /// It may be called more than once for a write, and for a write that comes to nothing: bulk requests and the groups
    /// of an import are tried until all that they need is known, and a disk can fail later.
    /// [`after_commit`](Hooks::after_commit) tells what was made.
    ///
    /// # Errors
    /// What the caller of the write gets. The write leaves nothing behind; other operations of a bulk request and other
    /// rows of an import go on. After a panic it is `Internal`.
    fn before_write(&self, _write: &ProposedWrite) -> Result<Decision> {
        Ok(Decision::Accept)
    }

    /// A resource was written, and that is durable. Here the store can be read and written. A crash can come in between:
    /// what must not miss a write reads [`Tenant::changes`](crate::Tenant::changes) as well, from the last sequence that
    /// it knows.
    ///
    /// A panic goes on to the caller of the write, which stands.
    fn after_commit(&self, _write: &CommittedWrite) {}
}

/// A write that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProposedWrite {
    /// What it does. A replacement is a `Modify`, as in the change log.
    pub operation: ChangeOperation,
    /// The tenant's name.
    pub tenant: String,
    /// The resource type's name.
    pub resource_type: String,
    /// The resource's id.
    pub id: String,
    /// Who writes, if the writer said so.
    pub actor: Option<String>,
    /// The resource before, as JSON; none when it is created. Everything is shown that may ever be returned, also what
    /// is returned on request only, but for the names of members.
    pub before: Option<String>,
    /// The resource after, as JSON, without `meta.version`, which it gets when it is stored; none when it is deleted.
    pub after: Option<String>,
}

/// A write that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommittedWrite {
    /// What it did.
    pub operation: ChangeOperation,
    /// The tenant's name.
    pub tenant: String,
    /// The resource type's name.
    pub resource_type: String,
    /// The resource's id.
    pub id: String,
    /// Who wrote, if the writer said so.
    pub actor: Option<String>,
    /// The resource before, as in [`ProposedWrite`].
    pub before: Option<String>,
    /// The resource after; none when it was deleted.
    pub after: Option<String>,
    /// The number of its entry in the change log.
    pub sequence: u64,
    /// The entity tag that it has now; none when it was deleted.
    pub version: Option<String>,
}

/// What a host says to a write. To refuse it is an error: see [`refusal`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Let it be made.
    #[default]
    Accept,
    /// Let it be made, with these attributes instead of those that it has: a JSON object, each attribute whole, readOnly
    /// ones too; null takes one away. `id`, `meta`, `members`, `groups` and passwords are not for hooks to set.
    ///
    /// What cannot be stored is the host's fault: the caller of the write gets `Internal`.
    Set(String),
}

/// The kinds of refusals that have no scimType, by their status.
const PLAIN: &[ErrorKind] = &[
    ErrorKind::InvalidValue,
    ErrorKind::Unauthenticated,
    ErrorKind::Forbidden,
    ErrorKind::NotFound,
    ErrorKind::InUse,
    ErrorKind::VersionMismatch,
    ErrorKind::PayloadTooLarge,
    ErrorKind::TooManyRequests,
    ErrorKind::Internal,
    ErrorKind::NotImplemented,
    ErrorKind::Unavailable,
    ErrorKind::DeadlineExceeded,
    ErrorKind::DiskFull,
];

/// The error by which a hook refuses a write, from the status and scimType that the client is to get (RFC 7644 section
/// 3.12). A pair that the error table does not have becomes 400 `invalidValue`.
///
/// ```
/// use scimdb::engine::refusal;
/// let error = refusal(409, Some("uniqueness"), "that badge is taken");
/// assert_eq!((error.status(), error.scim_type()), (409, Some("uniqueness")));
/// assert_eq!(refusal(403, None, "not from there").status(), 403);
/// assert_eq!(refusal(418, None, "no").scim_type(), Some("invalidValue"));
/// ```
pub fn refusal(status: u16, scim_type: Option<&str>, detail: impl Into<String>) -> Error {
    let kind = match scim_type.filter(|text| !text.is_empty()) {
        Some(wanted) => crate::error::ERROR_TABLE
            .iter()
            .find(|row| row.status == status && row.scim_type == Some(wanted))
            .map(|row| row.kind),
        None => PLAIN.iter().copied().find(|kind| kind.row().status == status),
    };
    Error::new(kind.unwrap_or(ErrorKind::InvalidValue), detail)
}
