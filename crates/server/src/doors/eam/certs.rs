use axum::extract::State;
use axum::response::Response;
use store::KeyIssuer;

use super::{connected, document};
use crate::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::signing;

/// `GET /realms/{slug}/eam/certs`: the keys that verify our answers (EAM-05). The first one is made
/// when nobody has asked before.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
) -> Result<Response, Problem> {
    connected(&app, &tenant).await?;
    let published = signing::published(&app, &tenant, KeyIssuer::Eam).await?;
    Ok(document(published.document()))
}
