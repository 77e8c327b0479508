//! `cardea`: the server and its commands.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request makes and drops hundreds of small things; docs/adr/0022 says what that costs.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
