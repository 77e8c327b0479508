use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::connections::Connections;

/// Marks a connection as busy while a request on it is answered, and for as long as it is an
/// agent's channel or a page's stream of events: those are silent for long, and in use.
pub(super) async fn mark(
    State(connections): State<Connections>,
    ConnectInfo(socket): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    connections.busy(socket, true);
    let response = next.run(request).await;
    connections.busy(socket, goes_on(&response));
    response
}

fn goes_on(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    response.status() == StatusCode::SWITCHING_PROTOCOLS
        || kind.is_some_and(|kind| kind.starts_with(b"text/event-stream"))
}
