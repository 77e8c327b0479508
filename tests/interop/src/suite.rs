use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::played::{installed, target};

/// What became of one test of theirs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed, or could not be prepared.
    Failed,
    /// It does not apply to this authenticator, says the test.
    Skipped,
}

/// One test of theirs.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub test: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed or was skipped; empty when it passed.
    pub why: String,
}

/// A test that takes longer hangs, and the run is ended with a look at where.
const HANGS_AFTER: &str = "faulthandler_timeout=120";

/// Runs python-fido2's own tests of authenticators, or some of them, as its makers do. `place` says
/// where the authenticator is, and which tests to leave out.
///
/// # Errors
///
/// When they are not installed, or the run was broken off.
pub fn device_tests(
    client: &mut Command,
    place: &[&OsStr],
    record: &Path,
) -> io::Result<Vec<Record>> {
    let folder = installed(target().join("interop/fido2"))?;
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    client.current_dir(folder.canonicalize()?);
    client.args(["-m", "pytest", "-p", "cardea_sim", "-p", "no:cacheprovider", "--quiet"]);
    client.args(["-o", HANGS_AFTER, "-o", "faulthandler_exit_on_timeout=true"]);
    client.arg("--record").arg(record).args(place).env("PYTHONPATH", plugins);
    // Nothing of theirs stands behind a proxy.
    client.env("no_proxy", "*").env("PYTHONPYCACHEPREFIX", target().join("interop/cache"));
    let output = client.output()?;
    // 0: all passed; 1: some did not.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = [output.stdout, output.stderr].concat();
        return Err(io::Error::other(String::from_utf8_lossy(&said).into_owned()));
    }
    let records = fs::read_to_string(record)?;
    records.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The Python in which they are installed.
///
/// # Errors
///
/// When it is not there.
pub fn python() -> io::Result<Command> {
    installed(target().join("interop/bin/python")).map(Command::new)
}
