//! Builds a run from resources.

use std::sync::Arc;

use super::catalog::Catalog;
use super::extract::{Extractor, Sink};
use super::intern::Interned;
use super::interrupt;
use super::write::{NONE, Values, Writer, too_large};
use crate::model::ResourceView;
use crate::{Error, ErrorKind, Result};

/// A run that is being built: resources go in by row, bytes come out.
pub(in crate::engine) struct RunBuilder {
    catalog: Arc<Catalog>,
    kind: u16,
    extractor: Option<Extractor>,
    rows: Vec<u64>,
    versions: Vec<u64>,
    ids: Values,
    tombstones: Vec<u64>,
    gathered: Gathered,
}

/// The values of the resources so far.
struct Gathered {
    doc: u32,
    /// By the number of the column.
    columns: Vec<GatheredColumn>,
    /// By the number of the space.
    spaces: Vec<GatheredSpace>,
    /// Whether some value found no room.
    full: bool,
}

struct GatheredColumn {
    space: Option<u32>,
    values: Interned,
    /// The number of the value of each doc, or of each element, counted without gaps. It ends with the last that has
    /// one.
    numbers: Vec<u32>,
}

#[derive(Default)]
struct GatheredSpace {
    /// Elements of each doc. It ends with the last doc that has some.
    counts: Vec<u32>,
    /// Elements of all docs before this one.
    before: u32,
    /// Its columns, by number.
    columns: Vec<u32>,
}

impl Sink for Gathered {
    fn value(&mut self, column: u32, element: u32, key: &[u8]) {
        let Some(column) = self.columns.get_mut(column as usize) else { return };
        let base = match column.space {
            Some(space) => self.spaces.get(space as usize).map_or(0, |space| space.before),
            None => self.doc,
        };
        match (column.values.intern(key), base.checked_add(element)) {
            (Some(number), Some(at)) => column.put(at as usize, number),
            _ => self.full = true,
        }
    }

    fn elements(&mut self, space: u32, count: u32, representative: u32) {
        let Some(space) = self.spaces.get_mut(space as usize) else { return };
        if representative > 0 {
            // It takes the place of the first one.
            let (first, other) = (space.before as usize, space.before as usize + representative as usize);
            for column in &space.columns {
                if let Some(column) = self.columns.get_mut(*column as usize) {
                    let [one, two] = [first, other].map(|at| column.numbers.get(at).copied().unwrap_or(NONE));
                    if one != two {
                        column.put(first, two);
                        column.put(other, one);
                    }
                }
            }
        }
        space.counts.resize(self.doc as usize, 0);
        space.counts.push(count);
        match space.before.checked_add(count) {
            Some(next) => space.before = next,
            None => self.full = true,
        }
    }
}

impl GatheredColumn {
    fn put(&mut self, at: usize, number: u32) {
        match self.numbers.get_mut(at) {
            Some(place) => *place = number,
            None => {
                self.numbers.resize(at, NONE);
                self.numbers.push(number);
            }
        }
    }
}

impl RunBuilder {
    pub(in crate::engine) fn new(catalog: &Arc<Catalog>, kind: u16) -> Self {
        let mut spaces: Vec<GatheredSpace> = catalog.spaces.iter().map(|_| GatheredSpace::default()).collect();
        let mut columns = Vec::with_capacity(catalog.leaves.len());
        for (number, leaf) in (0..).zip(&catalog.leaves) {
            let space = catalog.spaces.binary_search(&leaf.target.attribute).ok();
            if let Some(space) = space.and_then(|space| spaces.get_mut(space)) {
                space.columns.push(number);
            }
            let space = space.and_then(|space| u32::try_from(space).ok());
            columns.push(GatheredColumn { space, values: Interned::new(), numbers: Vec::new() });
        }
        RunBuilder {
            catalog: Arc::clone(catalog),
            kind,
            extractor: None,
            rows: Vec::new(),
            versions: Vec::new(),
            ids: Values::new(),
            tombstones: Vec::new(),
            gathered: Gathered { doc: 0, columns, spaces, full: false },
        }
    }

