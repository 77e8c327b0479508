//! `cardea-agent status`.

use std::io::Write as _;
use std::path::Path;

use crate::{Ask, Daemon, Reply};

use crate::failure::Failure;

/// Prints servers, channels and devices.
pub(crate) async fn run(socket: &Path) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let mut daemon = Daemon::ask(socket, &Ask::Status).await.map_err(Failure::NoDaemon)?;
    match daemon.reply().await.map_err(Failure::Gone)? {
        Reply::Status(status) => {
            for info in &status.enrolments {
                let state = if info.connected { "connected" } else { "not connected" };
                writeln!(out, "{}  {}  {}  {state}", info.server, info.tenant, info.account)?;
            }
            if status.enrolments.is_empty() {
                writeln!(out, "Paired with no server yet.")?;
            }
            for device in &status.devices {
                writeln!(out, "{device}")?;
            }
            Ok(())
        }
        Reply::Error(text) => Err(Failure::Refused(text)),
        Reply::Offer(_) | Reply::Paired(_) | Reply::Opened(_) => Err(Failure::Unexpected),
    }
}
