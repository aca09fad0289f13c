//! From the storage engine's errors, and the machine's, to ours.

use std::io;

use crate::{Error, ErrorKind};

/// Translates an error of the machine.
pub(super) fn io_error(error: io::Error, doing: &str) -> Error {
    let kind = match error.kind() {
        // The storage engine says so of a file that is none of its own.
        io::ErrorKind::InvalidData => return damaged(&error.to_string()).caused_by(error),
        // A page leads to one behind the end.
        io::ErrorKind::UnexpectedEof => return damaged("it ends too early").caused_by(error),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("{doing} failed: {error}")).caused_by(error)
}

/// Translates an error of opening the file.
pub(super) fn open_error(error: redb::DatabaseError) -> Error {
    match error {
        redb::DatabaseError::UpgradeRequired(version) => {
            let detail = format!(
                "the store's file has the format {version} of the storage engine, which this version does not read"
            );
            Error::new(ErrorKind::UnknownFormat, detail)
        }
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Error::new(ErrorKind::UnknownFormat, "the file is no store of scimdb").caused_by(error)
        }
        redb::DatabaseError::DatabaseAlreadyOpen => {
            Error::new(ErrorKind::Locked, "another program holds its file; stop it")
        }
        other => engine_error(other),
    }
}

/// Translates an error of the storage engine.
pub(super) fn engine_error(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Io(error) => io_error(error, "reading or writing the store"),
        redb::Error::Corrupted(what) => damaged(&what),
        // The format was checked, and in every format that is known the tables are what they are.
        error @ (redb::Error::TableDoesNotExist(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TableIsNotMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. }) => damaged(&error.to_string()),
        error @ (redb::Error::PreviousIo
        | redb::Error::DatabaseClosed
        | redb::Error::TransactionPoisoned
        | redb::Error::LockPoisoned(_)) => {
            Error::new(ErrorKind::Unavailable, "the store recovers from an I/O error; try again").caused_by(error)
        }
        error @ redb::Error::ValueTooLarge(_) => {
            Error::new(ErrorKind::PayloadTooLarge, "the resource is too large to be stored").caused_by(error)
        }
        error => Error::new(ErrorKind::Internal, format!("the storage engine failed: {error}")).caused_by(error),
    }
}

/// The file is not what was written to it.
pub(super) fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("the store's file is damaged ({what}): restore it from a backup"))
}
