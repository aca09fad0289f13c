//! A place for index files that tests can look into: it records what is written, synced, named and removed, makes the
//! states that a power loss could leave, and fails when told to.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use scimdb::engine::IndexMedium;
use scimdb::engine::tantivy::directory::error::{DeleteError, OpenReadError, OpenWriteError};
use scimdb::engine::tantivy::directory::{
    AntiCallToken, FileHandle, FileSlice, TerminatingWrite, WatchCallback, WatchCallbackList, WatchHandle, WritePtr,
};
use scimdb::engine::tantivy::{self, Directory};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What happened. Directories and files are known by a number that is used once: a name may be used again.
#[derive(Clone, Debug)]
pub enum IndexEvent {
    MakeDirectory {
        name: String,
        directory: usize,
    },
    RemoveDirectory {
        name: String,
    },
    /// The list of directories became durable.
    SyncNames,
    /// A name was given to a file, in place of what had it before: a new file, or one that was renamed.
    Link {
        directory: usize,
        path: PathBuf,
        file: usize,
    },
    Unlink {
        directory: usize,
        path: PathBuf,
    },
    /// The list of a directory's files became durable.
    SyncDirectory {
        directory: usize,
    },
    Append {
        file: usize,
        bytes: Vec<u8>,
    },
    SyncFile {
        file: usize,
    },
}

/// The files of all directories.
pub type IndexImage = BTreeMap<String, BTreeMap<PathBuf, Vec<u8>>>;

#[derive(Debug, Default)]
struct State {
    log: Vec<IndexEvent>,
    /// What the host sees.
    names: BTreeMap<String, usize>,
    entries: BTreeMap<usize, BTreeMap<PathBuf, usize>>,
    files: BTreeMap<usize, Vec<u8>>,
    next: usize,
    /// How many events succeed before all fail, and how.
    fault: Option<(usize, io::ErrorKind)>,
}

impl State {
    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn record(&mut self, event: IndexEvent) -> io::Result<()> {
        if let Some((left, error)) = &mut self.fault {
            if *left == 0 {
                return Err((*error).into());
            }
            *left -= 1;
        }
        match &event {
            IndexEvent::MakeDirectory { name, directory } => {
                self.names.insert(name.clone(), *directory);
                self.entries.insert(*directory, BTreeMap::new());
            }
            IndexEvent::RemoveDirectory { name } => {
                self.names.remove(name);
            }
            IndexEvent::Link { directory, path, file } => {
                self.entries.get_mut(directory).unwrap().insert(path.clone(), *file);
            }
            IndexEvent::Unlink { directory, path } => {
                self.entries.get_mut(directory).unwrap().remove(path);
            }
            IndexEvent::Append { file, bytes } => self.files.entry(*file).or_default().extend(bytes),
            IndexEvent::SyncNames | IndexEvent::SyncDirectory { .. } | IndexEvent::SyncFile { .. } => {}
        }
        self.log.push(event);
        Ok(())
    }
}

/// The medium. Clones are the same medium.
#[derive(Clone, Debug, Default)]
pub struct IndexDisk(Arc<Mutex<State>>);

