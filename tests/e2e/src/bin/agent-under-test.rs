//! `cardea-agent` itself, built with these tests: the process in which the agent loads modules.

use std::process::ExitCode;

fn main() -> ExitCode {
    cardea_agent::cli::main()
}
