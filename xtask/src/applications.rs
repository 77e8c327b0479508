//! The applications of `make interop`, which are made with other people's OpenID Connect libraries: what
//! they need, under `target`, by the versions and hashes in `tests/interop/applications`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::python::run;

const SOURCES: &str = "tests/interop/applications";
const NODE: &str = "target/interop-node";
const PYTHON: &str = "target/interop-python";

/// Installs it if it is not there; `true` when it is there afterwards.
pub(crate) fn install() -> bool {
    match node().and_then(|node| Ok(node && python()?)) {
        Ok(is_there) => is_there,
        Err(error) => {
            println!("cannot install what the applications need in {NODE} and {PYTHON}: {error}");
            false
        }
    }
}

/// The libraries, the runtime, and beside them the applications, which look for them there.
fn node() -> io::Result<bool> {
    let sources = Path::new(SOURCES).join("node");
    let wanted = ["package.json", "package-lock.json"].map(|name| sources.join(name));
    let done = once(NODE, &wanted, || {
        for file in &wanted {
            copy_into(file, NODE)?;
        }
        let mut npm = Command::new("npm");
        run(npm.current_dir(NODE).args(["ci", "--ignore-scripts", "--no-audit", "--silent"]))
    })?;
    for entry in fs::read_dir(&sources)?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|it| it == "mjs") {
            copy_into(&path, NODE)?;
        }
    }
    Ok(done)
}

fn python() -> io::Result<bool> {
    let wanted = [Path::new(SOURCES).join("python/requirements.txt")];
    once(PYTHON, &wanted, || {
        let mut pip = Command::new(Path::new(PYTHON).join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--require-hashes", "--only-binary", ":all:", "-r"]).args(&wanted);
        Ok(run(Command::new("/usr/bin/python3").args(["-m", "venv", PYTHON]))? && run(&mut pip)?)
    })
}

/// Fills a folder anew, unless what it was filled with says the same as `wanted`.
fn once(
    folder: &str,
    wanted: &[PathBuf],
    fill: impl FnOnce() -> io::Result<bool>,
) -> io::Result<bool> {
    let wanted = wanted.iter().map(fs::read_to_string).collect::<io::Result<String>>()?;
    let receipt = Path::new(folder).join("installed");
    if fs::read_to_string(&receipt).is_ok_and(|installed| installed == wanted) {
        return Ok(true);
    }
    println!("installing {folder}");
    if Path::new(folder).exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let done = fill()?;
    if done {
        fs::write(receipt, wanted)?;
    }
    Ok(done)
}

fn copy_into(file: &Path, folder: &str) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, Path::new(folder).join(name)).map(drop)
}
