//! `scimdb import`: many resources, from NDJSON, JSON or CSV.

mod columns;
mod rejects;
mod rows;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use scimdb::engine::{ImportOptions, ImportReport, Importer, OnConflict};

use crate::failure::{Exit, Failure};
use crate::output::{elapsed, grouped};
use crate::progress::Progress;
use crate::session::Session;
use columns::Columns;
use rejects::{RejectedRow, Rejects};

/// The resource type of CSV rows when none is named.
const CSV_TYPE: &str = "User";

/// Bytes that are read from a file at a time.
const READ_BYTES: usize = 256 << 10;

/// Import resources from NDJSON, JSON or CSV
#[derive(Args, Debug)]
#[command(
    after_help = "A CSV file has a header row of attribute paths: userName, name.givenName, emails[work].value,\n\
    phoneNumbers[1].value, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department.\n\
    Exit code 7 says that some rows were rejected; all others are in the store."
)]
pub struct ImportArgs {
    /// The file; - for standard input
    file: PathBuf,
    /// How the file is written [default: by its extension; NDJSON for standard input]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<InputFormat>,
    /// The resource type of rows that do not tell theirs by meta.resourceType or schemas
    #[arg(long = "type", value_name = "TYPE")]
    resource_type: Option<String>,
    /// What to do with a row whose id, or whose unique value, exists already
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Conflict::Fail)]
    on_conflict: Conflict,
    /// Keep meta and readOnly attributes as given too: reads what export wrote
    #[arg(long)]
    restore: bool,
    /// Keep rejected rows in this file, as they were given, and why in FILE.errors beside it
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// What separates the cells of a CSV file
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = ascii_character)]
    delimiter: u8,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// A JSON object on each line
    Ndjson,
    /// An array of JSON objects
    Json,
    /// Comma-separated values, with a header row of attribute paths
    Csv,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Conflict {
    /// Reject the row
    Fail,
    /// Leave what is there
    Skip,
    /// Replace what is there
    Replace,
}

fn ascii_character(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ if text == "\\t" => Ok(b'\t'),
        _ => Err("one ASCII character, or \\t for a tab".to_owned()),
    }
}

fn format_of(file: &Path) -> Result<InputFormat, Failure> {
    if file == Path::new("-") {
        return Ok(InputFormat::Ndjson);
    }
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "ndjson" | "jsonl" => Ok(InputFormat::Ndjson),
        "json" => Ok(InputFormat::Json),
        "csv" => Ok(InputFormat::Csv),
        _ => {
            let message = format!("{} has no known extension; say --format ndjson, json or csv", file.display());
            Err(Failure::new(Exit::Usage, message))
        }
    }
}

pub fn run(args: ImportArgs, session: &mut Session) -> Result<(), Failure> {
    let ImportArgs { file, format, resource_type, on_conflict, restore, rejects, delimiter } = args;
    let format = format.map_or_else(|| format_of(&file), Ok)?;
    let from_stdin = file == Path::new("-");
    let input = if from_stdin { None } else { Some(File::open(&file).map_err(|error| Failure::file(&file, &error))?) };
    let bytes =
        input.as_ref().and_then(|input| input.metadata().ok()).filter(|meta| meta.is_file()).map(|meta| meta.len());
    let mut rejects = Rejects::new(rejects, &file)?;
    let store = session.open_or_create()?;
    let tenant = store.tenant(&session.global.tenant)?;
    let options = ImportOptions {
        resource_type: resource_type.clone(),
        on_conflict: match on_conflict {
            Conflict::Fail => OnConflict::Fail,
            Conflict::Skip => OnConflict::Skip,
            Conflict::Replace => OnConflict::Replace,
        },
        restore,
        actor: Some("command line".to_owned()),
    };
    let importer = tenant.import(options)?;
    let progress = Progress::of_bytes(session, "importing", bytes);
    let reader: Box<dyn Read> = match input {
        Some(input) => Box::new(progress.reader(input)),
        None => Box::new(progress.stdin()),
    };
    let reader = BufReader::with_capacity(READ_BYTES, reader);
    let started = Instant::now();
    let mut sink = Sink { importer, rejects: &mut rejects, progress };
    let read = match format {
        InputFormat::Ndjson => rows::ndjson(reader, &mut sink),
        InputFormat::Json => rows::json(reader, &mut sink),
        InputFormat::Csv => {
            let registry = tenant.registry()?;
            let model = registry.resource_type(resource_type.as_deref().unwrap_or(CSV_TYPE))?;
            rows::csv(reader, delimiter, model, &mut sink)
        }
    };
    let report = sink.finish(read)?;
    Progress::of_rows(session, "indexing", Some(0)).index(&store, &tenant)?;
    session.summary(summary(&report, started.elapsed()));
    match report.rejected {
        0 => Ok(()),
        count => Err(Failure::new(Exit::Rejects, rejects.verdict(count))),
    }
}

fn summary(report: &ImportReport, time: Duration) -> String {
    let ImportReport { read, created, replaced, skipped, rejected } = report;
    let rate = (*read as f64 / time.as_secs_f64().max(0.001)) as u64;
    let counts = [(*created, "created"), (*replaced, "replaced"), (*skipped, "skipped"), (*rejected, "rejected")];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(n, what)| *n > 0 || *what == "created")
        .map(|(n, what)| format!("{} {what}", grouped(*n)))
        .collect();
    format!("{} rows in {} ({} rows/s): {}", grouped(*read), elapsed(time), grouped(rate), counts.join(", "))
}

/// Where rows go: to the importer, and from there to the rejects.
pub struct Sink<'a> {
    importer: Importer,
    rejects: &'a mut Rejects,
    progress: Progress,
}

impl Sink<'_> {
    /// Rejected rows become rows of CSV again.
    fn use_columns(&mut self, columns: Columns) -> Result<(), Failure> {
        self.rejects.use_columns(columns)
    }

    /// A row: one JSON object.
    fn row(&mut self, number: u64, json: Vec<u8>) -> Result<(), Failure> {
        self.progress.row();
        self.importer.push(number, json)?;
        for reject in self.importer.take_rejects() {
            self.rejects.add(reject.row, &reject.error, RejectedRow::Json(&reject.input))?;
        }
        Ok(())
    }

    /// A row that cannot be given to the importer.
    fn unreadable(&mut self, number: u64, error: &scimdb::Error, row: RejectedRow<'_>) -> Result<(), Failure> {
        self.progress.row();
        self.rejects.add_own(number, error, row)
    }

    /// Commits what was read, also when the rest of the file could not be: it was told row by row.
    fn finish(self, read: Result<(), Failure>) -> Result<ImportReport, Failure> {
        let Sink { importer, rejects, progress } = self;
        progress.say("committing");
        let (mut report, last) = importer.finish()?;
        for reject in last {
            rejects.add(reject.row, &reject.error, RejectedRow::Json(&reject.input))?;
        }
        progress.finish();
        rejects.close()?;
        report.read += rejects.own();
        report.rejected += rejects.own();
        match read {
            Ok(()) => Ok(report),
            Err(Failure::Told(exit, message)) => {
                let kept = grouped(report.created + report.replaced);
                Err(Failure::Told(exit, format!("{message}\n{kept} rows before that were imported")))
            }
            Err(other) => Err(other),
        }
    }
}
