//! Where pcscd may be started: as root, or as an ordinary user in a user namespace.

use std::ffi::OsStr;
use std::process::Command;

/// Whether this process may mount and make network namespaces.
pub fn is_entered() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program that may start pcscd. For an ordinary user it runs in a user namespace, in which it
/// is root; ports of the loopback stay those of the machine.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    if is_entered() {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--"]).arg(program);
    command
}
