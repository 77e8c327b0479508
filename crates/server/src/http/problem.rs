//! Every way in which a request can fail, and the only place that knows its HTTP status.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use login::Refusal;
use serde::Serialize;
use store::StoreError;

use crate::pages::words::Failure;
use crate::pages::{ApplicationTrouble, ErrorKind};

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
    /// A session of the console whose proof is too old for a change.
    #[error("proof is too old")]
    ProofTooOld,
    /// The address is not what the endpoint takes.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The body is not what the endpoint takes.
    #[error("unreadable {0}")]
    Unreadable(&'static str),
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
    /// So many answers were refused that the login is over.
    #[error("login was given up")]
    GivenUp,
    /// The one-time code is not valid.
    #[error("code refused")]
    CodeRefused,
    /// What is asked for does not fit what is so.
    #[error("refused: {0:?}")]
    Clash(Clash),
    /// A conflict with what somebody else writes.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// A request in Entra's name, to which nothing may be posted.
    #[error("request in Entra's name refused")]
    EntraRequest,
    /// This browser holds no request of Entra's, or Entra does not wait for it any more.
    #[error("no request of Entra under way in this browser")]
    EntraOver,
    /// An application has sent somebody here in a way that cannot be answered.
    #[error("request of an application refused: {0}")]
    Application(Box<ApplicationTrouble>),
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

/// What stands in the way of what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// A one-time code for somebody who has a card.
    HasCard,
    /// The removal of the only card.
    LastCard,
    /// Disabling oneself.
    OwnAccount,
    /// A one-time code for somebody who is disabled.
    PersonDisabled,
}

impl Clash {
    fn code(self) -> &'static str {
        match self {
            Self::HasCard => "person-has-card",
            Self::LastCard => "last-card",
            Self::OwnAccount => "own-account",
            Self::PersonDisabled => "person-is-disabled",
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::HasCard => ErrorKind::HasCard,
            Self::LastCard => ErrorKind::LastCard,
            Self::OwnAccount => ErrorKind::OwnAccount,
            Self::PersonDisabled => ErrorKind::PersonDisabled,
        }
    }
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
            Self::ProofTooOld => (StatusCode::FORBIDDEN, "proof-too-old"),
            Self::Malformed(_) | Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "malformed"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::WrongContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            Self::LoginGone => (StatusCode::FORBIDDEN, "login-expired"),
            Self::OtherBrowser => (StatusCode::FORBIDDEN, "other-browser"),
            Self::ChallengeGone => (StatusCode::CONFLICT, "challenge-expired"),
            Self::AlreadyUsed => (StatusCode::CONFLICT, "already-used"),
            Self::Refused(refusal) => (StatusCode::FORBIDDEN, refusal.code()),
            Self::CardRefused(code) => (StatusCode::FORBIDDEN, code),
            Self::GivenUp => (StatusCode::FORBIDDEN, "too-many-refused"),
            Self::CodeRefused => (StatusCode::FORBIDDEN, "code-refused"),
            Self::Clash(clash) => (StatusCode::CONFLICT, clash.code()),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::EntraRequest => (StatusCode::BAD_REQUEST, "entra-request"),
            Self::EntraOver => (StatusCode::FORBIDDEN, "entra-over"),
            Self::Application(trouble) => (StatusCode::BAD_REQUEST, trouble.word.code()),
            Self::Upstream(trouble) => (StatusCode::FORBIDDEN, trouble.code),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// Whether anybody can cause it over and over, for whom nobody has vouched. The others need a
    /// session, a sign-in at the provider, or a fault of ours.
    pub(crate) fn is_for_anybody(&self) -> bool {
        !matches!(
            self,
            Self::ProofTooOld
                | Self::Refused(
                    Refusal::Disabled | Refusal::NoCard | Refusal::HasCard | Refusal::NotLinked
                )
                | Self::Clash(_)
                | Self::Conflict(_)
                | Self::Internal
        )
    }

    /// What the person is told.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Unauthenticated => ErrorKind::NotSignedIn,
            Self::LoginGone | Self::ChallengeGone | Self::AlreadyUsed => ErrorKind::Expired,
            Self::OtherBrowser => ErrorKind::OtherBrowser,
            Self::CrossOrigin => ErrorKind::Forbidden,
            Self::ProofTooOld => ErrorKind::ProofTooOld,
            Self::Malformed(_) => ErrorKind::BadRequest,
            Self::Unreadable(_) | Self::WrongContentType => ErrorKind::Unreadable,
            Self::WrongMethod => ErrorKind::WrongMethod,
            Self::TooLarge => ErrorKind::TooLarge,
            Self::CardRefused(code) => ErrorKind::Card(Failure::of(code)),
            Self::GivenUp => ErrorKind::GivenUp,
            Self::CodeRefused => ErrorKind::CodeRefused,
            Self::Clash(clash) => clash.kind(),
            Self::Conflict(_) => ErrorKind::ChangedMeanwhile,
            Self::TooMany => ErrorKind::TooMany,
            Self::Refused(refusal) => refused(*refusal),
            Self::EntraRequest => ErrorKind::EntraRequest,
            Self::EntraOver => ErrorKind::EntraOver,
            Self::Application(trouble) => ErrorKind::Application(trouble.as_ref().clone()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_work_for_us_and_a_busy_agent_are_two_things() {
        let (_, code) = Problem::Busy.status_and_code();
        assert_eq!(Failure::of(code).title, Problem::Busy.kind().title());
        assert_ne!(Failure::of(code), Failure::of("busy"));
    }
}
