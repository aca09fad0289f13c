//! Page cursors (RFC 9865): sealed, so that nobody reads or makes one, and bound to the search that they go on with.
//!
//! A cursor is a place in the order of the results, and nothing is kept for it: the next page is whatever stands behind
//! that place when it is asked for. So nothing is skipped or told twice among resources that did not change meanwhile,
//! and the cursor outlives the process. Its bytes are a version, a nonce, and sealed: the direction, the end of its
//! time, the count of the first request, and the place.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use super::query::{Hits, Page, Position, Start};
use super::storage::format;
use super::storage::keys::RowId;
use super::storage::keys::{Key, TenantId};
use super::store::Inner;
use super::tokens::random;
use super::{Limits, Tenant};
use crate::message::{SearchPage, SearchRequest, SortOrder};
use crate::{Error, ErrorKind, Result};

/// The version of the bytes described above. Another one is refused, as a forged cursor is.
const VERSION: u8 = 1;

/// The key of the store's cursors, once it was read.
pub(super) type CursorKey = OnceLock<[u8; 32]>;

/// What a cursor says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor {
    /// Whether it goes on to what stands before the place, and not to what stands behind it.
    backwards: bool,
    place: Position,
    /// The second, counted from 1970, at whose end it expires.
    expires: i64,
    /// The count that the first request asked for.
    count: u64,
}

impl Tenant {
    /// A page by cursor.
    pub(super) fn search_by_cursor(
        &self,
        resource_type: Option<&str>,
        request: &SearchRequest,
        cursor: &str,
    ) -> Result<SearchPage> {
        if request.start_index.is_some() {
            let detail = "a page is found by startIndex or by cursor, not by both";
            return Err(Error::new(ErrorKind::InvalidCursor, detail).on("cursor"));
        }
        let inner = self.inner();
        let config = self.state.config()?;
        let Limits { default_page, max_page, .. } = inner.limits(&config);
        let kind = resource_type.map(|name| Ok(config.registry.resource_type(name)?.number())).transpose()?;
        let bound = digest(self.state.id, kind, request);
        let (now, _) = inner.env.now().to_unix();
        let asked = request.count.map(|count| u64::try_from(count).unwrap_or(0));
        let (start, first_count) = match cursor {
            "" => (Start::Skip(0), asked.unwrap_or(default_page)),
            sealed => {
                let Cursor { backwards, place, expires, count } = inner.open_cursor(&bound, sealed)?;
                if now > expires {
                    let detail = "the cursor has expired: begin with an empty one";
                    return Err(Error::new(ErrorKind::ExpiredCursor, detail).on("cursor"));
                }
                if asked.is_some_and(|asked| asked > count) {
                    let detail = "count is larger than in the request for the first page";
                    return Err(Error::new(ErrorKind::InvalidCount, detail).on("count"));
                }
                (if backwards { Start::Before(place) } else { Start::After(place) }, count)
            }
        };
        let page = Page { start, count: asked.unwrap_or(first_count).min(max_page) };
        let mut resources = Vec::new();
        let hits = self.each_found(resource_type, request, &page, &mut |representation| {
            resources.push(representation);
            true
        })?;
        let lifetime = i64::try_from(inner.options.cursor_ttl.as_secs()).unwrap_or(i64::MAX);
        let expires = now.saturating_add(lifetime);
        let seal = |backwards, place: Option<Position>| {
            let cursor = |place| Cursor { backwards, place, expires, count: first_count };
            place.map(|place| inner.seal_cursor(&bound, &cursor(place))).transpose()
        };
        let total_results = hits.total;
        let (previous, next) = neighbours(&page, hits);
        let previous_cursor = seal(true, previous)?;
        let next_cursor = seal(false, next)?;
        Ok(SearchPage { total_results, start_index: None, next_cursor, previous_cursor, resources })
    }
}

/// Where the pages before and behind a page are, if there are any.
fn neighbours(page: &Page, hits: Hits) -> (Option<Position>, Option<Position>) {
    // Who asks for no resources gets none by cursor either: such pages would never end.
    if page.count == 0 {
        return (None, None);
    }
    let (before, behind) = match (hits.first.zip(hits.last), &page.start) {
        (Some((first, last)), _) => (Some(first), Some(last)),
        // Everything on this side is gone: the page turns back to where the cursor came from.
        (None, Start::After(place)) => (place.just_behind(), None),
        (None, Start::Before(place)) => (None, place.just_before()),
        (None, Start::Skip(_)) => (None, None),
    };
    (before.filter(|_| hits.precedes), behind.filter(|_| hits.follows))
}

