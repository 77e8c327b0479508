//! npm's oidc-provider, beside which `bench oidc` measures, under `target/oidc-provider`: by the versions
//! and hashes in `tests/load/oidc-provider`.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

use crate::bench::succeeds;
use crate::prerequisites::is_program;

/// What is to be installed, and the script that runs it.
const FILES: [&str; 3] = ["package.json", "package-lock.json", "server.mjs"];
const SOURCE: &str = "tests/load/oidc-provider";
/// What was installed last time.
const RECEIPT: &str = "installed";

pub(crate) const PLACE: &str = "target/oidc-provider";

/// Installs it if it is not there; `true` when it is there afterwards.
pub(crate) fn install() -> bool {
    if !(is_program("node") && is_program("npm")) {
        println!("node and npm are missing: install Node.js 20 or newer, with npm");
        return false;
    }
    match try_install() {
        Ok(is_there) => is_there,
        Err(error) => {
            println!("cannot install oidc-provider in {PLACE}: {error}");
            false
        }
    }
}

fn try_install() -> io::Result<bool> {
    let (source, place) = (Path::new(SOURCE), Path::new(PLACE));
    fs::create_dir_all(place)?;
    for file in FILES {
        fs::copy(source.join(file), place.join(file))?;
    }
    let wanted = fs::read_to_string(source.join("package-lock.json"))?;
    if fs::read_to_string(place.join(RECEIPT)).is_ok_and(|installed| installed == wanted) {
        return Ok(true);
    }
    println!("installing oidc-provider in {PLACE}");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    let done = succeeds(npm.current_dir(place));
    if done {
        fs::write(place.join(RECEIPT), wanted)?;
    }
    Ok(done)
}
