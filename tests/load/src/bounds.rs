//! What must hold for a release, judged at the end of a run.

use std::time::Duration;

use load::report::{line, milliseconds};

/// From the start of the process to the first 200, on a database that exists.
const START: Duration = Duration::from_millis(60);

/// Resident memory of a server that does nothing, in KiB: 25 MB.
const IDLE_KIB: u64 = 25_000_000 / 1024;

/// Transactions from start to session in a browser.
const COMMITS: f64 = 2.0;

/// The figures that have a bound, as far as they were measured.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) start: Option<Duration>,
    pub(crate) idle_kib: Option<u64>,
    pub(crate) commits: Option<f64>,
}

impl Bounds {
    /// Prints each bound with its verdict; whether all of them hold.
    pub(crate) fn hold(&self) -> bool {
        let start = self.start.map(|start| (milliseconds(start), start < START));
        let idle = self.idle_kib.map(|idle| (format!("{idle} KiB"), idle < IDLE_KIB));
        let commits = self.commits.map(|commits| (format!("{commits:.2}"), commits <= COMMITS));
        let all = [
            ("bound: start under 60 ms", start),
            ("bound: idle memory under 25 MB", idle),
            ("bound: two commits a login", commits),
        ];
        let mut hold = true;
        for (name, measured) in all {
            // PostgreSQL's log is not counted.
            let Some((figure, holds)) = measured else { continue };
            hold &= holds;
            line(name, format_args!("{figure}, {}", if holds { "holds" } else { "BROKEN" }));
        }
        hold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_bound_is_enough() {
        let good = || Bounds {
            start: Some(Duration::from_millis(59)),
            idle_kib: Some(24_000),
            commits: Some(2.0),
        };
        assert!(good().hold());
        assert!(Bounds::default().hold());
        assert!(!Bounds { start: Some(Duration::from_millis(60)), ..good() }.hold());
        assert!(!Bounds { idle_kib: Some(24_415), ..good() }.hold());
        assert!(!Bounds { commits: Some(2.06), ..good() }.hold());
    }
}
