//! Where a store's file is, and opening it there: created durably, locked, its holder named.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::MediumFactory;
use super::errors::{io_error, open_error};
use super::medium::Backend;
use crate::{Error, ErrorKind, Result};

/// The store's file in its directory.
pub(super) const FILE: &str = "store.redb";
/// What the store's file is written anew into, before it takes its place.
pub(super) const SUCCESSOR: &str = "store.redb.new";
/// Who holds the store: locked as long as it is open, and read for the error that a second process gets.
const HOLDER: &str = "holder";

/// Where a store is.
#[derive(Clone)]
pub(in crate::engine) enum Location {
    Directory { path: PathBuf, create: bool, holder: Option<String> },
    Medium(MediumFactory),
}

/// What was opened at a location.
pub(super) struct Opened {
    pub(super) engine: redb::Database,
    /// What keeps other processes out until it is dropped.
    pub(super) lock: Option<File>,
}

impl Location {
    /// The bytes of the store's file, where there is one.
    pub(in crate::engine) fn file_bytes(&self) -> u64 {
        match self {
            Location::Directory { path, .. } => fs::metadata(path.join(FILE)).map_or(0, |meta| meta.len()),
            Location::Medium(_) => 0,
        }
    }

    /// The same place, where a store is by now: opening it makes none.
    pub(super) fn existing(self) -> Self {
        match self {
            Location::Directory { path, create: _, holder } => Location::Directory { path, create: false, holder },
            medium @ Location::Medium(_) => medium,
        }
    }

    /// Tells anew what whoever holds the store is, while they hold it.
    pub(in crate::engine) fn name_holder(&self, about: Option<&str>) -> Result<()> {
        let Location::Directory { path, .. } = self else { return Ok(()) };
        let file = File::options().write(true).open(path.join(HOLDER));
        let named = file.and_then(|file| name_holder(&file, about));
        named.map_err(|error| io_error(error, "telling who holds the store"))
    }

    /// An empty file beside the store's, with its owner and permissions; none where there are no files.
    pub(super) fn successor(&self) -> Result<Option<PathBuf>> {
        let Location::Directory { path, .. } = self else { return Ok(None) };
        let made = discard_successor(path).and_then(|()| make_successor(&path.join(FILE), &path.join(SUCCESSOR)));
        made.map_err(|error| io_error(error, "making a file beside the store's"))?;
        Ok(Some(path.join(SUCCESSOR)))
    }

    /// Removes what was not finished.
    pub(super) fn discard_successor(&self) {
        if let Location::Directory { path, .. } = self {
            // If even that fails, the next compaction or opening does it.
            let _ = discard_successor(path);
        }
    }

    /// Puts what stands there in the place of the store's file: after a crash there is the one or the other.
    pub(super) fn succeed(&self, successor: &Path) -> Result<()> {
        let Location::Directory { path, .. } = self else { return Ok(()) };
        fs::rename(successor, path.join(FILE)).map_err(|error| io_error(error, "replacing the store's file"))
    }

    /// Returns when a crash does not bring back what the name stood for before.
    pub(super) fn keep_name(&self) -> Result<()> {
        let Location::Directory { path, .. } = self else { return Ok(()) };
        sync_directory(path).map_err(|error| io_error(error, "replacing the store's file"))
    }

    /// Opens the file once more, by whoever holds the store already.
    pub(super) fn open_again(&self, builder: &redb::Builder) -> Result<redb::Database> {
        match self {
            Location::Directory { path, .. } => builder.open(path.join(FILE)).map_err(open_error),
            Location::Medium(_) => Ok(self.open(builder)?.engine),
        }
    }

    pub(super) fn open(&self, builder: &redb::Builder) -> Result<Opened> {
        match self {
            Location::Medium(factory) => {
                let open = || {
                    let medium = factory()?;
                    if is_unfinished(medium.len()?, |offset, out| medium.read(offset, out))? {
                        medium.set_len(0)?;
                    }
                    Ok(medium)
                };
                let medium = open().map_err(|error| io_error(error, "opening the store"))?;
                Ok(Opened { engine: builder.create_with_backend(Backend(medium)).map_err(open_error)?, lock: None })
            }
            Location::Directory { path, create, holder } => open_directory(builder, path, *create, holder.as_deref())
                .map_err(|error| error.within(format!("opening the store in {}", path.display()))),
        }
    }
}

fn open_directory(builder: &redb::Builder, path: &Path, create: bool, holder: Option<&str>) -> Result<Opened> {
    check_path(path)?;
    let failed = |error| io_error(error, "preparing the directory");
    let file = path.join(FILE);
    if !create {
        let length = fs::metadata(&file).map_or(None, |meta| Some(meta.len()));
        match length {
            None => return Err(Error::new(ErrorKind::NotFound, "there is none")),
            // A crash can leave an empty file before its first commit: that is no store yet.
            Some(0) => return Err(Error::new(ErrorKind::NotFound, "its file is empty")),
            Some(_) => {}
        }
    }
    create_directory(path).map_err(failed)?;
    let lock = lock(path)?;
    // Before the file is opened, which may take a while: whoever finds the store locked wants to know by whom. Only they
    // read it, so a store that cannot write it is still a store.
    let _ = name_holder(&lock, holder);
    discard_unfinished(&file).and_then(|()| discard_successor(path)).map_err(failed)?;
    let engine = builder.create(&file).map_err(open_error)?;
    // The file itself is synced by its commits, its name by this: every time, since whoever made the file may have been
    // killed before this line.
    sync_directory(path).map_err(failed)?;
    Ok(Opened { engine, lock: Some(lock) })
}

