//! `cargo xtask fuzz openid`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::openid(data));
