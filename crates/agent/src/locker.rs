//! Locks the desktop: the session manager does it, and we only ask.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::causes::Causes;

/// How long the session manager may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Which program has the desktop of this person locked. It is run with `lock-session`, as systemd's
/// `loginctl`, which asks `org.freedesktop.login1` for the lock of the person's own session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locker {
    program: PathBuf,
}

impl Default for Locker {
    fn default() -> Self {
        Self::new("/usr/bin/loginctl")
    }
}

impl Locker {
    /// With this program.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Locks. What goes wrong is told the log: there is nobody else who could do anything about it.
    pub(crate) async fn lock(&self) {
        match timeout(LIMIT, self.run()).await {
            Ok(Ok(status)) if status.success() => tracing::info!("the desktop is locked"),
            Ok(Ok(status)) => tracing::warn!(%status, "the desktop is not locked"),
            Ok(Err(error)) => tracing::warn!(error = %Causes(&error), "cannot lock the desktop"),
            Err(_) => tracing::warn!("cannot lock the desktop: no answer in time"),
        }
    }

    async fn run(&self) -> std::io::Result<ExitStatus> {
        let mut command = Command::new(&self.program);
        command.args(["--no-ask-password", "lock-session"]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await
    }
}
