//! For load balancers and operators.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use identity::Moment;

use crate::app::App;
use crate::entropy;

/// So far the clocks of this server and of its database may be apart. Challenges live two minutes
/// and are made by the one and judged by the other.
const MOST_APART: Duration = Duration::from_secs(5);

/// `GET /health/live`: the process runs.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /health/ready`: the store answers, and it is as late there as here.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    let asked = entropy::now();
    let at_database = match app.store.now().await {
        Ok(now) => now,
        Err(error) => {
            tracing::error!(%error, "not ready");
            return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n");
        }
    };
    let apart = apart(asked, at_database, entropy::now());
    if apart <= MOST_APART {
        return (StatusCode::OK, "ok\n");
    }
    app.quiet.once("clocks are apart", None, || {
        let seconds = apart.as_secs();
        tracing::error!(seconds, "not ready: clocks of this server and of its database are apart");
    });
    (StatusCode::SERVICE_UNAVAILABLE, "the clocks of server and database are apart\n")
}

/// How far `there` lies outside the time between `asked` and `answered`.
fn apart(asked: Moment, there: Moment, answered: Moment) -> Duration {
    asked.since(there).max(there.since(answered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_apart_by_what_the_way_does_not_explain() {
        let at = |seconds: u64| Moment(0).plus(Duration::from_secs(seconds));
        assert_eq!(apart(at(100), at(103), at(104)), Duration::ZERO);
        assert_eq!(apart(at(100), at(90), at(104)), Duration::from_secs(10));
        assert_eq!(apart(at(100), at(111), at(104)), Duration::from_secs(7));
    }
}
