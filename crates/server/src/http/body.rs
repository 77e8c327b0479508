//! Bodies: read with a limit, parsed once, refused with a problem of ours.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::http::problem::Problem;

/// The largest form or JSON body of a page, in bytes: a registration with an attestation chain.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// The content type of JSON.
pub(crate) const JSON: &str = "application/json";

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = read(app, request, JSON).await?;
        // All of it is UTF-8 (RFC 8259 §8.1), also what nobody reads.
        let text = std::str::from_utf8(&bytes).map_err(|_| Problem::Unreadable("body"))?;
        serde_json::from_str(text).map(Self).map_err(|_| Problem::Unreadable("body"))
    }
}

/// A form body. A field that comes twice is refused: which of the two was meant is a guess.
pub(crate) struct FormBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for FormBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = read(app, request, "application/x-www-form-urlencoded").await?;
        let mut names = std::collections::BTreeSet::new();
        for (name, _) in url::form_urlencoded::parse(&bytes) {
            if !names.insert(name) {
                return Err(Problem::Unreadable("field that came twice"));
            }
        }
        let parsed = axum::extract::Form::<T>::from_request(rebuilt(&bytes), &()).await;
        parsed.map(|form| Self(form.0)).map_err(|_| Problem::Unreadable("form"))
    }
}

fn rebuilt(bytes: &[u8]) -> Request {
    let mut request = Request::new(Body::from(bytes.to_vec()));
    *request.method_mut() = axum::http::Method::POST;
    let form = axum::http::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form);
    request
}

/// Reads a body of this content type.
///
/// # Errors
///
/// [`Problem`] for another content type, for a body that is too large, and for one that takes too
/// long.
pub(crate) async fn read(app: &App, request: Request, expected: &str) -> Result<Bytes, Problem> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case(expected) {
        return Err(Problem::WrongContentType);
    }
    let body = to_bytes(request.into_body(), MAX_BODY);
    let body = tokio::time::timeout(app.config.limits.request(), body).await;
    body.map_err(|_| Problem::Unreadable("body"))?.map_err(|_| Problem::TooLarge)
}
