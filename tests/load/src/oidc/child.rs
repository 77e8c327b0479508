//! A process that is measured beside the server.

use std::process::Stdio;
use std::time::Duration;

use load::Wrapper;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::Failure;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process. It is killed when this goes.
#[derive(Debug)]
pub(crate) struct Child {
    child: tokio::process::Child,
    /// What it says later has somewhere to go.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a program and waits until it says `ready`; what stands behind that word. What it is called
    /// with may be secret.
    pub(crate) async fn start(
        name: &str,
        pinned: &Wrapper,
        line: &[&str],
    ) -> Result<(Self, String), Failure> {
        let pinned = pinned.0.iter().map(String::as_str);
        let mut words = pinned.chain(line.iter().copied());
        let mut command = Command::new(words.next().ok_or("no program")?);
        command.args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn()?;
        let said = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(said).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let rest = match &first {
            Ok(Ok(Some(line))) => line.strip_prefix("ready"),
            _ => None,
        };
        let rest = rest.ok_or_else(|| format!("{name} does not start: {first:?}"))?;
        Ok((Self { child, _said: lines }, rest.trim().to_owned()))
    }

    /// Its number.
    pub(crate) fn id(&self) -> Result<u32, Failure> {
        Ok(self.child.id().ok_or("a process has ended")?)
    }

    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}
