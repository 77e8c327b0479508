//! What became of each challenge, so that a test can say why one failed.

use std::collections::VecDeque;

use serde::Serialize;
use uuid::Uuid;

/// How many are remembered.
const REMEMBERED: usize = 1000;

/// What became of a challenge: not sent, or answered.
#[derive(Clone, Debug, Serialize)]
pub struct ExternalOutcome {
    /// Seconds since 1970, by the stand-in's clock.
    pub at: i64,
    /// The `client-request-id` that was sent, if it was.
    pub client_request_id: Option<Uuid>,
    /// The person's entry.
    pub user: Option<Uuid>,
    /// The AADSTS number of the refusal; none where the answer was good.
    pub refused: Option<u32>,
    /// What was wrong.
    pub reason: String,
    /// The `error` that the provider posted.
    pub error: Option<String>,
    /// The `id_token` that the provider posted.
    pub id_token: Option<String>,
}

#[derive(Default)]
pub(crate) struct Log(VecDeque<ExternalOutcome>);

impl Log {
    pub(crate) fn add(&mut self, outcome: ExternalOutcome) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(outcome);
    }

    pub(crate) fn all(&self) -> Vec<ExternalOutcome> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
