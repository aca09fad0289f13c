//! What `docs/FORMAT.md` says of keys and values, as a reader of its own: it shares nothing with the program.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

/// The tables: what may stand in their keys, and what in the value of each.
pub const TABLES: &[(&str, &[(&str, &str)])] = &[
    (
        "meta",
        &[
            ("=format", "u64"),
            ("=normaliser", "u64"),
            ("=sequence", "u64"),
            ("=next_tenant", "u64"),
            ("=cursor_key", "32bytes"),
            ("=value_digests", "text"),
        ],
    ),
    ("tenants", &[("tenant", "=1 u8 text32 text32")]),
    ("documents", &[("tenant =1 text", "=1 u64 text32"), ("tenant =2 u16", "=1 u64 text32")]),
    ("numbers", &[("tenant u32", "text")]),
    ("resources", &[("tenant u16 u64", "resource")]),
    ("ids", &[("tenant text", "u16 u64")]),
    ("unique", &[("global text0 rest", "tenant u16 u64 text"), ("tenant u32 rest", "u16 u64 text")]),
    ("external_ids", &[("tenant u16 text0 u64", "text")]),
    ("members", &[("tenant u64 u64", "u16 u64 text")]),
    ("member_of", &[("tenant u64 u64", "u16 u64 text")]),
    ("changes", &[("tenant u64", "=1 u8 instant u64 text32 optional:text32 numbers32")]),
    ("tokens", &[("tenant text", "=1 u8 instant optional:instant digest32")]),
    ("secrets", &[("digest16", "tenant text")]),
    (
        "counters",
        &[
            ("tenant =0", "u64"),
            ("tenant =1 u16", "u64"),
            ("tenant =2", "u64"),
            ("tenant =3", "u64"),
            ("tenant =4", "u64"),
            ("tenant =5 u16", "u64"),
        ],
    ),
    ("indexes", &[("tenant u16", "=1 u64 numbers64")]),
    ("deleted", &[("tenant u16 32bytes u64", "=1 u64 text32")]),
    // What is under way is left out of the file that ends it.
    ("forgetting", &[]),
    (
        "jobs",
        &[
            (
                "tenant =0 u64",
                "=1 u8 text32 u64 u64 u64 u64 u64 u64 u64 u64 instant optional:instant text32 optional:text32 \
                 optional:pair32 texts64 optional:text32 failures64",
            ),
            ("tenant =1 20bytes", "u64"),
            ("tenant =2 u64", ""),
        ],
    ),
    ("job_rows", &[("tenant u64 u32", "texts32")]),
];

/// Whether bytes are, to the last one, what a line of words says.
pub fn is(words: &str, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    words.split_ascii_whitespace().all(|word| take(word, &mut rest).is_some()) && rest.is_empty()
}

fn cut<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn big(rest: &mut &[u8], length: usize) -> Option<u64> {
    Some(cut(rest, length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn take(word: &str, rest: &mut &[u8]) -> Option<()> {
    if let Some(text) = word.strip_prefix('=') {
        let expected = text.parse::<u8>().map_or_else(|_| text.as_bytes().to_vec(), |number| vec![number]);
        return (cut(rest, expected.len())? == expected).then_some(());
    }
    if let Some(word) = word.strip_prefix("optional:") {
        return match big(rest, 1)? {
            0 => Some(()),
            1 => take(word, rest),
            _ => None,
        };
    }
    match word {
        "u8" => big(rest, 1).map(drop),
        "u16" => big(rest, 2).map(drop),
        "u32" => big(rest, 4).map(drop),
        "u64" => big(rest, 8).map(drop),
        "tenant" => (1..0xffff_ffff).contains(&big(rest, 4)?).then_some(()),
        "global" => (big(rest, 4)? == 0xffff_ffff).then_some(()),
        "instant" => {
            big(rest, 8)?;
            (big(rest, 8)? < 1_000_000_000).then_some(())
        }
        "digest16" => cut(rest, 16).map(drop),
        "rest" => cut(rest, rest.len()).map(drop),
        "text" => std::str::from_utf8(cut(rest, rest.len())?).ok().map(drop),
        "text0" => {
            let mut text = Vec::new();
            loop {
                match (cut(rest, 1)?[0], rest.first()) {
                    (0, Some(0)) => break,
                    (0, Some(0xff)) => text.push(0),
                    (0, _) => return None,
                    (byte, _) => {
                        text.push(byte);
                        continue;
                    }
                }
                cut(rest, 1)?;
            }
            cut(rest, 1)?;
            String::from_utf8(text).ok().map(drop)
        }
        "numbers64" => {
            (rest.len() >= 8 && rest.len().is_multiple_of(8)).then(|| cut(rest, rest.len())).flatten().map(drop)
        }
        "20bytes" => cut(rest, 20).map(drop),
        "pair32" => (0..2).try_for_each(|_| take("text32", rest)),
        "texts64" => (0..big(rest, 8)?).try_for_each(|_| take("text32", rest)),
        "texts32" => {
            while !rest.is_empty() {
                take("text32", rest)?;
            }
            Some(())
        }
        "failures64" => (0..big(rest, 8)?)
            .try_for_each(|_| ["u64", "optional:text32", "text32"].iter().try_for_each(|word| take(word, rest))),
        "32bytes" => cut(rest, 32).map(drop),
        "text32" | "digest32" | "numbers32" => {
            let length = usize::try_from(big(rest, 4)?).ok()?;
            let bytes = cut(rest, length)?;
            match word {
                "text32" => std::str::from_utf8(bytes).is_ok(),
                "digest32" => length == 32,
                _ => length.is_multiple_of(4) && bytes.as_chunks::<4>().0.is_sorted(),
            }
            .then_some(())
        }
        "resource" => {
            (little(rest, 1)? == 1).then_some(())?;
            little(rest, 8)?;
            (0..2).try_for_each(|_| time(rest))?;
            text(rest)?;
            attributes(rest)
        }
        other => panic!("{other} is no word of the format"),
    }
}

fn little(rest: &mut &[u8], length: usize) -> Option<u64> {
    Some(cut(rest, length)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let length = rest.iter().take(10).position(|byte| *byte < 0x80)? + 1;
    Some(cut(rest, length)?.iter().rev().fold(0, |number, byte| number << 7 | u64::from(*byte & 0x7f)))
}

fn time(rest: &mut &[u8]) -> Option<()> {
    little(rest, 8)?;
    (little(rest, 4)? < 1_000_000_000).then_some(())
}

fn block<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(rest)?).ok()?;
    cut(rest, length)
}

fn text(rest: &mut &[u8]) -> Option<()> {
    std::str::from_utf8(block(rest)?).ok().map(drop)
}

fn attributes(rest: &mut &[u8]) -> Option<()> {
    let mut last = 0;
    while !rest.is_empty() {
        let number = varint(rest)?;
        (number > last).then_some(())?;
        last = number;
        value(rest)?;
    }
    Some(())
}

fn value(rest: &mut &[u8]) -> Option<()> {
    match little(rest, 1)? {
        0 | 1 => Some(()),
        2 => varint(rest).map(drop),
        3 => little(rest, 8).map(drop),
        4 => text(rest),
        5 => {
            time(rest)?;
            text(rest)
        }
        6 => block(rest).map(drop),
        7 => attributes(&mut block(rest)?),
        8 => {
            let mut values = block(rest)?;
            while !values.is_empty() {
                value(&mut values)?;
            }
            Some(())
        }
        _ => None,
    }
}
