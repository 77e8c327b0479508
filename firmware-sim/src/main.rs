//! `cardea-sim`: simulated cards, and a person's answers to dialogs, for trying Cardea without
//! hardware.

mod cli;

use std::process::ExitCode;

use clap::Parser;

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
