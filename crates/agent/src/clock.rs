//! The only place of the agent that reads the clocks.

use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};

/// What o'clock it is, for what is compared with a server's time.
#[expect(clippy::disallowed_methods, reason = "the agent is a program; this is its wall clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The clock that only goes forward, for how long something may take.
#[expect(clippy::disallowed_methods, reason = "the agent is a program; this is its stopwatch")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long the computer has slept since it was started: in that time [`now`] stands still, and the clock
/// that counts it does not.
pub(crate) fn slept() -> Duration {
    let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    // In this order the difference is never too small, and too large only by the time between the two.
    let awake = read(ClockId::Monotonic);
    read(ClockId::Boottime).saturating_sub(awake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_that_is_awake_sleeps_no_longer() {
        let before = slept();
        let up = Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap();
        assert!(before <= up, "{before:?} of {up:?}");
        assert!(slept().saturating_sub(before) < crate::channel::NAP);
    }
}
