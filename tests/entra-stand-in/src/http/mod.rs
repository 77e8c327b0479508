//! The stand-in over HTTP: the table of all endpoints.

mod authorize;
mod client_credentials;
mod control;
mod external;
mod graph;
mod logout;
mod metadata;
mod observe;
mod page;
mod portal;
mod sign_in;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use crate::aadsts::Aadsts;
use crate::chance;
use crate::world::Shared;

/// The cookie that is the browser's memory of who is signed in.
const BROWSER_COOKIE: &str = "stand-in-browser";
/// No form here is larger.
const LARGEST_BODY: usize = 256 * 1024;

type App = axum::extract::State<Arc<Shared>>;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/{authority}/v2.0/.well-known/openid-configuration", get(metadata::version_2))
        .route("/{authority}/.well-known/openid-configuration", get(metadata::version_1))
        .route("/{authority}/discovery/v2.0/keys", get(metadata::keys))
        .route(
            "/{authority}/oauth2/v2.0/authorize",
            get(authorize::handler).post(authorize::handler),
        )
        .route("/{authority}/oauth2/v2.0/token", any(token::handler))
        .route("/{authority}/oauth2/v2.0/logout", get(logout::handler).post(logout::handler))
        .route("/sign-in/{id}", get(sign_in::show).post(sign_in::submit))
        .merge(external::router())
        .merge(graph::router())
        .route("/error", get(page::explain))
        .route("/assets/stand-in.css", get(page::stylesheet))
        .route("/", get(portal::home))
        .nest("/portal", portal::router())
        .nest("/control", control::router())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&shared), observe::layer))
        .with_state(shared)
}

/// What was sent: the query of a GET, the form of a POST.
fn sent<'a>(
    method: &Method,
    query: Option<&'a str>,
    headers: &HeaderMap,
    body: &'a [u8],
) -> &'a [u8] {
    if *method == Method::POST {
        let form =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = form.split(';').next().unwrap_or_default().trim();
        if form.eq_ignore_ascii_case("application/x-www-form-urlencoded") { body } else { &[] }
    } else {
        query.unwrap_or_default().as_bytes()
    }
}

/// The value of the browser's cookie.
fn browser_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| *name == BROWSER_COOKIE).map(|(_, value)| value.to_owned())
}

/// A refusal as the JSON of the token endpoint.
fn problem_json(shared: &Shared, headers: &HeaderMap, problem: &Aadsts) -> Response {
    let given = headers.get("client-request-id").and_then(|id| id.to_str().ok());
    let correlation_id = given.and_then(|id| id.parse().ok()).unwrap_or_else(chance::guid);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let body = problem.body(shared.clock.now(), correlation_id, &shared.base);
    (status, axum::Json(body)).into_response()
}
