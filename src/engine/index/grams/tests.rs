//! What an inverted index of substrings finds is what a search by hand finds.

use std::sync::Arc;

use crate::engine::index::testing::{Dice, compare, words};
use crate::engine::index::{Memory, Run, Shelf};

type Columns<'a> = Vec<(&'a [Vec<u8>], bool)>;

/// The run with its grams, and without any.
fn runs(columns: &Columns<'_>) -> [Run; 2] {
    let shelf = Shelf::new(Arc::new(Memory::default()));
    [shelf.write(1, words(columns)).unwrap(), Shelf::memory(words(columns)).unwrap()]
}

fn search(columns: &Columns<'_>, pieces: &[&[u8]], dice: &mut Dice, times: usize) {
    let runs = runs(columns);
    for _ in 0..times {
        let mut needle = dice.text(pieces, 8);
        needle.truncate(8);
        if dice.below(3) == 0 && !needle.is_empty() {
            needle.remove(0);
        }
        runs.iter().for_each(|run| compare(run, columns, &needle));
    }
    for needle in [&b""[..], b"\0", b"\xff", b"\xff\xff", b"\xff\xff\xff", b"a\0", b"\0a", b"\0\0a"] {
        runs.iter().for_each(|run| compare(run, columns, needle));
    }
}

#[test]
fn what_contains_a_text_is_found() {
    let mut dice = Dice(7);
    let alphabets: [&[&[u8]]; 5] = [
        &[b"a", b"b"],
        &[b"a", b"b", b"c", b"d", b"e"],
        &[b"\0", b"\x01", b"\xff", b"a"],
        &["é".as_bytes(), "ß".as_bytes(), "中".as_bytes(), "文".as_bytes(), "🦀".as_bytes(), b"a"],
        &[b"ab", b"abc", b"b", b"aaaa"],
    ];
    for pieces in alphabets {
        for most in [1, 3, 12, 40] {
            let first = dice.texts(400, pieces, most);
            let second = dice.texts(300, pieces, most);
            let few = dice.texts(9, pieces, most);
            let columns: Columns<'_> = vec![(&first, true), (&few, false), (&[], true), (&second, true), (&[], false)];
            search(&columns, pieces, &mut dice, 60);
        }
    }
}

#[test]
fn many_candidates_are_held_against_other_grams() {
    let mut dice = Dice(11);
    let pieces: &[&[u8]] = &[b"a", b"b", b"c"];
    let values = dice.texts(12_000, pieces, 24);
    let other = dice.texts(5_000, pieces, 9);
    let columns: Columns<'_> = vec![(&other, true), (&values, true)];
    let runs = runs(&columns);
    for needle in ["abca", "aabba", "cccc", "abcabc", "cbabac", "abcabcabc", "ccbbaa", "bacbacb", "abcd", "aaaaaaaa"] {
        runs.iter().for_each(|run| compare(run, &columns, needle.as_bytes()));
    }
    search(&columns, pieces, &mut dice, 60);
}

#[test]
fn a_long_text_is_found() {
    let long: Vec<u8> = (0..70_000u32).flat_map(|number| number.to_le_bytes()).collect();
    let mut values = vec![long.clone(), b"short".to_vec(), long[4..].to_vec()];
    values.sort();
    let columns: Columns<'_> = vec![(&values, true)];
    for run in runs(&columns) {
        for needle in
            [&long[..], &long[4..], &long[2..5_000], &long[long.len() - 6..], &[long.as_slice(), b"x"].concat()]
        {
            compare(&run, &columns, needle);
        }
    }
}

/// The needle's rarest gram is common in values that do not have all of it: neither half of it counts.
#[test]
fn what_lies_across_two_values_is_not_found() {
    let values = [b"".to_vec(), b"ab".to_vec(), b"ca".to_vec(), b"cab".to_vec(), b"dabc".to_vec()];
    let columns: Columns<'_> = vec![(&values, true)];
    for run in runs(&columns) {
        for needle in ["abca", "bc", "b", "abc", "cab", "ca", "ac", "acab", "bd", "cabd", "c", "d", ""] {
            compare(&run, &columns, needle.as_bytes());
        }
    }
}
