//! The tenant of a request: the slug in the path, parsed once and traded for the row.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use identity::Tenant;
use ids::Slug;
use serde::Deserialize;
use store::Look;

use crate::app::App;
use crate::http::problem::Problem;

/// The tenant that the path names, in any case. An unknown one is not found, like everything
/// that is another tenant's.
pub(crate) struct TenantPath(pub(crate) Tenant);

#[derive(Deserialize)]
struct Params {
    slug: Slug,
}

impl FromRequestParts<App> for TenantPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let TenantLook(look) = TenantLook::from_request_parts(parts, app).await?;
        Ok(Self(look.tenant().clone()))
    }
}

/// The same, with the moment at which the request came and what is remembered of the tenant.
pub(crate) struct TenantLook(pub(crate) Look);

impl FromRequestParts<App> for TenantLook {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SlugPath(slug) = SlugPath::from_request_parts(parts, app).await?;
        app.store.look(&slug).await?.ok_or(Problem::NotFound).map(Self)
    }
}

/// The slug alone, for who looks later what it names.
pub(crate) struct SlugPath(pub(crate) Slug);

impl FromRequestParts<App> for SlugPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<Params>::from_request_parts(parts, app).await;
        let Path(Params { slug }) = path.map_err(|_| Problem::NotFound)?;
        Ok(Self(slug))
    }
}
