//! Where the runs of a store stand. A run is a directory: its columns, the files of its inverted index of substrings if
//! it has one, and a seal that is written last. All of them are durable before the run is used.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tantivy::directory::error::{OpenReadError, OpenWriteError};
use tantivy::{Directory, TantivyError};

use super::grams::{self, Grams};
use super::layout::Bytes;
use super::medium::IndexMedium;
use super::run::Run;
use super::seal::{read_file, seal, unseal, write_file};
use crate::{Error, ErrorKind, Result};

#[cfg(test)]
mod crash;
#[cfg(test)]
mod tests;

/// The file of the columns.
const COLUMNS: &str = "columns";

/// The runs of a store.
#[derive(Clone)]
pub(in crate::engine) struct Shelf(Arc<dyn IndexMedium>);

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Shelf {
    pub(in crate::engine) fn new(medium: Arc<dyn IndexMedium>) -> Self {
        Shelf(medium)
    }

    /// Writes the bytes of a run, and the inverted index of substrings that belongs to them. Numbers are not used
    /// again: what stands there of an earlier attempt is removed.
    ///
    /// # Errors
    /// `DiskFull`, `Io`; nothing is left then, if the medium still obeys.
    pub(in crate::engine) fn write(&self, number: u64, words: Vec<u64>) -> Result<Run> {
        let name = name(number);
        let written = guarded(|| self.write_directory(&name, words));
        let run = written.and_then(|directory| guarded(|| open(directory, false)));
        run.map_err(|failure| {
            let _ = self.0.remove(&name);
            failure.while_writing()
        })
    }

    fn write_directory(&self, name: &str, words: Vec<u64>) -> std::result::Result<Box<dyn Directory>, Failure> {
        self.0.remove(name)?;
        let directory = self.0.directory(name)?;
        write_file(&*directory, COLUMNS, bytemuck::cast_slice(&words))?;
        let run = Run::open(Bytes::Memory(Arc::new(words)), None, false)?;
        let mut names = vec![COLUMNS.to_owned()];
        if run.gram_columns().next().is_some() {
            // It lists every file but the list itself.
            names.push(".managed.json".to_owned());
            let files = grams::build(directory.clone(), &run)?;
            names.extend(files.into_iter().filter_map(|path| path.into_os_string().into_string().ok()));
        }
        drop(run);
        seal(&*directory, names)?;
        directory.sync_directory()?;
        self.0.sync()?;
        Ok(directory)
    }

    /// Opens a run, after comparing all of its bytes with their digests.
    ///
    /// # Errors
    /// `Corrupt`, whatever it is that is wrong with it.
    pub(in crate::engine) fn open(&self, number: u64) -> Result<Run> {
        let name = name(number);
        let opened = guarded(|| {
            // A directory that is asked for is made.
            if !self.0.names()?.contains(&name) {
                return Err(io::Error::new(io::ErrorKind::NotFound, "it is missing").into());
            }
            open(self.0.directory(&name)?, true)
        });
        opened.map_err(Failure::while_opening)
    }

    /// A run that stands on no disk. It has no inverted index of substrings: its values are few.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(in crate::engine) fn memory(words: Vec<u64>) -> Result<Run> {
        Run::open(Bytes::Memory(Arc::new(words)), None, false)
    }

    /// Removes a run. Who has it open can still use it.
    ///
    /// # Errors
    /// `Io`.
    pub(in crate::engine) fn remove(&self, number: u64) -> Result<()> {
        self.0.remove(&name(number)).map_err(|error| Failure::from(error).while_writing())
    }

    /// The numbers of the runs there are, damaged ones and unfinished ones included, ascending.
    ///
    /// # Errors
    /// `Io`.
    pub(in crate::engine) fn numbers(&self) -> Result<Vec<u64>> {
        let names = self.0.names().map_err(|error| Failure::from(error).while_writing())?;
        let number = |text: &String| u64::from_str_radix(text, 16).ok().filter(|number| name(*number) == *text);
        let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn name(number: u64) -> String {
    format!("{number:016x}")
}

fn open(directory: Box<dyn Directory>, verify: bool) -> std::result::Result<Run, Failure> {
    let columns = if verify { unseal(&*directory)?.remove(COLUMNS) } else { None };
    let columns = columns.map_or_else(|| read_file(&*directory, COLUMNS), Ok)?;
    let run = Run::open(Bytes::mapped(columns), None, false)?;
    if run.gram_columns().next().is_none() {
        return Ok(run);
    }
    let grams = Grams::open(directory, &run)?;
    Ok(run.with_grams(grams))
}

/// Why a run could not be written or opened.
enum Failure {
    Io(io::Error),
    Tantivy(TantivyError),
    Ours(Error),
    Panic,
}

/// tantivy may panic where an error would do: on files that were changed, and when writing fails in a bad moment.
fn guarded<T>(attempt: impl FnOnce() -> std::result::Result<T, Failure>) -> std::result::Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(attempt)).unwrap_or(Err(Failure::Panic))
}

impl Failure {
    fn while_writing(self) -> Error {
        let kind = match &self {
            Failure::Io(error) => io_kind(error),
            Failure::Tantivy(error) => tantivy_kind(error),
            Failure::Ours(error) => error.kind(),
            Failure::Panic => ErrorKind::Internal,
        };
        self.tell(kind, "writing a part of the index failed")
    }

    fn while_opening(self) -> Error {
        self.tell(ErrorKind::Corrupt, "a part of the index is damaged; it is made again")
    }

    fn tell(self, kind: ErrorKind, what: &str) -> Error {
        match self {
            Failure::Io(error) => Error::new(kind, format!("{what}: {error}")).caused_by(error),
            Failure::Tantivy(error) => Error::new(kind, format!("{what}: {error}")).caused_by(error),
            Failure::Ours(error) => Error::new(kind, format!("{what}: {error}")).caused_by(error),
            Failure::Panic => Error::new(kind, what),
        }
    }
}

fn io_kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        _ => ErrorKind::Io,
    }
}

fn tantivy_kind(error: &TantivyError) -> ErrorKind {
    match error {
        TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. }) => io_kind(error),
        // Of some files' errors it keeps nothing but the text, or wraps them twice.
        TantivyError::IoError(_) | TantivyError::InternalError(_) => {
            let full = [io::ErrorKind::StorageFull.into(), io::ErrorKind::QuotaExceeded.into()];
            let full = full.into_iter().chain([io::Error::from_raw_os_error(ENOSPC)]);
            let text = error.to_string();
            let is_full = full.map(|full| full.to_string()).any(|full| text.contains(&full));
            if is_full { ErrorKind::DiskFull } else { ErrorKind::Io }
        }
        _ => ErrorKind::Internal,
    }
}

/// The operating system's number of a full disk.
const ENOSPC: i32 = if cfg!(windows) { 112 } else { 28 };

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<TantivyError> for Failure {
    fn from(error: TantivyError) -> Self {
        Failure::Tantivy(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Ours(error)
    }
}
