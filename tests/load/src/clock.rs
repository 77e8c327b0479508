//! The clock, for durations that are measured and for proofs that say when they were made.

use std::time::{Instant, SystemTime};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a program that measures; its only look")]
pub fn now() -> Instant {
    Instant::now()
}

/// What the clock on the wall says.
#[expect(clippy::disallowed_methods, reason = "an agent's proof says when it was made")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}
