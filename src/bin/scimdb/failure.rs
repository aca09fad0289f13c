//! What can go wrong on the command line: a sentence for people, and an exit code for scripts.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use scimdb::error::Fault;
use scimdb::{Error, ErrorKind};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output;

/// The exit codes: stable, documented in docs/CLI.md, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A bug, or damaged data: ours.
    Internal = 1,
    /// The command line, the environment or the configuration file is wrong.
    Usage = 2,
    /// What was asked is wrong: a filter, a value, a file's content.
    Request = 3,
    /// No such resource, tenant, resource type, token or store.
    NotFound = 4,
    /// It exists already, a unique value is taken, a version is not the one named, or data in use stands in the way.
    Conflict = 5,
    /// The machine: the store is held by another process, the disk is full, reading or writing failed.
    Environment = 6,
    /// An import came to its end, but some rows were rejected.
    Rejects = 7,
    /// A check found damage, or resources that do not fit a profile.
    Unsound = 8,
}

impl Exit {
    fn of(kind: ErrorKind) -> Self {
        let row = kind.row();
        match (row.fault, row.status) {
            (Fault::Store, _) => Exit::Internal,
            (Fault::Environment, _) => Exit::Environment,
            (Fault::Caller, 404) => Exit::NotFound,
            (Fault::Caller, 304 | 409 | 412) => Exit::Conflict,
            (Fault::Caller, _) => Exit::Request,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Something to tell.
    Told(Exit, String),
    /// The command line is wrong, or asks for help: clap tells it.
    Clap(clap::Error),
    /// Whoever read our output has gone away: nothing to tell, nobody to tell it to.
    Closed,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure::Told(exit, message.into())
    }

    /// A file that could not be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Environment };
        Failure::Told(exit, format!("{}: {error}", path.display()))
    }

    /// Standard output that could not be written.
    pub fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Told(Exit::Environment, format!("standard output: {error}")),
        }
    }

    /// Standard output that could not be written as CSV.
    pub fn csv_output(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::output(&error),
            other => Failure::Told(Exit::Internal, format!("a row cannot be written as CSV: {other:?}")),
        }
    }

    /// An error about a filter, with the filter and a caret under the place.
    pub fn filter(filter: &str, error: Error) -> Self {
        match (error.kind(), error.offset()) {
            (ErrorKind::InvalidFilter, Some(offset)) => {
                let message = format!("{}\n{}", sentence(&error), caret(filter, offset, output::width()));
                Failure::Told(Exit::of(error.kind()), message)
            }
            _ => error.into(),
        }
    }

    /// An error about a document, with the line and the column of the place: what a document has of them is found so.
    pub fn document(document: &[u8], error: Error) -> Self {
        let Some(before) = error.offset().and_then(|offset| document.get(..offset)) else { return error.into() };
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let begun = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(begun).chars().count() + 1;
        let message = format!("{} at line {line}, column {column}", sentence(&error));
        Failure::Told(Exit::of(error.kind()), message)
    }

    /// Says it on standard error, and gives the exit code.
    pub fn report(self) -> ExitCode {
        match self {
            Failure::Closed => ExitCode::SUCCESS,
            Failure::Clap(error) => {
                let code = u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8);
                match error.print() {
                    Ok(()) => ExitCode::from(code),
                    Err(_) => ExitCode::SUCCESS,
                }
            }
            Failure::Told(exit, message) => {
                output::note(format_args!("error: {message}"));
                ExitCode::from(exit as u8)
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Told(Exit::of(error.kind()), sentence(&error))
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Failure::Clap(error)
    }
}

/// The detail, and in parentheses what SCIM calls it and which attribute is to blame, unless the detail says so.
pub fn sentence(error: &Error) -> String {
    let attribute = error.attribute().filter(|attribute| !error.detail().contains(attribute));
    let notes: Vec<&str> = error.scim_type().into_iter().chain(attribute).collect();
    match notes.is_empty() {
        true => error.detail().to_owned(),
        false => format!("{} ({})", error.detail(), notes.join(", ")),
    }
}

/// The part of the filter around a byte offset that fits the width, and a caret under the offset.
fn caret(filter: &str, offset: usize, width: usize) -> String {
    const INDENT: &str = "  ";
    let offset = (0..=offset.min(filter.len())).rev().find(|at| filter.is_char_boundary(*at)).unwrap_or(0);
    let (before, after) = filter.split_at(offset);
    // A tab or a line break would put the caret under something else.
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let (mut before, mut after) = (plain(before), plain(after));
    let room = width.saturating_sub(INDENT.len()).max(20);
    if before.width() + after.width() >= room {
        before = keep_end(&before, room * 2 / 3);
        after = keep_start(&after, room - before.width() - 1);
    }
    format!("{INDENT}{before}{after}\n{INDENT}{}^", " ".repeat(before.width()))
}

fn keep_start(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    fits.chain(std::iter::once('…')).collect()
}

fn keep_end(text: &str, room: usize) -> String {
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    reversed(&keep_start(&reversed(text), room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_offset() {
        assert_eq!(caret("userName eqq \"x\"", 9, 80), "  userName eqq \"x\"\n           ^");
        // Two bytes and one column, three bytes and two columns.
        assert_eq!(caret("é 漢 x", 7, 80), "  é 漢 x\n       ^");
        assert_eq!(caret("a\neq", 99, 80), "  a eq\n      ^");
        // Inside a character: under it.
        assert_eq!(caret("漢", 1, 80), "  漢\n  ^");
    }

    #[test]
    fn long_filters_are_cut_on_both_sides() {
        let filter = format!("{} zz {}", "a".repeat(200), "b".repeat(200));
        let shown = caret(&filter, 201, 60);
        let (line, mark) = shown.split_once('\n').unwrap();
        assert!(line.width() <= 60, "{line}");
        assert!(line.starts_with("  …") && line.ends_with('…'));
        let column = mark.width() - 1;
        assert!(line.chars().skip(column).collect::<String>().starts_with("zz"), "{shown}");
    }

    #[test]
    fn every_kind_of_error_has_an_exit_code() {
        let codes: Vec<u8> = scimdb::error::ERROR_TABLE.iter().map(|row| Exit::of(row.kind) as u8).collect();
        assert!(codes.iter().all(|code| matches!(code, 1 | 3..=6)), "{codes:?}");
        assert_eq!(Exit::of(ErrorKind::Uniqueness), Exit::Conflict);
        assert_eq!(Exit::of(ErrorKind::Locked), Exit::Environment);
        assert_eq!(Exit::of(ErrorKind::UnknownTenant), Exit::NotFound);
    }
}
