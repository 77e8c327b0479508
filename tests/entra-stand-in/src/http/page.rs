//! Pages: how a template becomes an answer, the error page, the stylesheet.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::App;
use crate::aadsts::Aadsts;
use crate::chance;
use crate::clock::timestamp;
use crate::world::Shared;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    code: u32,
    message: String,
    correlation_id: String,
    timestamp: String,
}

/// A page with status 200.
pub(super) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A refusal on a page of our own: the application never hears of it.
pub(super) fn refusal(shared: &Shared, problem: &Aadsts) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let shown = ErrorPage {
        code: problem.code,
        message: problem.message(),
        correlation_id: chance::guid().to_string(),
        timestamp: timestamp(shared.clock.now()),
    };
    (status, page(&shown)).into_response()
}

#[derive(Deserialize)]
pub(super) struct ErrorQuery {
    code: u32,
}

/// `GET /error?code=NNNN`: where `error_uri` leads.
pub(super) async fn explain(State(shared): App, Query(query): Query<ErrorQuery>) -> Response {
    page(&ErrorPage {
        code: query.code,
        message: format!("AADSTS{}: see the table of error codes.", query.code),
        correlation_id: chance::guid().to_string(),
        timestamp: timestamp(shared.clock.now()),
    })
}

/// `GET /assets/stand-in.css`.
pub(super) async fn stylesheet() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/stand-in.css"))
        .into_response()
}
