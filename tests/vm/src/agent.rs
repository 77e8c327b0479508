//! The agent, as the program that is shipped.

use std::fs::File;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::key::{NAME, path, program};
use crate::story::{Trouble, until};

/// Where it keeps what it keeps.
const STATE: &str = "/tmp/agent";
const SOCKET: &str = "/tmp/agent-run/agent.sock";
const LOG: &str = "/tmp/agent.log";

/// `cardea-agent run`, with a pinentry that types the PIN.
pub(crate) struct Agent {
    _child: Child,
}

impl Agent {
    /// Starts it, and waits until it answers.
    pub(crate) async fn start() -> Result<Self, Trouble> {
        let mut command = agent()?;
        command.args(["run", "--state", STATE, "--name", "virtual machine"]);
        command.arg("--pinentry").arg(path("cardea-sim")?);
        for argument in ["pinentry", "--pin", e2e::PIN] {
            command.args(["--pinentry-arg", argument]);
        }
        command.stdout(Stdio::null()).stderr(File::create(LOG)?);
        let agent = Self { _child: command.spawn()? };
        until(async || status().await.is_some()).await;
        agent.sees_no_key().await?;
        Ok(agent)
    }

    /// Waits until the key is among its devices.
    pub(crate) async fn sees_a_key(&self) -> Result<(), Trouble> {
        shows(&format!("Key: {NAME}"), true).await
    }

    /// Waits until no key is.
    pub(crate) async fn sees_no_key(&self) -> Result<(), Trouble> {
        shows("Key: ", false).await
    }

    /// Types a code into it: the pairing, and the address that the browser is to open.
    pub(crate) async fn pair(&self, server: &str, code: &str) -> Result<Pairing, Trouble> {
        let mut command = agent()?;
        command.args(["pair", code, "--no-browser", "--server", server]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = child.stdout.take().map(BufReader::new).ok_or(no_word())?.lines();
        while let Some(line) = lines.next_line().await? {
            if line.contains("/login/card/pair/return#") {
                let address = line.trim().to_owned();
                return Ok(Pairing { child, lines, address });
            }
        }
        Err(no_word())
    }
}

fn no_word() -> Trouble {
    Trouble("no address from cardea-agent pair".into())
}

/// `cardea-agent pair`, which waits for the browser.
pub(crate) struct Pairing {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What the browser that shows the code is to open.
    pub(crate) address: String,
}

impl Pairing {
    /// Waits until it says so, and the agent has its channel.
    pub(crate) async fn done(mut self) -> Result<(), Trouble> {
        let mut last = String::new();
        while let Some(line) = self.lines.next_line().await? {
            last = line;
        }
        if !self.child.wait().await?.success() {
            return Err(Trouble(format!("not paired: {last:?}")));
        }
        shows("  connected", true).await
    }
}

fn agent() -> Result<Command, Trouble> {
    let mut command = program("cardea-agent")?;
    command.args(["--socket", SOCKET]);
    Ok(command)
}

/// Waits until `cardea-agent status` has this text, or has it no more.
async fn shows(text: &str, wanted: bool) -> Result<(), Trouble> {
    until(async || status().await.is_some_and(|status| status.contains(text) == wanted)).await;
    Ok(())
}

/// What `cardea-agent status` says; `None` while no agent runs.
async fn status() -> Option<String> {
    let output = agent().ok()?.arg("status").stderr(Stdio::null()).output().await.ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(said).filter(|_| output.status.success())
}
