use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;

use super::Outcome;
use super::card::{Applications, CardArguments};
use crate::{Pcscd, namespace};

/// How long pcscd may take to see the card; it takes half a second.
const POWERED: Duration = Duration::from_secs(20);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    applications: Applications,
    #[command(flatten)]
    card: CardArguments,
    /// The program, with its arguments. It finds the reader by the environment variable
    /// `PCSCLITE_CSOCK_NAME`. Its status becomes ours.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    if !namespace::is_entered() {
        // The same again, where pcscd may be started. Comes back only when it could not be done.
        let mut again = namespace::command(std::env::current_exe()?);
        let error = again.args(std::env::args_os().skip(1)).exec();
        return Err(format!("not root, and no user namespace to be had (unshare: {error})").into());
    }
    let simulator = arguments.card.start(&arguments.applications)?;
    let pcscd = Pcscd::start()?;
    let card = simulator.card(&pcscd.first_reader())?;
    if !card.wait_until_powered(POWERED) {
        return Err("pcscd does not see the card".into());
    }
    arguments.card.plan(&simulator.holder())?;
    // Here "quit" ends nothing: the program decides when it is over.
    let (quit, _quits) = mpsc::channel();
    arguments.card.listen(simulator.holder(), quit)?;
    // It ends with us, however we end.
    let mut program = Command::new("setpriv");
    program.args(["--pdeathsig", "KILL", "--"]).args(&arguments.program);
    let status = pcscd.serve(&mut program).status();
    arguments.card.tidy();
    let status = status.map_err(|error| format!("setpriv: {error}"))?;
    // Like a shell: killed by a signal is a failure without a number of its own.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