impl IndexDisk {
    /// A medium with these files, all of them durable.
    pub fn of(image: &IndexImage) -> Self {
        let disk = IndexDisk::default();
        for (name, files) in image {
            let directory = disk.open(name).unwrap();
            for (path, bytes) in files {
                directory.atomic_write(path, bytes).unwrap();
            }
            directory.sync_directory().unwrap();
        }
        disk.sync().unwrap();
        disk.state().log.clear();
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// How many events there were.
    pub fn position(&self) -> usize {
        self.state().log.len()
    }

    /// Everything that happened.
    pub fn log(&self) -> Vec<IndexEvent> {
        self.state().log.clone()
    }

    /// The files as reads show them.
    pub fn image(&self) -> IndexImage {
        let state = self.state();
        let files = |directory: &usize| {
            let entries = state.entries[directory].iter();
            entries.map(|(path, file)| (path.clone(), state.files.get(file).cloned().unwrap_or_default())).collect()
        };
        state.names.iter().map(|(name, directory)| (name.clone(), files(directory))).collect()
    }

    /// Makes whatever changes something fail, after it succeeded some times.
    pub fn arm(&self, after: usize, error: io::ErrorKind) {
        self.state().fault = Some((after, error));
    }

    /// Mends it; tells whether the fault was met.
    pub fn mend(&self) -> bool {
        self.state().fault.take().is_some_and(|(left, _)| left == 0)
    }

    fn open(&self, name: &str) -> io::Result<IndexDirectory> {
        let mut state = self.state();
        let directory = match state.names.get(name) {
            Some(directory) => *directory,
            None => {
                let directory = state.number();
                state.record(IndexEvent::MakeDirectory { name: name.to_owned(), directory })?;
                directory
            }
        };
        Ok(IndexDirectory { disk: self.clone(), directory })
    }
}

impl IndexMedium for IndexDisk {
    fn directory(&self, name: &str) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(self.open(name)?))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state().names.keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        let Some(directory) = state.names.get(name).copied() else { return Ok(()) };
        let paths: Vec<PathBuf> = state.entries[&directory].keys().cloned().collect();
        for path in paths {
            state.record(IndexEvent::Unlink { directory, path })?;
        }
        state.record(IndexEvent::RemoveDirectory { name: name.to_owned() })
    }

    fn sync(&self) -> io::Result<()> {
        self.state().record(IndexEvent::SyncNames)
    }
}

/// One directory of it.
#[derive(Clone, Debug)]
struct IndexDirectory {
    disk: IndexDisk,
    directory: usize,
}

impl IndexDirectory {
    fn file(&self, path: &Path) -> Option<usize> {
        self.disk.state().entries[&self.directory].get(path).copied()
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let file = self.file(path).ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))?;
        Ok(self.disk.state().files.get(&file).cloned().unwrap_or_default())
    }
}

struct IndexFile {
    disk: IndexDisk,
    file: usize,
}

impl Write for IndexFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.state().record(IndexEvent::Append { file: self.file, bytes: bytes.to_vec() })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for IndexFile {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.disk.state().record(IndexEvent::SyncFile { file: self.file })
    }
}

impl Directory for IndexDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(FileSlice::from(self.read(path)?)))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.file(path).ok_or_else(|| DeleteError::FileDoesNotExist(path.to_owned()))?;
        let event = IndexEvent::Unlink { directory: self.directory, path: path.to_owned() };
        let failed = |error| DeleteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() };
        self.disk.state().record(event).map_err(failed)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.file(path).is_some())
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        if self.file(path).is_some() {
            return Err(OpenWriteError::FileAlreadyExists(path.to_owned()));
        }
        let mut state = self.disk.state();
        let file = state.number();
        let event = IndexEvent::Link { directory: self.directory, path: path.to_owned(), file };
        state.record(event).map_err(|error| OpenWriteError::wrap_io_error(error, path.to_owned()))?;
        drop(state);
        Ok(BufWriter::new(Box::new(IndexFile { disk: self.disk.clone(), file })))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let (directory, file) = (self.directory, state.number());
        let temporary = PathBuf::from(format!(".tmp{file}"));
        state.record(IndexEvent::Link { directory, path: temporary.clone(), file })?;
        state.record(IndexEvent::Append { file, bytes: data.to_vec() })?;
        state.record(IndexEvent::SyncFile { file })?;
        state.record(IndexEvent::Link { directory, path: path.to_owned(), file })?;
        state.record(IndexEvent::Unlink { directory, path: temporary })
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.disk.state().record(IndexEvent::SyncDirectory { directory: self.directory })
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchCallbackList::default().subscribe(callback))
    }
}

/// How much of what was not synced a power loss leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexLoss {
    All,
    Nothing,
    /// Of each list of names the first changes, as a journal keeps them, and of each file its beginning.
    Tail,
    /// Any of the changes of names, and of each file any of its sectors.
    Any,
}

/// What is on the medium for certain, and what a power loss may leave of the rest.
#[derive(Clone, Debug, Default)]
pub struct IndexPlatter {
    names: BTreeMap<String, usize>,
    entries: BTreeMap<usize, BTreeMap<PathBuf, usize>>,
    files: BTreeMap<usize, Vec<u8>>,
    pending_names: Vec<IndexEvent>,
    pending_entries: BTreeMap<usize, Vec<IndexEvent>>,
    pending_bytes: BTreeMap<usize, Vec<u8>>,
}

