//! The bytes of imports that are queued: the record of one, and its users in chunks. `docs/FORMAT.md` describes them.

use super::records::{Put, Take, damaged};
use crate::Result;
use crate::model::Instant;
use crate::model::sealed::MARK;

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// It waits for its turn, or is being carried out.
    Importing,
    /// Every user was looked at.
    Done,
    /// It could not go on: the users that were left count as failed.
    Failed,
}

impl JobStatus {
    /// The word for it: `importing`, `done`, `failed`.
    pub fn keyword(self) -> &'static str {
        match self {
            JobStatus::Importing => "importing",
            JobStatus::Done => "done",
            JobStatus::Failed => "failed",
        }
    }

    fn number(self) -> u8 {
        match self {
            JobStatus::Importing => 1,
            JobStatus::Done => 2,
            JobStatus::Failed => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [JobStatus::Importing, JobStatus::Done, JobStatus::Failed].into_iter().find(|it| it.number() == number)
    }
}

/// A user that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFailure {
    /// The user's place among the users of the import, from 1.
    pub row: u64,
    /// Its `externalId`, if it has one.
    pub external_id: Option<String>,
    /// Why, in a sentence that tells no values.
    pub detail: String,
}

/// An import as stored, under its tenant and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct JobRecord {
    pub(in crate::engine) status: JobStatus,
    /// The name that clients know it by.
    pub(in crate::engine) correlation_id: String,
    /// The number of the resource type.
    pub(in crate::engine) kind: u16,
    /// The number that its chunks stand under.
    pub(in crate::engine) upload: u64,
    /// How many chunks there were, and which comes next.
    pub(in crate::engine) chunks: u32,
    pub(in crate::engine) next: u32,
    pub(in crate::engine) import_size: u64,
    pub(in crate::engine) failed: u64,
    pub(in crate::engine) already_existed: u64,
    pub(in crate::engine) imported: u64,
    pub(in crate::engine) created: Instant,
    pub(in crate::engine) finished: Option<Instant>,
    /// The id of the group that the users become members of.
    pub(in crate::engine) group: String,
    pub(in crate::engine) actor: Option<String>,
    /// The policy of the authenticator that each user gets, and the path of the attribute that it stands in.
    pub(in crate::engine) authenticator: Option<(String, String)>,
    /// The paths of attributes that a user may not have.
    pub(in crate::engine) refused: Vec<String>,
    /// Why it could not go on.
    pub(in crate::engine) reason: Option<String>,
    pub(in crate::engine) failures: Vec<JobFailure>,
}

impl JobRecord {
    /// How many users were looked at.
    pub(in crate::engine) fn processed(&self) -> u64 {
        self.failed + self.already_existed + self.imported
    }

    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let text = |put: Put, text: &str| put.bytes(text.as_bytes());
        let put = Put::new().byte(1).byte(self.status.number()).bytes(self.correlation_id.as_bytes());
        let put = [
            u64::from(self.kind),
            self.upload,
            u64::from(self.chunks),
            u64::from(self.next),
            self.import_size,
            self.failed,
            self.already_existed,
            self.imported,
        ]
        .into_iter()
        .fold(put, Put::number);
        let put = put.instant(self.created).optional(self.finished, Put::instant).bytes(self.group.as_bytes());
        let put = put.optional(self.actor.as_deref(), text);
        let put = put.optional(self.authenticator.as_ref(), |put, (policy, path)| text(text(put, policy), path));
        let put = self.refused.iter().fold(put.number(self.refused.len() as u64), |put, path| text(put, path));
        let put = put.optional(self.reason.as_deref(), text).number(self.failures.len() as u64);
        let failure = |put: Put, JobFailure { row, external_id, detail }: &JobFailure| {
            text(put.number(*row).optional(external_id.as_deref(), text), detail)
        };
        self.failures.iter().fold(put, failure).0
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        read(bytes).ok_or_else(|| damaged("import"))
    }

    /// How far the import of a record has come, without reading all of it.
    pub(in crate::engine) fn status_of(bytes: &[u8]) -> Option<JobStatus> {
        match bytes {
            [1, status, ..] => JobStatus::from_number(*status),
            _ => None,
        }
    }
}

