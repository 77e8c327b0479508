//! The programs of the desktop: what asks for PINs, the daemon, the browser, links.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Finding;
use crate::browser::{Browser, Surroundings};
use crate::causes::Causes;
use crate::pinentry::Pinentry;
use crate::socket::{Ask, Daemon, Reply};
use crate::status::VERSION;
use crate::words::PINENTRIES;

const PINENTRY: &str = "PIN dialogs";
const DAEMON: &str = "Agent";
const BROWSER: &str = "Browser";
const LINKS: &str = "cardea: links";

/// How long a program may take to say a word.
const WORD: Duration = Duration::from_secs(5);

const START: &str = "systemctl --user enable --now cardea-agent, or by hand: cardea-agent run";
const RESTART: &str = "systemctl --user restart cardea-agent";

pub(super) async fn pinentry(pinentry: Option<&Pinentry>) -> Finding {
    let Some(pinentry) = pinentry else {
        return without_dialogs("no pinentry program was found".to_owned());
    };
    let program = pinentry.program().display();
    match timeout(WORD, pinentry.greets()).await {
        Ok(Ok(())) if pinentry.needs_terminal() => Finding::wrong(
            PINENTRY,
            format!("{program} needs a terminal, and the agent of a desktop has none"),
            "as root: apt-get install pinentry-gnome3",
        ),
        Ok(Ok(())) => Finding::good(PINENTRY, format!("{program}")),
        Ok(Err(error)) => without_dialogs(format!("{program}: {}", Causes(&error))),
        Err(_) => without_dialogs(format!("{program} does not answer")),
    }
}

fn without_dialogs(says: String) -> Finding {
    Finding::wrong(PINENTRY, says, format!("as root: apt-get install {PINENTRIES}"))
}

pub(super) async fn daemon(socket: Option<&Path>) -> Finding {
    let Some(socket) = socket else {
        return Finding::wrong(
            DAEMON,
            "there is no place for its socket: XDG_RUNTIME_DIR is not set",
            "sign in to the desktop, or give --socket",
        );
    };
    let asked = async {
        let mut daemon = Daemon::ask(socket, &Ask::Status).await?;
        daemon.reply().await
    };
    match timeout(WORD, asked).await {
        Ok(Ok(Reply::Status(status))) if status.version == VERSION => {
            Finding::good(DAEMON, format!("it runs, version {VERSION}"))
        }
        Ok(Ok(Reply::Status(status))) => {
            let runs = match &*status.version {
                "" => "in an older version".to_owned(),
                theirs => format!("as version {theirs}"),
            };
            let says = format!("it runs {runs}, and this command is {VERSION}");
            Finding::wrong(DAEMON, says, RESTART)
        }
        Ok(Ok(_)) => Finding::wrong(DAEMON, "it runs as another version", RESTART),
        Ok(Err(error)) if error.kind() == ErrorKind::PermissionDenied => Finding::wrong(
            DAEMON,
            format!("you may not use its socket {}", socket.display()),
            "run this as the user who runs the agent",
        ),
        Ok(Err(_)) => Finding::wrong(DAEMON, "it does not run", START),
        Err(_) => Finding::wrong(DAEMON, "it runs and does not answer", RESTART),
    }
}

/// Pairing prints an address where it finds no browser: nobody must have one here.
pub(super) fn browser(surroundings: &Surroundings) -> Finding {
    let Some(browser) = Browser::of(surroundings) else {
        if !surroundings.display {
            let mend = "cardea-agent pair --no-browser prints the address, to open by hand";
            return Finding::absent(BROWSER, "none for pairing: there is no display", Some(mend));
        }
        let mend = "as root: apt-get install xdg-utils; or set BROWSER; or open by hand the address \
             that cardea-agent pair prints";
        return Finding::absent(BROWSER, "none is found for pairing", Some(mend));
    };
    let program = browser.name().to_string_lossy();
    match surroundings.find(&program) {
        Some(path) => Finding::good(BROWSER, format!("{}", path.display())),
        None => Finding::wrong(
            BROWSER,
            format!("BROWSER names {program}, which is not there"),
            "set BROWSER to a program that is, or unset it",
        ),
    }
}

