//! An immutable part of an index: the columns of some resources of one type.

use super::catalog::Leaf;
use super::column::Column;
use super::grams::{Grams, scan};
use super::layout::{Bytes, ColumnContents, Contents, SpaceContents, contents};
use super::space::Space;
use crate::model::{AttributeId, Target, common};
use crate::{Error, ErrorKind, Result};

/// What a run knows of a leaf.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Coverage<'a> {
    /// Its values.
    Column(Column<'a>),
    /// That no resource has a value: the attribute was registered later, or its characteristics changed, which they
    /// can while nothing has a value.
    Empty,
    /// Nothing that is true today: the attribute's characteristics have changed.
    Stale,
}

/// A run. Its docs are numbered by row: the order of creation.
pub(in crate::engine) struct Run {
    bytes: Bytes,
    contents: Contents,
    grams: Option<Grams>,
}

impl Run {
    /// Opens the bytes of a run, with its inverted index of substrings if it has one; with `verify`, after comparing
    /// their checksum.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn open(bytes: Bytes, grams: Option<Grams>, verify: bool) -> Result<Self> {
        let contents = contents(&bytes, verify)?;
        Ok(Run { bytes, contents, grams })
    }

    /// The same run with its inverted index of substrings.
    pub(super) fn with_grams(self, grams: Grams) -> Self {
        Run { grams: Some(grams), ..self }
    }

    /// Docs there are, dead ones included.
    pub(in crate::engine) fn docs(&self) -> u32 {
        self.contents.docs
    }

    /// The resource type.
    pub(in crate::engine) fn kind(&self) -> u16 {
        self.contents.kind
    }

    /// The rows of the docs, ascending.
    pub(in crate::engine) fn rows(&self) -> &[u64] {
        self.bytes.get(self.contents.rows)
    }

    /// The doc of a row.
    pub(in crate::engine) fn doc(&self, row: u64) -> Option<u32> {
        self.rows().binary_search(&row).ok().and_then(|doc| u32::try_from(doc).ok())
    }

    /// The doc of an id; the last one, should there be several.
    pub(in crate::engine) fn doc_of_id(&self, id: &str) -> Option<u32> {
        let column = Column::new(self.find_column(Target::whole(common::ID))?, &self.bytes);
        column.slots_of(column.find(id.as_bytes()).map(|ord| ord..ord + 1)?).last().copied()
    }

    /// The version of a doc: the sequence of its last change.
    pub(in crate::engine) fn version(&self, doc: u32) -> u64 {
        self.bytes.get::<u64>(self.contents.versions).get(doc as usize).copied().unwrap_or(0)
    }

    /// The id of a doc.
    pub(in crate::engine) fn id(&self, doc: u32) -> &str {
        let starts: &[u32] = self.bytes.get(self.contents.id_starts);
        let at = |index: usize| starts.get(index).map(|start| *start as usize);
        let range = at(doc as usize).zip(at(doc as usize + 1));
        let bytes = range.and_then(|(from, to)| self.bytes.get::<u8>(self.contents.ids).get(from..to));
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Rows that are dead in every older run although this one does not hold them, ascending.
    pub(in crate::engine) fn tombstones(&self) -> &[u64] {
        self.bytes.get(self.contents.tombstones)
    }

    /// Attributes registered after it was built have this number or a larger one.
    pub(super) fn next_number(&self) -> u32 {
        self.contents.next_number
    }

    /// What it knows of a leaf.
    pub(in crate::engine) fn column(&self, leaf: &Leaf) -> Coverage<'_> {
        match self.find_column(leaf.target) {
            Some(column) if column.fingerprint == leaf.fingerprint => {
                Coverage::Column(Column::new(column, &self.bytes))
            }
            // A run without values fits whatever the attribute has become, as long as its slots are the same.
            Some(column) if column.distinct == 0 && column.is_element == leaf.is_element => Coverage::Empty,
            None if leaf.target.leaf().0 >= self.contents.next_number => Coverage::Empty,
            _ => Coverage::Stale,
        }
    }

    fn find_column(&self, target: Target) -> Option<&ColumnContents> {
        let key = (target.attribute.0, target.sub.map_or(0, |sub| sub.0));
        let columns = &self.contents.columns;
        let found = columns.binary_search_by_key(&key, |column| (column.attribute, column.sub)).ok()?;
        columns.get(found)
    }

    /// The elements of a multi-valued attribute; none if it was registered later.
    pub(in crate::engine) fn space(&self, attribute: AttributeId) -> Option<Space<'_>> {
        let spaces = &self.contents.spaces;
        let found = spaces.binary_search_by_key(&attribute.0, |space: &SpaceContents| space.attribute).ok()?;
        spaces.get(found).map(|space| Space::new(space, &self.bytes))
    }

    /// Bytes of it.
    pub(in crate::engine) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The columns whose values shall stand in the inverted index of substrings, in its order.
    pub(super) fn gram_columns(&self) -> impl Iterator<Item = Column<'_>> {
        let columns = self.contents.columns.iter().filter(|column| column.grams.is_some() && column.distinct > 0);
        columns.map(|column| Column::new(column, &self.bytes))
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        self.contents.columns.iter().map(|column| Column::new(column, &self.bytes))
    }

    /// The values of a column that contain a text, ascending.
    ///
    /// # Errors
    /// `Io`: the inverted index could not be read.
    pub(in crate::engine) fn contains(&self, column: &Column<'_>, needle: &[u8]) -> Result<Vec<u32>> {
        let found = self.grams.as_ref().map_or(Ok(None), |grams| grams.contains(column, needle)).map_err(unreadable)?;
        Ok(found.unwrap_or_else(|| scan(column, needle)))
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("reading the index failed: {error}")).caused_by(error)
}
