//! A copy of a whole store, of one state, while writers go on: in a directory of its own, or on a medium.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use super::database::caught;
use super::errors::{io_error, open_error};
#[cfg(unix)]
use super::location::take_owner;
use super::location::{FILE, SUCCESSOR, check_path, sync_directory};
use super::medium::Backend;
use super::rewrite::{self, LeftOut, Progress};
use super::{Location, MediumFactory, Snapshot, Table};
use crate::{Error, ErrorKind, Result};

/// What is told of the files of indexes, which are not copied: without it they are made again where they are needed.
const LEFT_OUT: LeftOut<'_> = LeftOut { tables: &[Table::Indexes], entries: &[] };

/// Copies a state into a new directory, and returns when that is durable. The file has its name only when it is whole: a
/// directory that a crash left holds no store.
pub(in crate::engine) fn to_directory(
    snapshot: &Snapshot,
    from: &Location,
    to: &Path,
    progress: Progress<'_>,
) -> Result<()> {
    let about = || format!("making a backup in {}", to.display());
    make_directory(to).map_err(|error| error.within(about()))?;
    let made = fill(snapshot, from, to, progress);
    if made.is_err() {
        discard(to);
    }
    made.map_err(|error| error.within(about()))
}

fn make_directory(to: &Path) -> Result<()> {
    check_path(to)?;
    let mut builder = DirBuilder::new();
    // Passwords and tokens are hashed, and still nobody's business.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Error::new(ErrorKind::AlreadyExists, "it exists: name a directory that does not")
        }
        io::ErrorKind::NotFound => {
            Error::new(ErrorKind::InvalidArgument, "the directory that it is to be made in does not exist")
        }
        _ => io_error(error, "making the directory"),
    })
}

fn fill(snapshot: &Snapshot, from: &Location, to: &Path, progress: Progress<'_>) -> Result<()> {
    let (new, file) = (to.join(SUCCESSOR), to.join(FILE));
    let made = || -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options.open(&new)?;
        #[cfg(unix)]
        if let Location::Directory { path, .. } = from {
            like(&fs::metadata(path.join(FILE))?, &made)?;
            like(&fs::metadata(path)?, &File::open(to)?)?;
        }
        Ok(())
    };
    made().map_err(|error| io_error(error, "making the file"))?;
    rewrite::copy_to_file(snapshot, &new, LEFT_OUT, progress)?;
    let above = to.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = fs::rename(&new, &file).and_then(|()| sync_directory(to)).and_then(|()| sync_directory(above));
    named.map_err(|error| io_error(error, "naming the file"))
}

/// Lets those read the backup who may read the store; where that is not for us to say, nobody but us.
#[cfg(unix)]
fn like(old: &fs::Metadata, new: &File) -> io::Result<()> {
    match take_owner(old, new) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

/// Removes what was made of a backup that failed. If even that fails, there is no store in what is left.
fn discard(to: &Path) {
    for file in [FILE, SUCCESSOR].map(|name: &str| -> PathBuf { to.join(name) }) {
        let _ = fs::remove_file(file);
    }
    let _ = fs::remove_dir(to);
}

/// Copies a state onto an empty medium, and returns when that is durable.
pub(in crate::engine) fn to_medium(snapshot: &Snapshot, to: &MediumFactory, progress: Progress<'_>) -> Result<()> {
    let failed = |error| io_error(error, "making a backup on a medium");
    let medium = to().map_err(failed)?;
    if medium.len().map_err(failed)? > 0 {
        return Err(Error::new(ErrorKind::AlreadyExists, "there is something on the medium: name an empty one"));
    }
    let engine = caught(|| rewrite::builder().create_with_backend(Backend(medium)).map_err(open_error))?;
    rewrite::copy(snapshot, engine, LEFT_OUT, progress)?;
    // What was written when the engine let go of it.
    to().and_then(|medium| medium.sync()).map_err(failed)
}
