//! `/{authority}/oauth2/v2.0/authorize`: checks the request, then begins a sign-in or answers at once.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::page::{page, refusal};
use super::{App, BROWSER_COOKIE, browser_of, sent};
use crate::aadsts::Aadsts;
use crate::chance;
use crate::request::{AuthorizationRequest, Refused, ResponseMode, ReturnTo};
use crate::sign_in::{Outcome, begin};
use crate::world::Shared;

pub(super) async fn handler(
    State(shared): App,
    Path(authority): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let encoded = sent(&method, query.as_deref(), &headers, &body);
    let now = shared.clock.now();
    let mut world = shared.world();
    world.forget_old(now);
    let request = match AuthorizationRequest::check(&world, &authority, encoded) {
        Ok(request) => request,
        Err(Refused::OnPage(problem)) => return refusal(&shared, &problem),
        Err(Refused::AtApplication(return_to, problem)) => {
            return answer_problem(&shared, &return_to, &problem);
        }
    };
    let known = browser_of(&headers).filter(|browser| world.browsers.contains_key(browser));
    let browser = known.clone().unwrap_or_else(|| chance::token(32));
    let outcome = begin(&mut world, request, &browser, now);
    drop(world);
    let mut response = respond(&shared, outcome);
    if known.is_none()
        && let Ok(cookie) = HeaderValue::from_str(&format!(
            "{BROWSER_COOKIE}={browser}; Path=/; HttpOnly; SameSite=Lax"
        ))
    {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// What the browser gets to see of an outcome.
pub(super) fn respond(shared: &Shared, outcome: Outcome) -> Response {
    match outcome {
        Outcome::Ask(id) => redirect(&format!("/sign-in/{id}")),
        Outcome::Refuse(problem) => refusal(shared, &problem),
        Outcome::AnswerProblem(return_to, problem) => answer_problem(shared, &return_to, &problem),
        Outcome::AnswerCancel(return_to, problem) => {
            let mut fields = problem_fields(shared, &problem);
            fields.push(("error_subcode".to_owned(), "cancel".to_owned()));
            answer(&return_to, fields)
        }
        Outcome::AnswerCode { return_to, code, session_state } => {
            let fields = vec![
                ("code".to_owned(), code),
                ("session_state".to_owned(), session_state.to_string()),
            ];
            answer(&return_to, fields)
        }
    }
}

/// `302`, which browsers follow with GET whatever was sent.
pub(super) fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

fn answer_problem(shared: &Shared, return_to: &ReturnTo, problem: &Aadsts) -> Response {
    answer(return_to, problem_fields(shared, problem))
}

fn problem_fields(shared: &Shared, problem: &Aadsts) -> Vec<(String, String)> {
    let body = problem.body(shared.clock.now(), chance::guid(), &shared.base);
    let member = |name: &str| {
        body.get(name).and_then(|value| value.as_str()).map(|v| (name.to_owned(), v.to_owned()))
    };
    ["error", "error_description", "error_uri"].into_iter().filter_map(member).collect()
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    action: &'a str,
    fields: Vec<(String, String)>,
}

fn answer(return_to: &ReturnTo, mut fields: Vec<(String, String)>) -> Response {
    fields.extend(return_to.state.clone().map(|state| ("state".to_owned(), state)));
    let encoded =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let uri = &return_to.redirect_uri;
    match return_to.response_mode {
        ResponseMode::Query if uri.contains('?') => redirect(&format!("{uri}&{encoded}")),
        ResponseMode::Query => redirect(&format!("{uri}?{encoded}")),
        ResponseMode::Fragment => redirect(&format!("{uri}#{encoded}")),
        ResponseMode::FormPost => page(&FormPost { action: uri, fields }),
    }
}
