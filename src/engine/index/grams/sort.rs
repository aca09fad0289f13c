//! The grams of a column in order, each with the values that have it.
//!
//! The values are gone through in order and dealt out to as many heaps as there are pairs of bytes, so that each heap
//! is in order, too. A heap of grams of three bytes is dealt out once more, by the third. Nothing is ever compared.

use std::io;
use std::ops::Range;

use crate::engine::index::Column;

/// Grams that are held at a time, unless a single heap has more; each takes five bytes. The more are held, the fewer
/// times the values are gone through.
pub(super) const HELD: u32 = 24 << 20;

/// Pairs of bytes.
const PAIRS: usize = 1 << 16;

/// What sorting needs of memory. It is used for one column after the other.
pub(super) struct Sorter {
    held: u32,
    /// For each pair of bytes: how many grams begin with it.
    counts: Vec<u32>,
    /// For each pair of bytes: where its heap's next gram goes, and in the end: where the heap ends.
    ends: Box<[u32; PAIRS]>,
    /// The values of the heaps, one heap behind the other.
    ords: Vec<u32>,
    /// The third bytes of their grams.
    thirds: Vec<u8>,
    /// The values of one heap by the third byte.
    dealt: Vec<u32>,
}

impl Sorter {
    pub(super) fn new(held: u32) -> Self {
        let (counts, ords, thirds, dealt) = (vec![0; PAIRS], Vec::new(), Vec::new(), Vec::new());
        Sorter { held, counts, ends: Box::new([0; PAIRS]), ords, thirds, dealt }
    }

