//! Rows that were not imported: kept as they were given, to be mended and imported again, with the reasons beside.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use scimdb::Error;
use serde_json::{Value, json};

use super::columns::Columns;
use crate::failure::{Exit, Failure, sentence};
use crate::output::{grouped, note};
use crate::session::private_file;

/// Reasons that are told on standard error; a file takes all of them.
const TOLD: u64 = 10;

/// A row, as it was given.
pub enum RejectedRow<'a> {
    /// A JSON object, or what should have been one.
    Json(&'a [u8]),
    /// Cells.
    Csv(&'a StringRecord),
    /// Bytes that cannot be written again.
    Nothing,
}

/// Where rejected rows go.
pub struct Rejects {
    files: Option<Files>,
    columns: Option<Columns>,
    told: u64,
    own: u64,
}

struct Files {
    rows: BufWriter<File>,
    errors: BufWriter<File>,
    path: PathBuf,
    errors_path: PathBuf,
    empty: bool,
}

impl Rejects {
    /// Makes the files anew, so that nothing of an earlier import is taken for this one's.
    pub fn new(path: Option<PathBuf>, input: &Path) -> Result<Self, Failure> {
        let files = match path {
            None => None,
            Some(path) => {
                let same = path.canonicalize().is_ok_and(|path| input.canonicalize().is_ok_and(|input| input == path));
                if same {
                    let message = format!("{} is what is imported; keep rejects in another file", path.display());
                    return Err(Failure::new(Exit::Usage, message));
                }
                let mut errors_path = path.as_os_str().to_owned();
                errors_path.push(".errors");
                let errors_path = PathBuf::from(errors_path);
                let rows = BufWriter::new(private_file(&path)?);
                let errors = BufWriter::new(private_file(&errors_path)?);
                Some(Files { rows, errors, path, errors_path, empty: true })
            }
        };
        Ok(Rejects { files, columns: None, told: 0, own: 0 })
    }

    /// Rows are written as CSV under the header that was read.
    pub fn use_columns(&mut self, columns: Columns) -> Result<(), Failure> {
        let columns = self.columns.insert(columns);
        match &mut self.files {
            Some(files) => files.row(&csv_line(columns.titles(), columns.delimiter())?),
            None => Ok(()),
        }
    }

    /// Adds a row that the store refused.
    pub fn add(&mut self, number: u64, error: &Error, row: RejectedRow<'_>) -> Result<(), Failure> {
        self.told += 1;
        let Some(files) = &mut self.files else {
            if self.told <= TOLD {
                note(format_args!("row {number}: {}", sentence(error)));
            }
            return Ok(());
        };
        files.empty = false;
        match (row, &self.columns) {
            (RejectedRow::Nothing, _) => {}
            (RejectedRow::Csv(record), columns) => {
                files.row(&csv_line(record, columns.as_ref().map_or(b',', Columns::delimiter))?)?;
            }
            (RejectedRow::Json(json), Some(columns)) => {
                let resource: Value = serde_json::from_slice(json).unwrap_or_default();
                files.row(&csv_line(&columns.row(&resource), columns.delimiter())?)?;
            }
            (RejectedRow::Json(json), None) => {
                // In JSON a line break is white space: without it the row is one line again.
                let mut line: Vec<u8> =
                    json.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect();
                line.push(b'\n');
                files.row(&line)?;
            }
        }
        files.error(&json!({
            "row": number,
            "status": error.status(),
            "scimType": error.scim_type(),
            "attribute": error.attribute(),
            "detail": error.detail(),
        }))
    }

    /// Adds a row that never reached the store.
    pub fn add_own(&mut self, number: u64, error: &Error, row: RejectedRow<'_>) -> Result<(), Failure> {
        self.own += 1;
        self.add(number, error, row)
    }

    /// How many rows never reached the store.
    pub fn own(&self) -> u64 {
        self.own
    }

    /// Writes what is waiting; empty files are removed.
    pub fn close(&mut self) -> Result<(), Failure> {
        let Some(files) = &mut self.files else { return Ok(()) };
        files.rows.flush().map_err(|error| Failure::file(&files.path, &error))?;
        files.errors.flush().map_err(|error| Failure::file(&files.errors_path, &error))?;
        if files.empty {
            for path in [&files.path, &files.errors_path] {
                std::fs::remove_file(path).map_err(|error| Failure::file(path, &error))?;
            }
        }
        Ok(())
    }

    /// The last word about them.
    pub fn verdict(&self, count: u64) -> String {
        let rows = if count == 1 { "row was" } else { "rows were" };
        let count = grouped(count);
        match &self.files {
            Some(files) => {
                let (path, errors) = (files.path.display(), files.errors_path.display());
                format!("{count} {rows} rejected: see {errors}; mend {path} and import it")
            }
            None if self.told > TOLD => {
                let hidden = grouped(self.told - TOLD);
                format!("{count} {rows} rejected; {hidden} reasons are not shown, --rejects FILE keeps them all")
            }
            None => format!("{count} {rows} rejected; --rejects FILE keeps them"),
        }
    }
}

impl Files {
    fn row(&mut self, line: &[u8]) -> Result<(), Failure> {
        self.rows.write_all(line).map_err(|error| Failure::file(&self.path, &error))
    }

    fn error(&mut self, line: &Value) -> Result<(), Failure> {
        writeln!(self.errors, "{line}").map_err(|error| Failure::file(&self.errors_path, &error))
    }
}

fn csv_line(record: &StringRecord, delimiter: u8) -> Result<Vec<u8>, Failure> {
    let mut line = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    let written = line.write_record(record).map_err(std::io::Error::from);
    let line = written.and_then(|()| line.into_inner().map_err(|error| error.into_error()));
    line.map_err(|error| Failure::new(Exit::Internal, format!("a row cannot be written as CSV: {error}")))
}
