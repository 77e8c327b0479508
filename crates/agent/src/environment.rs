//! What the program finds around it: the one place that reads the environment.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use crate::Surroundings;

/// The variable `name`, where it says something.
#[expect(clippy::disallowed_methods, reason = "the program reads its environment, here and once")]
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// What opens an address here.
pub(crate) fn surroundings() -> Surroundings {
    let text = |name| variable(name).map(|value| value.display().to_string());
    Surroundings {
        browser: text("BROWSER"),
        display: variable("WAYLAND_DISPLAY").or_else(|| variable("DISPLAY")).is_some(),
        path: variable("PATH").map(PathBuf::into_os_string),
    }
}

/// The address of the session bus (D-Bus Specification, *Well-known Message Bus Instances*; where it
/// is with systemd, if nothing is said).
pub(crate) fn session_bus() -> Option<String> {
    let said = variable("DBUS_SESSION_BUS_ADDRESS").map(|bus| bus.display().to_string());
    said.or_else(|| {
        let bus = variable("XDG_RUNTIME_DIR")?.join("bus");
        bus.exists().then(|| format!("unix:path={}", bus.display()))
    })
}

/// The daemon's socket, unless the person names another.
pub(crate) fn default_socket() -> Option<PathBuf> {
    Some(variable("XDG_RUNTIME_DIR")?.join("cardea/agent.sock"))
}

/// The socket that a service manager has made for the daemon.
pub(crate) fn given_socket() -> std::io::Result<Option<UnixListener>> {
    let text = |name| variable(name).map(|value| value.display().to_string());
    crate::given_socket(text("LISTEN_PID").as_deref(), text("LISTEN_FDS").as_deref())
}

/// Where keys and enrolments are kept, unless the person names another place.
pub(crate) fn default_state() -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    Some(state?.join("cardea"))
}

/// Where `agent.toml` may be: the person's own comes first.
pub(crate) fn settings_files() -> Vec<PathBuf> {
    let own = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    let folders = own.into_iter().chain([PathBuf::from("/etc")]);
    folders.map(|folder| folder.join("cardea/agent.toml")).collect()
}

/// What this computer calls itself.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
