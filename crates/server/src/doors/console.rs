use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use login::{Door, LoginRequest};
use serde::Deserialize;

use crate::admin;
use crate::app::App;
use crate::hallway::stranger;
use crate::http::cookies::AdminCookie;
use crate::http::page::see_other;
use crate::http::peer::Peer;
use crate::http::problem::Problem;
use crate::limits::{self, Attempt};
use crate::paths;
use crate::tabs::Why;

/// `GET /admin`: the page has a slash at its end.
pub(crate) async fn slash() -> Response {
    see_other("/admin/")
}

#[derive(Deserialize)]
pub(crate) struct Params {
    /// What a tab was told of the end of its session.
    done: Option<String>,
}

/// `GET /admin/`: the console, or the login that leads there.
pub(crate) async fn handler(
    State(app): State<App>,
    peer: Peer,
    Query(view): Query<admin::home::View>,
    Query(params): Query<Params>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(mut operator) = admin::session::of(&app, &headers).await? {
        operator.confirmed = admin::step_up::says_confirmed(&uri);
        return admin::home::show(&app, operator, view).await;
    }
    limits::count(&app, Attempt::Begin, peer)?;
    let tenant = admin::session::tenant(&app).await?;
    let request = LoginRequest::new(Door::Console, "/admin/");
    let slot = stranger::begin(&headers, &app.ring, &tenant, request);
    // A session that is over is said once: its cookie goes with it.
    let over = AdminCookie::read(&headers).is_some();
    let notice = params.done.as_deref().and_then(Why::named).map(Why::name);
    let notice = notice.or(over.then_some("session-over"));
    let location = paths::login(&tenant.slug, slot.number, notice);
    let mut response = (slot.keep(&headers, &app.ring)?, see_other(&location)).into_response();
    if over {
        response.headers_mut().append(SET_COOKIE, AdminCookie::clear());
    }
    Ok(response)
}
