//! The commands of `cardea`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod audit;
mod client;
pub mod entra;
mod init;
mod serve;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::Config;

/// Sign in with your provider, then with your card.
///
/// To begin: `cardea init --url https://login.example.com`, then `cardea serve`, and in another
/// terminal `cardea admin invite`, which prints the first administrator's link.
#[derive(Parser)]
#[command(name = "cardea", version)]
struct Cli {
    /// The configuration file.
    #[arg(long, global = true, default_value = "cardea.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a configuration file and the master key.
    Init(init::Arguments),
    /// Run the server.
    Serve(serve::Arguments),
    /// Commands for whoever has access to this host.
    #[command(subcommand)]
    Admin(Admin),
    /// Check that the audit trail is whole.
    #[command(subcommand)]
    Audit(audit::Command),
    /// The applications that people sign in to: add one, see them, give one a new secret, remove one.
    #[command(subcommand)]
    Client(client::Command),
    /// Microsoft Entra external MFA: connect a directory, and check the connection.
    #[command(subcommand)]
    Entra(entra::Command),
}

#[derive(Subcommand)]
enum Admin {
    /// Print a link that makes whoever opens it within ten minutes an administrator. It is how the
    /// first one comes in, and the way back in for the last one.
    Invite,
}

/// The command line as data, for manual pages and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The one provider of TLS; a second call would change nothing.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let done = match cli.command {
        Command::Init(arguments) => init::run(&cli.config, &arguments),
        Command::Serve(arguments) => {
            with_config(&cli.config, |config| serve::run(config, &arguments))
        }
        Command::Admin(Admin::Invite) => with_config(&cli.config, |config| invite(&config)),
        Command::Audit(audit::Command::Verify(arguments)) => {
            with_config(&cli.config, |config| audit::verify(&config, &arguments))
        }
        Command::Client(command) => {
            with_config(&cli.config, |config| client::run(config, &command))
        }
        Command::Entra(command) => with_environment(&cli.config, |config, environment| {
            entra::run(config, environment, &command)
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cardea: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Why a command fails, in words for whoever typed it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

fn with_config(
    path: &std::path::Path,
    run: impl FnOnce(Config) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_environment(path, |config, _| run(config))
}

fn with_environment(
    path: &std::path::Path,
    run: impl FnOnce(Config, &BTreeMap<String, String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // Those of others need not be text; what is not text in one of ours is no value that it can have.
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect();
    run(Config::read(path, &environment)?, &environment)
}

fn invite(config: &Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let link = runtime.block_on(crate::start::invite(config))?;
    println!("{link}");
    eprintln!("Open this link within ten minutes, once. Whoever does becomes an administrator.");
    Ok(())
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
