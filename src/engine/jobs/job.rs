//! What a host says about an import, and is told of it.

use crate::Result;
use crate::engine::changes::FORGOTTEN;
use crate::engine::config::Config;
use crate::engine::storage::import_records::{JobFailure, JobRecord, JobStatus};
use crate::model::Instant;

/// How an import is queued.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportJobOptions {
    /// The resource type of the users, by name or endpoint. Default `User`.
    pub resource_type: String,
    /// The path of the multi-valued complex attribute of a user that takes an authenticator, where the import asks for one:
    /// it gets an element whose `display` is the policy, and whose `value` is `{id}.{policy}`. Default none: an import that
    /// asks for one is refused.
    ///
    /// No secret is made for it. A random password that nobody knows verifies nothing, and neither does none: the user sets
    /// one by the way of those who have forgotten theirs. So a million users cost no hash.
    pub authenticators: Option<String>,
    /// The paths of attributes, or the URNs of extensions, that no user may have: one that has counts as failed. Default
    /// none.
    pub refused: Vec<String>,
    /// Who imports, for the change log.
    pub actor: Option<String>,
}

impl Default for ImportJobOptions {
    fn default() -> Self {
        ImportJobOptions { resource_type: "User".to_owned(), authenticators: None, refused: Vec::new(), actor: None }
    }
}

/// An import that was queued, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportJob {
    /// Its name: 20 random characters of A to Z and 0 to 9.
    pub correlation_id: String,
    /// How far it has come.
    pub status: JobStatus,
    /// The users in it.
    pub import_size: u64,
    /// The users that were looked at: imported, there before, or failed.
    pub processed: u64,
    /// The users that could not be imported.
    pub failed: u64,
    /// The users that were there before.
    pub already_existed: u64,
    /// The users that were imported.
    pub imported: u64,
    /// When it was queued.
    pub created: Instant,
    /// When it ended.
    pub finished: Option<Instant>,
    /// The id of the group that the users become members of. Here and below what was [forgotten](crate::Tenant::forget) is
    /// `(forgotten)`.
    pub group: String,
    /// Who queued it.
    pub actor: Option<String>,
    /// The name of the resource type; empty for one that was removed since.
    pub resource_type: String,
    /// Why it could not go on.
    pub reason: Option<String>,
    /// The users that failed, the first hundred of them.
    pub failures: Vec<JobFailure>,
}

impl ImportJob {
    pub(super) fn of(record: JobRecord, config: &Config) -> Self {
        let processed = record.processed();
        let JobRecord {
            status,
            correlation_id,
            kind,
            upload: _,
            chunks: _,
            next: _,
            import_size,
            failed,
            already_existed,
            imported,
            created,
            finished,
            group,
            actor,
            authenticator: _,
            refused: _,
            reason,
            failures,
        } = record;
        let resource_type = config.registry.type_by_number(kind).map_or("", |model| model.name()).to_owned();
        // What was forgotten is stored as nothing.
        let shown = |text: String| if text.is_empty() { FORGOTTEN.to_owned() } else { text };
        let failures = failures.into_iter().map(|JobFailure { row, external_id, detail }| JobFailure {
            row,
            external_id: external_id.map(shown),
            detail: shown(detail),
        });
        ImportJob {
            correlation_id,
            status,
            import_size,
            processed,
            failed,
            already_existed,
            imported,
            created,
            finished,
            group: shown(group),
            actor: actor.map(shown),
            resource_type,
            reason: reason.map(shown),
            failures: failures.collect(),
        }
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.status != JobStatus::Importing
    }
}

/// What makes a correlation id, out of random bytes: twenty characters of thirty-six. None if there were too few bytes.
pub(super) fn correlation_id(bytes: impl IntoIterator<Item = u8>) -> Option<String> {
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const LENGTH: usize = 20;
    // The last few of 256 would make some letters likelier than others.
    let fair = bytes.into_iter().filter(|byte| *byte < 252);
    let letters = fair.filter_map(|byte| LETTERS.get(usize::from(byte % 36)).map(|letter| char::from(*letter)));
    let id: String = letters.take(LENGTH).collect();
    (id.len() == LENGTH).then_some(id)
}

/// Refuses what is no correlation id, before it becomes a key.
pub(super) fn is_correlation_id(text: &str) -> Result<(), crate::Error> {
    let fits = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if fits { Ok(()) } else { Err(unknown(text)) }
}

pub(super) fn unknown(id: &str) -> crate::Error {
    let detail = format!("there is no import \"{id}\"; of those that have ended, the last thousand are kept");
    crate::Error::new(crate::ErrorKind::NotFound, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tokens::random;

    #[test]
    fn correlation_ids_have_twenty_characters() {
        let id = correlation_id(random().into_iter().chain(random())).unwrap();
        is_correlation_id(&id).unwrap();
        assert_eq!(correlation_id([255, 252].into_iter().chain(0..20)).unwrap(), "ABCDEFGHIJKLMNOPQRST");
        assert_eq!(correlation_id(std::iter::repeat_n(255, 100)), None);
        for wrong in ["", "1P5FOESDK44J6Q0QAHK", "1p5foesdk44j6q0qahk2", "1P5FOESDK44J6Q0QAHK2X"] {
            assert!(is_correlation_id(wrong).is_err(), "{wrong}");
        }
    }
}
