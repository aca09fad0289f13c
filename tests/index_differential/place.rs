//! Where a store under test lives, and how its index gets lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scimdb::engine::MemoryMedium;
use scimdb::{Store, StoreOptions};
use tempfile::TempDir;

use crate::support::random::Dice;

/// What may get lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The whole index, whenever the store is closed.
    Closed,
    /// Files of it, while the store is open and while it is closed.
    Files,
}

/// The place of a store.
pub enum Place {
    Memory(MemoryMedium),
    Directory(TempDir),
}

impl Place {
    pub fn new(loss: Loss) -> Place {
        match loss {
            Loss::Closed => Place::Memory(MemoryMedium::default()),
            Loss::Files => Place::Directory(TempDir::new().unwrap()),
        }
    }

    pub fn open(&self, options: StoreOptions) -> Store {
        match self {
            Place::Memory(medium) => {
                let medium = medium.clone();
                Store::open_on(Arc::new(move || Ok(Box::new(medium.clone()))), options).unwrap()
            }
            Place::Directory(directory) => Store::open(directory.path(), options).unwrap(),
        }
    }

    /// The files of the index.
    fn files(&self) -> Vec<PathBuf> {
        let Place::Directory(directory) = self else { return Vec::new() };
        let mut files = Vec::new();
        for entry in fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                collect(&entry, &mut files);
            }
        }
        files.sort();
        files
    }

    /// Damages the index of a closed store, or takes files of it away. Tells what was done.
    pub fn damage(&self, dice: &mut Dice) -> String {
        let files = self.files();
        if files.is_empty() {
            return "there are no files".to_owned();
        }
        let file = &files[dice.below(files.len())];
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        match dice.below(4) {
            0 => {
                files.iter().for_each(|file| fs::remove_file(file).unwrap());
                "removed all".to_owned()
            }
            1 => {
                fs::remove_file(file).unwrap();
                format!("removed {name}")
            }
            2 => {
                let bytes = fs::read(file).unwrap();
                fs::write(file, &bytes[..dice.below(bytes.len().max(1))]).unwrap();
                format!("cut {name}")
            }
            _ => {
                let mut bytes = fs::read(file).unwrap();
                if !bytes.is_empty() {
                    let at = dice.below(bytes.len());
                    bytes[at] ^= 1 << dice.below(8);
                    fs::write(file, bytes).unwrap();
                }
                format!("changed {name}")
            }
        }
    }

    /// Takes a file away under an open store. What is open or mapped stays readable. Tells what was done.
    pub fn lose(&self, dice: &mut Dice) -> String {
        let files = self.files();
        if files.is_empty() {
            return "there are no files".to_owned();
        }
        let gone = if dice.one_in(3) { &files[..] } else { std::slice::from_ref(&files[dice.below(files.len())]) };
        // The indexer may have been faster.
        gone.iter().for_each(|file| drop(fs::remove_file(file)));
        format!("removed {} of {} files", gone.len(), files.len())
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    // Folders come and go while the indexer works.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if entry.is_dir() { collect(&entry, files) } else { files.push(entry) }
    }
}
