use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use login::Door;

use crate::admin;
use crate::app::App;
use crate::hallway::stranger;
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};

/// `GET /admin`: the page has a slash at its end.
pub(crate) async fn slash() -> Response {
    see_other("/admin/")
}

/// `GET /admin/`: the console, or the login that leads there.
pub(crate) async fn handler(
    State(app): State<App>,
    peer: Peer,
    Query(view): Query<admin::home::View>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(mut operator) = admin::session::of(&app, &headers).await? {
        operator.confirmed = admin::step_up::says_confirmed(&uri);
        return admin::home::show(&app, operator, view).await;
    }
    limits::count(&app, Attempt::Begin, peer)?;
    let tenant = admin::session::tenant(&app).await?;
    let slot = stranger::begin(&headers, &app.ring, &tenant, Door::Console, "/admin/".into());
    let location = format!("/realms/{}/login?login={}", tenant.slug, slot.number);
    Ok(([(SET_COOKIE, slot.keep(&app.ring)?)], see_other(&location)).into_response())
}
