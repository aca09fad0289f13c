//! A test that runs as a process of its own: the test binary starts itself again, for one test.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

const DIRECTORY: &str = "SCIMDB_TEST_CHILD";

/// The arguments that make this binary run one test, and what to run before it if not the binary itself.
pub fn command(test: &str, directory: &Path, before: &[&str]) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match before.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).arg(this);
            command
        }
        None => Command::new(this),
    };
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(DIRECTORY, directory);
    command
}

/// The directory that a child works in; none in the process that runs all tests.
pub fn directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}
