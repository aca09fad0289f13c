//! The hits of one source in their order.

use std::cmp::Ordering;

use super::column::{ColumnOrder, ColumnSequence};
use super::rows::Docs;
use crate::engine::index::Run;
use crate::engine::query::Hit;
use crate::engine::query::page::Position;
use crate::engine::storage::keys::RowId;

/// What decides the place of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::query) struct Item<'a> {
    pub(in crate::engine::query) key: Option<&'a [u8]>,
    pub(in crate::engine::query) at: RowId,
}

/// A missing value is larger than any, in both directions; equal values keep the order of creation.
#[inline]
pub(in crate::engine::query) fn compare(left: Item<'_>, right: Item<'_>, descending: bool) -> Ordering {
    let values = match (left.key, right.key) {
        (Some(left), Some(right)) => left.cmp(right),
        (left, right) => right.is_some().cmp(&left.is_some()),
    };
    let values = if descending { values.reverse() } else { values };
    values.then_with(|| left.at.cmp(&right.at))
}

impl Position {
    pub(super) fn item(&self) -> Item<'_> {
        Item { key: self.key.as_deref(), at: self.at }
    }
}

/// Hits in order, with random access.
pub(in crate::engine::query) enum Sequence<'r> {
    /// Docs of a run in the order of creation.
    Rows(Docs<'r>),
    /// Docs of a run in the order of a column.
    Column(ColumnSequence<'r>),
    /// Docs of a run with their values, packed by [`pack`].
    Pairs(ColumnOrder<'r>, Vec<u64>, bool),
    /// Rows with their keys.
    Listed(Vec<(Option<Vec<u8>>, RowId)>),
}

/// A sequence, and whose it is.
pub(in crate::engine::query) struct Stream<'r> {
    pub(in crate::engine::query) sequence: Sequence<'r>,
    pub(in crate::engine::query) run: Option<(u32, &'r Run)>,
}

/// A doc and its value as a number that orders as hits do.
pub(super) fn pack(ord: Option<u32>, doc: u32, descending: bool) -> u64 {
    let ord = ord.unwrap_or(u32::MAX);
    let ord = if descending { !ord } else { ord };
    u64::from(ord) << 32 | u64::from(doc)
}

fn unpack(pair: u64, descending: bool) -> (Option<u32>, u32) {
    let ord = (pair >> 32) as u32;
    let ord = if descending { !ord } else { ord };
    (Some(ord).filter(|ord| *ord != u32::MAX), pair as u32)
}

impl<'r> Stream<'r> {
    /// Hits there are.
    pub(super) fn len(&self) -> u64 {
        match &self.sequence {
            Sequence::Rows(docs) => docs.len(),
            Sequence::Column(column) => column.len(),
            Sequence::Pairs(_, pairs, _) => pairs.len() as u64,
            Sequence::Listed(items) => items.len() as u64,
        }
    }

    /// What decides the place of a hit.
    pub(super) fn item(&self, index: u64) -> Item<'_> {
        let nowhere = RowId { row: u64::MAX, kind: u16::MAX };
        if let Sequence::Listed(items) = &self.sequence {
            let item = usize::try_from(index).ok().and_then(|index| items.get(index));
            return item.map_or(Item { key: None, at: nowhere }, |(key, at)| Item { key: key.as_deref(), at: *at });
        }
        let (ord, doc) = self.doc(index).unwrap_or((None, u32::MAX));
        let key = match (&self.sequence, ord) {
            (Sequence::Column(column), Some(ord)) => Some(column.order.column.value(ord)),
            (Sequence::Pairs(order, ..), Some(ord)) => Some(order.column.value(ord)),
            _ => None,
        };
        let at = self.run.and_then(|(_, run)| Some(RowId { row: *run.rows().get(doc as usize)?, kind: run.kind() }));
        Item { key, at: at.unwrap_or(nowhere) }
    }

    /// The value and the doc of a hit of a run.
    pub(super) fn doc(&self, index: u64) -> Option<(Option<u32>, u32)> {
        match &self.sequence {
            Sequence::Rows(docs) => Some((None, docs.get(index))),
            Sequence::Column(column) => Some(column.get(index)),
            Sequence::Pairs(_, pairs, descending) => {
                let pair = usize::try_from(index).ok().and_then(|index| pairs.get(index));
                pair.map(|pair| unpack(*pair, *descending))
            }
            Sequence::Listed(_) => None,
        }
    }

    /// A hit.
    pub(super) fn hit(&self, index: u64) -> Hit {
        if let Some(((number, run), (_, doc))) = self.run.zip(self.doc(index))
            && let Some(row) = run.rows().get(doc as usize)
        {
            return Hit { at: RowId { row: *row, kind: run.kind() }, place: Some((number, doc)) };
        }
        Hit { at: self.item(index).at, place: None }
    }

    /// Where a hit stands.
    pub(super) fn position(&self, index: u64) -> Position {
        let item = self.item(index);
        Position { key: item.key.map(<[u8]>::to_vec), at: item.at }
    }

    /// How many hits stand before an item; or, with `with`, before it or at it.
    pub(super) fn before(&self, item: Item<'_>, with: bool, descending: bool) -> u64 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let order = compare(self.item(middle), item, descending);
            if order == Ordering::Less || (with && order == Ordering::Equal) { low = middle + 1 } else { high = middle }
        }
        low
    }
}
