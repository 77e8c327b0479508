//! Which program asks for PINs.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::Pinentry;

use crate::environment::variable;
use crate::failure::Failure;

#[derive(Clone, clap::Args)]
// Flattened into others of this name, of which clap would make one group.
#[group(skip)]
pub(crate) struct Arguments {
    /// The program that asks for PINs [default: the first pinentry found]
    #[arg(long, value_name = "PROGRAM", global = true)]
    pinentry: Option<PathBuf>,
    /// An argument for that program; may be given several times
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, global = true)]
    pinentry_arg: Vec<OsString>,
}

impl Arguments {
    /// The program, on the terminal of this command where it has no window.
    pub(crate) fn program(self) -> Result<Pinentry, Failure> {
        let path = variable("PATH").unwrap_or_default();
        let given = self.pinentry.map(Pinentry::new);
        let found =
            given.or_else(|| Pinentry::find(path.as_os_str())).ok_or(Failure::NoPinentry)?;
        Ok(found.with_arguments(self.pinentry_arg).on_terminal(terminal()))
    }
}

/// `GPG_TTY`, or else the terminal at which somebody typed the command.
fn terminal() -> Option<String> {
    let named = variable("GPG_TTY").map(|tty| tty.display().to_string());
    named
        .or_else(|| rustix::termios::ttyname(std::io::stdin(), Vec::new()).ok()?.into_string().ok())
}
