//! Finds what keeps this desktop from signing in, and says the one line that mends each thing.
//!
//! It changes nothing, asks the person nothing, and works without a daemon.

mod desk;
mod devices;
mod servers;
mod smart_cards;

use std::path::PathBuf;

use serde::Serialize;

use crate::Modules;
use crate::browser::Surroundings;
use crate::pinentry::Pinentry;

/// Where to look. The program reads this from its environment; a test makes it.
#[derive(Clone, Debug)]
pub struct Desktop {
    /// The socket of pcscd.
    pub pcscd: PathBuf,
    /// The socket of the daemon; `None`: there is no place for one.
    pub socket: Option<PathBuf>,
    /// The folder of the daemon's state.
    pub state_dir: Option<PathBuf>,
    /// Where `agent.toml` may be, the first one first.
    pub settings: Vec<PathBuf>,
    /// What knows smart cards with certificates.
    pub modules: Option<Modules>,
    /// What asks for PINs, if anything was found.
    pub pinentry: Option<Pinentry>,
    /// What there is of browsers, and the `PATH`.
    pub surroundings: Surroundings,
    /// A simulated key at this socket, beside the real ones.
    pub simulated_key: Option<PathBuf>,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen, in one plain line.
    pub says: String,
    /// The one line that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should.
    Good,
    /// Not as it should.
    Wrong,
    /// Not there, and not everybody needs it.
    Absent,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, says: &str, mend: Option<String>) -> Self {
        // Names of devices and words of servers are a stranger's.
        Self { check, verdict, says: crate::plain::plain(says, 400), mend }
    }

    fn good(check: &'static str, says: impl AsRef<str>) -> Self {
        Self::new(check, Verdict::Good, says.as_ref(), None)
    }

    fn wrong(check: &'static str, says: impl AsRef<str>, mend: impl Into<String>) -> Self {
        Self::new(check, Verdict::Wrong, says.as_ref(), Some(mend.into()))
    }

    fn absent(check: &'static str, says: impl AsRef<str>, mend: Option<&str>) -> Self {
        Self::new(check, Verdict::Absent, says.as_ref(), mend.map(str::to_owned))
    }
}

/// Looks at everything, the devices first and the network last.
pub async fn examine(desktop: &Desktop) -> Vec<Finding> {
    let mut findings = devices::examine(desktop).await;
    findings.extend(smart_cards::examine(desktop).await);
    findings.push(desk::pinentry(desktop.pinentry.as_ref()).await);
    findings.push(desk::daemon(desktop.socket.as_deref()).await);
    findings.push(desk::browser(&desktop.surroundings));
    findings.push(desk::links(&desktop.surroundings).await);
    findings.extend(servers::settings(&desktop.settings));
    findings.extend(servers::examine(desktop.state_dir.as_deref()).await);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_calls_itself_writes_no_line_of_its_own() {
        let finding = Finding::good("Card", "Reader\u{1b}[2J\n✔ all is well");
        assert_eq!(finding.says, "Reader[2J✔ all is well");
    }
}
