//! The Python of `make interop`, under `target/interop`: python-fido2 with its device tests, from
//! its source distribution, and what they need. All by the versions and hashes in
//! `tests/interop/python`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

/// What is to be installed; read from where it is, so that a change installs anew.
const WANTED: [&str; 2] =
    ["tests/interop/python/requirements.txt", "tests/interop/python/fido2.txt"];

pub(crate) const PLACE: &str = "target/interop";

/// Installs it if it is not there; `true` when it is there afterwards.
pub(crate) fn install() -> bool {
    match try_install() {
        Ok(is_there) => is_there,
        Err(error) => {
            println!("cannot install the Python environment in {PLACE}: {error}");
            false
        }
    }
}

fn try_install() -> io::Result<bool> {
    let wanted = WANTED.map(fs::read_to_string).into_iter().collect::<io::Result<String>>()?;
    let receipt = Path::new(PLACE).join("installed");
    if fs::read_to_string(&receipt).is_ok_and(|installed| installed == wanted) {
        return Ok(true);
    }
    println!("installing python-fido2 and its device tests in {PLACE}");
    if Path::new(PLACE).exists() {
        fs::remove_dir_all(PLACE)?;
    }
    let done = environment()? && libraries()? && sources()?;
    if done {
        fs::write(receipt, wanted)?;
    }
    Ok(done)
}

/// Debian's Python and its PC/SC library, so that nothing must be compiled.
fn environment() -> io::Result<bool> {
    run(Command::new("/usr/bin/python3").args(["-m", "venv", "--system-site-packages", PLACE]))
}

fn libraries() -> io::Result<bool> {
    run(pip("install").args(["-r", WANTED[0]]))
}

/// The tests run where they are unpacked, against the library that was packed with them.
fn sources() -> io::Result<bool> {
    let mut download = pip("download");
    // What pip asks a source distribution is answered by what was installed before, not by the
    // newest that there is.
    download.args(["--no-deps", "--no-build-isolation", "--no-binary", ":all:"]);
    download.args(["-r", WANTED[1], "-d", PLACE]);
    let folder = Path::new(PLACE).join("fido2");
    fs::create_dir_all(&folder)?;
    let archive =
        || fs::read_dir(PLACE)?.flatten().find_map(|entry| archive_of(&entry)).ok_or_else(missing);
    Ok(run(&mut download)?
        && run(Command::new("tar")
            .args(["--strip-components=1", "-C"])
            .arg(folder)
            .arg("-xzf")
            .arg(archive()?))?)
}

fn archive_of(entry: &fs::DirEntry) -> Option<PathBuf> {
    Some(entry.path()).filter(|path| path.extension().is_some_and(|name| name == "gz"))
}

fn missing() -> io::Error {
    io::Error::other("no archive was downloaded")
}

fn pip(verb: &str) -> Command {
    let mut pip = Command::new(Path::new(PLACE).join("bin/python"));
    pip.args(["-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    pip
}

/// It says itself what goes wrong.
pub(crate) fn run(command: &mut Command) -> io::Result<bool> {
    Ok(command.stdin(Stdio::null()).status()?.success())
}
