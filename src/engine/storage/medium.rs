//! What a store's file lives on, when it is not an ordinary file: memory, or a medium of the host's own.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// A place for the bytes of a store: a file that is encrypted, remote, or made to fail in tests.
///
/// What was written before a successful [`sync`](Medium::sync) must survive a crash; anything after it may be lost,
/// torn or reordered, and the store recovers.
pub trait Medium: Send + Sync + fmt::Debug + 'static {
    /// The length in bytes.
    ///
    /// # Errors
    /// Any; the caller of the verb gets it as `Io`.
    fn len(&self) -> io::Result<u64>;

    /// Whether it is empty.
    ///
    /// # Errors
    /// Any.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` from the offset on.
    ///
    /// # Errors
    /// Any; `UnexpectedEof` where the range ends behind the end.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Changes the length; new bytes are zero.
    ///
    /// # Errors
    /// Any.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Writes at the offset.
    ///
    /// # Errors
    /// Any; `StorageFull` is told to callers as `DiskFull`.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Returns when everything written is durable.
    ///
    /// # Errors
    /// Any.
    fn sync(&self) -> io::Result<()>;
}

/// Opens the medium: again after an error, when the store recovers.
pub type MediumFactory = Arc<dyn Fn() -> io::Result<Box<dyn Medium>> + Send + Sync>;

/// The storage engine's view of a medium.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Box<dyn Medium>);

impl redb::StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

/// Bytes in memory. Clones are the same bytes.
#[derive(Clone, Debug, Default)]
pub struct MemoryMedium(Arc<Mutex<Vec<u8>>>);

impl MemoryMedium {
    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn range(offset: u64, length: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    Ok(start..start + length)
}

impl Medium for MemoryMedium {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let range = range(offset, out.len())?;
        let bytes = self.bytes();
        let source = bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(source);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.bytes().resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let range = range(offset, data.len())?;
        let mut bytes = self.bytes();
        if bytes.len() < range.end {
            bytes.resize(range.end, 0);
        }
        bytes.get_mut(range).ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
