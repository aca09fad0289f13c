//! The bytes of a run: sections of numbers, a table of contents in JSON that says where they are, and a trailer.
//! `docs/FORMAT.md` describes them.

use std::sync::Arc;

use bytemuck::Pod;
use serde::{Deserialize, Serialize};
use tantivy::directory::OwnedBytes;

use crate::{Error, ErrorKind, Result};

/// The version of everything in a run's bytes. Another version is rebuilt, and so is one of the other byte order.
pub(super) const FORMAT: u32 = if cfg!(target_endian = "little") { 1 } else { 1 | 1 << 31 };

/// Text columns with at least so many distinct values have them in the inverted index of substrings.
pub(super) const GRAMS_FROM: u32 = 8_192;

/// Where a section stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// The table of contents of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) format: u32,
    /// The resource type.
    pub(super) kind: u16,
    pub(super) docs: u32,
    /// See `Catalog::next_number`, of when the run was built.
    pub(super) next_number: u32,
    /// u64: the rows, ascending.
    pub(super) rows: Section,
    /// u64: the versions of the docs.
    pub(super) versions: Section,
    /// u32: where the ids begin, one more than there are docs; and their bytes.
    pub(super) id_starts: Section,
    pub(super) ids: Section,
    /// u64: rows that were deleted, or are of no concern any more, ascending.
    pub(super) tombstones: Section,
    pub(super) spaces: Vec<SpaceContents>,
    pub(super) columns: Vec<ColumnContents>,
}

/// The elements of a multi-valued attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SpaceContents {
    pub(super) attribute: u32,
    /// Slots, those without an element included.
    pub(super) slots: u32,
    /// Slots of a doc are `doc << shift ..`; none: the sections `starts` and `owners` tell.
    pub(super) shift: Option<u32>,
    /// u32: where the slots of a doc begin, one more than there are docs; empty with a shift.
    pub(super) starts: Section,
    /// u32: whose a slot is; empty with a shift.
    pub(super) owners: Section,
    /// u64 words: the slots that have an element; empty: all.
    pub(super) elements: Section,
}

/// The values of a leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ColumnContents {
    pub(super) attribute: u32,
    /// The sub-attribute; 0: none.
    pub(super) sub: u32,
    pub(super) fingerprint: u32,
    pub(super) is_element: bool,
    /// Distinct values.
    pub(super) distinct: u32,
    /// Slots that have a value.
    pub(super) count: u32,
    /// Slots there are.
    pub(super) slots: u32,
    /// u32: where the values begin, one more than there are; and their bytes. In the order of the values.
    pub(super) value_starts: Section,
    pub(super) values: Section,
    /// u8, u16 or u32 by the number of distinct values, for each slot: which value it has; the largest number: none.
    /// Empty where there are no values.
    pub(super) ords: Section,
    /// u32: the slots that have a value, by value and then by slot.
    pub(super) order: Section,
    /// u32: where the slots of each value begin in `order`, one more than there are values; empty where each value has
    /// one slot.
    pub(super) starts: Section,
    /// u32: in the order of the values read backwards: the slots where each value has one slot, or else the values.
    /// Empty where there are few values, and where values are no text.
    pub(super) reversed: Section,
    /// u32: the values that many slots have, ascending; and for each the u64 words of their slots.
    pub(super) dense: Section,
    pub(super) dense_slots: Section,
    /// u64 words: the slots that have a value; empty where all have.
    pub(super) present: Section,
    /// u32: docs by the value of their representative element, then by doc; only for elements.
    pub(super) sorted: Section,
    /// The first doc of its values in the inverted index of substrings; none where that has none of them.
    pub(super) grams: Option<u32>,
}

/// The bytes of a run, in memory or mapped from a file. A clone shares them.
#[derive(Clone)]
pub(super) enum Bytes {
    /// Aligned for the largest number.
    Memory(Arc<Vec<u64>>),
    Mapped(OwnedBytes),
}

