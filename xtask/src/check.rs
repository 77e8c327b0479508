//! `cargo xtask check`.

use std::process::Command;

use crate::{layers, licences};

/// Runs all checks, cheapest first, and stops at the first that fails.
pub(crate) fn all() -> bool {
    cargo("fmt --all --check")
        && step("layers", layers::hold)
        && step("licences", licences::hold)
        && cargo("clippy --workspace --all-targets --locked -- -D warnings")
        && cargo("doc --workspace --no-deps --locked --document-private-items")
}

fn step(name: &str, run: impl Fn() -> bool) -> bool {
    println!("xtask {name}");
    run()
}

fn cargo(arguments: &str) -> bool {
    println!("cargo {arguments}");
    let status = Command::new("cargo")
        .args(arguments.split(' '))
        .env("RUSTDOCFLAGS", "-D warnings")
        .status();
    status.is_ok_and(|status| status.success())
}
