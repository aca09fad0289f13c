//! The values that contain a text (RFC 7644 3.4.2.2 `co`): an inverted index of substrings where a column has many
//! values, and else a search through all of them.
//!
//! The documents of the inverted index are not resources but the distinct values of columns: a value that many
//! resources have is one document. They are numbered column by column in the order of the values, so a document's
//! number tells the ord. A term is a column, a tag and a *gram*: two or three bytes that follow each other in a value,
//! or the value's last byte, which is how a single byte is found: it begins a pair, or it is the last.

mod build;
mod scan;
mod sort;
#[cfg(test)]
mod tests;

pub(super) use build::build;
pub(super) use scan::scan;

use std::io;
use std::sync::Arc;

use memchr::memmem::Finder;
use tantivy::index::{InvertedIndexReader, SegmentReader};
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{Directory, Index};

use super::{Bits, Column, Run};

/// Grams of a longer text that are looked up. The rarest of them are used.
const LOOKED_UP: usize = 64;

/// Fewer candidates than this are compared at once. More are first held against another gram's values, if comparing
/// some of them shows that this pays.
const FEW: usize = 512;

/// Candidates that are compared to learn how many of them are none.
const SAMPLE: usize = 64;

/// Grams that candidates are held against at most.
const MOST_LISTS: usize = 3;

/// A term: its length, and its bytes.
type Term = [u8; 7];

/// The term of a gram of one to three bytes.
fn term(column: u16, gram: &[u8]) -> Term {
    let [high, low] = column.to_be_bytes();
    // The tag is the gram's length.
    match *gram {
        [last] => [4, high, low, 1, last, 0, 0],
        [first, second] => [5, high, low, 2, first, second, 0],
        [first, second, third, ..] => [6, high, low, 3, first, second, third],
        [] => [3, high, low, 0, 0, 0, 0],
    }
}

/// The bytes of a term.
fn bytes(term: &Term) -> &[u8] {
    let [length, rest @ ..] = term;
    rest.get(..usize::from(*length)).unwrap_or(rest)
}

/// The inverted index of substrings of a run.
pub(in crate::engine) struct Grams {
    reader: Arc<InvertedIndexReader>,
    /// The first document of each column that has grams, ascending.
    bases: Vec<u32>,
}

impl Grams {
    /// Opens the inverted index of a run; nothing if the run has none.
    ///
    /// # Errors
    /// Any. It may also panic where files were changed, so their checksums are compared before.
    pub(super) fn open(directory: Box<dyn Directory>, run: &Run) -> tantivy::Result<Self> {
        let index = Index::open(directory)?;
        let segments = index.searchable_segments()?;
        let [segment] = segments.as_slice() else { return Err(unlike("the number of segments")) };
        let reader = SegmentReader::open(segment)?;
        let values: u32 = run.gram_columns().map(|column| column.distinct).sum();
        if reader.max_doc() != values || reader.has_deletes() {
            return Err(unlike("the number of values"));
        }
        let field = index.schema().get_field(build::FIELD)?;
        let bases = run.gram_columns().filter_map(|column| column.grams).collect();
        Ok(Grams { reader: reader.inverted_index(field)?, bases })
    }

    /// The values of a column that contain a text, ascending. Nothing where the column has no grams.
    pub(super) fn contains(&self, column: &Column<'_>, needle: &[u8]) -> io::Result<Option<Vec<u32>>> {
        let Some(grams) = self.of(column) else { return Ok(None) };
        let found = match needle {
            [] => (0..column.distinct).collect(),
            [byte] => grams.single(*byte)?,
            [_, _] | [_, _, _] => match grams.info(needle)? {
                Some(info) => grams.ords(&info)?,
                None => Vec::new(),
            },
            _ => grams.longer(needle)?,
        };
        Ok(Some(found))
    }

    fn of<'a>(&'a self, column: &'a Column<'a>) -> Option<ColumnGrams<'a>> {
        // A column without values has the number of the next one.
        let base = column.grams.filter(|_| column.distinct > 0)?;
        let number = u16::try_from(self.bases.binary_search(&base).ok()?).ok()?;
        Some(ColumnGrams { reader: &self.reader, number, base, column })
    }
}

fn unlike(what: &str) -> tantivy::TantivyError {
    tantivy::TantivyError::InternalError(format!("{what} is not that of the run"))
}

