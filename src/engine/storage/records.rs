//! The bytes of tenants, tokens and changes. `docs/FORMAT.md` describes them.

mod wish;

pub(in crate::engine) use wish::{Gone, WishRecord};

use crate::model::{AttributeId, Instant};
use crate::{Error, ErrorKind, Result};

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeOperation {
    /// A resource was created.
    Create,
    /// A resource was replaced or modified.
    Modify,
    /// A resource was deleted.
    Delete,
}

impl ChangeOperation {
    /// The word for it: `create`, `modify`, `delete`.
    pub fn keyword(self) -> &'static str {
        match self {
            ChangeOperation::Create => "create",
            ChangeOperation::Modify => "modify",
            ChangeOperation::Delete => "delete",
        }
    }
}

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

/// A record under construction.
pub(super) struct Put(pub(super) Vec<u8>);

impl Put {
    /// The room that most records need.
    const CAPACITY: usize = 192;

    pub(super) fn new() -> Self {
        Put(Vec::with_capacity(Put::CAPACITY))
    }

    pub(super) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn instant(self, instant: Instant) -> Self {
        let (seconds, nanoseconds) = instant.to_unix();
        self.number(seconds.cast_unsigned()).number(u64::from(nanoseconds))
    }

    pub(super) fn optional<T>(self, value: Option<T>, put: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => put(self.byte(1), value),
            None => self.byte(0),
        }
    }
}

/// A record being read.
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        Some(std::str::from_utf8(self.bytes()?).ok()?.to_owned())
    }

    pub(super) fn instant(&mut self) -> Option<Instant> {
        let seconds = self.number()?.cast_signed();
        Instant::from_unix(seconds, u32::try_from(self.number()?).ok()?)
    }

    pub(super) fn optional<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            _ => take(self).map(Some),
        }
    }

    pub(super) fn end<T>(self, record: T) -> Option<T> {
        self.0.is_empty().then_some(record)
    }
}

pub(super) fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("a stored {what} cannot be read; run `scimdb check`"))
}

/// A tenant as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct TenantRecord {
    pub(in crate::engine) name: String,
    /// The name of a profile that is built in, or a profile's document.
    pub(in crate::engine) profile: String,
    /// Dropped, but not all of its rows are gone yet.
    pub(in crate::engine) dropped: bool,
}

impl TenantRecord {
    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let TenantRecord { name, profile, dropped } = self;
        let version = if profile.starts_with('{') { 2 } else { 1 };
        Put::new().byte(version).byte(u8::from(*dropped)).bytes(name.as_bytes()).bytes(profile.as_bytes()).0
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut take = Take(bytes);
            let version = take.byte()?;
            let dropped = take.byte()? == 1;
            let record = TenantRecord { dropped, name: take.text()?, profile: take.text()? };
            let expected = if record.profile.starts_with('{') { 2 } else { 1 };
            (version == expected).then_some(())?;
            take.end(record)
        };
        read().ok_or_else(|| damaged("tenant"))
    }
}

/// An entry of the change log as stored, under its tenant and sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct ChangeRecord {
    pub(in crate::engine) time: Instant,
    pub(in crate::engine) operation: ChangeOperation,
    pub(in crate::engine) kind: u16,
    pub(in crate::engine) id: String,
    pub(in crate::engine) actor: Option<String>,
    /// Of the queued import that it is a part of.
    pub(in crate::engine) correlation_id: Option<String>,
    pub(in crate::engine) attributes: Vec<AttributeId>,
}

impl ChangeRecord {
    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let ChangeRecord { time, operation, kind, id, actor, correlation_id, attributes } = self;
        let operation = match operation {
            ChangeOperation::Create => 1,
            ChangeOperation::Modify => 2,
            ChangeOperation::Delete => 3,
        };
        let mut ids = Vec::with_capacity(attributes.len() * 4);
        for AttributeId(number) in attributes {
            ids.extend_from_slice(&number.to_be_bytes());
        }
        // Entries of no import stay readable by versions that know nothing of them, and take no more room.
        let version = if correlation_id.is_some() { 2 } else { 1 };
        let put = Put::new()
            .byte(version)
            .byte(operation)
            .instant(*time)
            .number(u64::from(*kind))
            .bytes(id.as_bytes())
            .optional(actor.as_deref(), |put, actor| put.bytes(actor.as_bytes()))
            .bytes(&ids);
        correlation_id.iter().fold(put, |put, id| put.bytes(id.as_bytes())).0
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut take = Take(bytes);
            let version = take.byte()?;
            (1..=2).contains(&version).then_some(())?;
            let operation = match take.byte()? {
                1 => ChangeOperation::Create,
                2 => ChangeOperation::Modify,
                3 => ChangeOperation::Delete,
                _ => return None,
            };
            let time = take.instant()?;
            let kind = u16::try_from(take.number()?).ok()?;
            let id = take.text()?;
            let actor = take.optional(Take::text)?;
            let (numbers, []) = take.bytes()?.as_chunks::<4>() else { return None };
            let attributes = numbers.iter().map(|number| AttributeId(u32::from_be_bytes(*number))).collect();
            let correlation_id = if version == 2 { Some(take.text()?) } else { None };
            take.end(ChangeRecord { time, operation, kind, id, actor, correlation_id, attributes })
        };
        read().ok_or_else(|| damaged("change"))
    }
}

