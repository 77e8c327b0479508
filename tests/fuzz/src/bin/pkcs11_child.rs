//! `cargo xtask fuzz pkcs11-child`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::pkcs11_child(data));
