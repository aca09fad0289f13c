//! The seal of a run's directory: a file, written last, that lists all others with their digests. What is under it is
//! exactly what was written: tantivy's own checksums leave out its lists of files, and its reader may panic on files
//! that were changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use tantivy::Directory;
use tantivy::directory::OwnedBytes;
use tantivy::directory::error::OpenReadError;

/// The name of the file.
pub(super) const SEAL: &str = "seal";

/// The first line: the version of this file. What else stands in the directory has versions of its own.
const HEAD: &str = "scimdb index 1";

/// Writes a file, which must not exist, so that it survives a crash as soon as the directory is synced.
pub(super) fn write_file(directory: &dyn Directory, name: &str, bytes: &[u8]) -> io::Result<()> {
    use tantivy::directory::TerminatingWrite;
    use tantivy::directory::error::OpenWriteError;
    let mut file = directory.open_write(Path::new(name)).map_err(|error| match error {
        OpenWriteError::IoError { io_error, .. } => io::Error::new(io_error.kind(), io_error),
        error => io::Error::other(error),
    })?;
    file.write_all(bytes)?;
    file.terminate()
}

/// A file's bytes, mapped where the directory can do that.
pub(super) fn read_file(directory: &dyn Directory, name: &str) -> io::Result<OwnedBytes> {
    let file = directory.open_read(Path::new(name)).map_err(|error| match error {
        OpenReadError::IoError { io_error, .. } => io::Error::new(io_error.kind(), io_error),
        OpenReadError::FileDoesNotExist(path) => {
            io::Error::new(io::ErrorKind::NotFound, format!("{} is missing", path.display()))
        }
        error => io::Error::other(error),
    })?;
    file.read_bytes()
}

/// Seals the files of these names.
pub(super) fn seal(directory: &dyn Directory, names: impl IntoIterator<Item = String>) -> io::Result<()> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    let mut text = format!("{HEAD}\n");
    for name in names {
        let bytes = read_file(directory, &name)?;
        let _ = writeln!(text, "{name} {} {}", bytes.len(), blake3::hash(&bytes));
    }
    let digest = blake3::hash(text.as_bytes());
    let _ = writeln!(text, "{digest}");
    write_file(directory, SEAL, text.as_bytes())
}

/// The files under the seal, by name, after comparing each with its digest.
pub(super) fn unseal(directory: &dyn Directory) -> io::Result<BTreeMap<String, OwnedBytes>> {
    let files = sealed(directory)?;
    // The largest file has half of the bytes or more: one thread for it, another for the rest.
    let largest = files.values().map(|(bytes, _)| bytes.len()).max().unwrap_or(0);
    let (large, small): (Vec<_>, Vec<_>) = files.iter().partition(|(_, (bytes, _))| bytes.len() == largest);
    let sound = |part: &[(&String, &(OwnedBytes, String))]| {
        let changed = part.iter().find(|(_, (bytes, digest))| blake3::hash(bytes).to_hex().as_str() != digest);
        changed.map_or(Ok(()), |(name, _)| Err(damaged(name)))
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| sound(&small));
        sound(&large)?;
        other.join().unwrap_or_else(|_| Err(damaged("the directory")))
    })?;
    Ok(files.into_iter().map(|(name, (bytes, _))| (name, bytes)).collect())
}

/// The files under the seal, with their digests.
fn sealed(directory: &dyn Directory) -> io::Result<BTreeMap<String, (OwnedBytes, String)>> {
    let seal = read_file(directory, SEAL)?;
    let text = std::str::from_utf8(&seal).map_err(|_| damaged(SEAL))?;
    let body = text.strip_suffix('\n').and_then(|text| text.rsplit_once('\n')).ok_or_else(|| damaged(SEAL))?;
    let (list, digest) = body;
    let mut hasher = blake3::Hasher::new();
    hasher.update(list.as_bytes()).update(b"\n");
    if hasher.finalize().to_hex().as_str() != digest {
        return Err(damaged(SEAL));
    }
    let mut lines = list.lines();
    if lines.next() != Some(HEAD) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "another version"));
    }
    let mut files = BTreeMap::new();
    for line in lines {
        let mut words = line.split(' ');
        let (Some(name), Some(length), Some(digest)) = (words.next(), words.next(), words.next()) else {
            return Err(damaged(SEAL));
        };
        let bytes = read_file(directory, name)?;
        if length != bytes.len().to_string() {
            return Err(damaged(name));
        }
        files.insert(name.to_owned(), (bytes, digest.to_owned()));
    }
    Ok(files)
}

fn damaged(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} is not what was written"))
}
