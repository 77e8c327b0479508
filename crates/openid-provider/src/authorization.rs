//! The authorization endpoint (OpenID Connect Core 1.0 §3.1.2; RFC 6749 §4.1): where an answer may go,
//! what is asked, whether a session is enough, and the answer.

mod answer;
mod claims_request;
mod request;
mod target;
mod wants;

pub(crate) use answer::with_query;
pub use answer::{Answer, Outcome};
pub use claims_request::ClaimsRequest;
pub use request::{Prompt, Request, RequestError, request};
pub use target::{ResponseMode, Target, TargetError, target};
pub use wants::{SessionFacts, Verdict};

use serde::{Deserialize, Serialize};

/// How long a request waits for its person, in seconds: as long as a login lives.
pub const LIFE: i64 = 600;

/// A checked request, on its way through the login. The server seals it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What is asked.
    pub request: Request,
    /// When it came, in microseconds since 1970.
    pub asked_at: i64,
}

impl Asked {
    /// Whether nobody waits for it any more; `now` in microseconds.
    pub fn is_over(&self, now: i64) -> bool {
        is_older_than(self.asked_at, LIFE, now)
    }
}

/// Whether more than `seconds` have gone by from `since` to `now`, both in microseconds.
pub(crate) fn is_older_than(since: i64, seconds: i64, now: i64) -> bool {
    now.saturating_sub(since) > seconds.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests;
