//! The command line of `cardea-agent`: the daemon, and the commands beside it.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::failure::Failure;
use crate::{Causes, Kind, Socket, command, environment};

/// Signs you in with your card: waits for requests of the servers that you have paired this
/// computer with, shows who asks, and has your card answer.
#[derive(Parser)]
#[command(name = "cardea-agent", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The socket of the daemon [default: cardea/agent.sock in `XDG_RUNTIME_DIR`]
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the agent, until it is ended
    Run(command::run::Arguments),
    /// Pair this computer with the page that shows CODE
    Pair(command::pair::Arguments),
    /// Answer a page that has opened Cardea by a link; the desktop calls this
    #[command(disable_help_flag = true)]
    Open(command::open::Arguments),
    /// Show servers, channels and cards
    Status,
    /// Show the cards in readers, and look after them
    Cards(command::devices::Arguments),
    /// Show the security keys on USB, and look after them
    Keys(command::devices::Arguments),
    /// Find what is wrong on this computer, and what mends it
    Doctor(command::doctor::Arguments),
    /// Load a module for smart cards, in a process of its own
    #[command(name = CHILD, hide = true)]
    Pkcs11Child,
}

/// The command that loads modules of other people. The daemon starts it, and people do not.
pub(crate) const CHILD: &str = "pkcs11-child";

/// The command line as data, for manual pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Pkcs11Child) {
        return child();
    }
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cardea-agent: {}", Causes(&failure));
            ExitCode::FAILURE
        }
    }
}

/// Has no other thread yet, as the module's process must have it.
fn child() -> ExitCode {
    if crate::harden().is_err() {
        return ExitCode::FAILURE;
    }
    link_pkcs11::child::run()
}

fn start(arguments: Arguments) -> Result<(), Failure> {
    crate::harden().map_err(Failure::Harden)?;
    let given = match arguments.command {
        // Now, while nothing else is open.
        Command::Run(_) => environment::given_socket().map_err(Failure::Given)?,
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let result = runtime.block_on(carry_out(arguments, given));
    // A card that hangs must not keep the program.
    runtime.shutdown_background();
    result
}

async fn carry_out(arguments: Arguments, given: Option<UnixListener>) -> Result<(), Failure> {
    let socket = arguments.socket.or_else(environment::default_socket);
    let socket = socket.ok_or(Failure::Place("socket", "XDG_RUNTIME_DIR"));
    match arguments.command {
        Command::Run(arguments) => {
            let socket = given.map_or_else(|| socket.map(Socket::At), |it| Ok(Socket::Given(it)));
            command::run::run(arguments, socket?).await
        }
        Command::Pair(arguments) => command::pair::run(arguments, &socket?).await,
        Command::Open(arguments) => command::open::run(arguments, socket).await,
        Command::Status => command::status::run(&socket?).await,
        Command::Cards(arguments) => command::devices::run(arguments, Kind::Card).await,
        Command::Keys(arguments) => command::devices::run(arguments, Kind::Key).await,
        Command::Doctor(arguments) => command::doctor::run(arguments, socket.ok()).await,
        // It was carried out before there was anything else.
        Command::Pkcs11Child => Ok(()),
    }
}