fn read(bytes: &[u8]) -> Option<JobRecord> {
    let mut take = Take(bytes);
    (take.byte()? == 1).then_some(())?;
    let status = JobStatus::from_number(take.byte()?)?;
    let correlation_id = take.text()?;
    let kind = u16::try_from(take.number()?).ok()?;
    let upload = take.number()?;
    let [chunks, next] = [take.number()?, take.number()?].map(|number| u32::try_from(number).ok());
    let (chunks, next) = (chunks?, next?);
    let [import_size, failed, already_existed, imported] =
        [take.number()?, take.number()?, take.number()?, take.number()?];
    let (created, finished) = (take.instant()?, take.optional(Take::instant)?);
    let (group, actor) = (take.text()?, take.optional(Take::text)?);
    let authenticator = take.optional(|take| Some((take.text()?, take.text()?)))?;
    let refused = (0..take.number()?).map(|_| take.text()).collect::<Option<_>>()?;
    let reason = take.optional(Take::text)?;
    let failure = |take: &mut Take<'_>| {
        Some(JobFailure { row: take.number()?, external_id: take.optional(Take::text)?, detail: take.text()? })
    };
    let failures = (0..take.number()?).map(|_| failure(&mut take)).collect::<Option<_>>()?;
    take.end(JobRecord {
        status,
        correlation_id,
        kind,
        upload,
        chunks,
        next,
        import_size,
        failed,
        already_existed,
        imported,
        created,
        finished,
        group,
        actor,
        authenticator,
        refused,
        reason,
        failures,
    })
}

/// Adds a user to a chunk: a length, and the JSON as it was sent.
pub(in crate::engine) fn pack(chunk: &mut Vec<u8>, json: &[u8]) {
    // A user has a mebibyte at most.
    chunk.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes());
    chunk.extend_from_slice(json);
}

/// The bytes of a chunk that is encrypted: what tells it from others, whose first user would be longer than any is; how
/// many users there are; and what they became.
pub(in crate::engine) fn sealed_chunk(users: usize, sealed: &[u8]) -> Vec<u8> {
    let users = u32::try_from(users).unwrap_or(u32::MAX).to_be_bytes();
    [MARK.as_bytes(), &users, sealed].concat()
}

/// How many users there are in a chunk that is encrypted, and what they became; none for one that is not.
pub(in crate::engine) fn sealed_part(chunk: &[u8]) -> Option<(u32, &[u8])> {
    let (users, sealed) = chunk.strip_prefix(MARK.as_bytes())?.split_first_chunk()?;
    Some((u32::from_be_bytes(*users), sealed))
}

/// How many users there are in a chunk.
///
/// # Errors
/// `Corrupt`.
pub(in crate::engine) fn users_in(chunk: &[u8]) -> Result<u64> {
    match sealed_part(chunk) {
        Some((users, _)) => Ok(users.into()),
        None => unpack(chunk).map(|users| users.len() as u64),
    }
}

/// The users of a chunk that is not encrypted.
///
/// # Errors
/// `Corrupt`.
pub(in crate::engine) fn unpack(chunk: &[u8]) -> Result<Vec<&[u8]>> {
    let mut take = Take(chunk);
    let mut rows = Vec::new();
    while !take.0.is_empty() {
        rows.push(take.bytes().ok_or_else(|| damaged("chunk of an import"))?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn records_and_chunks_are_read_as_they_were_written() {
        let instant = Instant::from_unix(5, 6).unwrap();
        let failure = |external_id: Option<&str>| JobFailure {
            row: 7,
            external_id: external_id.map(str::to_owned),
            detail: "it has none".into(),
        };
        let mut record = JobRecord {
            status: JobStatus::Failed,
            correlation_id: "1P5FOESDK44J6Q0QAHK2".into(),
            kind: 1,
            upload: 3,
            chunks: 9,
            next: 4,
            import_size: 100,
            failed: 2,
            already_existed: 3,
            imported: 4,
            created: instant,
            finished: Some(instant),
            group: "USG_FTEMP".into(),
            actor: Some("a".into()),
            authenticator: Some(("AT".into(), "urn:a:b".into())),
            refused: vec!["roles".into(), "groups".into()],
            reason: Some("gone".into()),
            failures: vec![failure(None), failure(Some("x"))],
        };
        for _ in 0..2 {
            let bytes = record.encode();
            assert_eq!(JobRecord::decode(&bytes).unwrap(), record);
            assert_eq!(JobRecord::status_of(&bytes), Some(record.status));
            for cut in 0..bytes.len() {
                assert_eq!(JobRecord::decode(&bytes[..cut]).unwrap_err().kind(), ErrorKind::Corrupt);
            }
            record = JobRecord {
                status: JobStatus::Importing,
                finished: None,
                actor: None,
                authenticator: None,
                refused: Vec::new(),
                reason: None,
                failures: Vec::new(),
                ..record
            };
        }
        let mut chunk = Vec::new();
        [&b"{}"[..], b"", b"{\"a\":1}"].into_iter().for_each(|json| pack(&mut chunk, json));
        assert_eq!(unpack(&chunk).unwrap(), [&b"{}"[..], b"", b"{\"a\":1}"]);
        assert!(unpack(&chunk[..chunk.len() - 1]).is_err());
        let sealed = sealed_chunk(3, b"k1:x");
        assert_eq!((sealed_part(&sealed), sealed_part(&chunk)), (Some((3, &b"k1:x"[..])), None));
        assert_eq!((users_in(&sealed).unwrap(), users_in(&chunk).unwrap()), (3, 3));
        assert!(unpack(&sealed).is_err());
    }
}
