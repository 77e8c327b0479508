//! For load balancers and operators.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;

/// `GET /health/live`: the process runs.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /health/ready`: the store answers.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}
