//! The key, as a program plays it for the kernel.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::story::{Trouble, until};

/// What `cardea-sim` calls it.
pub(crate) const NAME: &str = "Cardea simulated key";

/// `cardea-sim key --uhid`, which touches itself. It is unplugged when this is dropped.
pub(crate) struct Key {
    child: Child,
    hand: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Key {
    /// A factory-fresh key is plugged in.
    pub(crate) async fn plug() -> Result<Self, Trouble> {
        let mut command = program("cardea-sim")?;
        command.args(["key", "--uhid"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(hand), Some(said)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Trouble("no pipes".into()));
        };
        let mut key = Self { child, hand, said: BufReader::new(said).lines() };
        key.hears("key plugged in on USB").await?;
        Ok(key)
    }

    /// The person does something to it.
    pub(crate) async fn say(&mut self, line: &str) -> Result<(), Trouble> {
        self.hand.write_all(format!("{line}\n").as_bytes()).await?;
        self.hears("ok").await
    }

    /// The program that plays it ends, without a chance to tidy up.
    pub(crate) async fn kill(mut self) -> Result<(), Trouble> {
        Ok(self.child.kill().await?)
    }

    async fn hears(&mut self, expected: &str) -> Result<(), Trouble> {
        let said = self.said.next_line().await?.unwrap_or_default();
        if said == expected { Ok(()) } else { Err(Trouble(format!("cardea-sim says {said:?}"))) }
    }
}

/// Where a program stands: beside us.
pub(crate) fn path(name: &str) -> Result<PathBuf, Trouble> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// A program that ends with us.
pub(crate) fn program(name: &str) -> Result<Command, Trouble> {
    let mut command = Command::new(path(name)?);
    command.kill_on_drop(true).stdin(Stdio::null());
    Ok(command)
}

/// Waits until there are so many nodes of HID devices.
pub(crate) async fn nodes(count: usize) -> Result<(), Trouble> {
    until(async || {
        let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("hidraw")).count() == count
    })
    .await;
    Ok(())
}
