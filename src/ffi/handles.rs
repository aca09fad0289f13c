//! Handles: what the caller holds is a number that looks like a pointer, and is looked up at every call. So a handle that
//! was closed, or is of another kind, or never was one, is answered by an error, from any thread and at any time.

use std::sync::{Arc, PoisonError, RwLock};

use super::fork::{Own, PerProcess};
use crate::{Error, ErrorKind, Result};

/// Bits of a handle, from the lowest: a one, so that it never is the address of anything; the kind; the place in the
/// table; how often the process had been forked; and how often the place was used before.
const KIND_SHIFT: u32 = 1;
const KIND_BITS: u32 = 4;
const PLACE_SHIFT: u32 = KIND_SHIFT + KIND_BITS;
const PLACE_BITS: u32 = 20;
const FORK_SHIFT: u32 = PLACE_SHIFT + PLACE_BITS;
const FORK_BITS: u32 = 4;
const USE_SHIFT: u32 = FORK_SHIFT + FORK_BITS;

/// Handles of one kind that can be open at the same time.
const MOST: usize = 1 << PLACE_BITS;

/// The kinds of handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Store = 1,
    Iterator = 2,
    Import = 3,
    Subscription = 4,
    Server = 5,
    Decision = 6,
    Error = 7,
    Found = 8,
}

impl Kind {
    /// What the function that makes it, and its type, are called by.
    fn name(self) -> &'static str {
        match self {
            Kind::Store => "scimdb_store",
            Kind::Iterator => "scimdb_iter",
            Kind::Import => "scimdb_import",
            Kind::Subscription => "scimdb_subscription",
            Kind::Server => "scimdb_server",
            Kind::Decision => "scimdb_decision",
            Kind::Error => "scimdb_error",
            Kind::Found => "scimdb_found",
        }
    }
}

/// The open handles of one kind.
pub(super) struct Handles<T> {
    kind: Kind,
    table: PerProcess<RwLock<Places<T>>>,
}

type Table<T> = Own<RwLock<Places<T>>>;

struct Places<T> {
    places: Vec<Place<T>>,
    free: Vec<usize>,
}

struct Place<T> {
    uses: usize,
    value: Option<Arc<T>>,
}

impl<T> Handles<T> {
    pub(super) const fn new(kind: Kind) -> Self {
        Handles { kind, table: PerProcess::new() }
    }

    /// Opens a handle.
    pub(super) fn open(&self, value: Arc<T>) -> Result<usize> {
        let table = self.table();
        let mut places = table.value.write().unwrap_or_else(PoisonError::into_inner);
        let at = match places.free.pop() {
            Some(at) => at,
            None if places.places.len() < MOST => {
                places.places.push(Place { uses: 0, value: None });
                places.places.len() - 1
            }
            None => {
                let detail = format!("{MOST} handles of {} are open: free those that are done with", self.kind.name());
                return Err(Error::new(ErrorKind::Misuse, detail));
            }
        };
        let Some(place) = places.places.get_mut(at) else {
            return Err(Error::new(ErrorKind::Internal, "a place of a handle is missing"));
        };
        place.value = Some(value);
        let forks = fork_bits(table.forks) << FORK_SHIFT;
        Ok((place.uses << USE_SHIFT) | forks | (at << PLACE_SHIFT) | ((self.kind as usize) << KIND_SHIFT) | 1)
    }

    /// What a handle stands for.
    pub(super) fn get(&self, handle: usize) -> Result<Arc<T>> {
        let (table, at) = self.place(handle)?;
        let places = table.value.read().unwrap_or_else(PoisonError::into_inner);
        let place = places.places.get(at).filter(|place| is_use(handle, place.uses));
        place.and_then(|place| place.value.clone()).ok_or_else(|| self.closed())
    }

    /// Closes a handle, and gives what it stood for. Of several threads that close it, one gets it.
    pub(super) fn close(&self, handle: usize) -> Result<Arc<T>> {
        let (table, at) = self.place(handle)?;
        let mut places = table.value.write().unwrap_or_else(PoisonError::into_inner);
        let place = places.places.get_mut(at).filter(|place| is_use(handle, place.uses));
        let value = place.and_then(|place| {
            let value = place.value.take()?;
            place.uses = place.uses.wrapping_add(1);
            Some(value)
        });
        let value = value.ok_or_else(|| self.closed())?;
        places.free.push(at);
        Ok(value)
    }

    /// The table of this process.
    fn table(&self) -> &Table<T> {
        self.table.get_or_make(|| RwLock::new(Places { places: Vec::new(), free: Vec::new() }))
    }

    fn place(&self, handle: usize) -> Result<(&Table<T>, usize)> {
        if handle == 0 {
            return Err(Error::new(ErrorKind::Misuse, format!("the {} is NULL", self.kind.name())));
        }
        let kind = (handle >> KIND_SHIFT) & ((1 << KIND_BITS) - 1);
        if handle & 1 == 0 || kind != self.kind as usize {
            return Err(Error::new(ErrorKind::Misuse, format!("the handle is no {}", self.kind.name())));
        }
        let table = self.table();
        if (handle >> FORK_SHIFT) & ((1 << FORK_BITS) - 1) != fork_bits(table.forks) {
            let detail = format!(
                "the {} was opened before this process was forked: open the store after fork(), in each process",
                self.kind.name()
            );
            return Err(Error::new(ErrorKind::Misuse, detail));
        }
        Ok((table, (handle >> PLACE_SHIFT) & (MOST - 1)))
    }

    fn closed(&self) -> Error {
        Error::new(ErrorKind::Misuse, format!("the {} is closed", self.kind.name()))
    }
}

/// As much of a count of forks as a handle keeps.
fn fork_bits(forks: u32) -> usize {
    forks as usize & ((1 << FORK_BITS) - 1)
}

/// Whether a handle was made when its place had been used so often.
fn is_use(handle: usize, uses: usize) -> bool {
    handle >> USE_SHIFT == (uses << USE_SHIFT) >> USE_SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_good_until_it_is_closed() {
        let handles = Handles::new(Kind::Import);
        let first = handles.open(Arc::new(1)).unwrap();
        let second = handles.open(Arc::new(2)).unwrap();
        assert_eq!((*handles.get(first).unwrap(), *handles.get(second).unwrap()), (1, 2));
        assert_eq!(*handles.close(first).unwrap(), 1);
        let third = handles.open(Arc::new(3)).unwrap();
        assert_ne!(first, third, "the same place, used again");
        for wrong in [first, 0, 7, usize::MAX, second + 1, second << 1] {
            assert_eq!(handles.get(wrong).unwrap_err().kind(), ErrorKind::Misuse, "{wrong}");
            assert_eq!(handles.close(wrong).unwrap_err().kind(), ErrorKind::Misuse, "{wrong}");
        }
        assert_eq!((*handles.get(second).unwrap(), *handles.get(third).unwrap()), (2, 3));
        let others = Handles::<i32>::new(Kind::Store);
        assert!(others.get(second).unwrap_err().detail().contains("no scimdb_store"));
    }
}
