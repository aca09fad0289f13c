//! Runs for tests: columns of given values, and nothing else.

use super::Run;
use super::layout::{Assembly, ColumnContents, Contents, FORMAT};

/// SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// A text of `pieces`.
    pub(super) fn text(&mut self, pieces: &[&[u8]], most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).flat_map(|_| pieces[self.below(pieces.len())]).copied().collect()
    }

    /// Distinct texts, in order.
    pub(super) fn texts(&mut self, count: usize, pieces: &[&[u8]], most: usize) -> Vec<Vec<u8>> {
        let mut texts: Vec<_> = (0..count).map(|_| self.text(pieces, most)).collect();
        texts.sort();
        texts.dedup();
        texts
    }
}

/// The bytes of a run with a column for each list of values, which are distinct and in order, and with grams for those
/// that shall have some.
pub(super) fn words(columns: &[(&[Vec<u8>], bool)]) -> Vec<u64> {
    let mut assembly = Assembly::default();
    let mut contents = Contents { format: FORMAT, ..Contents::default() };
    let mut documents = 0;
    for ((values, grams), number) in columns.iter().zip(1..) {
        let distinct = u32::try_from(values.len()).unwrap();
        let mut starts = vec![0u32];
        starts.extend(values.iter().scan(0, |end, value| {
            *end += u32::try_from(value.len()).unwrap();
            Some(*end)
        }));
        contents.columns.push(ColumnContents {
            attribute: number,
            distinct,
            value_starts: assembly.add(&starts),
            values: assembly.add(&values.concat()),
            grams: grams.then_some(documents),
            ..ColumnContents::default()
        });
        if *grams {
            documents += distinct;
        }
    }
    assembly.finish(&contents).unwrap()
}

/// What a search by hand finds.
pub(super) fn naive(values: &[Vec<u8>], needle: &[u8]) -> Vec<u32> {
    let contains = |value: &[u8]| needle.is_empty() || value.windows(needle.len()).any(|window| window == needle);
    (0..).zip(values).filter(|(_, value)| contains(value)).map(|(ord, _)| ord).collect()
}

/// Compares what a run finds in its columns with a search by hand.
pub(super) fn compare(run: &Run, columns: &[(&[Vec<u8>], bool)], needle: &[u8]) {
    for (column, (values, _)) in run.columns().zip(columns) {
        let expected = naive(values, needle);
        assert_eq!(run.contains(&column, needle).unwrap(), expected, "{:?}", needle.escape_ascii().to_string());
    }
}
