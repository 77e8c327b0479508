//! What stands around every route, in one layer: each layer costs every request some allocations.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use super::{headers, problem_page};
use crate::app::App;
use crate::http::problem::Problem;

/// Answers a request in our form: problems as pages to whom asks for one, and headers that every answer
/// carries.
pub(crate) async fn every(State(app): State<App>, request: Request, next: Next) -> Response {
    // A panic in the page of a problem is a problem too.
    let mut response = caught(problem_page::as_page(&app, request, next)).await;
    headers::add(response.headers_mut());
    response
}

/// The answer; after a panic, that of a fault of ours.
pub(super) async fn caught(answer: impl Future<Output = Response>) -> Response {
    // What is left behind by a panic is dropped with it: nothing is seen half done.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::Internal.into_response()
    })
}
