//! A page cursor is refused unless the store made it, and what is in one is read without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimdb::engine::probe_cursor;

fuzz_target!(|bytes: &[u8]| probe_cursor(bytes));
