//! `cardea-sim`: simulated cards, and a person's answers to dialogs, for trying Cardea without
//! hardware.

use std::process::ExitCode;

fn main() -> ExitCode {
    firmware_sim::cli::main()
}