/// What a cursor is bound to: the tenant, and all of the request that decides what is found and shown. The base is left
/// out, since it is the same resource by whatever address one came.
fn digest(tenant: TenantId, kind: Option<u16>, request: &SearchRequest) -> [u8; 32] {
    let SearchRequest {
        filter,
        sort_by,
        sort_order,
        start_index: _,
        count: _,
        attributes,
        excluded_attributes,
        cursor: _,
        base: _,
        api_version,
        search_repositories,
    } = request;
    let descending = *sort_order == SortOrder::Descending;
    // 0 is no type's number: it stands for the root.
    let head = Key::of(tenant).u16(kind.unwrap_or(0)).u8(u8::from(descending)).done();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head);
    for text in [filter, sort_by] {
        update(&mut hasher, text.as_slice());
    }
    for list in [attributes, excluded_attributes] {
        update(&mut hasher, list);
    }
    if api_version.is_some() || *search_repositories {
        hasher.update(&api_version.unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(&[u8::from(*search_repositories)]);
    }
    *hasher.finalize().as_bytes()
}

/// Texts with their number and lengths before them, so that no two lists look alike.
fn update(hasher: &mut blake3::Hasher, texts: &[String]) {
    hasher.update(&(texts.len() as u64).to_be_bytes());
    for text in texts {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
}

impl Inner {
    fn seal_cursor(&self, bound: &[u8; 32], cursor: &Cursor) -> Result<String> {
        let nonce = random().first_chunk::<24>().copied().unwrap_or_default();
        seal(&self.cursor_key()?, nonce, bound, cursor)
    }

    fn open_cursor(&self, bound: &[u8; 32], sealed: &str) -> Result<Cursor> {
        open(&self.cursor_key()?, bound, sealed).ok_or_else(|| {
            // Whatever is wrong with it, the answer is the same: it must not help to make a better one.
            let detail = "the cursor is not one that a page of this search told: begin with an empty one";
            Error::new(ErrorKind::InvalidCursor, detail).on("cursor")
        })
    }

    /// The key of this store's cursors; the first use makes it.
    fn cursor_key(&self) -> Result<[u8; 32]> {
        if let Some(key) = self.cursors.get() {
            return Ok(*key);
        }
        let key = match format::read_cursor_key(&*self.writer.snapshot()?)? {
            Some(key) => key,
            None => self.writer.write(|txn| format::keep_cursor_key(txn, random()))?,
        };
        Ok(*self.cursors.get_or_init(|| key))
    }
}

fn seal(key: &[u8; 32], nonce: [u8; 24], bound: &[u8; 32], cursor: &Cursor) -> Result<String> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload { msg: &cursor.encode(), aad: &with_version(bound) };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| Error::new(ErrorKind::Internal, "a cursor could not be sealed"))?;
    Ok(URL_SAFE_NO_PAD.encode([&[VERSION][..], &nonce, &sealed].concat()))
}

fn open(key: &[u8; 32], bound: &[u8; 32], sealed: &str) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.strip_prefix(&[VERSION])?.split_first_chunk::<24>()?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload { msg: sealed, aad: &with_version(bound) };
    Cursor::decode(&cipher.decrypt(&XNonce::from(*nonce), payload).ok()?)
}

/// What is sealed as well, without being part of the cursor.
fn with_version(bound: &[u8; 32]) -> [u8; 33] {
    let mut bytes = [VERSION; 33];
    if let Some(tail) = bytes.last_chunk_mut() {
        *tail = *bound;
    }
    bytes
}

