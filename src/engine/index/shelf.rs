//! Where the runs of a store stand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Run;
use super::layout::Bytes;
use crate::{Error, ErrorKind, Result};

#[derive(Clone, Default)]
pub(in crate::engine) struct Shelf(Arc<Mutex<HashMap<u64, Arc<Vec<u64>>>>>);

impl Shelf {
    pub(in crate::engine) fn write(&self, number: u64, words: Vec<u64>) -> Result<Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::new(words));
        self.open(number)
    }

    pub(in crate::engine) fn memory(&self, words: Vec<u64>) -> Result<Run> {
        Run::open(Bytes::Memory(Arc::new(words)), false)
    }

    pub(in crate::engine) fn open(&self, number: u64) -> Result<Run> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        let words = found.ok_or_else(|| Error::new(ErrorKind::Corrupt, "missing"))?;
        Run::open(Bytes::Memory(words), true)
    }

    pub(in crate::engine) fn remove(&self, number: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    pub(in crate::engine) fn numbers(&self) -> Result<Vec<u64>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect())
    }
}
