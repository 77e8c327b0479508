//! `cardea` itself, built with these tests so that there is always one to kill.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
