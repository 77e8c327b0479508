//! `cargo xtask fuzz eam`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::eam(data));
