//! Steps: printed as they happen, counted.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use tokio::time::Instant;

/// What came instead of what a step expects.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) String);

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Nothing that is waited for takes so long in a machine that is emulated, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for. To look costs the machine much: it may start a program for it.
const LOOK: Duration = Duration::from_millis(100);

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    steps: usize,
    ok: usize,
}

impl Story {
    /// Does a step; `None` when it fails, or does not end.
    pub(crate) async fn step<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Option<T> {
        self.steps = self.steps.saturating_add(1);
        let (number, began) = (self.steps, Instant::now());
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(value)) => {
                self.ok = self.ok.saturating_add(1);
                say(format_args!("✓ {number:>2}  {name} ({:.1?})", began.elapsed()));
                Some(value)
            }
            Ok(Err(Trouble(came))) => {
                say(format_args!("✗ {number:>2}  {name}\n      came: {came}"));
                None
            }
            Err(_) => {
                say(format_args!("✗ {number:>2}  {name}\n      came: nothing within a minute"));
                None
            }
        }
    }

    /// The last line of the program.
    pub(crate) fn last_line(&self) {
        say(format_args!("VM: {} steps, {} ok", self.steps, self.ok));
    }
}

fn say(line: impl Display) {
    // The console is all that there is to say it at.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Looks again and again until it is so.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        tokio::time::sleep(LOOK).await;
    }
}
