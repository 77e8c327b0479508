//! The command line of `cardea-sim`.

mod card;
mod isolated;
mod key;
mod make;
mod pinentry;
mod replay;
mod sign_in;

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Simulated security cards and keys for Cardea: real authenticator firmware, without the hardware.
#[derive(Debug, Parser)]
#[command(name = "cardea-sim", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Puts a card into a virtual reader of this machine's pcscd.
    Card(card::Arguments),
    /// Plays a security key on USB, at a Unix socket or as a device of this machine.
    Key(key::Arguments),
    /// Runs a program with a pcscd and a card of its own, and ends them with it.
    Isolated(isolated::Arguments),
    /// Plays a recording of a card or key again.
    Replay(replay::Arguments),
    /// Plays pinentry: answers PIN dialogs by script.
    Pinentry(pinentry::Arguments),
    /// Plays somebody who signs in by an Entra stand-in and external MFA, with a key.
    SignIn(sign_in::Arguments),
}

/// Causes are printed by `main`, in one line.
type Outcome = Result<ExitCode, Box<dyn Error>>;

/// The command line as data, for manual pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// The program.
#[expect(clippy::print_stderr, reason = "the program's last word")]
pub fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cardea-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the arguments say. The status is that of the program, where one was run.
///
/// # Errors
///
/// In words for people, one line.
pub fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    match arguments.command {
        Command::Card(arguments) => card::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Isolated(arguments) => isolated::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Pinentry(arguments) => pinentry::run(&arguments),
        Command::SignIn(arguments) => sign_in::run(&arguments),
    }
}
