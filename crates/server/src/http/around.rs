//! What stands around every route, in one layer: each layer costs every request some allocations.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{headers, problem_page};
use crate::app::App;

/// Answers a request in our form: problems as pages to whoever asks for one, and headers that every answer
/// carries.
pub(crate) async fn every(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = problem_page::caught(problem_page::as_page(&app, request, next)).await;
    headers::add(response.headers_mut());
    response
}
