use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use firmware_sim::Pcscd;

use super::Outcome;
use super::card::CardArguments;

/// How long pcscd may take to see the card; it takes half a second.
const POWERED: Duration = Duration::from_secs(20);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    card: CardArguments,
    /// The program, with its arguments. It finds the reader by the environment variable
    /// `PCSCLITE_CSOCK_NAME`. Its status becomes ours.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let simulator = arguments.card.start()?;
    let pcscd = Pcscd::start()?;
    let card = simulator.card(&pcscd.first_reader())?;
    if !card.wait_until_powered(POWERED) {
        return Err("pcscd does not see the card".into());
    }
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
