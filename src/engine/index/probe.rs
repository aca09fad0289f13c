//! Reads parts of an index whose bytes may be anything: for fuzzing. What is on disk is compared with its digest before
//! it is read, but no reader may rest on that alone.

use std::hint::black_box;

use super::layout::{Assembly, Bytes};
use super::manifest::Manifest;
use super::{Column, Run};
use crate::model::AttributeId;

/// How much of each list is looked at.
const MOST: u32 = 256;

/// Opens bytes as a run, as they would be mapped from a file, and asks everything that searches ask.
pub fn run(bytes: &[u8], needle: &[u8]) {
    let open = |verify| {
        let mut copy = Assembly::default();
        copy.add(bytes);
        Run::open(Bytes::Memory(copy.words().into()), None, verify)
    };
    black_box(open(true).is_ok());
    let Ok(run) = open(false) else { return };
    for row in run.rows().iter().take(MOST as usize) {
        black_box(run.doc(*row));
    }
    for doc in 0..run.docs().min(MOST) {
        black_box(run.id(doc));
    }
    black_box((run.kind(), run.doc_of_id("a"), run.tombstones().len(), run.next_number()));
    for column in run.columns().take(MOST as usize) {
        ask(&run, &column, needle);
    }
    for space in (0..MOST).filter_map(|attribute| run.space(AttributeId(attribute))) {
        for number in 0..space.slots.min(MOST) {
            black_box((space.owner(number), space.slots_of(number)));
        }
        black_box((space.shift(), space.elements().map(<[u64]>::len)));
    }
}

fn ask(run: &Run, column: &Column<'_>, needle: &[u8]) {
    for ord in (0..column.distinct.min(MOST)).chain([column.distinct, u32::MAX]) {
        black_box((column.value(ord), column.start(ord), column.dense(ord)));
        black_box(column.slots_of(ord..ord.saturating_add(1)));
    }
    for slot in (0..column.slots.min(MOST)).chain([u32::MAX]) {
        black_box(column.ords.get(slot));
    }
    black_box((column.find(needle), column.upper_bound(needle), column.prefix(needle), column.present()));
    // These look through all values where there is no order that helps.
    if column.distinct < MOST {
        black_box((column.suffix(needle), run.contains(column, needle).is_ok()));
    }
}

/// Reads bytes as a manifest. What is read must be written as it was.
///
/// # Panics
/// If it is not.
pub fn manifest(bytes: &[u8]) {
    if let Some(manifest) = Manifest::decode(bytes) {
        assert_eq!(manifest.encode(), bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Dice, words};
    use super::*;

    #[test]
    fn no_bytes_make_a_reader_panic() {
        let mut dice = Dice(1);
        let values = dice.texts(40, &[b"a", b"bc", b"\xc3\x9f"], 5);
        let sound = words(&[(&values, true), (&values[..3], false), (&[], false)]);
        let sound: &[u8] = bytemuck::cast_slice(&sound);
        run(sound, b"a");
        for _ in 0..4_000 {
            let mut bytes = sound.to_vec();
            for _ in 0..=dice.below(3) {
                // Mostly where the table of contents stands.
                let at = if dice.below(4) == 0 {
                    dice.below(bytes.len())
                } else {
                    bytes.len() - 1 - dice.below(bytes.len() / 2)
                };
                bytes[at] = [b'0' + dice.below(10) as u8, dice.below(256) as u8][dice.below(2)];
            }
            if dice.below(8) == 0 {
                bytes.truncate(dice.below(bytes.len()));
            }
            run(&bytes, &values[dice.below(values.len())]);
        }
        for bytes in [&[][..], &[1], &[1, 0, 0, 0, 0, 0, 0, 0, 7], &[2; 25]] {
            manifest(bytes);
        }
    }
}
