//! The keys of values that are encrypted at rest: where they come from, and what is done with them. Nonces are the
//! caller's to draw.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::message::Part;
use crate::model::sealed;
use crate::{Error, ErrorKind, Result};

/// Bytes of a nonce.
pub(super) const NONCE: usize = 24;
/// Bytes of a file of keys at most: stops a wrong file from filling the memory.
const MAX_FILE: u64 = 1 << 20;

/// A key of values that are encrypted at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueKey {
    /// What it is called: 1 to 32 of `a-z A-Z 0-9 . _ -`. Values are stored with the name of their key.
    pub id: String,
    /// The key, of XChaCha20-Poly1305.
    pub key: [u8; 32],
}

impl fmt::Debug for ValueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where the keys of values that are encrypted at rest come from. The first one is the current one.
#[derive(Clone, Debug)]
pub enum ValueKeySource {
    /// A file: `{"keys": [{"id": "k1", "key": "base64 of 32 bytes"}]}`. Only the user of the store should be able to read
    /// it, and it should be in no backup of the store.
    File(PathBuf),
    /// From the host.
    Keys(Vec<ValueKey>),
}

impl ValueKeySource {
    /// The keys, as they are now.
    ///
    /// # Errors
    /// `InvalidArgument` for what are no keys, or for a file that cannot be read. The error tells no part of a key.
    pub fn read(&self) -> Result<Vec<ValueKey>> {
        let keys = match self {
            ValueKeySource::Keys(keys) => keys.clone(),
            ValueKeySource::File(path) => {
                let within = |error: Error| error.within(format!("the keys in {}", path.display()));
                let wrong = |detail: String| within(Error::new(ErrorKind::InvalidArgument, detail));
                let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
                if length > MAX_FILE {
                    return Err(wrong(format!("{length} bytes are too many for a file of keys")));
                }
                let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                parse(&text).map_err(within)?
            }
        };
        check(&keys)?;
        Ok(keys)
    }
}

fn parse(text: &[u8]) -> Result<Vec<ValueKey>> {
    let of_file = |error: Error| Error::new(ErrorKind::InvalidArgument, error.detail());
    let mut part = Part::from_json(text, "the file").map_err(of_file)?;
    let mut keys = Vec::new();
    for entry in part.need_objects("keys").map_err(of_file)? {
        let mut entry = entry.map_err(of_file)?;
        let id = entry.need_string("id").map_err(of_file)?;
        let key = entry.need_string("key").map_err(of_file)?;
        let key = STANDARD.decode(key.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        let key = key.ok_or_else(|| entry.error(ErrorKind::InvalidArgument, "key", "is no base64 of 32 bytes"))?;
        entry.finish(&["id", "key"]).map_err(of_file)?;
        keys.push(ValueKey { id, key });
    }
    part.finish(&["keys"]).map_err(of_file)?;
    Ok(keys)
}

fn check(keys: &[ValueKey]) -> Result<()> {
    let wrong = |detail: String| Err(Error::new(ErrorKind::InvalidArgument, detail));
    if keys.is_empty() {
        return wrong("there is no key of values: the first one is the current one".to_owned());
    }
    for (index, ValueKey { id, .. }) in keys.iter().enumerate() {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !(1..=32).contains(&id.len()) || !id.bytes().all(is_sound) {
            return wrong(format!(
                "the id of key {index} is not 1 to 32 letters, digits, dots, underscores and dashes"
            ));
        }
        if keys.iter().skip(index + 1).any(|other| other.id == *id) {
            return wrong(format!("two keys are called {id}"));
        }
    }
    Ok(())
}

/// The keys that a store has by now.
#[derive(Debug)]
pub(super) struct ValueKeys(RwLock<Arc<Ring>>);

impl ValueKeys {
    pub(super) fn new(ring: Ring) -> Self {
        ValueKeys(RwLock::new(Arc::new(ring)))
    }

    pub(super) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, ring: Ring) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

/// Keys, and the key of digests, which stays the same as long as the store.
pub(super) struct Ring {
    keys: Vec<ValueKey>,
    digests: [u8; 32],
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What the key of digests is bound to.
const OF_DIGESTS: &[u8] = b"scimdb: key of digests";

impl Ring {
    /// Keys with a new key of digests.
    pub(super) fn new(keys: Vec<ValueKey>, digests: [u8; 32]) -> Self {
        Ring { keys, digests }
    }

    /// Keys with the key of digests that a store has, which one of them has wrapped.
    ///
    /// # Errors
    /// `InvalidArgument`: these are not the keys of the store.
    pub(super) fn unwrap(keys: Vec<ValueKey>, wrapped: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(wrapped).unwrap_or_default();
        let opened = decrypt(&keys, text, OF_DIGESTS).ok().and_then(|bytes| bytes.try_into().ok());
        let digests = opened.ok_or_else(|| {
            let id = text.split_once(':').map_or("", |(id, _)| id);
            let detail = format!("the keys of values are not those of this store, whose current one is \"{id}\"");
            Error::new(ErrorKind::InvalidArgument, detail)
        })?;
        Ok(Ring { keys, digests })
    }

    /// The key of digests, for the store to keep.
    pub(super) fn wrapped(&self, nonce: [u8; NONCE]) -> Result<Vec<u8>> {
        self.seal_bytes(&self.digests, OF_DIGESTS, nonce)
    }

    /// Whether what a key wrapped, or sealed, is of the current key.
    pub(super) fn is_current(&self, text: &str) -> bool {
        let rest = text.strip_prefix(sealed::MARK).map_or(text, |rest| rest.get(sealed::DIGEST + 1..).unwrap_or(""));
        let id = rest.split_once(':').map(|(id, _)| id);
        id.is_some() && id == self.keys.first().map(|key| key.id.as_str())
    }

    /// Seals text for a place. What compares as equal has the same digest in the same column.
    pub(super) fn seal(&self, clear: &str, digest: &str, place: &[u8], nonce: [u8; NONCE]) -> Result<String> {
        Ok(format!("{}{digest}:{}", sealed::MARK, self.encrypt(clear.as_bytes(), place, nonce)?))
    }

    /// Opens text that was sealed for a place.
    ///
    /// # Errors
    /// `Unavailable` when its key is not among these; `Corrupt` when it was not sealed for this place, or changed since.
    pub(super) fn open(&self, text: &str, place: &[u8]) -> Result<String> {
        let rest = text.strip_prefix(sealed::MARK).and_then(|rest| rest.get(sealed::DIGEST + 1..));
        String::from_utf8(decrypt(&self.keys, rest.unwrap_or_default(), place)?).map_err(|_| damaged())
    }

    /// Seals bytes for a place.
    pub(super) fn seal_bytes(&self, clear: &[u8], place: &[u8], nonce: [u8; NONCE]) -> Result<Vec<u8>> {
        Ok(self.encrypt(clear, place, nonce)?.into_bytes())
    }

    /// Opens what [`Ring::seal_bytes`] made.
    ///
    /// # Errors
    /// As [`Ring::open`].
    pub(super) fn open_bytes(&self, sealed: &[u8], place: &[u8]) -> Result<Vec<u8>> {
        decrypt(&self.keys, std::str::from_utf8(sealed).map_err(|_| damaged())?, place)
    }

    /// The digest of prepared text in a column.
    pub(super) fn digest(&self, column: &[u8], prepared: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.digests);
        hasher.update(column);
        hasher.update(prepared.as_bytes());
        let hash = hasher.finalize().to_hex();
        hash.get(..sealed::DIGEST).unwrap_or_default().to_owned()
    }

    fn encrypt(&self, clear: &[u8], bound: &[u8], nonce: [u8; NONCE]) -> Result<String> {
        let failed = || Error::new(ErrorKind::Internal, "a value could not be sealed");
        let ValueKey { id, key } = self.keys.first().ok_or_else(failed)?;
        let cipher = XChaCha20Poly1305::new(key.into());
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: clear, aad: bound }).map_err(|_| failed())?;
        Ok(format!("{id}:{}", URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())))
    }
}

