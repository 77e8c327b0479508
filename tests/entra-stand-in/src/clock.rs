//! The one clock of the stand-in: the system's, shifted by what the control API asked for.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, and how far they are shifted.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    skew: AtomicI64,
}

impl Clock {
    /// Now, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "a program of its own; this is its one look at the clock"
        )]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        seconds.saturating_add(self.skew.load(Ordering::SeqCst))
    }

    /// Sets how many seconds this clock is ahead of the system's (negative: behind).
    pub(crate) fn skew(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::SeqCst);
    }

    /// Moves the clock by so many seconds.
    pub(crate) fn advance(&self, seconds: i64) {
        self.skew.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A moment as the error bodies write it: `2026-11-23 15:04:05Z`.
pub(crate) fn timestamp(seconds: i64) -> String {
    format(seconds, "%Y-%m-%d %H:%M:%SZ")
}

/// A moment as the `Date` header writes it (RFC 9110 section 5.6.7).
pub(crate) fn http_date(seconds: i64) -> String {
    format(seconds, "%a, %d %b %Y %H:%M:%S GMT")
}

/// A moment as Graph's error bodies write it, without a zone: `2026-11-23T15:04:05`.
pub(crate) fn graph_date(seconds: i64) -> String {
    format(seconds, "%Y-%m-%dT%H:%M:%S")
}

/// A moment as Graph's resources write it: `2026-11-23T15:04:05Z`.
pub(crate) fn graph_time(seconds: i64) -> String {
    format(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

/// A moment as the portal's tables write it: `2026-11-23`.
pub(crate) fn day(seconds: i64) -> String {
    format(seconds, "%Y-%m-%d")
}

fn format(seconds: i64, pattern: &str) -> String {
    jiff::Timestamp::from_second(seconds)
        .map(|at| at.strftime(pattern).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_moments_as_the_wire_wants_them() {
        assert_eq!(timestamp(784_111_777), "1994-11-06 08:49:37Z");
        assert_eq!(graph_date(784_111_777), "1994-11-06T08:49:37");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_skewed_clock_is_ahead_by_that_much() {
        let (right, ahead) = (Clock::default(), Clock::default());
        ahead.skew(600);
        ahead.advance(60);
        assert!((ahead.now() - right.now() - 660).abs() <= 1);
    }
}
