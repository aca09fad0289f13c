//! How the inverted index of substrings is made.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use tantivy::directory::Directory;
use tantivy::indexer::SingleSegmentIndexWriter;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};
use tantivy::schema::{BytesOptions, Field, Schema};
use tantivy::store::Compressor;
use tantivy::{Index, IndexSettings, TantivyError};

use super::{Term, bytes, term, unlike};
use crate::engine::index::{Run, interrupt};

/// The one field.
pub(super) const FIELD: &str = "gram";

/// Bytes that the table of terms is laid out for, at least and at most; it grows beyond. Nothing is written before all
/// values are known.
const LEAST: usize = 1 << 20;
const MOST: usize = 64 << 20;

/// Writes the inverted index of a run's columns that shall have one; tells the files.
pub(in crate::engine::index) fn build(directory: Box<dyn Directory>, run: &Run) -> tantivy::Result<HashSet<PathBuf>> {
    let mut schema = Schema::builder();
    let field = schema.add_bytes_field(FIELD, BytesOptions::default().set_indexed());
    // Nothing is stored, so nothing is compressed.
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let budget = run.gram_columns().map(|column| column.packed().0.len()).sum::<usize>().clamp(LEAST, MOST);
    let mut writer: SingleSegmentIndexWriter<Terms> =
        Index::builder().schema(schema.build()).settings(settings).single_segment_index_writer(directory, budget)?;
    let mut terms: Arc<Vec<Term>> = Arc::default();
    let mut next = 0;
    for (column, number) in run.gram_columns().zip(0..=u16::MAX) {
        if column.grams != Some(next) {
            return Err(unlike("the numbering of values"));
        }
        next += column.distinct;
        for ord in 0..column.distinct {
            if ord.is_multiple_of(4_096) && interrupt::is_due() {
                return Err(TantivyError::SystemError("the store is closed".to_owned()));
            }
            // The writer has dropped the value before this one.
            let free = Arc::make_mut(&mut terms);
            free.clear();
            add_terms(free, number, column.value(ord));
            writer.add_document(Terms { field, terms: Arc::clone(&terms) })?;
        }
    }
    let index = writer.finalize()?;
    Ok(index.directory().list_managed_files())
}

/// Adds the terms of a value; some may come twice.
fn add_terms(terms: &mut Vec<Term>, column: u16, value: &[u8]) {
    terms.extend(value.windows(2).map(|gram| term(column, gram)));
    terms.extend(value.windows(3).map(|gram| term(column, gram)));
    terms.extend(value.last_chunk::<1>().map(|gram| term(column, gram)));
}

/// The terms of a value, as the writer takes them.
struct Terms {
    field: Field,
    terms: Arc<Vec<Term>>,
}

impl Document for Terms {
    type Value<'a> = Gram<'a>;
    type FieldsValuesIter<'a> = Entries<'a>;

    fn iter_fields_and_values(&self) -> Entries<'_> {
        Entries { field: self.field, terms: self.terms.iter() }
    }
}

struct Entries<'a> {
    field: Field,
    terms: std::slice::Iter<'a, Term>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Field, Gram<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.terms.next().map(|term| (self.field, Gram(bytes(term))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.terms.size_hint()
    }
}

#[derive(Clone, Debug)]
struct Gram<'a>(&'a [u8]);

impl<'a> Value<'a> for Gram<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(ReferenceValueLeaf::Bytes(self.0))
    }
}
