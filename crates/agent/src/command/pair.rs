//! `cardea-agent pair CODE`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::{Ask, Browser, Daemon, EnrolmentCode, Offer, Reply, ServerAddress};

use crate::environment::{settings_files, surroundings};
use crate::failure::Failure;

#[derive(clap::Args)]
pub(crate) struct Arguments {
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
}

/// Has the daemon pair, and opens the page that confirms.
pub(crate) async fn run(arguments: Arguments, socket: &Path) -> Result<(), Failure> {
    let Arguments { code, server, again, browser, no_browser } = arguments;
    let server = match server {
        Some(server) => server,
        None => only_server(socket).await?,
    };
    let browser = browser.map(Browser::program).or_else(|| Browser::of(&surroundings()));
    let ask = Ask::Pair { server, code, again };
    pair(socket, &ask, browser.filter(|_| !no_browser)).await
}

async fn pair(socket: &Path, ask: &Ask, browser: Option<Browser>) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let mut daemon = Daemon::ask(socket, ask).await.map_err(Failure::NoDaemon)?;
    loop {
        match daemon.reply().await.map_err(Failure::Gone)? {
            Reply::Offer(offer) => {
                let Offer { answer, address } = *offer;
                writeln!(
                    out,
                    "Server   {}\nTenant   {} ({})\nAccount  {}\nBrowser  {} on {}\n\n\
                     Is this your login? Then confirm on the page that your browser shows.",
                    answer.origin,
                    answer.tenant_name,
                    answer.tenant,
                    answer.account,
                    answer.browser,
                    answer.os,
                )?;
                if let Ask::Pair { again: true, .. } = ask {
                    writeln!(out, "This adds a browser. Those that are paired stay so.")?;
                }
                confirm_in(browser.as_ref(), &address)?;
                writeln!(out, "\nWaiting for the page ...")?;
            }
            Reply::Paired(info) => {
                writeln!(out, "Paired with {} at {}.", info.tenant_name, info.server)?;
                return Ok(());
            }
            Reply::Error(text) => return Err(Failure::Refused(text)),
            Reply::Opened(_) | Reply::Status(_) => return Err(Failure::Unexpected),
        }
    }
}

/// The only server that this computer knows: of the administrator's file and of the pairings.
async fn only_server(socket: &Path) -> Result<ServerAddress, Failure> {
    let set = crate::default_server(&settings_files())?;
    let mut daemon = Daemon::ask(socket, &Ask::Status).await.map_err(Failure::NoDaemon)?;
    let Reply::Status(status) = daemon.reply().await.map_err(Failure::Gone)? else {
        return Err(Failure::Unexpected);
    };
    let paired = status.enrolments.iter().filter_map(|info| info.server.parse().ok());
    let mut known: Vec<ServerAddress> = Vec::new();
    for server in set.into_iter().chain(paired) {
        if !known.contains(&server) {
            known.push(server);
        }
    }
    match <[ServerAddress; 1]>::try_from(known) {
        Ok([server]) => Ok(server),
        Err(_) => Err(Failure::WhichServer),
    }
}

/// Opens the page that confirms; where no browser can be opened, says where it is.
fn confirm_in(browser: Option<&Browser>, address: &str) -> std::io::Result<()> {
    let Some(mut opened) = browser.and_then(|browser| browser.open(address).ok()) else {
        return print_address(address);
    };
    let address = address.to_owned();
    tokio::spawn(async move {
        if !opened.wait().await.is_ok_and(|status| status.success()) {
            // What cannot be printed has no reader.
            print_address(&address).unwrap_or_default();
        }
    });
    Ok(())
}

fn print_address(address: &str) -> std::io::Result<()> {
    writeln!(
        std::io::stdout(),
        "\nOpen this address in the browser that shows the code:\n\n    {address}\n\n\
         Open it yourself. Give it to nobody, and enter it into no page: who asks for it wants to \
         sign in as you.",
    )
}
