//! One document of a provider, over HTTP.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long a document may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// No document is larger.
const LARGEST: usize = 256 * 1024;

/// Fetches a JSON document. A redirect is not followed.
pub(super) async fn json(url: &str) -> Result<Value, String> {
    let fetched = tokio::time::timeout(DEADLINE, fetch(url)).await;
    let (headers, body) = fetched.map_err(|_| format!("{url} does not answer in time"))??;
    check_length(&headers, body.len()).map_err(|what| format!("{url} {what}"))?;
    serde_json::from_slice(&body).map_err(|error| format!("{url} is no JSON: {error}"))
}

async fn fetch(url: &str) -> Result<(HeaderMap, Bytes), String> {
    let failed = |error: &dyn std::error::Error| format!("{url} cannot be fetched: {error}");
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    // What the answer is compressed with, if somebody compresses where nobody may.
    let request = Request::get(url)
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "gzip, deflate, br")
        .body(Empty::new())
        .map_err(|error| failed(&error))?;
    let response = client.request(request).await.map_err(|error| failed(&error))?;
    let (parts, body) = response.map(Body::new).into_parts();
    if parts.status != StatusCode::OK {
        return Err(format!("{url} answers with status {}", parts.status));
    }
    let body = Limited::new(body, LARGEST).collect().await;
    let body = body.map_err(|error| format!("{url} cannot be read: {error}"))?.to_bytes();
    Ok((parts.headers, body))
}

/// `Content-Length` must be there and true, which it is not where something is chunked or compressed.
fn check_length(headers: &HeaderMap, length: usize) -> Result<(), String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if headers.contains_key(CONTENT_ENCODING) {
        return Err("is compressed".to_owned());
    }
    if text(CONTENT_LENGTH).parse() != Ok(length) {
        return Err("has no Content-Length".to_owned());
    }
    let media_type = text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    let is_json = media_type == "application/json" || media_type == "application/jwk-set+json";
    is_json
        .then_some(())
        .ok_or_else(|| format!("is of the type {media_type}, not application/json"))
}
