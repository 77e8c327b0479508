//! Steps: numbered, printed as they happen, counted.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::clock;
use crate::trouble::Trouble;

/// What a step gives to the next ones, and what it says.
pub(crate) type Told<T> = Result<(T, String), Trouble>;

/// A step has failed, and has said so.
#[derive(Debug)]
pub(crate) struct Failed;

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    steps: usize,
    ok: usize,
    took: Duration,
}

impl Story {
    /// Begins a part.
    #[expect(clippy::unused_self, reason = "a part belongs to its story")]
    pub(crate) fn part(&self, title: &str) {
        say(format_args!("\n{title}"));
    }

    /// Does a step and prints it: name, what went where, how long it took.
    pub(crate) async fn step<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Told<T>>,
    ) -> Result<T, Failed> {
        self.steps = self.steps.saturating_add(1);
        let began = clock::now();
        let told = work.await;
        let took = began.elapsed();
        self.took = self.took.saturating_add(took);
        let (number, took) = (self.steps, millis(took));
        match told {
            Ok((value, said)) => {
                self.ok = self.ok.saturating_add(1);
                say(format_args!("✓ {number:>2}  {name} … ({said}, {took})"));
                Ok(value)
            }
            Err(trouble) => {
                say(format_args!("✗ {number:>2}  {name} … ({took})"));
                say(format_args!("      expected: {}", trouble.expected));
                say(format_args!("      came:     {}", trouble.came));
                Err(Failed)
            }
        }
    }

    /// The last line of the program.
    pub(crate) fn last_line(&self) {
        say(format_args!("demo: {} steps, {} ok", self.steps, self.ok));
    }

    /// How long all steps took.
    pub(crate) fn took(&self) -> String {
        millis(self.took)
    }
}

/// Prints a line. Whoever reads may have gone; what was started is ended all the same.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A duration as people read it.
pub(crate) fn millis(duration: Duration) -> String {
    if duration.as_secs() < 10 {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_that_fails_is_counted_and_not_ok() {
        let mut story = Story::default();
        let good = story.step("good", async { Ok((7, "said".into())) }).await;
        assert_eq!(good.unwrap(), 7);
        let bad: Result<(), _> = story.step("bad", async { Err(Trouble::new("a", "b")) }).await;
        assert!(bad.is_err());
        assert_eq!((story.steps, story.ok), (2, 1));
    }
}
