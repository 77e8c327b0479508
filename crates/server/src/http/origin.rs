//! Writes that a cookie authenticates come from our own pages, or not at all.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::problem::Problem;

/// Refuses a write from another origin, and one that does not say where it comes from.
///
/// # Security
///
/// `SameSite=Lax` leaves sibling sites and old browsers; this does not. The agent's endpoints
/// authenticate each call by their own proof and carry no cookie, so they are not behind this.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || from_here(request.headers(), app.config.origin()) {
        return next.run(request).await;
    }
    app.quiet.once("refused a write from another origin", None, || {
        tracing::warn!(path = request.uri().path(), "refused a write from another origin");
    });
    Problem::CrossOrigin.into_response()
}

/// Whether the headers say that the request comes from our own origin. With `Origin`, that
/// decides; without it, `Sec-Fetch-Site` must say so; with neither, no.
fn from_here(headers: &HeaderMap, own: &str) -> bool {
    if let Some(origin) = headers.get("origin") {
        return origin.as_bytes() == own.as_bytes();
    }
    headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_write_that_says_it_comes_from_here_does() {
        for (lines, expected) in [
            (&[][..], false),
            (&[("origin", "https://here")], true),
            (&[("origin", "https://here.evil")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "https://evil"), ("sec-fetch-site", "same-origin")], false),
        ] {
            let headers: HeaderMap = lines
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<Vec<(axum::http::HeaderName, axum::http::HeaderValue)>>()
                .into_iter()
                .collect();
            assert_eq!(from_here(&headers, "https://here"), expected, "{lines:?}");
        }
    }
}
