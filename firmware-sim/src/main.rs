//! `cardea-sim`: simulated cards, and a person's answers to dialogs, for trying Cardea without
//! hardware.

use std::process::ExitCode;

use clap::Parser as _;
use firmware_sim::cli;

#[expect(clippy::print_stderr, reason = "the program's last word")]
fn main() -> ExitCode {
    match cli::run(cli::Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cardea-sim: {error}");
            ExitCode::FAILURE
        }
    }
}
