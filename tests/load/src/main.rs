//! Prints what sign-ins cost: `cargo xtask bench login` and `bench oidc` build the server and call this.
//!
//! The server is a process of its own on the first core; driver, software authenticators and the
//! Entra stand-in share the second. What decides is CPU time of the server's process by the kernel's
//! counters, not the clock on the wall.

mod bench;
mod bounds;
mod conditions;
mod disk;
mod oidc;
mod process;
mod wal;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use load::report;
use rustix::thread::{CpuSet, sched_setaffinity};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What sign-ins cost.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Arguments {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// What logins cost. Each has a new cookie jar, PKCE, challenge and P-256 signature, and counts only
    /// when the account page names the person.
    Login(bench::Arguments),
    /// What applications and Entra's external MFA cost, beside npm's oidc-provider.
    Oidc(oidc::Arguments),
    /// Answers on this port with one signature each: what `oidc` measures beside the server.
    #[command(hide = true)]
    Floor { port: u16 },
}

/// Which server, on which database.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Server {
    /// The server's program.
    #[arg(long)]
    cardea: PathBuf,
    /// On PostgreSQL (Debian's, started here) instead of SQLite.
    #[arg(long)]
    postgres: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Before the runtime is there, so that its threads inherit it. A program that was given one core
    // by another stays there.
    if cores > 1 {
        pin_to(1);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            match &arguments.measurement {
                Measurement::Login(asked) => bench::run(asked, cores).await,
                Measurement::Oidc(asked) => oidc::run(asked, cores).await,
                Measurement::Floor { port } => oidc::floor::serve(*port).await,
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause:?}"));
            report::line("failed", format_args!("{error}{}", cause.unwrap_or_default()));
            ExitCode::FAILURE
        }
    }
}

/// Keeps this thread on one core.
pub(crate) fn pin_to(core: usize) {
    let mut only = CpuSet::new();
    only.set(core);
    let _anywhere = sched_setaffinity(None, &only);
}
