//! Writes the parts of a run: from the distinct values of a column and from which of them each slot has, everything
//! else follows. A run that is built and one that is merged differ in nothing but where those come from.

use std::ops::Range;

use super::Bits;
use super::catalog::{Catalog, Leaf};
use super::layout::{Assembly, ColumnContents, Contents, FORMAT, Section, SpaceContents};
use crate::model::{AttributeId, common};
use crate::{Error, ErrorKind, Result};

/// The ord of a slot without a value, and the number of a value that there is none of.
pub(super) const NONE: u32 = u32::MAX;

/// Columns with fewer distinct values have no reversed order: those are tried one by one.
const REVERSED_FROM: u32 = 256;

/// A value has a bitmap of its slots if it has at least this many, and at least one of [`DENSE_SHARE`].
const DENSE_FROM: u32 = 64;
const DENSE_SHARE: u64 = 32;

/// A run that has more of something than its numbers can tell.
pub(super) fn too_large() -> Error {
    Error::new(ErrorKind::Internal, "a part of the index became too large")
}

/// Values one behind the other.
#[derive(Debug)]
pub(super) struct Values {
    /// One more than there are values.
    starts: Vec<u32>,
    bytes: Vec<u8>,
}

impl Values {
    pub(super) fn new() -> Self {
        Values::with_capacity(0, 0)
    }

    pub(super) fn with_capacity(values: u32, bytes: usize) -> Self {
        let mut starts = Vec::with_capacity(values as usize + 1);
        starts.push(0);
        Values { starts, bytes: Vec::with_capacity(bytes) }
    }

    pub(super) fn len(&self) -> u32 {
        (self.starts.len() - 1) as u32
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> &[u8] {
        let at = |index: usize| self.starts.get(index).map(|start| *start as usize);
        let range = at(number as usize).zip(at(number as usize + 1));
        range.and_then(|(from, to)| self.bytes.get(from..to)).unwrap_or_default()
    }

    /// Adds a value, and tells its number; none if there is no room for it.
    pub(super) fn push(&mut self, value: &[u8]) -> Option<u32> {
        let end = u32::try_from(self.bytes.len() + value.len()).ok()?;
        let number = u32::try_from(self.starts.len() - 1).ok().filter(|number| *number < NONE - 1)?;
        self.bytes.extend_from_slice(value);
        self.starts.push(end);
        Some(number)
    }

    pub(super) fn starts(&self) -> &[u32] {
        &self.starts
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<u32>()
    }
}

/// How the slots of an attribute's elements are numbered.
pub(super) struct Numbering {
    pub(super) slots: u32,
    shift: Option<u32>,
    starts: Vec<u32>,
}

impl Numbering {
    /// From the number of elements that each doc has. Slots are numbered by doc unless too many would have no element.
    fn of(counts: impl Iterator<Item = u32> + Clone) -> Result<Self> {
        let (mut docs, mut elements, mut most) = (0u64, 0u64, 0u32);
        for count in counts.clone() {
            docs += 1;
            elements += u64::from(count);
            most = most.max(count);
        }
        let shift = most.checked_next_power_of_two().map_or(u32::MAX, u32::trailing_zeros);
        if elements > 0 && shift <= 8 {
            let slots = docs << shift;
            if slots <= elements * 8 + 64 && slots < u64::from(NONE) {
                return Ok(Numbering { slots: slots as u32, shift: Some(shift), starts: Vec::new() });
            }
        }
        let slots = u32::try_from(elements).ok().filter(|slots| *slots < NONE).ok_or_else(too_large)?;
        let mut starts = Vec::with_capacity(docs as usize + 1);
        let mut next = 0;
        starts.push(next);
        for count in counts {
            next += count;
            starts.push(next);
        }
        Ok(Numbering { slots, shift: None, starts })
    }

