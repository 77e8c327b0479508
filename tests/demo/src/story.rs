//! Steps: numbered, printed as they happen, counted.
#![expect(clippy::print_stdout, reason = "what the program is there to say")]

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
        println!("\n{title}");
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
                println!("✓ {number:>2}  {name} … ({said}, {took})");
                Ok(value)
            }
            Err(trouble) => {
                println!("✗ {number:>2}  {name} … ({took})");
                println!("      expected: {}", trouble.expected);
                println!("      came:     {}", trouble.came);
                Err(Failed)
            }
        }
    }

    /// The last line of the program.
    pub(crate) fn last_line(&self) {
        println!("demo: {} steps, {} ok", self.steps, self.ok);
    }

    /// How long all steps took.
    pub(crate) fn took(&self) -> String {
        millis(self.took)
    }
}

/// A duration as people read it.
pub(crate) fn millis(duration: Duration) -> String {
    if duration.as_secs() < 10 {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}
