//! The command line.

mod card;
mod isolated;
mod key;
mod pinentry;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Simulated security cards and keys for Cardea: real authenticator firmware, without the hardware.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Arguments {
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
    /// Plays pinentry: answers PIN dialogs by script.
    Pinentry(pinentry::Arguments),
}

/// Causes are printed by `main`, in one line.
pub(crate) type Outcome = Result<ExitCode, Box<dyn Error>>;

pub(crate) fn run(arguments: Arguments) -> Outcome {
    match arguments.command {
        Command::Card(arguments) => card::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Isolated(arguments) => isolated::run(&arguments),
        Command::Pinentry(arguments) => pinentry::run(&arguments),
    }
}
