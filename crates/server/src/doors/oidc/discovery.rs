use axum::extract::State;
use axum::response::Response;

use super::{document, has_applications};
use crate::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::oidc;

/// `GET /realms/{slug}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4).
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
) -> Result<Response, Problem> {
    has_applications(&app, &tenant).await?;
    Ok(document(oidc::issuer(&app, &tenant)?.discovery_document()))
}
