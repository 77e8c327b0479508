//! Around every request: count it, make it go wrong if a test wants that, date the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream;

use crate::clock::http_date;
use crate::faults::{Endpoint, Fault, Pending, merge};
use crate::log::LoggedRequest;
use crate::world::Shared;

pub(super) async fn layer(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let fault = count(&shared, &request).and_then(|endpoint| {
        let wants = |(at, _): &(Endpoint, Fault)| *at == endpoint;
        Pending::next(&mut shared.world().faults, wants).map(|(_, fault)| fault)
    });
    let mut response = match fault {
        None => next.run(request).await,
        Some(fault) => misbehave(&shared, fault, request, next).await,
    };
    insert(&mut response, DATE, &http_date(shared.clock.now()));
    if !response.headers().contains_key("cache-control") {
        insert(&mut response, HeaderName::from_static("cache-control"), "no-store, no-cache");
    }
    response
}

fn count(shared: &Shared, request: &Request) -> Option<Endpoint> {
    let path = request.uri().path();
    let endpoint = Endpoint::of_path(path)?;
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    shared.log.add(LoggedRequest {
        endpoint,
        method: request.method().to_string(),
        path: path.to_owned(),
        user_agent: user_agent.unwrap_or_default().to_owned(),
        at: shared.clock.now(),
    });
    Some(endpoint)
}

/// Answers wrongly. A wait ends early when the stand-in does.
async fn misbehave(shared: &Shared, fault: Fault, request: Request, next: Next) -> Response {
    let mut closing = shared.closing.subscribe();
    match fault {
        Fault::Delay { milliseconds } => {
            let _ = tokio::time::timeout(
                Duration::from_millis(milliseconds),
                closing.wait_for(|&closed| closed),
            )
            .await;
            next.run(request).await
        }
        Fault::Hang => {
            let _ = closing.wait_for(|&closed| closed).await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Fault::Status { status, retry_after } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, "the service is not available").into_response();
            if let Some(seconds) = retry_after {
                insert(&mut response, RETRY_AFTER, &seconds.to_string());
            }
            response
        }
        Fault::Html => {
            Html("<!doctype html><title>Maintenance</title><p>Back soon.").into_response()
        }
        Fault::Redirect { location } => {
            let mut response = StatusCode::FOUND.into_response();
            insert(&mut response, LOCATION, &location);
            response
        }
        Fault::Answer { status, content_type, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, body).into_response();
            insert(&mut response, CONTENT_TYPE, &content_type);
            response
        }
        Fault::BadJson
        | Fault::Huge { .. }
        | Fault::SlowDrip { .. }
        | Fault::Cut
        | Fault::Patch { .. } => spoil(fault, next.run(request).await).await,
    }
}

/// Spoils the true answer.
async fn spoil(fault: Fault, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(CONTENT_LENGTH);
    let half = body.slice(..body.len().checked_div(2).unwrap_or_default());
    let body = match fault {
        Fault::BadJson => Body::from(half),
        Fault::Huge { bytes } => Body::from([vec![b' '; bytes], body.to_vec()].concat()),
        Fault::SlowDrip { bytes, milliseconds } => {
            drip(&body, bytes, Duration::from_millis(milliseconds))
        }
        Fault::Cut => {
            let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            Body::from_stream(stream::iter([Ok(half), Err(cut)]))
        }
        Fault::Patch { patch } => {
            let mut value = serde_json::from_slice(&body).unwrap_or_default();
            merge(&mut value, &patch);
            Body::from(value.to_string())
        }
        _ => Body::from(body),
    };
    Response::from_parts(parts, body)
}

fn drip(body: &Bytes, bytes: usize, pause: Duration) -> Body {
    let chunks: Vec<Bytes> = body.chunks(bytes.max(1)).map(Bytes::copy_from_slice).collect();
    let stream = stream::unfold(chunks.into_iter(), move |mut chunks| async move {
        let chunk = chunks.next()?;
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(chunk), chunks))
    });
    Body::from_stream(stream)
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
