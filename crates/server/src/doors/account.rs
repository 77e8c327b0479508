use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use login::Door;
use serde::Deserialize;

use crate::account;
use crate::app::App;
use crate::hallway::stranger;
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::limits::{self, Attempt};

/// `GET /realms/{slug}/account`, and what is above it: the page has a slash at its end, and is all
/// that a tenant has for somebody who comes by hand.
pub(crate) async fn slash(TenantPath(tenant): TenantPath) -> Response {
    see_other(&format!("/realms/{}/account/", tenant.slug))
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
    let return_to = format!("/realms/{}/account/", tenant.slug);
    let slot = stranger::begin(&headers, &app.ring, &tenant, Door::Account, return_to);
    // Who removed the card with which they had signed in has no session any more.
    let removed = params.done.as_deref() == Some("removed");
    let notice = if removed { "&notice=card-removed" } else { "" };
    let location = format!("/realms/{}/login?login={}{notice}", tenant.slug, slot.number);
    Ok(([(SET_COOKIE, slot.keep(&app.ring)?)], see_other(&location)).into_response())
}
