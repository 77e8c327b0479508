//! The command line of `cardea-agent`.

use std::ffi::OsString;
use std::path::PathBuf;

use agent_protocol::EnrolmentCode;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::server_address::ServerAddress;

/// The command line as data, for manual pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Signs you in with your card: waits for requests of the servers that you have paired this
/// computer with, shows who asks, and has your card answer.
#[derive(Debug, Parser)]
#[command(name = "cardea-agent", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The socket of the daemon [default: cardea/agent.sock in `XDG_RUNTIME_DIR`]
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the agent, until it is ended
    Run {
        /// Where keys and enrolments are kept [default: cardea in `XDG_STATE_HOME`]
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
        /// The program that asks for PINs [default: the first pinentry found]
        #[arg(long, value_name = "PROGRAM")]
        pinentry: Option<PathBuf>,
        /// An argument for that program; may be given several times
        #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
        pinentry_arg: Vec<OsString>,
        /// What pages call this computer [default: its host name]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// A simulated key at this socket, as `cardea-sim key` makes it, beside the real devices
        #[arg(long, value_name = "PATH", hide = true)]
        simulated_key: Option<PathBuf>,
    },
    /// Pair this computer with the page that shows CODE
    Pair {
        /// The code on the page, like KRQM-BXPT
        code: EnrolmentCode,
        /// The server, like <https://login.example.com> [default: the only one that is known, from
        /// `agent.toml` or an earlier pairing]
        #[arg(long, value_name = "URL")]
        server: Option<ServerAddress>,
        /// Pair one more browser, where one is paired already
        #[arg(long)]
        again: bool,
        /// The program of the browser that shows the code [default: `BROWSER`, or xdg-open]
        #[arg(long, value_name = "PROGRAM", conflicts_with = "no_browser")]
        browser: Option<PathBuf>,
        /// Print the address instead, to open it yourself in the browser that shows the code
        #[arg(long)]
        no_browser: bool,
    },
    /// Show servers, channels and cards
    Status,
}
