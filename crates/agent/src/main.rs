//! `cardea-agent`: the desktop program, as a daemon and as the commands beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    cardea_agent::cli::main()
}
