//! An immutable part of an index: the columns of some resources of one type.

use super::catalog::Leaf;
use super::column::Column;
use super::layout::{Bytes, ColumnContents, Contents, SpaceContents, contents};
use super::space::Space;
use crate::Result;
use crate::model::{AttributeId, Target};

/// What a run knows of a leaf.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Coverage<'a> {
    /// Its values.
    Column(Column<'a>),
    /// That no resource has a value: the attribute was registered later.
    Empty,
    /// Nothing that is true today: the attribute's characteristics have changed.
    Stale,
}

/// A run. Its docs are numbered by row: the order of creation.
pub(in crate::engine) struct Run {
    bytes: Bytes,
    contents: Contents,
}

impl Run {
    /// Opens the bytes of a run; with `verify`, after comparing their checksum.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn open(bytes: Bytes, verify: bool) -> Result<Self> {
        let contents = contents(&bytes, verify)?;
        Ok(Run { bytes, contents })
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

    /// What it knows of a leaf.
    pub(in crate::engine) fn column(&self, leaf: &Leaf) -> Coverage<'_> {
        match self.find_column(leaf.target) {
            Some(column) if column.fingerprint == leaf.fingerprint => Coverage::Column(Column::new(column, &self.bytes)),
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
}
