use axum::extract::State;
use axum::response::Response;

use super::{connected, document};
use crate::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;

/// `GET /realms/{slug}/eam/.well-known/openid-configuration`: what Entra must know of us (EAM-01 to
/// EAM-04).
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
) -> Result<Response, Problem> {
    let issuer = connected(&app, &tenant).await?;
    Ok(document(issuer.discovery_document()))
}
