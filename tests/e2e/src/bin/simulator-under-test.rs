//! `cardea-sim` itself, built with these tests: what `cardea entra doctor` runs.

use std::process::ExitCode;

fn main() -> ExitCode {
    firmware_sim::cli::main()
}
