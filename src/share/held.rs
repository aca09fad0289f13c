//! A store that this process holds for itself and others.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answerer, Answering};
use super::note::Note;
use crate::engine::{Store, StoreOptions, random};
use crate::{Error, ErrorKind, Result};

/// How long calls of others may take to end when the store is closed here.
const LAST_CALLS: Duration = Duration::from_secs(10);

/// The release of the library.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) struct Held {
    pub(super) store: Store,
    /// What others are told of this process.
    pub(super) about: String,
    answering: Option<Answering>,
    directory: PathBuf,
}

impl Held {
    /// Opens the store, and answers others from then on. `prepare` has the store before they have, and tells what
    /// of the host's it set there.
    ///
    /// # Errors
    /// Those of [`Store::open`]; `Io` where this machine has no port or thread left.
    pub(super) fn take(
        directory: &Path,
        options: &StoreOptions,
        answerer: &Arc<dyn Answerer>,
        prepare: impl FnOnce(&Store) -> u64,
    ) -> Result<Self> {
        // Before the store is opened, so that those who find it locked are told where to go.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(io)?;
        let address = listener.local_addr().map_err(io)?;
        answerer.listens(Some(address.port()));
        let held = Held::listening(listener, directory, options, answerer, prepare);
        if held.is_err() {
            answerer.listens(None);
        }
        held
    }

    fn listening(
        listener: TcpListener,
        directory: &Path,
        options: &StoreOptions,
        answerer: &Arc<dyn Answerer>,
        prepare: impl FnOnce(&Store) -> u64,
    ) -> Result<Self> {
        let address = listener.local_addr().map_err(io)?;
        let mut options = options.clone();
        let about = about(options.holder.as_deref(), address);
        options.holder = Some(about.clone());
        let store = Store::open(directory, options)?;
        let secret = random();
        let shared = || {
            let equipment = prepare(&store);
            let note = Note { version: VERSION.to_owned(), process: std::process::id(), address, secret };
            note.write(directory).map_err(io)?;
            let answering = Answering::start(listener, store.clone(), secret, Arc::clone(answerer)).map_err(io)?;
            answering.equip(equipment);
            Ok(answering)
        };
        match shared() {
            Ok(answering) => Ok(Held { store, about, answering: Some(answering), directory: directory.to_owned() }),
            Err(error) => store.close().and(Err(error)),
        }
    }

    /// Tells what of the host's is set here by now.
    pub(super) fn equip(&self, equipment: u64) {
        if let Some(answering) = &self.answering {
            answering.equip(equipment);
        }
    }

    /// Refuses to wait for the end of calls on a thread that carries one of them out.
    pub(super) fn check_thread(&self) -> Result<()> {
        if self.answering.as_ref().is_some_and(Answering::is_own_thread) {
            let detail = "this thread carries out a call of another process: the store is closed on another one";
            return Err(Error::new(ErrorKind::Misuse, detail));
        }
        Ok(())
    }

    /// Takes no more calls of others, and waits for those under way.
    pub(super) fn withdraw(&mut self) {
        if let Some(answering) = self.answering.take() {
            answering.stop(LAST_CALLS);
            // One that stays names a port where nobody is any more.
            let _ = Note::remove(&self.directory);
        }
    }

    /// Closes the store: the next of the others to call takes it.
    pub(super) fn close(mut self) -> Result<()> {
        self.withdraw();
        self.store.close()
    }
}

/// What others are told of a holder, and look for: that it shares, and where.
pub(super) fn about(holder: Option<&str>, address: impl std::fmt::Display) -> String {
    let shares = format!("shares it at {address}");
    holder.map_or_else(|| shares.clone(), |holder| format!("{holder}, {shares}"))
}

fn io(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot share the store: {error}")).caused_by(error)
}
