//! Graph's refusals.

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::chance;
use crate::clock::graph_date;
use crate::world::Shared;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// One refusal: status, `error.code` and `error.message`.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn token(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub(super) fn no_token() -> Self {
        Self::token("Access token is empty.")
    }

    pub(super) fn unknown_token() -> Self {
        Self::token("Access token validation failure.")
    }

    pub(super) fn expired_token() -> Self {
        Self::token("Lifetime validation failed, the token is expired.")
    }

    pub(super) fn insufficient_privileges() -> Self {
        let text = "Insufficient privileges to complete the operation.";
        Self::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", text)
    }

    pub(super) fn no_resource(name: &str) -> Self {
        let text = format!(
            "Resource '{name}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", text)
    }

    /// What the gateway refuses before it knows what the request is for.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    fn request(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    pub(super) fn invalid_property(name: &str, resource: &str) -> Self {
        Self::request(format!(
            "Property '{name}' does not exist as a declared property of resource '{resource}'."
        ))
    }

    pub(super) fn invalid_value(name: &str) -> Self {
        Self::request(format!("Invalid value specified for property '{name}'."))
    }

    pub(super) fn value_required(name: &str, resource: &str) -> Self {
        Self::request(format!(
            "A value is required for property '{name}' of resource '{resource}'."
        ))
    }

    /// What is well said and yet cannot be done.
    pub(super) fn cannot(message: impl Into<String>) -> Self {
        Self::request(message.into())
    }

    pub(super) fn conflict(message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "Request_MultipleObjectsWithSameKeyValue", message)
    }

    pub(super) fn only_delegated() -> Self {
        Self::bad_request("/me request is only valid with delegated authentication flow.")
    }

    pub(super) fn unreadable() -> Self {
        Self::bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of \
             valid JSON format.",
        )
    }

    pub(super) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    pub(super) fn page_token() -> Self {
        let text = "The specified page token value has expired or is not valid.";
        Self::new(StatusCode::BAD_REQUEST, "Directory_ExpiredPageToken", text)
    }

    pub(super) fn too_many() -> Self {
        let text = "The size of the result exceeds the maximum limit.";
        Self::new(StatusCode::BAD_REQUEST, "Directory_ResultSizeLimitExceeded", text)
    }

    /// The answer, with the number that the client gave the request, or else one of our own.
    pub(super) fn into_response(self, shared: &Shared, headers: &HeaderMap) -> Response {
        let request_id = chance::guid().to_string();
        let given = headers.get(CLIENT_REQUEST_ID).and_then(|id| id.to_str().ok());
        let client_request_id = given.unwrap_or(&request_id).to_owned();
        let body = json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": graph_date(shared.clock.now()),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }});
        let mut response = (self.status, Json(body)).into_response();
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(REQUEST_ID, &request_id);
        set(CLIENT_REQUEST_ID, &client_request_id);
        if self.status == StatusCode::UNAUTHORIZED {
            let authorize = format!("{}/common/oauth2/v2.0/authorize", shared.base);
            set(WWW_AUTHENTICATE, &format!("Bearer realm=\"\", authorization_uri=\"{authorize}\""));
        }
        response
    }
}
