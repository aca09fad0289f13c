//! Runs that are written, opened, damaged and removed.

use std::path::Path;
use std::sync::Arc;

use tantivy::Directory;

use super::super::medium::{Disk, IndexMedium, Memory};
use super::super::testing::{Dice, compare, words};
use super::*;

fn values() -> Vec<Vec<u8>> {
    Dice(3).texts(500, &[b"a", b"b", b"cd", "é".as_bytes()], 12)
}

fn write(medium: &Arc<dyn IndexMedium>, number: u64, values: &[Vec<u8>], grams: bool) -> Shelf {
    let shelf = Shelf::new(Arc::clone(medium));
    let columns = [(values, false), (values, grams)];
    let run = shelf.write(number, words(&columns)).unwrap();
    compare(&run, &columns, b"abc");
    shelf
}

fn media() -> Vec<(Arc<dyn IndexMedium>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    vec![(Arc::new(Disk::new(folder.path())), Some(folder)), (Arc::new(Memory::default()), None)]
}

#[test]
fn runs_are_written_opened_listed_and_removed() {
    let values = values();
    for (medium, _folder) in media() {
        assert_eq!(Shelf::new(Arc::clone(&medium)).numbers().unwrap(), Vec::<u64>::new());
        for (number, grams) in [(7, true), (300, false), (1, true)] {
            let shelf = write(&medium, number, &values, grams);
            let run = shelf.open(number).unwrap();
            for needle in ["", "a", "ab", "abc", "abcd", "dabcé", "éé"] {
                compare(&run, &[(&values, false), (&values, grams)], needle.as_bytes());
            }
        }
        // A name that is none of ours.
        medium.directory("lost+found").unwrap();
        let shelf = Shelf::new(Arc::clone(&medium));
        assert_eq!(shelf.numbers().unwrap(), [1, 7, 300]);
        let open = shelf.open(7).unwrap();
        shelf.remove(7).unwrap();
        shelf.remove(7).unwrap();
        assert_eq!(shelf.numbers().unwrap(), [1, 300]);
        compare(&open, &[(&values, false), (&values, true)], b"abc");
        assert_eq!(shelf.open(7).map(drop).unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(shelf.numbers().unwrap(), [1, 300]);
        // What an earlier attempt left is replaced.
        let columns = [(&values[..9], true)];
        shelf.write(300, words(&columns)).unwrap();
        compare(&shelf.open(300).unwrap(), &columns, b"ab");
    }
}

/// The files of a run, by what reads them.
fn files(directory: &dyn Directory) -> Vec<String> {
    unseal(directory).unwrap().into_keys().chain([super::super::seal::SEAL.to_owned()]).collect()
}

/// Opens a run that was damaged.
fn refuse(shelf: &Shelf, about: &str) {
    match shelf.open(1) {
        Ok(_) => panic!("{about}: it was accepted"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "{about}: {error:?}"),
    }
}

#[test]
fn damage_is_found() {
    let values = values();
    let mut dice = Dice(17);
    for (medium, _folder) in media() {
        let shelf = write(&medium, 1, &values, true);
        let directory = medium.directory(&name(1)).unwrap();
        let files = files(&*directory);
        assert!(files.len() > 7, "{files:?}");
        for file in &files {
            let path = Path::new(file);
            let whole = directory.open_read(path).unwrap().read_bytes().unwrap().to_vec();
            let replace = |bytes: Option<&[u8]>| {
                directory.delete(path).unwrap();
                if let Some(bytes) = bytes {
                    write_file(&*directory, file, bytes).unwrap();
                }
            };
            replace(None);
            refuse(&shelf, &format!("{file} is missing"));
            write_file(&*directory, file, b"").unwrap();
            refuse(&shelf, &format!("{file} is empty"));
            for _ in 0..5 {
                let length = dice.below(whole.len());
                replace(Some(&whole[..length]));
                refuse(&shelf, &format!("{file} ends at {length} of {}", whole.len()));
            }
            let longer = [whole.as_slice(), b"\n"].concat();
            replace(Some(&longer));
            refuse(&shelf, &format!("{file} is longer"));
            let ends = [0, whole.len() / 2, whole.len() - 1];
            let places: Vec<usize> = ends.into_iter().chain((0..20).map(|_| dice.below(whole.len()))).collect();
            for at in places {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << dice.below(8);
                replace(Some(&flipped));
                refuse(&shelf, &format!("{file} is changed at {at} of {}", whole.len()));
            }
            replace(Some(&whole));
            compare(&shelf.open(1).unwrap(), &[(&values, false), (&values, true)], b"abc");
        }
    }
}

/// Behind a sound seal, too: `open` must not trust tantivy to tell damage without a panic.
#[test]
fn sealed_nonsense_is_refused() {
    let values = values();
    let mut dice = Dice(23);
    let medium: Arc<dyn IndexMedium> = Arc::new(Memory::default());
    let shelf = write(&medium, 1, &values, true);
    let directory = medium.directory(&name(1)).unwrap();
    let files = files(&*directory);
    for file in files.iter().filter(|file| *file != super::super::seal::SEAL) {
        let path = Path::new(file);
        let whole = directory.open_read(path).unwrap().read_bytes().unwrap().to_vec();
        for length in [0, 1, 4, 11, 12, 30, dice.below(whole.len())] {
            for path in [path, Path::new(super::super::seal::SEAL)] {
                directory.delete(path).unwrap();
            }
            write_file(&*directory, file, &whole[..length.min(whole.len() - 1)]).unwrap();
            seal(&*directory, files.iter().filter(|file| *file != super::super::seal::SEAL).cloned()).unwrap();
            // Some files are never looked into, so that it may also be accepted.
            if let Err(error) = shelf.open(1) {
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{file} {length}: {error:?}");
            }
        }
        directory.delete(path).unwrap();
        write_file(&*directory, file, &whole).unwrap();
    }
}
