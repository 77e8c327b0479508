//! Runs a test in a process of its own, as a client of a pcscd of its own.
//!
//! libpcsclite looks for pcscd once per process. So a test that uses it runs its own executable
//! again, for that one test alone, with the variable set; and, for an ordinary user, in a user
//! namespace in which pcscd may be started.

use std::any::type_name;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::Pcscd;
use crate::namespace;
use crate::pcscd::{SOCKET_VARIABLE, temporary_directory};

/// Tells the second run where its directory is.
const INSIDE: &str = "CARDEA_SIM_INSIDE";

/// Why a test did not pass.
#[derive(thiserror::Error)]
pub enum IsolatedError {
    /// pcscd or the second run did not start.
    #[error("cannot run the test with a pcscd of its own")]
    Start(#[from] io::Error),
    /// The test failed inside.
    #[error("the test failed:\n{0}")]
    Failed(String),
    /// The second run did not run the test, so nothing is known.
    #[error("the second run has no test named {0}: call this from the test function itself")]
    NotRun(String),
}

impl fmt::Debug for IsolatedError {
    /// As people read it: this ends up in the message of an `unwrap`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(source) => write!(f, "{self}: {source}"),
            Self::Failed(_) | Self::NotRun(_) => write!(f, "{self}"),
        }
    }
}

/// Runs `test` with a pcscd that nobody else uses. Call it in a `#[test]` function, with a closure
/// written there, and do nothing else in that function.
///
/// ```no_run
/// #[test]
/// fn a_card_is_in_the_reader() {
///     firmware_sim::isolated::run(|pcscd| {
///         let simulator = firmware_sim::Simulator::start(firmware_sim::Config::seeded(1)).unwrap();
///         let card = simulator.card(&pcscd.first_reader()).unwrap();
///         // from here on `pcsc::Context::establish` finds that reader
///     })
///     .unwrap();
/// }
/// ```
///
/// # Errors
///
/// See [`IsolatedError`]; a panic of `test` is [`IsolatedError::Failed`], with its output.
pub fn run<F: FnOnce(&Pcscd)>(test: F) -> Result<(), IsolatedError> {
    twice(type_name::<F>(), |directory| {
        let pcscd = Pcscd::start_in(directory)?;
        test(&pcscd);
        Ok(())
    })
}

/// As [`run`], for a test that starts pcscd itself, with [`Pcscd::start_in`] this directory.
///
/// # Errors
///
/// As [`run`].
pub fn run_in<F: FnOnce(&Path)>(test: F) -> Result<(), IsolatedError> {
    twice(type_name::<F>(), |directory| {
        test(directory);
        Ok(())
    })
}

/// The first time runs the test again, the second time is the test.
fn twice(closure: &str, test: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), IsolatedError> {
    if let Some(directory) = std::env::var_os(INSIDE).map(PathBuf::from) {
        test(&directory)?;
        fs::write(receipt(&directory), "")?;
        return Ok(());
    }
    let directory = temporary_directory()?;
    let name = test_name(closure);
    let output = again(&name, &directory);
    let ran = receipt(&directory).exists();
    // What stays behind is a small directory in the temporary one.
    let _ = fs::remove_dir_all(&directory);
    let output = output?;
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    match (output.status.success(), ran) {
        (false, _) => Err(IsolatedError::Failed(said)),
        (true, false) => Err(IsolatedError::NotRun(name)),
        (true, true) => {
            show(&said);
            Ok(())
        }
    }
}

#[expect(clippy::print_stdout, reason = "what the test printed belongs to the test's output")]
fn show(said: &str) {
    print!("{said}");
}

fn again(name: &str, directory: &Path) -> io::Result<Output> {
    namespace::command(std::env::current_exe()?)
        .args([name, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(INSIDE, directory)
        .env(SOCKET_VARIABLE, directory.join(OsStr::new("pcscd.comm")))
        .output()
}

fn receipt(directory: &Path) -> PathBuf {
    directory.join("passed")
}

/// `crate::module::test::{{closure}}` is the test `module::test`.
fn test_name(closure: &str) -> String {
    let path = closure.split("::").skip(1).filter(|part| *part != "{{closure}}");
    path.collect::<Vec<_>>().join("::")
}
