//! Prints what logins cost: `cargo xtask bench login` builds the server and calls this.
//!
//! The server is a process of its own on the first core; driver, software authenticators and the
//! Entra stand-in share the second. Each login has a new cookie jar, PKCE, challenge and P-256
//! signature, and counts only when the account page names the person. What decides is CPU time of
//! the server's process by the kernel's counters, not the clock on the wall.

mod bench;
mod bounds;
mod disk;
mod process;
mod wal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use load::report;
use rustix::thread::{CpuSet, sched_setaffinity};

/// What logins cost.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
struct Arguments {
    /// The server's program.
    #[arg(long)]
    cardea: PathBuf,
    /// How long each mode is measured, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How long each mode runs before that, in seconds.
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// People who sign in at the same time, each on a connection of their own.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How often the start is measured.
    #[arg(long, default_value_t = 11)]
    starts: usize,
    /// On PostgreSQL (Debian's, started here) instead of SQLite.
    #[arg(long)]
    postgres: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Before the runtime is there, so that its threads inherit it.
    if cores > 1 {
        let mut second = CpuSet::new();
        second.set(1);
        let _anywhere = sched_setaffinity(None, &second);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(bench::run(&arguments, cores)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::line("failed", error);
            ExitCode::FAILURE
        }
    }
}
