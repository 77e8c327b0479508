//! `cargo xtask demo`: builds all programs of the demo, and becomes it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::bench::{cargo, succeeds, target};

/// The packages of the programs that it starts, and its own.
const PACKAGES: [&str; 5] = ["server", "cardea-agent", "firmware-sim", "entra-stand-in", "demo"];

/// Builds and plays; `arguments` go to the demo. Comes back only when something fails.
pub(crate) fn play(arguments: &[&str]) -> bool {
    println!("Building. Nothing is said meanwhile; the first time takes 10 to 20 minutes.");
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--bins"]);
    for package in PACKAGES {
        build.args(["--package", package]);
    }
    if !succeeds(&mut build) {
        return false;
    }
    // In our place: Ctrl-C is for the demo, which ends everything that it started.
    let program = target().join("debug/demo");
    let error = Command::new(&program).args(arguments).exec();
    println!("cannot run {}: {error}", program.display());
    false
}
