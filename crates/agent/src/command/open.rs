//! `cardea-agent open LINK`: what the desktop calls for `cardea://`.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use agent_protocol::Link;

use crate::environment::surroundings;
use crate::failure::Failure;
use crate::{Ask, Browser, Daemon, Reply};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The link; anything else is dropped without a word
    #[arg(value_name = "LINK", allow_hyphen_values = true, trailing_var_arg = true)]
    link: Vec<OsString>,
}

/// Hands the ticket of a link to the daemon, and opens the page that it names in the end.
///
/// # Security
///
/// Any page may call the scheme, with anything. What is not exactly a link of ours, nor `--help`, is dropped before
/// anything else is looked at, and nobody is told: not the person, who has not asked for it, and not
/// the page. From here nothing goes over the network.
pub(crate) async fn run(
    Arguments { link }: Arguments,
    socket: Result<PathBuf, Failure>,
) -> Result<(), Failure> {
    if let [only] = &link[..]
        && only == "--help"
    {
        return help();
    }
    let Some(link) = link_of(&link) else { return Ok(()) };
    let mut daemon = Daemon::ask(&socket?, &Ask::Open { link }).await.map_err(Failure::NoDaemon)?;
    match daemon.reply().await.map_err(Failure::Gone)? {
        Reply::Opened(None) => Ok(()),
        Reply::Opened(Some(address)) => {
            let browser = Browser::of(&surroundings()).ok_or(Failure::NoBrowser)?;
            browser.open(&address).map_err(Failure::Browser)?;
            Ok(())
        }
        Reply::Error(text) => Err(Failure::Refused(text)),
        Reply::Offer(_) | Reply::Paired(_) | Reply::Status(_) => Err(Failure::Unexpected),
    }
}

/// To a person at a terminal. Desktops call with a link alone, which begins with its scheme.
fn help() -> Result<(), Failure> {
    let mut all = crate::cli::command();
    all.build();
    let help = all.find_subcommand_mut("open").map(clap::Command::render_long_help);
    write!(std::io::stdout(), "{}", help.unwrap_or_default())?;
    Ok(())
}

/// The one argument, if it is a link.
fn link_of(arguments: &[OsString]) -> Option<Link> {
    let [argument] = arguments else { return None };
    argument.to_str()?.parse().ok()
}
