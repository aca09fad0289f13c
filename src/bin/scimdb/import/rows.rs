//! From a file to rows. Nothing is held but the row at hand: a file may be larger than the memory.

use std::io::{BufRead, Read};

use scimdb::model::TypeModel;
use scimdb::{Error, ErrorKind};
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Sink;
use super::columns::Columns;
use super::rejects::RejectedRow;
use crate::failure::{Exit, Failure};

/// Bytes of a line at most: stops a file without line breaks from filling the memory. A group of a million members
/// fits.
const MAX_LINE_BYTES: u64 = 256 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A JSON object on each line. A row's number is its line's.
pub fn ndjson(mut reader: impl BufRead, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let mut number = 0;
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        if read as u64 > MAX_LINE_BYTES {
            let message = format!("line {number} is longer than {} MiB", MAX_LINE_BYTES >> 20);
            return Err(Failure::new(Exit::Request, message));
        }
        if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        line.truncate(line.trim_ascii_end().len());
        if !line.trim_ascii_start().is_empty() {
            sink.row(number, line)?;
        }
    }
}

/// An array of JSON objects, or JSON objects one after another. A row's number is its place, from 1.
pub fn json(mut reader: impl BufRead, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let first = first_byte(&mut reader)?;
    let mut rows = Rows { sink, number: 0, failure: None };
    let outcome = match first {
        Some(b'[') => {
            let mut deserializer = serde_json::Deserializer::from_reader(reader);
            (&mut rows).deserialize(&mut deserializer).and_then(|()| deserializer.end())
        }
        _ => serde_json::Deserializer::from_reader(reader).into_iter::<Box<RawValue>>().try_for_each(|row| {
            rows.push(row?);
            match rows.failure {
                Some(_) => Err(serde::de::Error::custom("stopped")),
                None => Ok(()),
            }
        }),
    };
    let Rows { number, failure, .. } = rows;
    match (failure, outcome) {
        (Some(failure), _) => Err(failure),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) if error.is_io() => Err(unreadable(error.into())),
        (None, Err(error)) => {
            Err(Failure::new(Exit::Request, format!("the file is not JSON after row {number}: {error}")))
        }
    }
}

/// Skips a byte order mark and white space, and looks at what follows.
fn first_byte(reader: &mut impl BufRead) -> Result<Option<u8>, Failure> {
    let start = reader.fill_buf().map_err(unreadable)?;
    if start.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    loop {
        let buffer = reader.fill_buf().map_err(unreadable)?;
        let blank = buffer.len() - buffer.trim_ascii_start().len();
        let (found, end) = (buffer.get(blank).copied(), buffer.is_empty());
        reader.consume(blank);
        if found.is_some() || end {
            return Ok(found);
        }
    }
}

struct Rows<'a, 'b> {
    sink: &'a mut Sink<'b>,
    number: u64,
    failure: Option<Failure>,
}

impl Rows<'_, '_> {
    fn push(&mut self, row: Box<RawValue>) {
        self.number += 1;
        self.failure = self.sink.row(self.number, String::from(Box::<str>::from(row)).into_bytes()).err();
    }
}

impl<'de> DeserializeSeed<'de> for &mut Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<Box<RawValue>>()? {
            self.push(row);
            if self.failure.is_some() {
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// Rows under a header of attribute paths. A row's number is its first line's.
pub fn csv(reader: impl Read, delimiter: u8, model: &TypeModel, sink: &mut Sink<'_>) -> Result<(), Failure> {
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(reader);
    let header = reader.headers().map_err(|error| wrong_csv(&error))?.clone();
    let columns = Columns::parse(&header, delimiter, model)?;
    sink.use_columns(columns.clone())?;
    let mut record = ::csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) if record.len() == header.len() => {
                let number = record.position().map_or(line, ::csv::Position::line);
                sink.row(number, columns.json(&record).to_string().into_bytes())?;
            }
            Ok(true) => {
                let number = record.position().map_or(line, ::csv::Position::line);
                let detail = format!("the row has {} cells, the header has {}", record.len(), header.len());
                let error = Error::new(ErrorKind::InvalidSyntax, detail);
                sink.unreadable(number, &error, RejectedRow::Csv(&record))?;
            }
            Err(error) if matches!(error.kind(), ::csv::ErrorKind::Utf8 { .. }) => {
                let number = error.position().map_or(line, ::csv::Position::line);
                let error = Error::new(ErrorKind::InvalidSyntax, "the row is not UTF-8; convert the file");
                sink.unreadable(number, &error, RejectedRow::Nothing)?;
            }
            Err(error) => return Err(wrong_csv(&error)),
        }
    }
}

fn wrong_csv(error: &::csv::Error) -> Failure {
    let exit = if error.is_io_error() { Exit::Environment } else { Exit::Request };
    Failure::new(exit, format!("the CSV file cannot be read: {error}"))
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(Exit::Environment, format!("the file cannot be read: {error}"))
}
