//! Help for people whom a provider's own error page has stopped.

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use oidc::aadsts::By;
use serde::Deserialize;

use crate::http::page::{Html, see_other};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::pages::{AadstsAnswer, AadstsPage, Remedy};

/// `GET /help`: there is help for one thing.
pub(crate) async fn start() -> Response {
    see_other("/help/aadsts")
}

#[derive(Deserialize)]
pub(crate) struct Question {
    #[serde(default)]
    q: String,
}

/// `GET /help/aadsts?q=…`: finds the code in what was pasted and leads to its own address, which
/// can be kept and passed on, and has nothing of the rest in it.
pub(crate) async fn aadsts(Query(Question { q }): Query<Question>) -> Response {
    let question: String = q.chars().take(2000).collect();
    if let Some(number) = oidc::aadsts::parse(&question) {
        return see_other(&address(number));
    }
    let answer = (!question.trim().is_empty()).then_some(AadstsAnswer::NoCode);
    Html(AadstsPage { question, answer }).into_response()
}

#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
}

/// `GET /help/aadsts/{code}`: what a code means here, and what to do about it.
pub(crate) async fn aadsts_code(Params(Code { code }): Params<Code>) -> Result<Response, Problem> {
    let number = oidc::aadsts::parse(&code).ok_or(Problem::NotFound)?;
    let name = name(number);
    if code != name {
        return Ok(see_other(&address(number)));
    }
    let answer = Some(answer(number));
    Ok(Html(AadstsPage { question: name, answer }).into_response())
}

fn name(number: u32) -> String {
    format!("AADSTS{number}")
}

fn address(number: u32) -> String {
    format!("/help/aadsts/{}", name(number))
}

fn answer(number: u32) -> AadstsAnswer {
    let code = name(number);
    match oidc::aadsts::lookup(number) {
        Some(entry) => AadstsAnswer::Known {
            code,
            cause: entry.cause.to_owned(),
            remedy: Remedy {
                for_administrator: entry.by == By::Administrator,
                words: entry.remedy.to_owned(),
                azure: entry.azure.map(str::to_owned),
                console: entry.console.map(str::to_owned),
            },
        },
        None => AadstsAnswer::Unknown { code, number: number.to_string() },
    }
}
