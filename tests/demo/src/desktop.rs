//! What the person does at their desktop: types a code into the agent, taps the card.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use firmware_sim::{Simulator, Touch};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::clock;
use crate::stage::Stage;
use crate::story::Told;
use crate::trouble::{Trouble, cannot, ensure};

/// How long a card may take to ask for a touch.
const PATIENCE: Duration = Duration::from_secs(15);

/// `cardea-agent pair`, which waits for the page.
pub(crate) struct Pairing {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Whose login the agent has been told it is.
    pub(crate) account: String,
    /// Where the browser that shows the code confirms.
    pub(crate) address: String,
}

impl Pairing {
    /// `cardea-agent pair CODE --server URL`, with these further arguments, up to the address that
    /// it prints.
    pub(crate) async fn begin(
        stage: &Stage,
        code: &str,
        further: &[&str],
    ) -> Result<Self, Trouble> {
        let mut command = Command::from(stage.agent_command());
        // A browser of this desktop would not be the one of the play.
        command.args(["pair", code, "--no-browser", "--server", stage.origin()]).args(further);
        command.kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot("cardea-agent to start"))?;
        let out = child.stdout.take();
        let out = out.ok_or_else(|| Trouble::new("the words of cardea-agent", "none"))?;
        let mut lines = BufReader::new(out).lines();
        let mut account = String::new();
        while let Some(line) = lines.next_line().await.map_err(cannot("cardea-agent to speak"))? {
            let line = line.trim();
            if let Some(named) = line.strip_prefix("Account ") {
                named.trim().clone_into(&mut account);
            }
            if line.contains("/login/card/pair/return#") {
                return Ok(Self { address: line.to_owned(), child, lines, account });
            }
        }
        Err(Trouble::new("an address", last_words(&mut child).await))
    }

    /// Waits until the command says that it is paired.
    pub(crate) async fn paired(mut self) -> Result<String, Trouble> {
        let mut last = String::new();
        while let Some(line) = self.lines.next_line().await.map_err(cannot("its words"))? {
            last = line;
        }
        let status = self.child.wait().await.map_err(cannot("cardea-agent to end"))?;
        if !status.success() {
            return Err(Trouble::new("\"Paired with …\"", last_words(&mut self.child).await));
        }
        ensure(last.starts_with("Paired with"), "\"Paired with …\"", &last)?;
        Ok(last)
    }
}

async fn last_words(child: &mut Child) -> String {
    let mut said = String::new();
    if let Some(errors) = &mut child.stderr {
        // Without its words the step still says that it failed.
        let _ = errors.read_to_string(&mut said).await;
    }
    // It has nothing more to say, and ends; nobody else would take note of that.
    let _ = child.wait().await;
    said.trim().to_owned()
}

/// `cardea-agent doctor`: finds nothing wrong, and sees the card.
pub(crate) async fn doctor(stage: &Stage) -> Told<()> {
    let mut command = Command::from(stage.desktop_command("doctor"));
    command.kill_on_drop(true).stdin(Stdio::null());
    let done = command.output().await.map_err(cannot("cardea-agent doctor to run"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    ensure(done.status.success(), "nothing wrong", said.trim())?;
    let good: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("✔ ")).collect();
    let card = good.iter().find_map(|line| line.strip_prefix("Card  "));
    let card = card.ok_or_else(|| Trouble::new("a line about the card", said.trim()))?;
    Ok(((), format!("{} things are well; {}", good.len(), card.trim())))
}

/// Somebody's hand at the card: waits until it asks, and touches it. Made before the card can ask.
pub(crate) struct Hand(tokio::task::JoinHandle<Option<Instant>>);

impl Hand {
    /// The hand is ready.
    pub(crate) fn ready(simulator: Arc<Simulator>) -> Self {
        // The next question waits for the touch below; without it a tap could not be seen.
        simulator.holder().touches_next(Touch::Refuse);
        Self(tokio::task::spawn_blocking(move || {
            let holder = simulator.holder();
            let asked = holder.wait_until_asked(PATIENCE);
            let tapped = clock::now();
            (asked && holder.touch()).then_some(tapped)
        }))
    }

    /// When the card was tapped.
    pub(crate) async fn tapped(self) -> Result<Instant, Trouble> {
        let asked = self.0.await.ok().flatten();
        asked.ok_or_else(|| Trouble::new("the card to ask for a tap", "no question within 15 s"))
    }
}
