//! Shows problems as pages to people, with a reference where it stands in the log too.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use identity::Tenant;
use ids::Slug;
use tracing::Instrument;

use crate::app::App;
use crate::entropy;
use crate::http::page::{Html, frame};
use crate::http::problem::Problem;
use crate::pages::{ErrorPage, Frame};

/// Shows a problem as a page to whoever asks for one; scripts and agents get `problem+json`. All
/// that a request logs carries its reference, and so does its page, if a line tells of it.
pub(super) async fn as_page(app: &App, request: Request, next: Next) -> Response {
    let wants_page = accepts_html(request.headers());
    let path = request.uri().path();
    let (slug, console) = (slug_in(path), path.starts_with("/admin/"));
    let reference = reference();
    // At this level the span is there whichever lines are wanted.
    let span = tracing::error_span!("request", reference);
    let answer = async {
        let response = in_our_words(caught(next.run(request)).await);
        match response.extensions().get::<Problem>().cloned() {
            Some(problem) if wants_page => {
                let tenant = tenant_of(app, slug).await;
                let told = tell(app, &problem, tenant.as_ref());
                let frame = tenant.as_ref().map(frame);
                let home = console.then(|| "/admin/".to_owned());
                let home = home.or_else(|| frame.as_ref().map(|frame| frame.url("account/")));
                let reference = told.then(|| reference.clone());
                page(&problem, frame, home, reference, response.headers())
            }
            _ => response,
        }
    };
    answer.instrument(span).await
}

/// The answer; after a panic, that of a fault of ours. Used twice: a panic of a handler becomes a page, and one
/// in that page a problem.
pub(super) async fn caught(answer: impl Future<Output = Response>) -> Response {
    // The future is not polled again. What handlers share has locks of its own.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::Internal.into_response()
    })
}

/// A name for a request: no secret, and short enough to be read out on the telephone.
fn reference() -> String {
    let [a, b]: [u16; 2] = [entropy::bytes(), entropy::bytes()].map(u16::from_be_bytes);
    format!("{a:04x}-{b:04x}")
}

/// What the framework refuses by itself, it refuses in a line of plain text: a parameter that
/// cannot be read, a method that nobody answers.
fn in_our_words(response: Response) -> Response {
    let (refused, headers) = (response.status(), response.headers());
    let plain =
        headers.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !refused.is_client_error() || !plain {
        return response;
    }
    let problem = match refused {
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Problem::WrongMethod,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::WrongContentType,
        _ => Problem::Malformed("request"),
    };
    let allow = headers.get(ALLOW).cloned();
    let mut ours = problem.into_response();
    if let Some(allow) = allow {
        ours.headers_mut().insert(ALLOW, allow);
    }
    ours
}

/// The tenant that the path names, if there is one.
async fn tenant_of(app: &App, slug: Option<Slug>) -> Option<Tenant> {
    app.store.tenant(&slug?).await.ok()?
}

/// Writes that a page is shown for this problem; whether it did.
fn tell(app: &App, problem: &Problem, tenant: Option<&Tenant>) -> bool {
    // Of a wrong address there is nothing to look up, and anybody can ask for any number of them.
    if matches!(problem, Problem::NotFound | Problem::WrongMethod) {
        return false;
    }
    let (status, code) = problem.status_and_code();
    let write = || tracing::info!(code, status = status.as_u16(), "answered with an error page");
    if !problem.is_for_anybody() {
        write();
        return true;
    }
    let mut written = false;
    app.quiet.once(format!("error page {code}"), tenant, || {
        write();
        written = true;
    });
    written
}

fn page(
    problem: &Problem,
    frame: Option<Frame>,
    start_again: Option<String>,
    reference: Option<String>,
    kept: &HeaderMap,
) -> Response {
    let (status, _) = problem.status_and_code();
    let page = ErrorPage { frame, kind: problem.kind(), reference, start_again };
    let mut response = (status, Html(page)).into_response();
    for name in [ALLOW, RETRY_AFTER, SET_COOKIE] {
        for value in kept.get_all(&name) {
            response.headers_mut().append(&name, value.clone());
        }
    }
    response
}

/// Whether a browser asks for a page.
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The tenant whose pages the request was about, if it looks like one.
fn slug_in(path: &str) -> Option<Slug> {
    let slug = path.strip_prefix("/realms/")?.split('/').next()?;
    Slug::try_from(slug.to_owned()).ok()
}
