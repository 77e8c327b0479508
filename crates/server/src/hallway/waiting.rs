//! Logins that wait at the card step: rows, found by the handle that the browser holds.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use identity::Tenant;
use login::Waiting;
use secrets::{KeyRing, Token, TokenHash};

use crate::app::App;
use crate::http::cookies::CardCookie;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;

/// A browser that holds a login of this tenant which waits at the card step.
pub(crate) struct AtCard {
    pub(crate) tenant: Tenant,
    pub(crate) waiting: Waiting,
}

impl FromRequestParts<App> for AtCard {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let TenantPath(tenant) = TenantPath::from_request_parts(parts, app).await?;
        let waiting = of_browser(app, &tenant, &parts.headers).await?;
        Ok(Self { tenant, waiting })
    }
}

/// The login that a browser holds.
///
/// # Errors
///
/// [`Problem::LoginGone`] when it holds none that waits.
pub(crate) async fn of_browser(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
) -> Result<Waiting, Problem> {
    let cookie = CardCookie::read(headers, &tenant.slug).ok_or(Problem::LoginGone)?;
    let mut rows = app.store.read(tenant.id).await?;
    rows.login_by_handle(&cookie.0.hash()).await?.ok_or(Problem::LoginGone)
}

/// The session token of the login that ends: only this installation can compute it, and only for
/// the browser that holds the handle. So the session can be written when an agent's answer comes,
/// and claimed by the browser afterwards, without a token in the row.
///
/// # Errors
///
/// [`Problem::Internal`] when there is no key.
pub(crate) fn session_token(ring: &KeyRing, handle: &TokenHash) -> Result<Token, Problem> {
    ring.derive("session", handle.as_bytes()).map_err(Problem::internal)
}
