//! Help for people whom a provider's own error page has stopped.

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::http::page::Html;
use crate::pages::{AadstsAnswer, AadstsPage};

#[derive(Deserialize)]
pub(crate) struct Params {
    #[serde(default)]
    q: String,
}

/// `GET /help/aadsts?q=…`: what an AADSTS code means here, and what to do about it.
pub(crate) async fn aadsts(Query(Params { q }): Query<Params>) -> Response {
    let question: String = q.chars().take(2000).collect();
    let answer = (!question.trim().is_empty()).then(|| answer(&question));
    Html(AadstsPage { question, answer }).into_response()
}

fn answer(question: &str) -> AadstsAnswer {
    let Some(number) = oidc::aadsts::parse(question) else { return AadstsAnswer::NoCode };
    let code = format!("AADSTS{number}");
    match oidc::aadsts::lookup(number) {
        Some(entry) => AadstsAnswer::Known {
            code,
            cause: entry.cause.to_owned(),
            remedy: entry.remedy.to_owned(),
        },
        None => AadstsAnswer::Unknown { code, number: number.to_string() },
    }
}
