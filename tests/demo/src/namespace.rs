//! Where pcscd may be started: as root, or as an ordinary user in a user namespace.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use firmware_sim::namespace;

/// Why the program cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("not root, and no user namespace to be had ({0}); run it as root, or allow them")]
pub(crate) struct NoNamespace(std::io::Error);

/// Makes sure that this process may mount and make network namespaces. An ordinary user starts
/// again in a user namespace; ports of the loopback stay those of the machine.
///
/// # Errors
///
/// When there is no way.
pub(crate) fn enter(entered: bool) -> Result<(), NoNamespace> {
    if namespace::is_entered() || entered {
        return Ok(());
    }
    // What cannot be done would be told by unshare alone, in words of its own.
    let tried = namespace::command("true").stderr(Stdio::null()).status().map_err(NoNamespace)?;
    if !tried.success() {
        return Err(NoNamespace(std::io::Error::other("user namespaces are not allowed here")));
    }
    let program = std::env::current_exe().map_err(NoNamespace)?;
    let mut command = namespace::command(program);
    command.args(std::env::args_os().skip(1));
    // Comes back only when it could not be done.
    Err(NoNamespace(command.arg("--in-namespace").exec()))
}