fn decrypt(keys: &[ValueKey], text: &str, bound: &[u8]) -> Result<Vec<u8>> {
    let (id, sealed) = text.split_once(':').ok_or_else(damaged)?;
    let Some(ValueKey { key, .. }) = keys.iter().find(|key| key.id == id) else {
        let detail = format!("a value is encrypted by the key \"{id}\", which the store was opened without");
        return Err(Error::new(ErrorKind::Unavailable, detail));
    };
    let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| damaged())?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound }).map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::new(ErrorKind::Corrupt, "an encrypted value cannot be opened: it is damaged, or of another key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> ValueKey {
        ValueKey { id: id.to_owned(), key: [byte; 32] }
    }

    #[test]
    fn what_is_sealed_is_opened_in_its_place_by_its_key_alone() {
        let old = Ring::new(vec![key("k1", 1)], [9; 32]);
        let digest = old.digest(b"column", "ann");
        let text = old.seal("Ann", &digest, b"place", [5; NONCE]).unwrap();
        assert!(sealed::is_sealed(&text) && !text.contains("Ann") && old.is_current(&text));
        assert_eq!(sealed::comparable(&text), format!("{}{digest}", sealed::MARK));
        assert_eq!(old.open(&text, b"place").unwrap(), "Ann");
        assert_eq!(old.open(&text, b"elsewhere").unwrap_err().kind(), ErrorKind::Corrupt);
        assert_ne!(old.digest(b"other", "ann"), digest);
        let wrapped = old.wrapped([6; NONCE]).unwrap();
        let both = Ring::unwrap(vec![key("k2", 2), key("k1", 1)], &wrapped).unwrap();
        assert_eq!((both.open(&text, b"place").unwrap().as_str(), both.is_current(&text)), ("Ann", false));
        assert_eq!(both.digest(b"column", "ann"), digest, "whatever the current key is");
        let other = Ring::new(vec![key("k2", 2)], [9; 32]);
        assert_eq!(other.open(&text, b"place").unwrap_err().kind(), ErrorKind::Unavailable);
        for keys in [vec![key("k2", 2)], vec![key("k1", 3)]] {
            assert_eq!(Ring::unwrap(keys, &wrapped).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        assert!(!format!("{both:?}").contains("2, 2"), "keys are not shown");
    }

    #[test]
    fn files_of_keys_are_read() {
        let key = STANDARD.encode([7; 32]);
        let file = format!(r#"{{"keys": [{{"id": "k1", "key": "{key}"}}]}}"#);
        assert_eq!(parse(file.as_bytes()).unwrap(), [super::tests::key("k1", 7)]);
        let two = vec![super::tests::key("a", 1), super::tests::key("a", 2)];
        for keys in [Vec::new(), two, vec![super::tests::key("a:b", 1)]] {
            assert_eq!(ValueKeySource::Keys(keys).read().unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        for file in ["{}", "[]", r#"{"keys": [{"id": "a", "key": "c2hvcnQ="}]}"#, r#"{"keys": [], "kees": 1}"#] {
            assert_eq!(parse(file.as_bytes()).unwrap_err().kind(), ErrorKind::InvalidArgument, "{file}");
        }
    }
}
