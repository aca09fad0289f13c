//! No body of an import that is queued panics, and however a stream cuts it, it is read as the same: the same users in
//! their order, the same terms, or the same error at the same byte. Of a stream that breaks off no more is taken.
#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use scimdb::message::{ImportLimits, ImportSink, ImportTerms, ResourceInput, read_import};
use scimdb::{Error, ErrorKind, Result};

/// Small ones, so that inputs get beyond them.
const LIMITS: ImportLimits = ImportLimits { bytes: 3_000, users: 20 };

fuzz_target!(|body: &[u8]| {
    let whole = read(&mut &*body);
    assert_eq!(read(&mut Pieces::of(body, 1)), whole, "a byte at a time");
    assert_eq!(read(&mut Pieces::of(body, 64)), whole, "in pieces");
    if let Outcome { terms: Ok(terms), parts } = &whole {
        let users = parts.iter().filter(|part| part.starts_with('{'));
        users.clone().for_each(|user| drop(ResourceInput::from_json(user.as_bytes())));
        assert_eq!((users.count() as u64, parts.last().is_some()), (terms.users, true));
    }
    // It breaks off in the middle, where the first byte says.
    let at = body.first().map_or(0, |byte| body.len() * usize::from(*byte) / 256);
    let cut = read(&mut Pieces { breaks_off: true, ..Pieces::of(body.get(..at).unwrap_or_default(), 64) });
    assert!(whole.parts.starts_with(&cut.parts), "{cut:?} is no beginning of {whole:?}");
    let is_broken = matches!(&cut.terms, Err(told) if told.kind == ErrorKind::Cancelled);
    assert!(is_broken || cut == whole, "{cut:?} is not {whole:?}");
});

/// What a body was read as.
#[derive(Debug, PartialEq)]
struct Outcome {
    terms: Result<ImportTerms, Told>,
    /// Users, and the id of the group behind a letter, in their order.
    parts: Vec<String>,
}

/// All that an error tells.
#[derive(Debug, PartialEq)]
struct Told {
    kind: ErrorKind,
    detail: String,
    attribute: Option<String>,
    offset: Option<usize>,
}

#[derive(Default)]
struct Kept(Vec<String>);

impl ImportSink for Kept {
    fn group(&mut self, id: &str) -> Result<()> {
        self.0.push(format!("g{id}"));
        Ok(())
    }

    fn user(&mut self, json: &str) -> Result<()> {
        self.0.push(json.to_owned());
        Ok(())
    }
}

fn read(body: &mut dyn Read) -> Outcome {
    let mut kept = Kept::default();
    let told = |error: Error| Told {
        kind: error.kind(),
        detail: error.detail().to_owned(),
        attribute: error.attribute().map(str::to_owned),
        offset: error.offset(),
    };
    let terms = read_import(body, LIMITS, &mut kept).map_err(told);
    Outcome { terms, parts: kept.0 }
}

/// A stream that gives pieces whose sizes its bytes say, every other one after an interruption; and then ends, or breaks off.
struct Pieces<'a> {
    body: &'a [u8],
    largest: usize,
    is_interrupted: bool,
    breaks_off: bool,
}

impl<'a> Pieces<'a> {
    fn of(body: &'a [u8], largest: usize) -> Self {
        Pieces { body, largest, is_interrupted: false, breaks_off: false }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some(first) = self.body.first() else {
            let gone = || io::Error::other(Error::new(ErrorKind::Cancelled, "the client went away"));
            return if self.breaks_off { Err(gone()) } else { Ok(0) };
        };
        let size = (usize::from(*first) % self.largest + 1).min(self.body.len()).min(into.len());
        let (piece, rest) = self.body.split_at(size);
        into[..size].copy_from_slice(piece);
        self.body = rest;
        Ok(size)
    }
}
