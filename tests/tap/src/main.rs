//! Prints what a tap costs: `cargo xtask bench tap` builds the agent and calls this.
//!
//! The card is real firmware in a virtual reader of a pcscd of its own, on this machine's loopback:
//! it computes in no time that a person would notice, so what is left is software. Nothing here is
//! a test; the last lines say whether the bounds hold.

mod agent_time;
mod client;
mod desk;
mod idle;
mod lifted;
mod own_time;
mod python;
mod tap;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use firmware_sim::{Pcscd, SOCKET_VARIABLE, namespace};
use load::report::{line, milliseconds};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Tells the second run where its pcscd will listen.
const INSIDE: &str = "CARDEA_TAP_INSIDE";

/// What a tap costs.
#[derive(Clone, Debug, Parser)]
#[command(name = "tap")]
struct Arguments {
    /// The agent's program.
    #[arg(long)]
    agent: PathBuf,
    /// A Python with python-fido2 and pyscard.
    #[arg(long)]
    python: PathBuf,
    /// How many taps, from the reader's event to the session cookie.
    #[arg(long, default_value_t = 30)]
    taps: u32,
    /// How many ceremonies of the agent, for its part.
    #[arg(long, default_value_t = 200)]
    ceremonies: u32,
    /// How often the card is lifted, and pulled out of a ceremony.
    #[arg(long, default_value_t = 20)]
    lifts: u32,
    /// How many assertions of each client.
    #[arg(long, default_value_t = 200)]
    assertions: u32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match std::env::var_os(INSIDE) {
        Some(folder) => inside(&arguments, &PathBuf::from(folder)),
        None => outside(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            line("failed", error);
            ExitCode::FAILURE
        }
    }
}

/// libpcsclite reads once, at its first call, where pcscd is: so this runs again, with that known.
fn outside() -> Result<bool, Failure> {
    let folder = tempfile::tempdir()?;
    let mut again: Command = namespace::command(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    again.env(INSIDE, folder.path());
    again.env(SOCKET_VARIABLE, folder.path().join("pcscd.comm"));
    Ok(again.status()?.success())
}

fn inside(arguments: &Arguments, folder: &Path) -> Result<bool, Failure> {
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut bounds = Bounds::default();
    own_time::measure(arguments.assertions, &mut bounds)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(agent_time::measure(arguments.ceremonies))?;
    let pcscd = Pcscd::start_in(folder)?;
    client::measure(&pcscd, arguments, &mut bounds)?;
    runtime.block_on(lifted::measure(&pcscd, arguments.lifts, &mut bounds))?;
    runtime.block_on(tap::measure(&pcscd, arguments, &mut bounds))?;
    Ok(bounds.hold())
}

fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "BROKEN" }
}

/// The figures that are promised.
#[derive(Default)]
pub(crate) struct Bounds {
    times: Vec<(&'static str, Duration, Duration)>,
    is_broken: bool,
}

impl Bounds {
    /// A figure, and what it must not exceed.
    pub(crate) fn set(&mut self, what: &'static str, is: Duration, most: Duration) {
        self.times.push((what, is, most));
    }

    /// Another figure, which has been told already.
    pub(crate) fn also(&mut self, holds: bool) {
        self.is_broken |= !holds;
    }

    /// A number, and what it must not exceed.
    pub(crate) fn count(&mut self, what: &str, is: u64, most: u64) {
        line(what, format_args!("{is}, at most {most}: {}", verdict(is <= most)));
        self.also(is <= most);
    }

    fn hold(&self) -> bool {
        for (what, is, most) in &self.times {
            let verdict = verdict(is <= most);
            let (is, most) = (milliseconds(*is), milliseconds(*most));
            line(what, format_args!("{is}, at most {most}: {verdict}"));
        }
        !self.is_broken && self.times.iter().all(|(_, is, most)| is <= most)
    }
}
