//! What is done now and then: expired rows are deleted, signing keys are replaced in time, and what was
//! left out of the log is told.

use std::time::Duration;

use crate::app::App;
use crate::{agents, signing};

/// How often.
const PERIOD: Duration = Duration::from_secs(30);

/// Once in so many rounds keys are looked after: for them an hour makes no difference.
const ROUNDS_PER_KEYS: u32 = 120;

/// So many rows in one call say that there are more to delete.
const MUCH: u64 = 500;

/// So many calls a round at most: writers wait while rows are deleted.
const MOST_CALLS: u32 = 200;

/// Sweeps as long as the server runs.
pub(crate) async fn now_and_then(app: App) {
    let mut clock = tokio::time::interval(PERIOD);
    loop {
        signing::roll_keys(&app).await;
        for _ in 0..ROUNDS_PER_KEYS {
            clock.tick().await;
            app.quiet.sum_up();
            sweep_all(&app).await;
        }
    }
}

/// One round: sessions end whose agents are gone, and what has expired is deleted. As long as a call
/// finds much, there is more.
pub async fn sweep_all(app: &App) {
    if let Err(problem) = agents::lifted::lost_everywhere(app).await {
        tracing::warn!(%problem, "sessions of lost agents stay for now");
    }
    for _ in 0..MOST_CALLS {
        match app.store().sweep().await {
            Ok(deleted) if deleted >= MUCH => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "expired rows stay for now");
                return;
            }
        }
    }
}
