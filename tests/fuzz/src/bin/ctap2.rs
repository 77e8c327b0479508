//! `cargo xtask fuzz ctap2`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::ctap2(data));
