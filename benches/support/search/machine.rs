//! What the machine tells: memory of this process, bytes on disk, how loaded it is, what a sync takes.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::Outcome;
use crate::support::samples::Samples;

/// A line of /proc/self/status in bytes; null where there is none.
fn status(name: &str) -> Json {
    let read = || -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    };
    json!(read())
}

/// Memory of this process: at most, now, and the part of it that the system cannot take back.
pub fn memory() -> Json {
    json!({"peak": status("VmHWM"), "resident": status("VmRSS"), "anonymous": status("RssAnon")})
}

/// Bytes of the files under a directory: the store's file, and the rest, which is the index.
pub fn bytes(store: &Path) -> Outcome<(u64, u64)> {
    let (mut file, mut index) = (0, 0);
    let mut waiting = vec![store.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let about = entry.metadata()?;
            match about.is_dir() {
                true => waiting.push(entry.path()),
                false if entry.file_name() == "store.redb" => file += about.len(),
                false => index += about.len(),
            }
        }
    }
    Ok((file, index))
}

/// Processor, number of cores, memory, load and system.
pub fn about() -> Json {
    let line = |path: &str, name: &str| -> Option<String> {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
    };
    json!({
        "processor": line("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().map(usize::from).unwrap_or(0),
        "memory": line("/proc/meminfo", "MemTotal"),
        "system": fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
        "load": load(),
    })
}

/// The load average of the last minute.
pub fn load() -> Json {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!(text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()))
}

/// What the disk takes for the least that is durable: 4 KiB appended, and fdatasync.
pub fn control(directory: &Path, times: usize) -> Outcome<Samples> {
    let path = directory.join("control");
    let mut file: File = OpenOptions::new().create(true).append(true).open(&path)?;
    let samples = Samples::of(times, |_| {
        file.write_all(&[7; 4_096])?;
        file.sync_data()
    })?;
    fs::remove_file(path)?;
    Ok(samples)
}

/// Percentiles of some samples.
pub fn percentiles(samples: &Samples) -> Json {
    let [p50, p95, p99] = [50, 95, 99].map(|percent| samples.percentile(percent));
    json!({"p50_us": p50, "p95_us": p95, "p99_us": p99, "n": samples.len()})
}