    /// Adds a resource. Rows come in ascending order.
    ///
    /// # Errors
    /// `Internal` where they do not, or where there is no more room.
    pub(in crate::engine) fn add(&mut self, row: u64, view: &ResourceView<'_>) -> Result<()> {
        if self.rows.last().is_some_and(|last| *last >= row) {
            return Err(Error::new(ErrorKind::Internal, "rows of the index came out of order"));
        }
        let doc = self.ids.push(view.id.as_bytes()).ok_or_else(too_large)?;
        self.rows.push(row);
        self.versions.push(view.version);
        self.gathered.doc = doc;
        let extractor = match &mut self.extractor {
            Some(extractor) if extractor.is_of(view.model) => extractor,
            other => other.insert(Extractor::new(&self.catalog, view.model)),
        };
        extractor.extract(view, &mut self.gathered);
        if self.gathered.full { Err(too_large()) } else { Ok(()) }
    }

    /// Adds a row that is dead in every older run, in any order. That of a resource which is added counts for nothing.
    pub(in crate::engine) fn tombstone(&mut self, row: u64) {
        self.tombstones.push(row);
    }

    /// Resources so far.
    pub(in crate::engine) fn has_tombstones(&self) -> bool {
        !self.tombstones.is_empty()
    }

    /// Docs so far.
    pub(in crate::engine) fn docs(&self) -> u32 {
        self.ids.len()
    }

    /// Bytes held, about.
    pub(in crate::engine) fn memory(&self) -> usize {
        let columns = self.gathered.columns.iter();
        let columns: usize = columns.map(|column| column.values.memory() + column.numbers.capacity() * 4).sum();
        let spaces: usize = self.gathered.spaces.iter().map(|space| space.counts.capacity() * 4).sum();
        let rows = (self.rows.capacity() + self.versions.capacity() + self.tombstones.capacity()) * size_of::<u64>();
        columns + spaces + rows + self.ids.memory()
    }

    /// The bytes of the run.
    ///
    /// # Errors
    /// `Internal` where something is too large.
    pub(in crate::engine) fn finish(self) -> Result<Vec<u64>> {
        let docs = self.ids.len();
        let mut writer =
            Writer::new(self.kind, &self.catalog, (&self.rows, &self.versions), &self.ids, self.tombstones)?;
        let mut numberings = Vec::with_capacity(self.catalog.spaces.len());
        for (attribute, space) in self.catalog.spaces.iter().zip(&self.gathered.spaces) {
            let counts = space.counts.iter().copied().chain(std::iter::repeat(0)).take(docs as usize);
            numberings.push(writer.space(*attribute, counts)?);
        }
        for (leaf, column) in self.catalog.leaves.iter().zip(self.gathered.columns) {
            interrupt::check()?;
            let space = column.space.map(|space| space as usize);
            let numbering = space.and_then(|space| numberings.get(space));
            let (values, ords) = column.values.sorted();
            let ord = |number: &u32| ords.get(*number as usize).copied().unwrap_or(NONE);
            let mut slots = Vec::with_capacity(numbering.map_or(docs, |numbering| numbering.slots) as usize);
            match numbering.zip(space.and_then(|space| self.gathered.spaces.get(space))) {
                None => slots.extend(column.numbers.iter().map(ord)),
                Some((numbering, space)) => {
                    let mut numbers = column.numbers.iter().map(ord);
                    for (doc, count) in (0..docs).zip(&space.counts) {
                        slots.resize(numbering.slots_of(doc).start as usize, NONE);
                        slots.extend(numbers.by_ref().take(*count as usize));
                    }
                }
            }
            slots.resize(numbering.map_or(docs, |numbering| numbering.slots) as usize, NONE);
            writer.column(leaf, numbering, &values, &slots);
        }
        writer.finish()
    }
}

#[cfg(test)]
pub(in crate::engine) mod fixture;
#[cfg(test)]
mod tests;
