use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use login::{Door, LoginRequest};
use serde::Deserialize;

use crate::account;
use crate::app::App;
use crate::hallway::stranger;
use crate::http::cookies::SessionCookie;
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};
use crate::paths;
use crate::tabs::Why;

/// `GET /realms/{slug}/account`, and what is above it: the page has a slash at its end, and is all
/// that a tenant has for somebody who comes by hand.
pub(crate) async fn slash(TenantPath(tenant): TenantPath) -> Response {
    see_other(&paths::account(&tenant.slug))
}

#[derive(Deserialize)]
pub(crate) struct Params {
    /// What was just done, for the page to say.
    done: Option<String>,
}

/// `GET /realms/{slug}/account/`: the account page, or the login that leads there.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    peer: Peer,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(signed_in) = account::session::of(&app, &tenant, &headers).await? {
        return account::page::show(&app, signed_in, params.done.as_deref()).await;
    }
    limits::count(&app, Attempt::Begin, peer)?;
    let request = LoginRequest::new(Door::Account, paths::account(&tenant.slug));
    let slot = stranger::begin(&headers, &app.ring, &tenant, request);
    // A session that is over is said once: its cookie goes with it.
    let over = SessionCookie::read(&headers, &tenant.slug).is_some();
    let notice = notice(over, params.done.as_deref());
    let location = paths::login(&tenant.slug, slot.number, notice);
    let mut response = (slot.keep(&headers, &app.ring)?, see_other(&location)).into_response();
    if over {
        response.headers_mut().append(SET_COOKIE, SessionCookie::clear(&tenant.slug));
    }
    Ok(response)
}

/// Why somebody who wanted their account page is asked to log in.
fn notice(session_over: bool, done: Option<&str>) -> Option<&'static str> {
    match done {
        // Who removed the card with which they had signed in has no session any more.
        Some("removed") => Some("card-removed"),
        // The tab was told why its session has ended.
        Some(name) if let Some(why) = Why::named(name) => Some(why.name()),
        _ => session_over.then_some("session-over"),
    }
}