    /// The slots of a doc.
    #[inline]
    pub(super) fn slots_of(&self, doc: u32) -> Range<u32> {
        match self.shift {
            Some(shift) => (doc << shift)..((doc + 1) << shift),
            None => {
                let at = |index: usize| self.starts.get(index).copied().unwrap_or(self.slots);
                at(doc as usize)..at(doc as usize + 1)
            }
        }
    }
}

/// A run under construction.
pub(super) struct Writer {
    assembly: Assembly,
    contents: Contents,
    grams_from: u32,
    /// Values that the columns so far have in the inverted index of substrings.
    grams: u32,
}

impl Writer {
    /// Begins with what does not depend on attributes. Rows are ascending; tombstones need not be, and of those of rows
    /// that the run holds nothing is kept.
    pub(super) fn new(
        kind: u16,
        catalog: &Catalog,
        (rows, versions): (&[u64], &[u64]),
        ids: &Values,
        mut tombstones: Vec<u64>,
    ) -> Result<Self> {
        tombstones.sort_unstable();
        tombstones.dedup();
        tombstones.retain(|row| rows.binary_search(row).is_err());
        let mut assembly = Assembly::default();
        let contents = Contents {
            format: FORMAT,
            kind,
            docs: u32::try_from(rows.len()).ok().filter(|docs| *docs < NONE).ok_or_else(too_large)?,
            next_number: catalog.next_number,
            rows: assembly.add(rows),
            versions: assembly.add(versions),
            id_starts: assembly.add(ids.starts()),
            ids: assembly.add(ids.bytes()),
            tombstones: assembly.add(&tombstones),
            spaces: Vec::with_capacity(catalog.spaces.len()),
            columns: Vec::with_capacity(catalog.leaves.len()),
        };
        Ok(Writer { assembly, contents, grams_from: catalog.grams_from, grams: 0 })
    }

    /// Adds the elements of an attribute, of which each doc has so many. Attributes come in order.
    pub(super) fn space(
        &mut self,
        attribute: AttributeId,
        counts: impl Iterator<Item = u32> + Clone,
    ) -> Result<Numbering> {
        let numbering = Numbering::of(counts.clone())?;
        let mut contents = SpaceContents {
            attribute: attribute.0,
            slots: numbering.slots,
            shift: numbering.shift,
            ..SpaceContents::default()
        };
        if numbering.shift.is_none() {
            contents.starts = self.assembly.add(&numbering.starts);
            let mut owners = Vec::with_capacity(numbering.slots as usize);
            for (doc, count) in (0u32..).zip(counts) {
                owners.extend(std::iter::repeat_n(doc, count as usize));
            }
            contents.owners = self.assembly.add(&owners);
        } else if counts.clone().map(u64::from).sum::<u64>() < u64::from(numbering.slots) {
            let mut elements = Bits::none(numbering.slots);
            for (doc, count) in (0u32..).zip(counts) {
                numbering.slots_of(doc).take(count as usize).for_each(|slot| elements.set(slot));
            }
            contents.elements = self.assembly.add(elements.words());
        }
        self.contents.spaces.push(contents);
        Ok(numbering)
    }

    /// Adds a column: its distinct values in order, and which of them each slot has. Leaves come in order.
    pub(super) fn column(&mut self, leaf: &Leaf, numbering: Option<&Numbering>, values: &Values, ords: &[u32]) {
        let distinct = values.len();
        let slots = ords.len() as u32;
        let (starts, order) = by_value(distinct, (0u32..).zip(ords.iter().copied()));
        let count = order.len() as u32;
        let is_unique = distinct == count;
        let mut contents = ColumnContents {
            attribute: leaf.target.attribute.0,
            sub: leaf.target.sub.map_or(0, |sub| sub.0),
            fingerprint: leaf.fingerprint,
            is_element: leaf.is_element,
            distinct,
            count,
            slots,
            value_starts: self.assembly.add(values.starts()),
            values: self.assembly.add(values.bytes()),
            ords: self.ords(distinct, ords),
            order: self.assembly.add(&order),
            ..ColumnContents::default()
        };
        if !is_unique {
            contents.starts = self.assembly.add(&starts);
        }
        if leaf.is_text && distinct >= REVERSED_FROM {
            let mut reversed = backwards(values);
            if is_unique {
                // Each value has one slot, so the order has as many entries as there are values.
                reversed.iter_mut().for_each(|entry| *entry = order.get(*entry as usize).copied().unwrap_or(NONE));
            }
            contents.reversed = self.assembly.add(&reversed);
        }
        self.dense(&mut contents, &starts, &order);
        if count < slots {
            let mut present = Bits::none(slots);
            order.iter().for_each(|slot| present.set(*slot));
            contents.present = self.assembly.add(present.words());
        }
        if let Some(numbering) = numbering {
            let representative = |doc| {
                let mut slots = numbering.slots_of(doc);
                slots.next().and_then(|slot| ords.get(slot as usize).copied()).unwrap_or(NONE)
            };
            let (_, sorted) = by_value(distinct, (0..self.contents.docs).map(|doc| (doc, representative(doc))));
            contents.sorted = self.assembly.add(&sorted);
        }
        if has_grams(leaf) && distinct >= self.grams_from {
            contents.grams = Some(self.grams);
            self.grams = self.grams.saturating_add(distinct);
        }
        self.contents.columns.push(contents);
    }

