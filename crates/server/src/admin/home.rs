use axum::response::{IntoResponse, Response};

use crate::admin::session::Operator;
use crate::app::App;
use crate::http::problem::Problem;

/// The console's first page.
pub(crate) async fn show(_app: &App, operator: Operator) -> Result<Response, Problem> {
    Ok(operator.person.username.into_response())
}
