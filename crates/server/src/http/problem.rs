//! Every way in which a request can fail, and the only place that knows its HTTP status.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ids::Slug;
use login::Refusal;
use serde::Serialize;
use store::StoreError;

use crate::app::App;
use crate::http::page::{Html, frame};
use crate::pages::{ErrorKind, ErrorPage, Frame};

/// Why a request fails. Grouped by fault: the caller's, the upstream's, ours.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// Also for things of other tenants, whose existence is not ours to tell.
    #[error("not found")]
    NotFound,
    /// No session, or one that has ended.
    #[error("authentication required")]
    Unauthenticated,
    /// A write that does not come from our own pages.
    #[error("write from another origin")]
    CrossOrigin,
    /// The request is not what the endpoint takes.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The address is there, and does not take this method.
    #[error("wrong method")]
    WrongMethod,
    /// Another content type than the endpoint takes.
    #[error("wrong content type")]
    WrongContentType,
    /// The body is too large.
    #[error("body is too large")]
    TooLarge,
    /// Too many attempts.
    #[error("too many attempts")]
    TooMany,
    /// This browser holds no login that could go on: too late, or another browser began it.
    #[error("no login under way in this browser")]
    LoginGone,
    /// The answer of an upstream belongs to no login of this browser.
    #[error("login of another browser")]
    OtherBrowser,
    /// The challenge that was answered is not out any more.
    #[error("challenge is gone")]
    ChallengeGone,
    /// What counts once was used before.
    #[error("already used")]
    AlreadyUsed,
    /// The hallway refused.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The card's answer did not verify.
    #[error("card refused: {0}")]
    CardRefused(&'static str),
    /// The one-time code is not valid.
    #[error("code refused")]
    CodeRefused,
    /// A conflict with what is kept.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// The upstream refused or failed.
    #[error("upstream failed: {0}")]
    Upstream(Box<UpstreamTrouble>),
    /// We are asked for more than we can do just now.
    #[error("busy")]
    Busy,
    /// Our fault. The cause is logged where it happened.
    #[error("internal error")]
    Internal,
}

/// What an upstream's refusal or failure means for the person.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamTrouble {
    /// Stable name.
    pub(crate) code: &'static str,
    /// What the page says.
    pub(crate) kind: ErrorKind,
}

impl std::fmt::Display for UpstreamTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)
    }
}

/// When to try again after [`Problem::Busy`] and [`Problem::TooMany`], in seconds.
const RETRY_SECONDS: u32 = 5;

impl Problem {
    /// A fault of ours: logs the cause, once, and tells the caller nothing of it.
    pub(crate) fn internal(cause: impl std::error::Error) -> Self {
        let chain = std::iter::successors(cause.source(), |cause| cause.source());
        let causes: Vec<String> = chain.map(ToString::to_string).collect();
        tracing::error!(error = %cause, ?causes, "internal error");
        Self::Internal
    }

    /// Status and stable name.
    pub(crate) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::CrossOrigin => (StatusCode::FORBIDDEN, "cross-origin"),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::WrongContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many"),
            Self::LoginGone => (StatusCode::FORBIDDEN, "login-expired"),
            Self::OtherBrowser => (StatusCode::FORBIDDEN, "other-browser"),
            Self::ChallengeGone => (StatusCode::CONFLICT, "challenge-expired"),
            Self::AlreadyUsed => (StatusCode::CONFLICT, "already-used"),
            Self::Refused(refusal) => (StatusCode::FORBIDDEN, refusal.code()),
            Self::CardRefused(code) => (StatusCode::FORBIDDEN, code),
            Self::CodeRefused => (StatusCode::FORBIDDEN, "code-refused"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::Upstream(trouble) => (StatusCode::FORBIDDEN, trouble.code),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// What the person is told.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Unauthenticated | Self::LoginGone | Self::ChallengeGone | Self::AlreadyUsed => {
                ErrorKind::Expired
            }
            Self::OtherBrowser => ErrorKind::OtherBrowser,
            Self::CrossOrigin => ErrorKind::Forbidden,
            Self::Malformed(_)
            | Self::WrongMethod
            | Self::WrongContentType
            | Self::TooLarge
            | Self::CodeRefused
            | Self::CardRefused(_)
            | Self::Conflict(_) => ErrorKind::BadRequest,
            Self::TooMany => ErrorKind::TooMany { retry_after: RETRY_SECONDS },
            Self::Refused(refusal) => refused(*refusal),
            Self::Upstream(trouble) => trouble.kind.clone(),
            Self::Busy => ErrorKind::Overloaded,
            Self::Internal => ErrorKind::Internal,
        }
    }
}

/// Refusals that an attacker could learn from look alike; what a person can act on is told.
fn refused(refusal: Refusal) -> ErrorKind {
    match refusal {
        Refusal::Disabled => ErrorKind::Disabled,
        Refusal::NoCard => ErrorKind::NoCard,
        Refusal::State | Refusal::Browser => ErrorKind::OtherBrowser,
        Refusal::Registration => ErrorKind::SettingsChanged,
        _ => ErrorKind::Expired,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            StoreError::Conflict(what) => Self::Conflict(what),
            other => Self::internal(other),
        }
    }
}

/// RFC 9457.
#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    title: &'static str,
    detail: String,
    status: u16,
    code: &'static str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let kind = self.kind();
        let detail = format!("{} {}", kind.happened(), kind.now());
        let title = kind.title();
        let body = Body { r#type: "about:blank", title, detail, status: status.as_u16(), code };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self, Self::Busy | Self::TooMany) {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Shows a problem as a page to whoever asks for one; scripts and agents get `problem+json`.
pub(crate) async fn as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let wants_page = accepts_html(request.headers());
    let slug = slug_in(request.uri().path());
    let response = in_our_words(next.run(request).await);
    match response.extensions().get::<Problem>().cloned() {
        Some(problem) if wants_page => {
            let frame = frame_of(&app, slug).await;
            page(&problem, frame, response.headers())
        }
        _ => response,
    }
}

/// What the framework refuses by itself, it refuses in a line of plain text: an address with a
/// parameter that cannot be read, a method that nobody answers.
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

/// The frame of the tenant that the path names, if there is one.
async fn frame_of(app: &App, slug: Option<Slug>) -> Option<Frame> {
    let tenant = app.store.tenant(&slug?).await.ok()??;
    Some(frame(&tenant))
}

fn page(problem: &Problem, frame: Option<Frame>, kept: &HeaderMap) -> Response {
    let (status, _) = problem.status_and_code();
    let start_again = frame.as_ref().map(|frame| frame.url("account/"));
    let page = ErrorPage { frame, kind: problem.kind(), reference: None, start_again };
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