impl Bytes {
    /// Bytes that were mapped from a file, or copied where they are not aligned: a mapping always is.
    pub(super) fn mapped(bytes: OwnedBytes) -> Self {
        if bytemuck::try_cast_slice::<u8, u64>(&bytes).is_ok() {
            return Bytes::Mapped(bytes);
        }
        let mut copy = Assembly::default();
        copy.add(&bytes);
        Bytes::Memory(Arc::new(copy.words))
    }

    fn all(&self) -> &[u8] {
        match self {
            Bytes::Memory(words) => bytemuck::cast_slice(words.as_slice()),
            Bytes::Mapped(bytes) => bytes.as_slice(),
        }
    }

    /// The numbers of a section; none where it is out of bounds: [`check`] told so when the run was opened.
    pub(super) fn get<T: Pod>(&self, section: Section) -> &[T] {
        self.try_get(section).unwrap_or_default()
    }

    pub(super) fn try_get<T: Pod>(&self, section: Section) -> Option<&[T]> {
        let start = usize::try_from(section.offset).ok()?;
        let end = start.checked_add(usize::try_from(section.bytes).ok()?)?;
        bytemuck::try_cast_slice(self.all().get(start..end)?).ok()
    }

    pub(super) fn len(&self) -> usize {
        self.all().len()
    }
}

/// Length of the trailer: offset and length of the table of contents, and the digest of all bytes before the digest.
const TRAILER: usize = 8 + 8 + 32;

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("a part of the index is damaged ({what}); it is made again"))
}

/// Bytes of a run under construction.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    words: Vec<u64>,
}

impl Assembly {
    /// Adds a section.
    pub(super) fn add<T: Pod>(&mut self, numbers: &[T]) -> Section {
        let bytes: &[u8] = bytemuck::cast_slice(numbers);
        let section = Section { offset: self.words.len() as u64 * 8, bytes: bytes.len() as u64 };
        let (whole, rest) = bytes.as_chunks::<8>();
        self.words.extend(whole.iter().map(|chunk| u64::from_ne_bytes(*chunk)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            self.words.push(u64::from_ne_bytes(last));
        }
        section
    }

    /// The sections alone.
    #[cfg(any(test, fuzzing))]
    pub(super) fn words(self) -> Vec<u64> {
        self.words
    }

    /// Adds the table of contents and the trailer.
    pub(super) fn finish(mut self, contents: &Contents) -> Result<Vec<u64>> {
        let json = serde_json::to_vec(contents)
            .map_err(|error| Error::new(ErrorKind::Internal, "an index could not be written").caused_by(error))?;
        let section = self.add(&json);
        self.words.extend([section.offset, section.bytes].map(u64::to_le));
        let digest = blake3::hash(bytemuck::cast_slice(&self.words));
        self.add(digest.as_bytes());
        Ok(self.words)
    }
}

/// Reads the table of contents; with `verify`, after comparing the digest of all bytes.
pub(super) fn contents(bytes: &Bytes, verify: bool) -> Result<Contents> {
    let all = bytes.all();
    let (body, trailer) =
        all.len().checked_sub(TRAILER).and_then(|at| all.split_at_checked(at)).ok_or_else(|| damaged("its length"))?;
    let (place, digest) = trailer.split_at_checked(16).ok_or_else(|| damaged("its length"))?;
    if verify {
        let mut hasher = blake3::Hasher::new();
        hasher.update(body).update(place);
        if hasher.finalize().as_bytes() != digest {
            return Err(damaged("its checksum"));
        }
    }
    let number = |at: usize| place.get(at..at + 8)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
    let section = number(0).zip(number(8)).map(|(offset, bytes)| Section { offset, bytes });
    let json = section.and_then(|section| bytes.try_get::<u8>(section)).ok_or_else(|| damaged("its contents"))?;
    let contents: Contents = serde_json::from_slice(json).map_err(|_| damaged("its contents"))?;
    if contents.format != FORMAT {
        return Err(damaged("another version"));
    }
    Ok(contents)
}
