//! The only place of the agent that reads the clocks.

use std::time::{Instant, SystemTime};

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
