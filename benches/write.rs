//! What durable work costs on a real directory: import, get, create, PATCH, membership, search; alone and by 64 at once.
//!
//! `cargo bench --no-default-features --bench write [-- --json]`. About two minutes by default; set by
//! `SCIMDB_BENCH_USERS` (100000), `SCIMDB_BENCH_SECONDS` (2: of each round of writers), `SCIMDB_BENCH_CACHE_MIB` (the
//! store's default) and `SCIMDB_BENCH_DIR` (the system's directory for temporary files; the disk that is measured).
//! docs/PERFORMANCE.md tells what the lines mean.

mod support {
    pub mod figures;
    pub mod people;
    pub mod samples;
    pub mod workloads;
}

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use scimdb::StoreOptions;
use support::workloads::Bench;

/// How large the run is.
struct Settings {
    users: usize,
    round: Duration,
    cache_bytes: usize,
    directory: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let number = |name: &str, default: usize| match std::env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(_) => Ok(default),
    };
    let directory = match std::env::var_os("SCIMDB_BENCH_DIR") {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let settings = Settings {
        users: number("SCIMDB_BENCH_USERS", 100_000)?.max(12_000),
        round: Duration::from_secs(number("SCIMDB_BENCH_SECONDS", 2)? as u64),
        cache_bytes: number("SCIMDB_BENCH_CACHE_MIB", StoreOptions::default().cache_bytes >> 20)? << 20,
        directory: directory.path().to_owned(),
    };
    let about = serde_json::json!({
        "users": settings.users,
        "cache_mib": settings.cache_bytes >> 20,
        "cores": std::thread::available_parallelism()?.get(),
    });
    let report = Bench::open(settings)?.run()?;
    let as_json = std::env::args().any(|argument| argument == "--json");
    print!("{}", if as_json { report.json(about) + "\n" } else { format!("{about}\n{}", report.table()) });
    Ok(())
}
