use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};

use crate::account::sign_out::{sign_out, signed_out};
use crate::admin::session::{self, Administrator};
use crate::app::App;
use crate::http::cookies::AdminCookie;
use crate::http::page::Html;
use crate::http::problem::Problem;

/// `POST /admin/sign-out`: ends this session of the console.
pub(crate) async fn handler(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Response, Problem> {
    let tenant = session::tenant(&app).await?;
    let page = signed_out(&app, &tenant, &administrator.session, "/admin/".into()).await?;
    sign_out(&app, &tenant, &administrator.session, None).await?;
    Ok(([(SET_COOKIE, AdminCookie::clear())], Html(page)).into_response())
}
