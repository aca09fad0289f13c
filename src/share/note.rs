//! The file `share` in a store's directory: how to reach who holds it. Only their user can read it, since it has the secret.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::prove::Secret;

const FILE: &str = "share";
/// What it is written into first, so that nobody ever reads the half of it.
const UNFINISHED: &str = "share.new";

/// What the file says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The release of the library: the frames are its own matter.
    pub(super) version: String,
    pub(super) process: u32,
    pub(super) address: SocketAddr,
    pub(super) secret: Secret,
}

impl Note {
    /// Writes the file. Only who holds the store does.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let Note { version, process, address, secret } = self;
        let text = format!("{version}\n{process}\n{address}\n{}\n", URL_SAFE_NO_PAD.encode(secret));
        let unfinished = directory.join(UNFINISHED);
        // One of a process that was killed may have other permissions.
        remove(&unfinished)?;
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&unfinished)?.write_all(text.as_bytes())?;
        fs::rename(&unfinished, directory.join(FILE))
    }

    /// Reads the file; none where there is none, or something else.
    ///
    /// # Errors
    /// Whatever else keeps it from being read: the permissions, say.
    pub(super) fn read(directory: &Path) -> io::Result<Option<Note>> {
        match fs::read_to_string(directory.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => Ok(parse(&text?)),
        }
    }

    /// Removes the file. Only who holds the store does.
    pub(super) fn remove(directory: &Path) -> io::Result<()> {
        remove(&directory.join(FILE))
    }
}

fn parse(text: &str) -> Option<Note> {
    let mut lines = text.lines();
    let version = lines.next()?.to_owned();
    let process = lines.next()?.parse().ok()?;
    let address = lines.next()?.parse().ok()?;
    let secret = URL_SAFE_NO_PAD.decode(lines.next()?).ok()?.try_into().ok()?;
    Some(Note { version, process, address, secret })
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
