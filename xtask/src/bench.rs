//! `cargo xtask bench`: builds the programs as they are shipped, and a driver, and measures.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{node, prerequisites, python};

/// Builds and measures what sign-ins cost; `arguments` go to the driver. `true` when every bound holds.
pub(crate) fn login(arguments: &[&str]) -> bool {
    load("login").is_some_and(|mut driver| succeeds(driver.args(arguments)))
}

/// Builds and measures what applications and Entra cost, beside npm's oidc-provider; `arguments` go to the
/// driver. `true` when every bound holds.
pub(crate) fn oidc(arguments: &[&str]) -> bool {
    if !node::install() {
        return false;
    }
    let Some(mut driver) = load("oidc") else { return false };
    driver.arg("--oidc-provider").arg(node::PLACE);
    succeeds(driver.args(arguments))
}

/// The driver of one measurement, with the server, both built as they are shipped.
fn load(measurement: &str) -> Option<Command> {
    let packages = ["-p", "server", "-p", "load", "--bin", "cardea", "--bin", "load"];
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--quiet"]).args(packages);
    if !succeeds(&mut build) {
        return None;
    }
    let programs = target().join("release");
    let mut driver = Command::new(programs.join("load"));
    driver.arg(measurement).arg("--cardea").arg(programs.join("cardea"));
    Some(driver)
}

/// Builds and measures; `arguments` go to the driver. `true` when every bound holds.
pub(crate) fn tap(arguments: &[&str]) -> bool {
    // The agent by itself, as it is shipped: see `package::programs`.
    let build = |package: &str| {
        let release = ["build", "--release", "--locked", "--quiet", "--package", package];
        succeeds(cargo().args(release).args(["--bin", package]))
    };
    let needs = [prerequisites::DEMO, prerequisites::INTEROP];
    let is_ready = prerequisites::install(&needs) && python::install();
    if !(is_ready && build("cardea-agent") && build("tap")) {
        return false;
    }
    let programs = target().join("release");
    let mut driver = Command::new(programs.join("tap"));
    driver.arg("--agent").arg(programs.join("cardea-agent"));
    driver.arg("--python").arg(Path::new(python::PLACE).join("bin/python"));
    // Their library runs from where its sources were unpacked.
    driver.env("PYTHONPATH", Path::new(python::PLACE).join("fido2"));
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
