//! Quantiles and lines.
#![expect(clippy::print_stdout, reason = "what the program is there to say")]

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Leg, Legs};

/// Durations, to be asked for quantiles.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// Of these.
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// Several as one.
    pub fn all(samples: Vec<Self>) -> Self {
        Self::of(samples.into_iter().flat_map(|sample| sample.0).collect())
    }

    /// The smallest duration that is not exceeded in `per_mille` of 1000 cases.
    pub fn quantile(&self, per_mille: usize) -> Duration {
        let rank = self.0.len().saturating_mul(per_mille).div_ceil(1000).saturating_sub(1);
        self.0.get(rank).copied().unwrap_or_default()
    }

    /// As the report shows it.
    pub fn p50_and_p99(&self) -> String {
        format!(
            "p50 {}, p99 {}",
            milliseconds(self.quantile(500)),
            milliseconds(self.quantile(990))
        )
    }
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

/// A line of the report.
pub fn line(what: &str, value: impl std::fmt::Display) {
    println!("{what:<34}{value}");
}

/// A line for each leg, and one for all of them together.
pub fn legs(logins: &[Legs]) {
    let mut by_leg: BTreeMap<Leg, Vec<Duration>> = BTreeMap::new();
    for (leg, duration) in logins.iter().flatten() {
        by_leg.entry(*leg).or_default().push(*duration);
    }
    for leg in Leg::ALL {
        if let Some(durations) = by_leg.remove(&leg) {
            line(&format!("  {}", leg.name()), Sample::of(durations).p50_and_p99());
        }
    }
    let whole = |legs: &Legs| legs.iter().map(|(_, duration)| *duration).sum();
    let whole = Sample::of(logins.iter().map(whole).collect());
    line("  all legs together", whole.p50_and_p99());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_durations_that_happened() {
        let sample = Sample::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(sample.quantile(500), Duration::from_millis(100));
        assert_eq!(sample.quantile(990), Duration::from_millis(198));
        assert_eq!(sample.quantile(1000), Duration::from_millis(200));
        assert_eq!(Sample::default().quantile(500), Duration::ZERO);
    }
}