/// Who opens links that begin with `cardea:`. Without a handler the page shows a command to copy.
pub(super) async fn links(surroundings: &Surroundings) -> Finding {
    let Some(program) = surroundings.find("xdg-mime") else {
        let says = "xdg-mime is not installed, so no program opens them";
        return Finding::absent(LINKS, says, Some("as root: apt-get install xdg-utils"));
    };
    let mut command = Command::new(program);
    command.args(["query", "default", "x-scheme-handler/cardea"]);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(WORD, command.output()).await;
    let said = output.ok().and_then(Result::ok).map(|output| output.stdout).unwrap_or_default();
    match String::from_utf8_lossy(&said).trim() {
        "" => Finding::absent(
            LINKS,
            "no program opens them; copy the command that the page shows",
            Some("xdg-mime default cardea-agent.desktop x-scheme-handler/cardea"),
        ),
        handler => Finding::good(LINKS, format!("{handler} opens them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use crate::state::tests::scratch;

    #[tokio::test]
    async fn a_pinentry_is_good_when_it_greets() {
        let good = Pinentry::new("/bin/sh").with_arguments(["-c", "echo OK; read -r _"]);
        assert_eq!(pinentry(Some(&good)).await.verdict, Verdict::Good);
        let silent = Pinentry::new("/bin/true");
        for bad in [None, Some(&silent), Some(&Pinentry::new("/nowhere/pinentry"))] {
            let finding = pinentry(bad).await;
            assert_eq!(finding.verdict, Verdict::Wrong);
            assert!(finding.mend.unwrap().contains("apt-get install pinentry"));
        }
    }

    #[tokio::test]
    async fn a_pinentry_that_needs_a_terminal_shows_nothing_to_a_desktop() {
        let folder = scratch("curses");
        std::fs::create_dir_all(&folder).unwrap();
        let (curses, plain) = (folder.join("pinentry-curses"), folder.join("pinentry"));
        std::os::unix::fs::symlink("/bin/sh", &plain).unwrap();
        let of = async |program: &Path| {
            let greets = ["-c", "echo OK; read -r _"];
            pinentry(Some(&Pinentry::new(program).with_arguments(greets))).await
        };
        assert_eq!(of(&plain).await.verdict, Verdict::Good);
        std::fs::copy("/bin/sh", &curses).unwrap();
        std::fs::remove_file(&plain).unwrap();
        // As Debian's alternatives have it.
        std::os::unix::fs::symlink(&curses, &plain).unwrap();
        for program in [&curses, &plain] {
            let finding = of(program).await;
            assert_eq!(finding.verdict, Verdict::Wrong, "{}", finding.says);
            assert!(finding.says.contains("needs a terminal"), "{}", finding.says);
            assert_eq!(finding.mend.unwrap(), "as root: apt-get install pinentry-gnome3");
        }
    }

    #[tokio::test]
    async fn who_opens_links_is_asked_of_xdg_mime() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = scratch("links");
        std::fs::create_dir_all(&folder).unwrap();
        let surroundings = Surroundings {
            path: Some(folder.to_path_buf().into_os_string()),
            ..Surroundings::default()
        };
        let finding = links(&surroundings).await;
        assert_eq!(finding.verdict, Verdict::Absent);
        assert_eq!(finding.mend.as_deref(), Some("as root: apt-get install xdg-utils"));
        let program = folder.join("xdg-mime");
        for (script, verdict) in [
            ("#!/bin/sh\n", Verdict::Absent),
            ("#!/bin/sh\n[ $3 = x-scheme-handler/cardea ] && echo a.desktop\n", Verdict::Good),
        ] {
            // A script that was written just now may still be open in another test's child.
            let new = folder.join("new");
            std::fs::write(&new, script).unwrap();
            std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
            std::fs::rename(&new, &program).unwrap();
            assert_eq!(links(&surroundings).await.verdict, verdict, "{script}");
        }
    }

    /// What is found of a daemon that answers this.
    async fn of_daemon(answer: &'static str) -> Finding {
        use tokio::io::AsyncWriteExt as _;
        let folder = scratch("doctor-daemon");
        std::fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("agent.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let answers = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream
        };
        let (finding, _stream) = tokio::join!(daemon(Some(&socket)), answers);
        finding
    }

    #[tokio::test]
    async fn a_daemon_of_another_version_is_restarted() {
        for (answer, says) in [
            (
                "{\"status\":{\"enrolments\":[],\"devices\":[]}}\n",
                "it runs in an older version, and",
            ),
            (
                "{\"status\":{\"version\":\"0.0.1\",\"enrolments\":[],\"devices\":[]}}\n",
                "it runs as version 0.0.1, and",
            ),
            ("{\"error\":\"what?\"}\n", "another version"),
        ] {
            let finding = of_daemon(answer).await;
            assert_eq!(finding.verdict, Verdict::Wrong);
            assert!(finding.says.contains(says), "{}", finding.says);
            assert_eq!(finding.mend.as_deref(), Some(RESTART));
        }
    }

    #[test]
    fn a_browser_that_is_named_and_not_there_is_wrong() {
        let of = |named: Option<&str>| {
            let path = Some("/bin".into());
            browser(&Surroundings { browser: named.map(str::to_owned), display: false, path })
                .verdict
        };
        assert_eq!(of(None), Verdict::Absent);
        let mend = browser(&Surroundings::default()).mend.unwrap();
        assert!(mend.contains("pair --no-browser"), "{mend}");
        assert_eq!(of(Some("sh -c true")), Verdict::Good);
        assert_eq!(of(Some("/bin/sh")), Verdict::Good);
        assert_eq!(of(Some("nowhere-browser")), Verdict::Wrong);
    }
}
