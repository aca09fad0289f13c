//! The elements of a multi-valued attribute: numbered slots, and whose they are.

use super::layout::{Bytes, SpaceContents};

/// The elements of an attribute in a run. The first slot of a doc is that of its representative: the primary element,
/// or else the first one.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Space<'a> {
    /// Slots there are; some may have no element.
    pub(in crate::engine) slots: u32,
    shift: Option<u32>,
    starts: &'a [u32],
    owners: &'a [u32],
    elements: Option<&'a [u64]>,
}

impl<'a> Space<'a> {
    pub(super) fn new(contents: &SpaceContents, bytes: &'a Bytes) -> Self {
        let elements = bytes.get(contents.elements);
        Space {
            slots: contents.slots,
            shift: contents.shift,
            starts: bytes.get(contents.starts),
            owners: bytes.get(contents.owners),
            elements: (!elements.is_empty()).then_some(elements),
        }
    }

    /// How far a slot is shifted to get its doc, where that is how slots are numbered.
    pub(in crate::engine) fn shift(self) -> Option<u32> {
        self.shift
    }

    /// The doc that a slot is of.
    #[inline]
    pub(in crate::engine) fn owner(self, slot: u32) -> u32 {
        match self.shift {
            Some(shift) => slot >> shift,
            None => self.owners.get(slot as usize).copied().unwrap_or(u32::MAX),
        }
    }

    /// The slots of a doc.
    #[inline]
    pub(in crate::engine) fn slots_of(self, doc: u32) -> std::ops::Range<u32> {
        match self.shift {
            Some(shift) => (doc << shift)..((doc + 1) << shift),
            None => {
                let at = |index: usize| self.starts.get(index).copied().unwrap_or(self.slots);
                at(doc as usize)..at(doc as usize + 1)
            }
        }
    }

    /// The slots that have an element; none: all of them.
    pub(in crate::engine) fn elements(self) -> Option<&'a [u64]> {
        self.elements
    }
}
