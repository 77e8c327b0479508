//! Keys that wait for a touch, all at once: the one that is touched is the one that is meant.

use authenticator::{CeremonyError, Control, race};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::card::{Answers, Card};
use super::{Ceremony, LAST_WORD};
use crate::cancel::Cancel;

/// A key waits at least 10 s before it gives up (CTAP 2.1 §6), a challenge lives 120 s: one that
/// has to be asked more often does not wait.
const MOST_TIMES: usize = 12;

/// The keys that blink. They stop when this is dropped.
pub(super) struct Blinking {
    stop: Cancel,
    threads: JoinSet<Waited>,
}

/// A key that blinks no more, and why: `Ok` when it was touched.
pub(super) struct Waited {
    pub(super) key: Card,
    pub(super) result: Result<(), CeremonyError>,
}

impl Blinking {
    pub(super) fn new() -> Self {
        Self { stop: Cancel::new(), threads: JoinSet::new() }
    }

    /// One more key blinks.
    pub(super) fn add(&mut self, mut key: Card, ceremony: &Ceremony) {
        let (stop, deadline) = (self.stop.clone(), ceremony.deadline);
        self.threads.spawn_blocking(move || {
            let mut control = Control { deadline, cancel: stop.flag(), on_keepalive: &mut |_| {} };
            let result = wait(&mut key, &mut control);
            Waited { key, result }
        });
    }

    /// The next that blinks no more; `None` when none blinks.
    pub(super) async fn next(&mut self) -> Option<Waited> {
        loop {
            match self.threads.join_next().await? {
                Ok(waited) => return Some(waited),
                Err(error) => tracing::error!(%error, "a wait for a touch ended in a panic"),
            }
        }
    }

    /// Stops all of them: those that have said their last word in time.
    pub(super) async fn stop(&mut self) -> Vec<Waited> {
        std::mem::replace(&mut self.stop, Cancel::new()).cancel();
        let mut threads = std::mem::take(&mut self.threads);
        let mut stopped = Vec::new();
        let all = async {
            while let Some(waited) = threads.join_next().await {
                stopped.extend(waited);
            }
        };
        // One that says none is left behind.
        let _ = timeout(LAST_WORD, all).await;
        stopped
    }
}

impl Drop for Blinking {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn wait(key: &mut Card, control: &mut Control<'_>) -> Result<(), CeremonyError> {
    // Cards with certificates do not blink.
    let Answers::Ctap { link, info } = &mut key.answers else {
        return Err(CeremonyError::NotCtap2);
    };
    let mut result = Err(CeremonyError::TimedOut);
    for _ in 0..MOST_TIMES {
        result = race::wait_for_touch(&mut **link, info, control);
        if !matches!(result, Err(CeremonyError::TimedOut)) {
            break;
        }
    }
    result
}