impl IndexPlatter {
    /// Lets something happen.
    pub fn apply(&mut self, event: &IndexEvent) {
        match event {
            IndexEvent::MakeDirectory { .. } | IndexEvent::RemoveDirectory { .. } => {
                self.pending_names.push(event.clone());
            }
            IndexEvent::SyncNames => {
                for event in std::mem::take(&mut self.pending_names) {
                    rename(&mut self.names, &event);
                }
            }
            IndexEvent::Link { directory, .. } | IndexEvent::Unlink { directory, .. } => {
                self.pending_entries.entry(*directory).or_default().push(event.clone());
            }
            IndexEvent::SyncDirectory { directory } => {
                for event in self.pending_entries.remove(directory).unwrap_or_default() {
                    relink(self.entries.entry(*directory).or_default(), &event);
                }
            }
            IndexEvent::Append { file, bytes } => self.pending_bytes.entry(*file).or_default().extend(bytes),
            IndexEvent::SyncFile { file } => {
                let bytes = self.pending_bytes.remove(file).unwrap_or_default();
                self.files.entry(*file).or_default().extend(bytes);
            }
        }
    }

    /// Whether there is anything to lose.
    pub fn is_clean(&self) -> bool {
        self.pending_names.is_empty() && self.pending_entries.is_empty() && self.pending_bytes.is_empty()
    }

    /// What a power loss leaves. `below` is a die: it tells a number below its argument.
    pub fn image(&self, loss: IndexLoss, below: &mut dyn FnMut(usize) -> usize) -> IndexImage {
        let mut names = self.names.clone();
        kept(&self.pending_names, loss, below).iter().for_each(|event| rename(&mut names, event));
        let mut image = IndexImage::new();
        for (name, directory) in names {
            let mut entries = self.entries.get(&directory).cloned().unwrap_or_default();
            let pending = self.pending_entries.get(&directory).map_or(&[][..], Vec::as_slice);
            kept(pending, loss, below).iter().for_each(|event| relink(&mut entries, event));
            let files = entries.into_iter().map(|(path, file)| (path, self.bytes(file, loss, below))).collect();
            image.insert(name, files);
        }
        image
    }

    fn bytes(&self, file: usize, loss: IndexLoss, below: &mut dyn FnMut(usize) -> usize) -> Vec<u8> {
        let mut bytes = self.files.get(&file).cloned().unwrap_or_default();
        let pending = self.pending_bytes.get(&file).map_or(&[][..], Vec::as_slice);
        match loss {
            IndexLoss::All => {}
            IndexLoss::Nothing => bytes.extend(pending),
            IndexLoss::Tail => bytes.extend(&pending[..below(pending.len() + 1)]),
            IndexLoss::Any => {
                // The length may be there before the bytes are.
                for sector in pending[..below(pending.len() + 1)].chunks(SECTOR) {
                    match below(3) {
                        0 => bytes.extend(std::iter::repeat_n(0, sector.len())),
                        _ => bytes.extend(sector),
                    }
                }
            }
        }
        bytes
    }
}

fn kept(pending: &[IndexEvent], loss: IndexLoss, below: &mut dyn FnMut(usize) -> usize) -> Vec<IndexEvent> {
    match loss {
        IndexLoss::All => Vec::new(),
        IndexLoss::Nothing => pending.to_vec(),
        IndexLoss::Tail => pending[..below(pending.len() + 1)].to_vec(),
        IndexLoss::Any => pending.iter().filter(|_| below(3) > 0).cloned().collect(),
    }
}

fn rename(names: &mut BTreeMap<String, usize>, event: &IndexEvent) {
    match event {
        IndexEvent::MakeDirectory { name, directory } => {
            names.insert(name.clone(), *directory);
        }
        IndexEvent::RemoveDirectory { name } => {
            names.remove(name);
        }
        _ => {}
    }
}

fn relink(entries: &mut BTreeMap<PathBuf, usize>, event: &IndexEvent) {
    match event {
        IndexEvent::Link { path, file, .. } => {
            entries.insert(path.clone(), *file);
        }
        IndexEvent::Unlink { path, .. } => {
            entries.remove(path);
        }
        _ => {}
    }
}