impl Cursor {
    fn encode(&self) -> Vec<u8> {
        let Cursor { backwards, place: Position { key, at: RowId { row, kind } }, expires, count } = self;
        let mut bytes = vec![u8::from(*backwards)];
        bytes.extend_from_slice(&expires.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&row.to_be_bytes());
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.push(u8::from(key.is_some()));
        bytes.extend_from_slice(key.as_deref().unwrap_or_default());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (backwards, rest) = bytes.split_first()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (row, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (has_key, key) = rest.split_first()?;
        let key = (*has_key == 1).then(|| key.to_vec());
        let at = RowId { row: u64::from_be_bytes(*row), kind: u16::from_be_bytes(*kind) };
        let place = Position { key, at };
        let (expires, count) = (i64::from_be_bytes(*expires), u64::from_be_bytes(*count));
        Some(Cursor { backwards: *backwards == 1, place, expires, count })
    }
}

/// Reads bytes as a cursor, sealed and unsealed: for fuzzing. What is read must be written as something that is read
/// the same.
///
/// # Panics
/// If it is not.
#[cfg(fuzzing)]
pub fn probe(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(open(&[1; 32], &[2; 32], &text), None, "nobody can make a cursor");
    if let Some(cursor) = Cursor::decode(bytes) {
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        let place = Position { key: Some(b"jensen".to_vec()), at: RowId { row: 7, kind: 1 } };
        Cursor { backwards: true, place, expires: 1_700_000_600, count: 10 }
    }

    #[test]
    fn what_was_sealed_comes_back_and_cannot_be_read() {
        for key in [None, Some(Vec::new()), Some(b"jensen".to_vec())] {
            for backwards in [false, true] {
                let Cursor { place, expires, count, .. } = cursor();
                let cursor = Cursor { backwards, place: Position { key: key.clone(), ..place }, expires, count };
                let sealed = seal(&[1; 32], [2; 24], &[3; 32], &cursor).unwrap();
                assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
                assert_eq!(open(&[1; 32], &[3; 32], &sealed), Some(cursor));
                let bytes = URL_SAFE_NO_PAD.decode(sealed).unwrap();
                assert!(!bytes.windows(6).any(|window| window == b"jensen"));
            }
        }
    }

    #[test]
    fn nothing_else_is_opened() {
        let sealed = seal(&[1; 32], [2; 24], &[3; 32], &cursor()).unwrap();
        assert_eq!(open(&[9; 32], &[3; 32], &sealed), None, "another key");
        assert_eq!(open(&[1; 32], &[9; 32], &sealed), None, "another search");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for (index, bit) in (0..bytes.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
            let mut forged = bytes.clone();
            forged[index] ^= 1 << bit;
            assert_eq!(open(&[1; 32], &[3; 32], &URL_SAFE_NO_PAD.encode(forged)), None, "byte {index}, bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(open(&[1; 32], &[3; 32], &URL_SAFE_NO_PAD.encode(&bytes[..length])), None, "{length} bytes");
        }
        for text in ["", "=", "a", "💣", &format!("{sealed}="), &format!("{sealed}A"), &format!(" {sealed}")] {
            assert_eq!(open(&[1; 32], &[3; 32], text), None, "{text:?}");
        }
    }

    #[test]
    fn every_part_of_a_request_is_bound() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let plain = SearchRequest::default;
        let requests = [
            plain(),
            SearchRequest { filter: Some(String::new()), ..plain() },
            SearchRequest { filter: Some("a".into()), ..plain() },
            SearchRequest { sort_by: Some("a".into()), ..plain() },
            SearchRequest { filter: Some("a".into()), sort_by: Some("b".into()), ..plain() },
            SearchRequest { filter: Some("ab".into()), sort_by: Some(String::new()), ..plain() },
            SearchRequest { sort_order: SortOrder::Descending, ..plain() },
            SearchRequest { attributes: texts(&["a"]), ..plain() },
            SearchRequest { attributes: texts(&["a", "b"]), ..plain() },
            SearchRequest { attributes: texts(&["ab"]), ..plain() },
            SearchRequest { attributes: texts(&["a"]), excluded_attributes: texts(&["b"]), ..plain() },
            SearchRequest { excluded_attributes: texts(&["a"]), ..plain() },
        ];
        let mut digests = std::collections::BTreeSet::new();
        for request in &requests {
            for (tenant, kind) in [(1, None), (1, Some(1)), (1, Some(2)), (2, None), (2, Some(1))] {
                assert!(digests.insert(digest(tenant, kind, request)), "{tenant} {kind:?} {request:?}");
            }
        }
        let other = SearchRequest { count: Some(3), cursor: Some("x".into()), base: "y".into(), ..plain() };
        assert_eq!(digest(1, None, &other), digest(1, None, &plain()));
    }
}
