//! Bytes of an index that nobody wrote so: opening them is an error, or they are read as far as they go, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimdb::engine::probe_index;

fuzz_target!(|bytes: &[u8]| {
    // The first bytes are what is looked for; the rest begins where numbers may stand.
    let (needle, rest) = bytes.split_at(bytes.len().min(8));
    probe_index::run(rest, needle);
    probe_index::manifest(bytes);
});
