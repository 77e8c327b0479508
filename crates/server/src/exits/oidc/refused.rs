//! What a refused call becomes: an answer that its application understands (RFC 6749 §5.2; RFC 6750 §3),
//! and a line for the operator.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::Response;
use identity::Tenant;
use openid_provider::bearer::BearerError;
use openid_provider::token::{self, TokenError};
use openid_provider::{ErrorCode, ParametersError};
use store::StoreError;

use super::answer;
use crate::app::App;
use crate::http::problem::Problem;
use crate::signing::SigningError;

/// Why nothing is issued, and nothing is said.
#[derive(Debug)]
pub(crate) enum Refused {
    /// By the rules of the token endpoint, and of those that know their callers alike.
    Token(TokenError),
    /// By the rules for who brings an access token.
    Bearer(BearerError),
    /// Not for what was asked.
    Problem(Problem),
}

/// Who calls, as far as that is known.
#[derive(Default)]
pub(crate) struct Who {
    /// What the caller says, until it has shown it.
    pub(crate) client_id: Option<String>,
    /// Whether it tried to show it by the header.
    pub(crate) by_header: bool,
}

impl Refused {
    /// The answer, and the line about it: one a minute of each kind, for anybody can cause them.
    pub(crate) fn answer(self, app: &App, tenant: &Tenant, who: &Who) -> Response {
        match self {
            Self::Token(error) => {
                tell(app, tenant, who, &error);
                of_token(error, who)
            }
            Self::Bearer(error) => {
                tell(app, tenant, who, &error);
                of_bearer(error)
            }
            Self::Problem(problem) => of_problem(&problem),
        }
    }
}

fn tell(app: &App, tenant: &Tenant, who: &Who, error: &impl std::fmt::Display) {
    let client = who.client_id.as_deref();
    app.quiet.once(format!("refused a call of an application: {error}"), Some(tenant), || {
        tracing::warn!(
            tenant = %tenant.slug, ?client, reason = %error, "refused a call of an application"
        );
    });
}

fn of_token(error: TokenError, who: &Who) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = answer(status, error.to_json());
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED && who.by_header {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(token::WWW_AUTHENTICATE));
    }
    if error == TokenError::JustNow {
        headers.insert(RETRY_AFTER, HeaderValue::from(1));
    }
    response
}

fn of_bearer(error: BearerError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let body = error.code().map_or_else(Vec::new, |code| body(code, &error.to_string()));
    let mut response = answer(status, body);
    if let Ok(value) = HeaderValue::try_from(error.www_authenticate()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// What has nothing to do with the standards, in their form: programs read no pages.
pub(crate) fn of_problem(problem: &Problem) -> Response {
    let (status, name) = problem.status_and_code();
    let code = match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            ErrorCode::TemporarilyUnavailable
        }
        status if status.is_server_error() => ErrorCode::ServerError,
        _ => ErrorCode::InvalidRequest,
    };
    let mut response = answer(status, body(code, name));
    if code == ErrorCode::TemporarilyUnavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
    }
    response
}

/// When to try again, in seconds.
const RETRY_SECONDS: u32 = 5;

fn body(code: ErrorCode, description: &str) -> Vec<u8> {
    let body = serde_json::json!({ "error": code.as_str(), "error_description": description });
    body.to_string().into_bytes()
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<BearerError> for Refused {
    fn from(error: BearerError) -> Self {
        Self::Bearer(error)
    }
}

impl From<ParametersError> for Refused {
    fn from(error: ParametersError) -> Self {
        Self::Token(error.into())
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::TooLarge => ParametersError::TooLarge.into(),
            other => Self::Problem(other),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<SigningError> for Refused {
    fn from(error: SigningError) -> Self {
        Self::Problem(error.into())
    }
}
