//! `cargo xtask bench`: builds the programs as they are shipped, and a driver, and measures.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{prerequisites, python};

/// Builds and measures; `arguments` go to the driver. `true` when there is a result.
pub(crate) fn login(arguments: &[&str]) -> bool {
    let packages = ["-p", "server", "-p", "load", "--bin", "cardea", "--bin", "load"];
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--quiet"]).args(packages);
    if !succeeds(&mut build) {
        return false;
    }
    let programs = target().join("release");
    let mut driver = Command::new(programs.join("load"));
    driver.arg("--cardea").arg(programs.join("cardea"));
    succeeds(driver.args(arguments))
}

/// Builds and measures; `arguments` go to the driver. `true` when every bound holds.
pub(crate) fn tap(arguments: &[&str]) -> bool {
    let packages = ["-p", "cardea-agent", "-p", "tap", "--bin", "cardea-agent", "--bin", "tap"];
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--quiet"]).args(packages);
    let needs = [prerequisites::DEMO, prerequisites::INTEROP];
    if !prerequisites::install(&needs) || !python::install() || !succeeds(&mut build) {
        return false;
    }
    let programs = target().join("release");
    let mut driver = Command::new(programs.join("tap"));
    driver.arg("--agent").arg(programs.join("cardea-agent"));
    driver.arg("--python").arg(Path::new(python::PLACE).join("bin/python"));
    succeeds(driver.args(arguments))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec();
    metadata.map_or_else(|_| "target".into(), |metadata| metadata.target_directory.into())
}

/// Runs a command; `true` when it ends well.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("cannot run {}: {error}", command.get_program().display());
            false
        }
    }
}
