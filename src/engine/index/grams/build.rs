//! How the inverted index of substrings is made. tantivy's own indexing asks a hash table for each gram of each value;
//! here the grams come in order, and go to what tantivy writes terms and postings with.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tantivy::directory::{Directory, RamDirectory, TerminatingWrite as _};
use tantivy::index::{IndexMeta, Segment, SegmentComponent};
use tantivy::indexer::SingleSegmentIndexWriter;
use tantivy::postings::{FieldSerializer, InvertedIndexSerializer};
use tantivy::schema::{BytesOptions, Schema};
use tantivy::store::Compressor;
use tantivy::{Index, IndexSettings, TantivyDocument, TantivyError};

use super::sort::{HELD, Sorter};
use super::{bytes, term, unlike};
use crate::engine::index::{Column, Run, interrupt};

/// The one field.
pub(super) const FIELD: &str = "gram";

/// The file that lists the segments.
const META: &str = "meta.json";

/// Bytes of memory for the writer that writes nothing.
const LEAST: usize = 1 << 20;

/// Writes the inverted index of a run's columns that shall have one; tells the files.
pub(in crate::engine::index) fn build(directory: Box<dyn Directory>, run: &Run) -> tantivy::Result<HashSet<PathBuf>> {
    let mut schema = Schema::builder();
    let field = schema.add_bytes_field(FIELD, BytesOptions::default().set_indexed());
    let schema = schema.build();
    // Nothing is stored, so nothing is compressed.
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let index = Index::create(directory, schema.clone(), settings.clone())?;
    let segment = index.new_segment();
    let mut serializer = InvertedIndexSerializer::open(&segment)?;
    let tokens = run.gram_columns().map(|column| tokens(&column)).sum();
    let mut terms = serializer.new_field(field, tokens, None)?;
    let mut sorter = Sorter::new(HELD);
    let mut next = 0;
    for (column, number) in run.gram_columns().zip(0..=u16::MAX) {
        if column.grams != Some(next) {
            return Err(unlike("the numbering of values"));
        }
        if interrupt::is_due() {
            return Err(TantivyError::SystemError("the store is closed".to_owned()));
        }
        // In the order of terms.
        sorter.each::<1>(&column, |gram, ords| write(&mut terms, number, gram, next, ords))?;
        sorter.each::<2>(&column, |gram, ords| write(&mut terms, number, gram, next, ords))?;
        sorter.each::<3>(&column, |gram, ords| write(&mut terms, number, gram, next, ords))?;
        next += column.distinct;
    }
    drop(sorter);
    terms.close()?;
    serializer.close()?;
    write_others(&segment, &schema, &settings)?;
    let segment = segment.with_max_doc(next);
    let meta = IndexMeta {
        index_settings: settings,
        segments: vec![segment.meta().clone()],
        ..IndexMeta::with_schema(schema)
    };
    let meta = serde_json::to_vec_pretty(&meta).map_err(io::Error::from)?;
    index.directory().sync_directory()?;
    index.directory().atomic_write(Path::new(META), &meta)?;
    Ok(index.directory().list_managed_files())
}

/// How many terms the values of a column have, those that come twice in a value counted twice.
fn tokens(column: &Column<'_>) -> u64 {
    let lengths = (0..column.distinct).map(|ord| column.value(ord).len() as u64);
    lengths.map(|length| length.min(1) + length.saturating_sub(1) + length.saturating_sub(2)).sum()
}

/// Writes a term and the documents it is in.
fn write(terms: &mut FieldSerializer<'_>, column: u16, gram: &[u8], base: u32, ords: &[u32]) -> io::Result<()> {
    terms.new_term_without_freq(bytes(&term(column, gram)))?;
    let mut before = None;
    for ord in ords {
        if before.replace(*ord) != Some(*ord) {
            terms.write_doc(base + ord, 0, &[]);
        }
    }
    terms.close_term()
}

/// Writes the other files of a segment: tantivy refuses one that lacks them. The documents have nothing that would
/// stand there, so they are those of a segment without documents.
fn write_others(segment: &Segment, schema: &Schema, settings: &IndexSettings) -> tantivy::Result<()> {
    let builder = Index::builder().schema(schema.clone()).settings(settings.clone());
    let writer: SingleSegmentIndexWriter<TantivyDocument> =
        builder.single_segment_index_writer(RamDirectory::create(), LEAST)?;
    let index = writer.finalize()?;
    let empty = index.searchable_segments()?.pop().ok_or_else(|| unlike("the number of segments"))?;
    for component in [SegmentComponent::FieldNorms, SegmentComponent::FastFields, SegmentComponent::Store] {
        let bytes = empty.open_read(component.clone())?.read_bytes()?;
        let mut file = segment.open_write(component)?;
        file.write_all(&bytes)?;
        file.terminate()?;
    }
    Ok(())
}
