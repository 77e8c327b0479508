use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use identity::Tenant;
use store::{Session, SessionKind};

use crate::app::App;
use crate::http::cookies::SessionCookie;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;

/// A signed-in person of this tenant. The store answers with a session only while its person is
/// enabled and its card is not revoked.
pub(crate) struct SignedIn {
    pub(crate) tenant: Tenant,
    pub(crate) session: Session,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let TenantPath(tenant) = TenantPath::from_request_parts(parts, app).await?;
        of(app, &tenant, &parts.headers).await?.ok_or(Problem::Unauthenticated)
    }
}

/// The session that the browser holds in this tenant, if any.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn of(
    app: &App,
    tenant: &Tenant,
    headers: &HeaderMap,
) -> Result<Option<SignedIn>, Problem> {
    let Some(cookie) = SessionCookie::read(headers, &tenant.slug) else { return Ok(None) };
    let mut rows = app.store.read(tenant.id).await?;
    let session = rows.session(&cookie.0.hash(), SessionKind::Account).await?;
    Ok(session.map(|session| SignedIn { tenant: tenant.clone(), session }))
}