    fn ords(&mut self, distinct: u32, ords: &[u32]) -> Section {
        // The largest number of each width is what NONE becomes; where no slot has a value, none needs to be told.
        match distinct {
            0 => Section::default(),
            1..=0xff => self.assembly.add(&ords.iter().map(|ord| *ord as u8).collect::<Vec<_>>()),
            0x100..=0xffff => self.assembly.add(&ords.iter().map(|ord| *ord as u16).collect::<Vec<_>>()),
            _ => self.assembly.add(ords),
        }
    }

    /// Bitmaps of the slots of frequent values. By their share they are at most 32.
    fn dense(&mut self, contents: &mut ColumnContents, starts: &[u32], order: &[u32]) {
        let mut dense = Vec::new();
        let mut words = Vec::new();
        for (ord, window) in (0u32..).zip(starts.windows(2)) {
            let [from, to] = *window else { continue };
            let frequent = to - from >= DENSE_FROM && u64::from(to - from) * DENSE_SHARE >= u64::from(contents.slots);
            let Some(found) = order.get(from as usize..to as usize).filter(|_| frequent) else { continue };
            let mut bits = Bits::none(contents.slots);
            found.iter().for_each(|slot| bits.set(*slot));
            dense.push(ord);
            words.extend_from_slice(bits.words());
        }
        contents.dense = self.assembly.add(&dense);
        contents.dense_slots = self.assembly.add(&words);
    }

    /// The bytes.
    pub(super) fn finish(self) -> Result<Vec<u64>> {
        self.assembly.finish(&self.contents)
    }
}

/// Whether the values of a leaf may stand in the inverted index of substrings. Hardly anybody looks for a part of
/// those that the store or another system made up.
fn has_grams(leaf: &Leaf) -> bool {
    let left_out = [common::SCHEMAS, common::ID, common::EXTERNAL_ID, common::META];
    leaf.is_text && !left_out.contains(&leaf.target.attribute)
}

/// Numbers that have an ord, by ord and then as they come; and where those of each ord begin.
fn by_value(distinct: u32, numbers: impl Iterator<Item = (u32, u32)> + Clone) -> (Vec<u32>, Vec<u32>) {
    let mut next = vec![0u32; distinct as usize + 1];
    for (_, ord) in numbers.clone().filter(|(_, ord)| *ord != NONE) {
        if let Some(count) = next.get_mut(ord as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut next {
        sum += *start;
        *start = sum;
    }
    let starts = next.clone();
    let mut order = vec![0; sum as usize];
    for (number, ord) in numbers.filter(|(_, ord)| *ord != NONE) {
        let Some(at) = next.get_mut(ord as usize) else { continue };
        if let Some(place) = order.get_mut(*at as usize) {
            *place = number;
        }
        *at += 1;
    }
    (starts, order)
}

/// The values in the order of their bytes read backwards.
fn backwards(values: &Values) -> Vec<u32> {
    // The last bytes of a value as a number that orders as they do, the very last byte first.
    let key = |value: &[u8]| match value.last_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            chunk.iter_mut().rev().zip(value.iter().rev()).for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(chunk)
        }
    };
    let mut order: Vec<(u64, u32)> = (0..values.len()).map(|ord| (key(values.get(ord)), ord)).collect();
    order.sort_unstable_by(|left, right| {
        let full = || values.get(left.1).iter().rev().cmp(values.get(right.1).iter().rev());
        left.0.cmp(&right.0).then_with(full)
    });
    order.into_iter().map(|(_, ord)| ord).collect()
}
