//! The commands of `cardea`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod audit;
mod client;
pub mod entra;
mod init;
mod serve;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::Config;

/// The configuration file of whoever is in its folder.
const HERE: &str = "cardea.toml";
/// The one of a server that is installed as a service.
const INSTALLED: &str = "/etc/cardea/cardea.toml";

/// Sign in with your provider, then with your card.
///
/// To begin: `cardea init --url https://login.example.com`, then `cardea serve`, and in another
/// terminal `cardea admin invite`, which prints the first administrator's link.
#[derive(Parser)]
#[command(name = "cardea", version)]
struct Cli {
    /// The configuration file. Unless it is named, `cardea.toml` in this folder, or if that is not there,
    /// the one of the installed server, `/etc/cardea/cardea.toml`.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
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
    let named = cli.config.as_deref();
    let path = named.unwrap_or_else(|| present(Path::new(HERE), Path::new(INSTALLED)));
    let done = match cli.command {
        // What is not there yet is made here.
        Command::Init(arguments) => init::run(named.unwrap_or(Path::new(HERE)), &arguments),
        Command::Serve(arguments) => with_config(path, |config| serve::run(config, &arguments)),
        Command::Admin(Admin::Invite) => with_config(path, |config| invite(&config)),
        Command::Audit(audit::Command::Verify(arguments)) => {
            with_config(path, |config| audit::verify(&config, &arguments))
        }
        Command::Client(command) => with_config(path, |config| client::run(config, &command)),
        Command::Entra(command) => {
            with_environment(path, |config, environment| entra::run(config, environment, &command))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cardea: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Which of two configuration files is meant where none is named: the second only if it may be there, and
/// the first is not, as far as its user sees. Whoever may not look into the folder of the second is told so
/// when it is read.
fn present<'a>(here: &'a Path, installed: &'a Path) -> &'a Path {
    if !here.exists() && installed.try_exists().unwrap_or(true) { installed } else { here }
}

/// Why a command fails, in words for whoever typed it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

fn with_config(
    path: &Path,
    run: impl FnOnce(Config) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_environment(path, |config, _| run(config))
}

fn with_environment(
    path: &Path,
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

#[cfg(test)]
mod tests {
    use super::present;

    #[test]
    fn the_installed_servers_file_is_meant_where_there_is_none_here() {
        let folder = tempfile::tempdir().unwrap();
        let (here, installed) = (folder.path().join("here"), folder.path().join("installed"));
        assert_eq!(present(&here, &installed), here, "which is then missed by its name");
        std::fs::write(&installed, "").unwrap();
        assert_eq!(present(&here, &installed), installed);
        std::fs::write(&here, "").unwrap();
        assert_eq!(present(&here, &installed), here);
    }
}
