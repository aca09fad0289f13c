//! Power loss at every step: a run that was told to be written is there, exactly; one that was not is refused, or there
//! exactly, and can be written again.

use std::sync::Arc;

use super::super::testing::{Dice, compare, words};
use super::*;

#[path = "../../../../tests/support/index_medium.rs"]
mod index_medium;

use index_medium::{IndexDisk, IndexLoss, IndexPlatter};

#[test]
fn a_power_loss_loses_no_run() {
    let mut dice = Dice(29);
    let pieces: &[&[u8]] = &[b"a", b"b", b"cd"];
    let values: Vec<_> = (0..3).map(|_| dice.texts(60, pieces, 12)).collect();
    let columns: Vec<_> = values.iter().map(|values| [(&values[..], true), (&values[..], false)]).collect();
    let disk = IndexDisk::default();
    let shelf = Shelf::new(Arc::new(disk.clone()));
    // When each run was there, and until when.
    let mut spans = Vec::new();
    for (columns, number) in columns.iter().zip(0..) {
        let began = disk.position();
        shelf.write(number, words(columns)).unwrap();
        spans.push((began, disk.position(), usize::MAX));
        if number == 1 {
            spans[0].2 = disk.position();
            shelf.remove(0).unwrap();
        }
    }
    let log = disk.log();
    let mut platter = IndexPlatter::default();
    let mut images = 0;
    for step in 0..=log.len() {
        if let Some(event) = step.checked_sub(1).and_then(|last| log.get(last)) {
            platter.apply(event);
        }
        let losses = [IndexLoss::All, IndexLoss::Nothing, IndexLoss::Tail, IndexLoss::Any];
        for loss in losses {
            let image = platter.image(loss, &mut |bound| dice.below(bound));
            let shelf = Shelf::new(Arc::new(IndexDisk::of(&image)));
            let about = format!("step {step} of {}, {loss:?}", log.len());
            let numbers = shelf.numbers().unwrap();
            for ((columns, (began, written, removed)), number) in columns.iter().zip(&spans).zip(0..) {
                match shelf.open(number) {
                    Ok(run) => {
                        assert!(step > *began, "{about}: run {number}");
                        for needle in ["a", "ab", "abc", "abab", "cdcd"] {
                            compare(&run, columns, needle.as_bytes());
                        }
                    }
                    Err(error) => {
                        assert!(step < *written || step > *removed, "{about}: run {number}: {error:?}");
                        assert_eq!(error.kind(), ErrorKind::Corrupt, "{about}: {error:?}");
                    }
                }
                assert!(numbers.contains(&number) || step < *written || step > *removed, "{about}");
            }
            if loss == IndexLoss::Any && step % 4 == 0 {
                let number = dice.below(3);
                shelf.write(number as u64, words(&columns[number])).unwrap();
                compare(&shelf.open(number as u64).unwrap(), &columns[number], b"abc");
            }
            images += 1;
        }
    }
    assert!(images > 400, "{images} images");
}

#[test]
fn every_failure_is_told() {
    let values = Dice(31).texts(100, &[b"a", b"b"], 9);
    let columns = [(&values[..], true)];
    let told = [
        (io::ErrorKind::PermissionDenied, ErrorKind::Io),
        (io::ErrorKind::StorageFull, ErrorKind::DiskFull),
        (io::ErrorKind::QuotaExceeded, ErrorKind::DiskFull),
    ];
    for (cause, kind) in told {
        for after in 0.. {
            let disk = IndexDisk::default();
            let shelf = Shelf::new(Arc::new(disk.clone()));
            disk.arm(after, cause);
            let written = shelf.write(5, words(&columns));
            if !disk.mend() {
                assert!(after > 40, "only {after} events");
                compare(&written.unwrap(), &columns, b"ab");
                break;
            }
            let Err(error) = written else { continue };
            assert_eq!(error.kind(), kind, "after {after}: {error:?}");
            shelf.write(5, words(&columns)).unwrap();
            compare(&shelf.open(5).unwrap(), &columns, b"ab");
        }
    }
}
