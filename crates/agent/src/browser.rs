//! The person's own browser, in which a pairing is confirmed and a card's answer is brought back.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// What opens an address: a program with its arguments, run without a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser(Vec<OsString>);

/// What the environment says about browsers. The program reads it; a test makes it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `BROWSER`: programs with arguments, between colons; `%s` is the address.
    pub browser: Option<String>,
    /// Whether there is a display, by `WAYLAND_DISPLAY` or `DISPLAY`.
    pub display: bool,
    /// `PATH`.
    pub path: Option<OsString>,
}

impl Surroundings {
    /// The program `name` in the directories of `PATH`; or at its place, when it names one.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let mut candidates =
            std::env::split_paths(self.path.as_deref()?).map(|folder| folder.join(name));
        candidates.find(|program| is_program(program))
    }
}

impl Browser {
    /// This program.
    pub fn program(program: PathBuf) -> Self {
        Self(vec![program.into_os_string()])
    }

    /// The one of this desktop: the first of `BROWSER`, or `xdg-open` where there is a display.
    pub fn of(surroundings: &Surroundings) -> Option<Self> {
        let named = surroundings.browser.as_deref().and_then(|list| list.split(':').next());
        let words: Vec<_> = named.unwrap_or_default().split_whitespace().collect();
        if !words.is_empty() {
            return Some(Self(words.into_iter().map(OsString::from).collect()));
        }
        surroundings.find("xdg-open").filter(|_| surroundings.display).map(Self::program)
    }

    /// The program, as it was named.
    pub(crate) fn name(&self) -> &OsStr {
        self.0.first().map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// The one of this desktop, for a service: its sandbox is not for a browser, so the user's service
    /// manager starts it outside.
    pub(crate) fn of_service(surroundings: &Surroundings) -> Option<Self> {
        let Self(mut words) = Self::of(surroundings)?;
        if let Some(systemd_run) = surroundings.find("systemd-run") {
            // With words of its own, because the journal tells them: the address is not for it.
            let before =
                ["--user", "--quiet", "--collect", "--description=Browser for Cardea", "--"];
            let before = before.map(OsString::from);
            words.splice(..0, [vec![systemd_run.into_os_string()], before.into()].concat());
        }
        Some(Self(words))
    }

    /// Opens the address. The child ends soon, or with the browser; it failed when it says so.
    ///
    /// # Errors
    ///
    /// When there is no such program.
    pub fn open(&self, address: &str) -> io::Result<Child> {
        let (program, arguments) =
            self.0.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut command = Command::new(program);
        command.args(with_address(arguments, address));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C at our terminal is not meant for a browser that was opened from it.
        command.process_group(0).spawn()
    }
}

/// The address in the place of `%s`, or as the last argument.
fn with_address(arguments: &[OsString], address: &str) -> Vec<OsString> {
    let place = OsStr::new("%s");
    let mut filled: Vec<OsString> = arguments
        .iter()
        .map(|word| if word == place { address.into() } else { word.clone() })
        .collect();
    if !arguments.iter().any(|word| word == place) {
        filled.push(address.into());
    }
    filled
}

fn is_program(path: &std::path::Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::scratch;

    fn words(browser: Option<Browser>) -> Vec<String> {
        let words = browser.map(|browser| browser.0).unwrap_or_default();
        words.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn the_browser_is_the_one_that_the_person_has_chosen() {
        let folder = scratch("browser");
        std::fs::create_dir_all(&folder).unwrap();
        let xdg = folder.join("xdg-open");
        std::fs::write(&xdg, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&xdg, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = Some(folder.to_path_buf().into_os_string());
        let of = |browser: Option<&str>, display| {
            let browser = browser.map(str::to_owned);
            words(Browser::of(&Surroundings { browser, display, path: path.clone() }))
        };
        assert_eq!(of(Some("firefox -P work:links"), true), ["firefox", "-P", "work"]);
        assert_eq!(of(Some(""), true), [xdg.to_str().unwrap()]);
        assert_eq!(of(None, true), [xdg.to_str().unwrap()]);
        assert!(of(None, false).is_empty(), "nobody would see it");
        let service = || Surroundings { browser: None, display: true, path: path.clone() };
        assert_eq!(words(Browser::of_service(&service())), [xdg.to_str().unwrap()]);
        std::fs::copy(&xdg, folder.join("systemd-run")).unwrap();
        let outside = words(Browser::of_service(&service()));
        assert!(outside[0].ends_with("/systemd-run") && outside.contains(&"--user".into()));
        assert_eq!(outside.last().unwrap(), xdg.to_str().unwrap());
    }

    #[test]
    fn an_address_is_one_argument_and_no_shell_reads_it() {
        let address = "https://a.example/x#$(touch /tmp/x);'%s";
        let given = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            with_address(&arguments, address)
        };
        assert_eq!(given(&[]), [address]);
        assert_eq!(given(&["--new-tab", "%s", "x"]), ["--new-tab", address, "x"]);
        assert_eq!(given(&["--url=%s"]), ["--url=%s", address]);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_opens_nothing() {
        assert!(Browser::program("/nowhere/browser".into()).open("https://a.example/").is_err());
    }
}