/// A bearer token as stored, under its tenant and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct TokenRecord {
    pub(in crate::engine) digest: [u8; 32],
    pub(in crate::engine) scope: Scope,
    pub(in crate::engine) created: Instant,
    pub(in crate::engine) expires: Option<Instant>,
    /// The id of the resource that the bearer is.
    pub(in crate::engine) subject: Option<String>,
    /// The permissions that it is limited to; none: its scope says it all.
    pub(in crate::engine) permissions: Vec<String>,
}

impl TokenRecord {
    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let TokenRecord { digest, scope, created, expires, subject, permissions } = self;
        let scope = match scope {
            Scope::Read => 1,
            Scope::Write => 2,
            Scope::Admin => 3,
        };
        // A store whose tokens have none of these stays readable by versions that know nothing of them.
        let version = match (subject, permissions.as_slice()) {
            (_, [_, ..]) => 3,
            (Some(_), []) => 2,
            (None, []) => 1,
        };
        let put = Put::new().byte(version).byte(scope).instant(*created).optional(*expires, Put::instant).bytes(digest);
        match (version, subject) {
            (3, _) => {
                let put = put.optional(subject.as_deref(), |put, subject| put.bytes(subject.as_bytes()));
                permissions.iter().fold(put.number(permissions.len() as u64), |put, name| put.bytes(name.as_bytes())).0
            }
            (_, Some(subject)) => put.bytes(subject.as_bytes()).0,
            (_, None) => put.0,
        }
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut take = Take(bytes);
            let version = take.byte()?;
            (1..=3).contains(&version).then_some(())?;
            let scope = match take.byte()? {
                1 => Scope::Read,
                2 => Scope::Write,
                3 => Scope::Admin,
                _ => return None,
            };
            let created = take.instant()?;
            let expires = take.optional(Take::instant)?;
            let digest = take.bytes()?.try_into().ok()?;
            let subject = match version {
                1 => None,
                2 => Some(take.text()?),
                _ => take.optional(Take::text)?,
            };
            let count = if version == 3 { take.number()? } else { 0 };
            let permissions = (0..count).map(|_| take.text()).collect::<Option<_>>()?;
            take.end(TokenRecord { digest, scope, created, expires, subject, permissions })
        };
        read().ok_or_else(|| damaged("token"))
    }
}

/// A schema or resource type as stored: the document, and how often it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct DocumentRecord {
    /// 1 when it was registered, one more with every change.
    pub(in crate::engine) version: u64,
    /// The RFC 7643 document; empty for a resource type that was removed, whose number stays taken.
    pub(in crate::engine) json: String,
}

impl DocumentRecord {
    pub(in crate::engine) fn encode(&self) -> Vec<u8> {
        let DocumentRecord { version, json } = self;
        Put::new().byte(1).number(*version).bytes(json.as_bytes()).0
    }

    pub(in crate::engine) fn decode(bytes: &[u8]) -> Result<Self> {
        let read = || {
            let mut take = Take(bytes);
            (take.byte()? == 1).then_some(())?;
            let record = DocumentRecord { version: take.number()?, json: take.text()? };
            take.end(record)
        };
        read().ok_or_else(|| damaged("schema"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_a_profile_by_name_or_by_document() {
        for (profile, version) in [("okta", 1), (r#"{"name":"acme"}"#, 2)] {
            let record = TenantRecord { name: "a".into(), profile: profile.into(), dropped: false };
            let mut bytes = record.encode();
            assert_eq!(bytes[0], version);
            assert_eq!(TenantRecord::decode(&bytes).unwrap(), record);
            bytes[0] = 3 - version;
            assert_eq!(TenantRecord::decode(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn a_token_is_written_as_of_the_oldest_version_that_knows_all_of_it() {
        let created = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        let cases: [(Option<&str>, &[&str], u8); 4] =
            [(None, &[], 1), (Some("7"), &[], 2), (None, &["a"], 3), (Some("7"), &["a", "b c"], 3)];
        for (subject, permissions, version) in cases {
            let record = TokenRecord {
                digest: [7; 32],
                scope: Scope::Write,
                created,
                expires: Some(created),
                subject: subject.map(str::to_owned),
                permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
            };
            let bytes = record.encode();
            assert_eq!(bytes[0], version);
            assert_eq!(TokenRecord::decode(&bytes).unwrap(), record);
            let cut = bytes.split_last().unwrap().1;
            assert_eq!(TokenRecord::decode(cut).unwrap_err().kind(), ErrorKind::Corrupt);
        }
        // A number that nothing follows takes no memory.
        let mut bytes = [&[3, 1][..], &[0; 16], &[0], &[0, 0, 0, 32], &[0; 32], &[0]].concat();
        bytes.extend([0xff; 8]);
        assert!(TokenRecord::decode(&bytes).is_err());
    }
}
