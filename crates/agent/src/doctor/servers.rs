//! What is stored, and the servers that it names: reachable, trusted, and of the same time.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Finding;
use crate::causes::Causes;
use crate::clock;
use crate::http::{self, CallError, Caller};
use crate::plain::quoted;
use crate::server_address::ServerAddress;
use crate::settings::{SettingsError, default_server, guard, smart_card_module};
use crate::state::{self, Record, StateError};

const SETTINGS: &str = "agent.toml";
const STATE: &str = "Pairings";
const SERVER: &str = "Server";
const CLOCK: &str = "Clock";

/// By how much a clock may be off. Proofs are good for less.
const OFF: Duration = Duration::from_mins(2);

/// The administrator's file, where it is there and wrong.
pub(super) fn settings(files: &[PathBuf]) -> Option<Finding> {
    match smart_card_module(files).and_then(|_| default_server(files)) {
        Ok(None) => None,
        Ok(Some(server)) => Some(Finding::good(SETTINGS, format!("it names {}", server.origin()))),
        Err(error) => {
            let mend = match &error {
                SettingsError::Unguarded { path } | SettingsError::UnguardedModule { path } => {
                    format!("as root: {}", guard(path))
                }
                SettingsError::ModuleOfPerson { .. } => "take the line pkcs11-module out".into(),
                SettingsError::NoModule { .. } => {
                    "name a module that is installed, such as \
                     /usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
                        .into()
                }
                _ => "let it say server = \"https://…\" and pkcs11-module = \"/…\" and nothing more, readable \
                      for you".into(),
            };
            Some(Finding::wrong(SETTINGS, format!("{}", Causes(&error)), mend))
        }
    }
}

/// The folder of the pairings, then each server once.
pub(super) async fn examine(folder: Option<&Path>) -> Vec<Finding> {
    let Some(folder) = folder else {
        let says = "there is no place for them: neither XDG_STATE_HOME nor HOME is set";
        return vec![Finding::wrong(STATE, says, "sign in to the desktop, or give --state")];
    };
    match state::look(folder) {
        Ok(records) if records.is_empty() => vec![unpaired()],
        Ok(records) => {
            let says = format!("{} in {}", records.len(), folder.display());
            let mut findings = vec![Finding::good(STATE, says)];
            findings.extend(of_servers(&records).await);
            findings
        }
        Err(StateError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
            vec![unpaired()]
        }
        Err(error) => vec![of_state(&error, folder)],
    }
}

fn unpaired() -> Finding {
    let mend = "sign in at your server's page, and choose \"Set up Cardea on this computer\"";
    Finding::absent(STATE, "this computer is paired with no server yet", Some(mend))
}

fn of_state(error: &StateError, folder: &Path) -> Finding {
    let quoted = |path: &Path| quoted(&path.to_string_lossy());
    let mend = match error {
        StateError::Open(path) => format!("chmod go-rwx {}", quoted(path)),
        StateError::Damaged(path) => {
            format!("rm {}, and pair again from your server's page", quoted(path))
        }
        _ => format!("as root, with your name for YOU: chown -R YOU {}", quoted(folder)),
    };
    Finding::wrong(STATE, format!("{}", Causes(error)), mend)
}

async fn of_servers(records: &[Record]) -> Vec<Finding> {
    let caller = http::tls().map_err(|error| error.to_string());
    let caller = caller.and_then(|tls| Caller::new(&tls).map_err(|error| error.to_string()));
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => {
            let mend = "as root: apt-get install ca-certificates";
            return vec![Finding::wrong(SERVER, format!("cannot set up TLS: {error}"), mend)];
        }
    };
    let mut servers: Vec<&ServerAddress> = records.iter().map(|record| &record.server).collect();
    servers.sort_by_key(|server| server.origin());
    servers.dedup();
    let mut findings = Vec::new();
    for server in servers {
        findings.extend(of_server(&caller, server).await);
    }
    findings
}

async fn of_server(caller: &Caller, server: &ServerAddress) -> Vec<Finding> {
    let origin = server.origin();
    match caller.date(server).await {
        Ok(date) => {
            let how = if origin.starts_with("https:") { "over TLS" } else { "without TLS" };
            let reached = Finding::good(SERVER, format!("{origin} answers {how}"));
            vec![reached, of_clock(origin, date, clock::wall())]
        }
        Err(error) => {
            let cause = Causes(&error).to_string();
            let mend = if cause.contains("certificate") {
                "as root: put your organisation's authority into /usr/local/share/ca-certificates \
                 and run update-ca-certificates; else tell your administrator"
                    .to_owned()
            } else {
                format!("see whether this computer is online; then: curl -I {}", quoted(origin))
            };
            vec![Finding::wrong(SERVER, format!("{origin}: {cause}"), mend)]
        }
    }
}

fn of_clock(origin: &str, theirs: Option<SystemTime>, ours: SystemTime) -> Finding {
    let Some(theirs) = theirs else {
        return Finding::absent(CLOCK, format!("{origin} does not say what time it is"), None);
    };
    let (off, how) = match ours.duration_since(theirs) {
        Ok(off) => (off, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if off <= OFF {
        return Finding::good(CLOCK, format!("at most two minutes from that of {origin}"));
    }
    let minutes = off.as_secs() / 60;
    let says = format!("this computer is {minutes} minutes {how} {origin}");
    Finding::wrong(CLOCK, says, "as root: timedatectl set-ntp true")
}

impl Caller {
    /// What the server says what time it is, by the `Date` of whatever it answers.
    async fn date(&self, server: &ServerAddress) -> Result<Option<SystemTime>, CallError> {
        let answer = self.get(server, "/health/live").await?;
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        Ok(date.and_then(http_date))
    }
}

/// `IMF-fixdate` of RFC 9110 §5.6.7, which is a date of RFC 2822 as well.
fn http_date(text: &str) -> Option<SystemTime> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
    let seconds = u64::try_from(date.ok()?.as_second()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use crate::state::tests::scratch;

    #[test]
    fn a_clock_may_be_two_minutes_off_and_no_more() {
        let theirs = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let epoch = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(784_111_777)).unwrap();
        assert_eq!(theirs, epoch);
        let at = |ours: Option<SystemTime>| of_clock("x", Some(theirs), ours.unwrap());
        assert_eq!(at(theirs.checked_add(OFF)).verdict, Verdict::Good);
        assert_eq!(at(theirs.checked_sub(OFF)).verdict, Verdict::Good);
        let more = OFF.saturating_add(Duration::from_secs(1));
        let (ahead, behind) = (at(theirs.checked_add(more)), at(theirs.checked_sub(more)));
        assert_eq!(ahead.says, "this computer is 2 minutes ahead of x");
        assert_eq!(behind.says, "this computer is 2 minutes behind x");
        assert_eq!((ahead.verdict, behind.verdict), (Verdict::Wrong, Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_folder_that_others_may_read_is_closed_by_the_line_that_is_said() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = scratch("doctor-state");
        assert_eq!(examine(Some(&*folder)).await, [unpaired()]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let findings = examine(Some(&*folder)).await;
        assert_eq!(findings[0].verdict, Verdict::Wrong);
        let mend = findings[0].mend.clone().unwrap();
        let done = std::process::Command::new("/bin/sh").args(["-c", &mend]).status().unwrap();
        assert!(done.success(), "{mend}");
        assert_eq!(examine(Some(&*folder)).await, [unpaired()]);
    }
}
