use axum::extract::State;
use axum::response::Response;
use store::KeyIssuer;

use super::{document, has_applications};
use crate::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::signing;

/// `GET /realms/{slug}/protocol/openid-connect/certs`: the keys that verify our tokens. The first one is
/// made when nobody has asked before.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
) -> Result<Response, Problem> {
    has_applications(&app, &tenant).await?;
    let published = signing::published(&app, &tenant, KeyIssuer::Tenant).await?;
    Ok(document(published.document()))
}