/// Refuses what names no directory: files in an empty path would be made in the working directory, whose own name cannot be
/// synced by it.
pub(super) fn check_path(path: &Path) -> Result<()> {
    let path = path.as_os_str().as_encoded_bytes();
    let refused = |detail| Err(Error::new(ErrorKind::InvalidArgument, detail));
    match path {
        [] => refused("the path is empty: name a directory"),
        path if path.contains(&0) => refused("the path has a NUL in it"),
        _ => Ok(()),
    }
}

/// Writes who holds the store.
fn name_holder(mut file: &File, about: Option<&str>) -> io::Result<()> {
    let process = std::process::id();
    let line = match about {
        Some(about) => format!("process {process} ({about})\n"),
        None => format!("process {process}\n"),
    };
    // Written over what was there, and cut then: nobody ever reads that there is nobody.
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    file.set_len(line.len() as u64)
}

/// Who holds, or held, the store in a directory: the line that they wrote.
pub(in crate::engine) fn holder_line(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path.join(HOLDER)).ok()?;
    // One that is shorter than what it took the place of may be read before the rest is cut.
    let line = text.split_once('\n').map_or(&*text, |(line, _)| line).trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Keeps other processes out of a store, and other handles in this one.
fn lock(directory: &Path) -> Result<File> {
    let open = File::options().read(true).write(true).create(true).truncate(false).open(directory.join(HOLDER));
    let file = open.map_err(|error| io_error(error, "locking it"))?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            let who = holder_line(directory).unwrap_or_else(|| "another process".to_owned());
            let detail = format!("it is held by {who}; stop it, or talk to it over the network");
            Err(Error::new(ErrorKind::Locked, detail))
        }
        // Where the file system has no locks of this kind, the storage engine's own have to do.
        Err(fs::TryLockError::Error(_)) | Ok(()) => Ok(file),
    }
}

/// What the storage engine writes last when it makes a file, at its beginning.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
/// More than a file has when it is new.
const MAX_NEW: u64 = 16 << 20;

/// Whether a file is one whose making was cut short, before anything could be acknowledged: there is no magic number at
/// its beginning, and nothing at all behind the header. The storage engine takes it for a file of somebody else.
fn is_unfinished(length: u64, read: impl Fn(u64, &mut [u8]) -> io::Result<()>) -> io::Result<bool> {
    let mut page = [0; 4096];
    let whole = length > 0 && length <= MAX_NEW && length.is_multiple_of(page.len() as u64);
    if !whole {
        return Ok(false);
    }
    read(0, &mut page)?;
    let (header, behind) = page.split_at(512);
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    if header.starts_with(MAGIC) || !is_zero(header.get(..MAGIC.len()).unwrap_or_default()) || !is_zero(behind) {
        return Ok(false);
    }
    for offset in (page.len() as u64..length).step_by(page.len()) {
        read(offset, &mut page)?;
        if !is_zero(&page) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Empties a file whose making was cut short, so that it is made again. Nobody else has it open: see [`lock`].
fn discard_unfinished(path: &Path) -> io::Result<()> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let length = file.metadata()?.len();
    let read = |offset, out: &mut [u8]| {
        let mut file = &file;
        file.seek(io::SeekFrom::Start(offset))?;
        file.read_exact(out)
    };
    if is_unfinished(length, read)? {
        file.set_len(0)?;
    }
    Ok(())
}

/// Makes an empty file that those may read and write who may another.
fn make_successor(file: &Path, successor: &Path) -> io::Result<()> {
    let old = fs::symlink_metadata(file)?;
    if !old.is_file() {
        return Err(io::Error::other(format!("{FILE} is a link, whose place no other file can take")));
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let new = options.open(successor)?;
    take_owner(&old, &new)
}

/// Gives a file or a directory the owner and the permissions of another.
pub(super) fn take_owner(old: &fs::Metadata, new: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let made = new.metadata()?;
        if (old.uid(), old.gid()) != (made.uid(), made.gid()) {
            std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))?;
        }
    }
    new.set_permissions(old.permissions())
}

/// Removes what was not finished before the process ended.
fn discard_successor(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(SUCCESSOR)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a directory and those above it, so that they outlive a crash.
fn create_directory(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    fs::create_dir_all(path)?;
    for made in missing {
        let above = made.parent().filter(|above| !above.as_os_str().is_empty());
        sync_directory(above.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

#[cfg(unix)]
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}
