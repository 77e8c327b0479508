//! The clock, for durations that are shown.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "a program that measures; its only look")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
