//! What the files of an index live on: a folder of the store's directory, memory, or a medium of the host's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, fs, io};

use tantivy::Directory;
use tantivy::directory::{MmapDirectory, RamDirectory};

/// A place for the directories of an index: each holds the files of one part of it, which are written once and then
/// only read.
///
/// An index is derived from the store and is made again when it is lost or damaged, so nothing here can lose data. It
/// is used after a restart only if everything that was synced before is as it was: see [`Directory::sync_directory`]
/// for the names of files; what is in a file is synced when its writer is terminated.
pub trait IndexMedium: Send + Sync + fmt::Debug + 'static {
    /// A directory, which is made if it is missing.
    ///
    /// # Errors
    /// Any; `StorageFull` is told to callers as `DiskFull`.
    fn directory(&self, name: &str) -> io::Result<Box<dyn Directory>>;

    /// The names of all directories, in any order.
    ///
    /// # Errors
    /// Any.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Removes a directory and all of its files; does nothing if there is none. What was opened before can still be
    /// read.
    ///
    /// # Errors
    /// Any.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Returns when the list of names is durable.
    ///
    /// # Errors
    /// Any.
    fn sync(&self) -> io::Result<()>;
}

/// The folder `index` of a store's directory. It is made when it is first needed.
///
/// Files are mapped into memory. If the disk cannot read a page of a mapped file, the operating system ends the program
/// (`SIGBUS`); nothing but not mapping files would help.
#[derive(Clone, Debug)]
pub struct Disk {
    store: PathBuf,
    folder: PathBuf,
}

impl Disk {
    /// In a store's directory.
    pub fn new(store: &Path) -> Self {
        Disk { store: store.to_owned(), folder: store.join("index") }
    }
}

impl IndexMedium for Disk {
    fn directory(&self, name: &str) -> io::Result<Box<dyn Directory>> {
        let path = self.folder.join(name);
        fs::create_dir_all(&path)?;
        Ok(Box::new(MmapDirectory::open(&path).map_err(io::Error::other)?))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn sync(&self) -> io::Result<()> {
        if self.folder.try_exists()? {
            sync_folder(&self.folder)?;
        }
        sync_folder(&self.store)
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Directories in memory. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<String, RamDirectory>>>);

impl Memory {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, RamDirectory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IndexMedium for Memory {
    fn directory(&self, name: &str) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(self.all().entry(name.to_owned()).or_default().clone()))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.all().keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.all().remove(name);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
