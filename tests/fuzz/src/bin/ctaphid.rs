//! `cargo xtask fuzz ctaphid`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::ctaphid(data));
