use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use login::EAM_LIFE;

use crate::app::App;
use crate::http::cookies::{CardCookie, EamCookie};
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::http::tenant::TenantPath;
use crate::paths;

/// `GET /realms/{slug}/eam/continue`: where the browser is that Entra has sent. From here on the login
/// is like any other: its handle moves into the cookie of the card step. What is over goes to the page
/// that answers Entra.
pub(crate) async fn handler(
    State(app): State<App>,
    TenantPath(tenant): TenantPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let EamCookie(handle) = EamCookie::read(&headers, &tenant.slug).ok_or(Problem::EntraOver)?;
    let waits = app.store.read(tenant.id).await?.eam_login_waits(&handle.hash()).await?;
    if !waits.ok_or(Problem::EntraOver)? {
        return Ok(see_other(&paths::eam_answer(&tenant.slug)));
    }
    let mut response = see_other(&paths::card(&tenant.slug));
    let cookie = CardCookie(handle).set(&tenant.slug, EAM_LIFE);
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}