    /// Tells the grams of so many bytes that a column has, in order, with the values that have them, ascending. A value
    /// that has a gram several times comes as often.
    pub(super) fn each<const LENGTH: usize>(
        &mut self,
        column: &Column<'_>,
        mut tell: impl FnMut(&[u8], &[u32]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.counts.fill(0);
        for ord in 0..column.distinct {
            for (pair, _) in grams::<LENGTH>(column.value(ord)) {
                self.counts.get_mut(usize::from(pair)).into_iter().for_each(|count| *count += 1);
            }
        }
        let mut done = 0;
        while done < PAIRS {
            let part = self.lay_out(done);
            done = part.end;
            self.deal::<LENGTH>(column, &part);
            let mut from = 0;
            for pair in part {
                let end = self.ends.get(pair).map_or(from, |end| *end as usize);
                if end > from {
                    let [first, second] = u16::try_from(pair).unwrap_or_default().to_be_bytes();
                    self.tell_heap::<LENGTH>([first, second], from..end, &mut tell)?;
                }
                from = end;
            }
        }
        Ok(())
    }

    /// Finds room for the heaps of the next pairs: as many as are held at a time.
    fn lay_out(&mut self, from: usize) -> Range<usize> {
        let (mut to, mut sum) = (from, 0_u32);
        for (count, end) in self.counts.iter().zip(self.ends.iter_mut()).skip(from) {
            let with = sum.saturating_add(*count);
            if sum > 0 && with > self.held {
                break;
            }
            *end = sum;
            sum = with;
            to += 1;
        }
        grow(&mut self.ords, sum as usize);
        grow(&mut self.thirds, sum as usize);
        from..to
    }

    /// Deals the grams of some pairs out to their heaps.
    fn deal<const LENGTH: usize>(&mut self, column: &Column<'_>, part: &Range<usize>) {
        let (ords, thirds) = (self.ords.as_mut_slice(), self.thirds.as_mut_slice());
        for ord in 0..column.distinct {
            for (pair, third) in grams::<LENGTH>(column.value(ord)) {
                let pair = usize::from(pair);
                if !part.contains(&pair) {
                    continue;
                }
                let Some(end) = self.ends.get_mut(pair) else { continue };
                let at = *end as usize;
                *end += 1;
                if let Some(place) = ords.get_mut(at) {
                    *place = ord;
                }
                if LENGTH > 2
                    && let Some(place) = thirds.get_mut(at)
                {
                    *place = third;
                }
            }
        }
    }

    /// Tells the grams of a heap.
    fn tell_heap<const LENGTH: usize>(
        &mut self,
        [first, second]: [u8; 2],
        heap: Range<usize>,
        tell: &mut impl FnMut(&[u8], &[u32]) -> io::Result<()>,
    ) -> io::Result<()> {
        let ords = self.ords.get(heap.clone()).unwrap_or_default();
        match LENGTH {
            1 => return tell(&[first], ords),
            2 => return tell(&[first, second], ords),
            _ => (),
        }
        let thirds = self.thirds.get(heap).unwrap_or_default();
        let mut ends = [0_u32; 1 << 8];
        for third in thirds {
            ends.get_mut(usize::from(*third)).into_iter().for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for end in &mut ends {
            (*end, sum) = (sum, sum + *end);
        }
        grow(&mut self.dealt, ords.len());
        for (ord, third) in ords.iter().zip(thirds) {
            let Some(end) = ends.get_mut(usize::from(*third)) else { continue };
            if let Some(place) = self.dealt.get_mut(*end as usize) {
                *place = *ord;
            }
            *end += 1;
        }
        let mut from = 0;
        for (third, end) in (0..=u8::MAX).zip(ends) {
            let to = end as usize;
            if to > from {
                tell(&[first, second, third], self.dealt.get(from..to).unwrap_or_default())?;
            }
            from = to;
        }
        Ok(())
    }
}

fn grow<T: Copy + Default>(room: &mut Vec<T>, length: usize) {
    if room.len() < length {
        room.resize(length, T::default());
    }
}

/// The grams of a value: the first two bytes, and the third. Of the grams of one byte it has only the last.
#[inline]
fn grams<const LENGTH: usize>(value: &[u8]) -> impl Iterator<Item = (u16, u8)> {
    let from = if LENGTH == 1 { value.len().saturating_sub(1) } else { 0 };
    let grams = value.get(from..).unwrap_or_default().windows(LENGTH);
    grams.map(|gram| match *gram {
        [] => (0, 0),
        [first] => (u16::from_be_bytes([first, 0]), 0),
        [first, second] => (u16::from_be_bytes([first, second]), 0),
        [first, second, third, ..] => (u16::from_be_bytes([first, second]), third),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::index::Shelf;
    use crate::engine::index::testing::{Dice, words};

    fn compare<const LENGTH: usize>(sorter: &mut Sorter, column: &Column<'_>) {
        let mut expected = BTreeMap::<Vec<u8>, Vec<u32>>::new();
        for ord in 0..column.distinct {
            let value = column.value(ord);
            let from = if LENGTH == 1 { value.len().saturating_sub(1) } else { 0 };
            for gram in value[from..].windows(LENGTH) {
                expected.entry(gram.to_vec()).or_default().push(ord);
            }
        }
        let mut told = Vec::new();
        let tell = |gram: &[u8], ords: &[u32]| {
            told.push((gram.to_vec(), ords.to_vec()));
            Ok(())
        };
        sorter.each::<LENGTH>(column, tell).unwrap();
        assert_eq!(told, Vec::from_iter(expected));
    }

    #[test]
    fn grams_come_in_order_however_few_are_held() {
        let mut dice = Dice(41);
        let alphabets: [&[&[u8]]; 3] = [&[b"a", b"b"], &[b"\0", b"\x01", b"\xff"], &["é".as_bytes(), b"abc", b"z"]];
        for held in [1, 7, 300, 1_000_000] {
            let mut sorter = Sorter::new(held);
            for pieces in alphabets {
                for most in [1, 4, 30] {
                    let values = dice.texts(200, pieces, most);
                    let run = Shelf::memory(words(&[(&values, true), (&[], true)])).unwrap();
                    for column in run.columns() {
                        compare::<1>(&mut sorter, &column);
                        compare::<2>(&mut sorter, &column);
                        compare::<3>(&mut sorter, &column);
                    }
                }
            }
        }
    }
}
