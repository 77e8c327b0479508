//! The clock, for durations that are measured.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "a program that measures; its only look")]
pub fn now() -> Instant {
    Instant::now()
}