/// The grams of one column.
struct ColumnGrams<'a> {
    reader: &'a InvertedIndexReader,
    number: u16,
    base: u32,
    column: &'a Column<'a>,
}

impl ColumnGrams<'_> {
    fn info(&self, gram: &[u8]) -> io::Result<Option<TermInfo>> {
        self.reader.terms().get(bytes(&term(self.number, gram)))
    }

    fn postings(&self, info: &TermInfo) -> io::Result<BlockSegmentPostings> {
        self.reader.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)
    }

    /// The values with a gram.
    fn ords(&self, info: &TermInfo) -> io::Result<Vec<u32>> {
        let mut ords = Vec::with_capacity(info.doc_freq as usize);
        self.each_block(info, |block| ords.extend(block.iter().map(|doc| doc - self.base)))?;
        Ok(ords)
    }

    fn each_block(&self, info: &TermInfo, mut each: impl FnMut(&[u32])) -> io::Result<()> {
        let mut postings = self.postings(info)?;
        while !postings.docs().is_empty() {
            each(postings.docs());
            postings.advance();
        }
        Ok(())
    }

    /// The pairs that a byte begins, and the byte at the end.
    fn infos_of(&self, byte: u8) -> io::Result<Vec<TermInfo>> {
        let mut infos = Vec::from_iter(self.info(&[byte])?);
        let (from, to) = (term(self.number, &[byte, 0]), term(self.number, &[byte, u8::MAX]));
        let mut pairs = self.reader.terms().range().ge(bytes(&from)).le(bytes(&to)).into_stream()?;
        while let Some((_, info)) = pairs.next() {
            infos.push(info.clone());
        }
        Ok(infos)
    }

    fn single(&self, byte: u8) -> io::Result<Vec<u32>> {
        let mut found = Bits::none(self.column.distinct);
        for info in self.infos_of(byte)? {
            self.each_block(&info, |block| block.iter().for_each(|doc| found.set(doc - self.base)))?;
        }
        Ok(found.iter().collect())
    }

    /// The grams of three bytes of a text, the rarest first; none where one of them is in no value.
    fn rarest(&self, needle: &[u8]) -> io::Result<Vec<TermInfo>> {
        let mut grams: Vec<&[u8]> = needle.windows(3).take(LOOKED_UP).collect();
        grams.sort_unstable();
        grams.dedup();
        let mut infos = Vec::with_capacity(grams.len());
        for gram in grams {
            match self.info(gram)? {
                Some(info) => infos.push(info),
                None => return Ok(Vec::new()),
            }
        }
        infos.sort_by_key(|info| info.doc_freq);
        Ok(infos)
    }

    fn longer(&self, needle: &[u8]) -> io::Result<Vec<u32>> {
        let infos = self.rarest(needle)?;
        let Some((rarest, others)) = infos.split_first() else { return Ok(Vec::new()) };
        let mut candidates = self.ords(rarest)?;
        let finder = Finder::new(needle);
        let contains = |ord: u32| finder.find(self.column.value(ord)).is_some();
        for info in others.iter().take(MOST_LISTS - 1) {
            let step = (candidates.len() / SAMPLE).max(1);
            let most_contain = || candidates.iter().step_by(step).filter(|ord| contains(**ord)).count() * 2 > SAMPLE;
            if candidates.len() < FEW || most_contain() {
                break;
            }
            candidates = self.intersect(&candidates, info)?;
        }
        candidates.retain(|ord| contains(*ord));
        Ok(candidates)
    }

    /// Those of some values that also have another gram.
    fn intersect(&self, candidates: &[u32], info: &TermInfo) -> io::Result<Vec<u32>> {
        let mut postings = self.postings(info)?;
        let mut found = Vec::with_capacity(candidates.len());
        let mut rest = candidates;
        while let Some(first) = rest.first() {
            let at = postings.seek(first + self.base);
            let block = postings.docs().get(at..).unwrap_or_default();
            let Some(last) = block.last() else { break };
            let (here, behind) = rest.split_at(rest.partition_point(|ord| ord + self.base <= *last));
            let mut block = block.iter().peekable();
            for ord in here {
                let doc = ord + self.base;
                while block.next_if(|other| **other < doc).is_some() {}
                if block.peek() == Some(&&doc) {
                    found.push(*ord);
                }
            }
            rest = behind;
        }
        Ok(found)
    }
}
